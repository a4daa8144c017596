"""A published track as people see it, and who receives it. What its packets do is track.Source's business."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, Protocol

from livekit.protocol import models as lk

from signaling.media.track import Copy, Source

UNTOLD: Final = -2  # no demand was told yet: differs from -1, "nobody watches"


class Kind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class Viewer(Protocol):
    """Who may ask for a publication."""

    identity: str
    sid: str


class Publisher(Protocol):
    sid: str
    closed: bool

    @property
    def room(self) -> Audience: ...

    def send(self, **fields: Any) -> None: ...

    def admits(self, viewer: Viewer, publication: Publication) -> bool:
        """Whether this publisher lets `viewer` have `publication`."""
        ...


class Audience(Protocol):
    def demand_changed(self, publication: Publication) -> None:
        """Who watches `publication`, or at which quality, is different now."""
        ...


class Publication:
    def __init__(self, owner: Publisher, info: lk.TrackInfo, cids: frozenset[str]) -> None:
        self.owner, self.info = owner, info
        self.cids = cids  # what the client calls it in its own descriptions
        self.kind = Kind.AUDIO if info.type == lk.TrackType.AUDIO else Kind.VIDEO
        self.source = Source(self, info, self.kind, cids)
        self.told_demand = UNTOLD  # Dynacast: the highest quality its owner was told to send, -1 for none

    @property
    def sid(self) -> str:
        return self.info.sid

    @property
    def demand(self) -> int:
        """The highest quality anybody watches, -1 when nobody does."""
        return max((c.want for c in self.source.copies.values() if not c.disabled), default=-1)

    def subscribe(self, viewer: Viewer) -> Subscription:
        copy = Copy(self.source, viewer)
        self.source.copies[viewer] = copy
        return Subscription(self, copy)

    def cut(self, viewer: Viewer) -> None:
        """Nothing more is forwarded to `viewer`, from now on."""
        copy = self.source.copies.pop(viewer, None)
        if copy is not None:
            copy.active = False


class Subscription:
    """One publication as one viewer receives it."""

    def __init__(self, publication: Publication, copy: Copy) -> None:
        self.publication, self.copy = publication, copy
        self.asked_at_s: float | None = None  # one connection: when the client was asked for a section

    @property
    def kind(self) -> Kind:
        return self.publication.kind

    @property
    def sid(self) -> str:
        return self.publication.sid
