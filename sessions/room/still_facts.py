"""Facts about one person that move nobody: what was confirmed, said or seen. Without any content. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from sessions.room.fact import ByStaff, OfPerson

ChatTo: TypeAlias = Literal["room", "staff", "everyone", "waiting", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(OfPerson):
    """Told where they are for this meeting; the answers are rows of arrival_models."""

    kind = "arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVerified(ByStaff):
    """A facilitator has made sure that this is the person of the record."""

    kind = "identity_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraOn(OfPerson):
    """A camera is published and not muted, as the media engine saw it."""

    kind = "camera_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraOff(OfPerson):
    kind = "camera_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(OfPerson):
    """Wrote a line of chat, number `line` of the meeting; its text is a row of chat_models."""

    kind = "said"

    line: int
    to: ChatTo


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisOpened(ByStaff):
    """The crisis screen about this person was opened; its timeline is rows of crisis_models."""

    kind = "crisis_opened"

    crisis: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisNoted(ByStaff):
    """Something was added to its timeline."""

    kind = "crisis_noted"

    crisis: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisClosed(ByStaff):
    kind = "crisis_closed"

    crisis: UUID


StillFact: TypeAlias = (
    Arrived | IdentityVerified | CameraOn | CameraOff | Said | CrisisOpened | CrisisNoted | CrisisClosed
)
