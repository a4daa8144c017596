"""Media tickets: short-lived tokens that let a browser take its seat in a media room.

HS256 JWTs in LiveKit's form, so that the same ticket serves the embedded engine and a LiveKit cluster. A
ticket carries opaque ids only and lives at most LIFETIME; it also names the placement version for which it
was made, so that whoever has moved on since cannot use it (see signaling.admission).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from django.conf import settings

from sessions.core.ids import token
from signaling.media.rpc import Grants

LIFETIME: Final = timedelta(seconds=60)
LEEWAY: Final = timedelta(seconds=5)  # clocks of several web processes
AUDIENCE: Final = "viop-media"
ALGORITHM: Final = "HS256"
MAX_TICKET_CHARS: Final = 4096
REQUIRED: Final = ("iss", "sub", "aud", "iat", "nbf", "exp")

EVERYONES_SOURCES: Final = ("microphone", "camera")
SCREEN_SOURCES: Final = ("screen_share", "screen_share_audio")


class BadTicket(Exception):
    """The token is no ticket of ours, or no longer. Says nothing of the cause to the outside."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a ticket says."""

    meeting_id: UUID
    person_id: UUID
    room: str  # media room name, opaque
    identity: str  # opaque, one per person and meeting
    version: int  # of the placement for which it was made
    grants: Grants
    probe: bool = False  # for a room of one's own, to try the line: no seat of any meeting


PROBE_GRANTS: Final = Grants(
    can_publish=True,
    can_subscribe=True,
    can_publish_data=False,
    can_update_own_metadata=False,
    sources=EVERYONES_SOURCES,
)


def probe(meeting_id: UUID, person_id: UUID) -> Claims:
    """For a media room that nobody else is ever in: its name is new and known to this ticket alone."""
    return Claims(meeting_id, person_id, f"probe-{token()}", token(), 0, PROBE_GRANTS, probe=True)


def grants_of(may_share_screen: bool) -> Grants:
    """What somebody may do in a media room.

    Data packets carry reactions, which nobody keeps; what is written goes through the room log.
    """
    return Grants(
        can_publish=True,
        can_subscribe=True,
        can_publish_data=True,
        can_update_own_metadata=False,
        sources=(*EVERYONES_SOURCES, *SCREEN_SOURCES) if may_share_screen else EVERYONES_SOURCES,
    )


def mint(claims: Claims, now: datetime) -> str:
    """A ticket for `claims`, good from `now` for LIFETIME."""
    grants = claims.grants
    return jwt.encode(
        {
            "iss": settings.MEDIA_KEY,
            "aud": AUDIENCE,
            "sub": claims.identity,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "video": {
                "room": claims.room,
                "roomJoin": True,
                "canPublish": grants.can_publish,
                "canSubscribe": grants.can_subscribe,
                "canPublishData": grants.can_publish_data,
                "canUpdateOwnMetadata": grants.can_update_own_metadata,
                "canPublishSources": list(grants.sources),
            },
            "viop": {
                "m": str(claims.meeting_id),
                "p": str(claims.person_id),
                "v": claims.version,
                **({"probe": True} if claims.probe else {}),
            },
        },
        settings.MEDIA_SECRET,
        algorithm=ALGORITHM,
    )


def verify(ticket: str, now: datetime) -> Claims:
    """What `ticket` says, when it is ours and alive at `now`.

    Raises:
        BadTicket: anything else: another algorithm, issuer, audience or key, expired, not yet valid, living
            longer than LIFETIME, incomplete, or not a token at all.
    """
    if not 0 < len(ticket) <= MAX_TICKET_CHARS:
        raise BadTicket
    try:
        payload = jwt.decode(
            ticket,
            settings.MEDIA_SECRET,
            algorithms=[ALGORITHM],
            issuer=settings.MEDIA_KEY,
            audience=AUDIENCE,
            options={
                "require": list(REQUIRED),
                "verify_exp": False,  # below, against `now`
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        _alive(payload, now)
        return _claims(payload)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError):
        raise BadTicket from None


def _alive(payload: dict[str, Any], now: datetime) -> None:
    issued, begins, expires = (_moment(payload[name]) for name in ("iat", "nbf", "exp"))
    if issued - LEEWAY > now or begins - LEEWAY > now or expires + LEEWAY <= now:
        raise ValueError("outside its time")
    if expires - issued > LIFETIME:
        raise ValueError("lives too long")


def _moment(value: object) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a time is a whole number of seconds")
    return datetime.fromtimestamp(value, UTC)


def _claims(payload: dict[str, Any]) -> Claims:
    video, ours = payload["video"], payload["viop"]
    if video["roomJoin"] is not True:
        raise ValueError("no ticket to join")
    return Claims(
        meeting_id=UUID(_text(ours["m"])),
        person_id=UUID(_text(ours["p"])),
        room=_text(video["room"]),
        identity=_text(payload["sub"]),
        version=_whole(ours["v"]),
        grants=Grants(
            can_publish=video["canPublish"] is True,
            can_subscribe=video["canSubscribe"] is True,
            can_publish_data=video["canPublishData"] is True,
            can_update_own_metadata=video["canUpdateOwnMetadata"] is True,
            sources=tuple(_text(source) for source in video["canPublishSources"]),
        ),
        probe=ours.get("probe") is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("expected a text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("expected a whole number")
    return value
