"""What one participant receives: its subscriptions, and the sections they need."""

from __future__ import annotations

import time
from typing import Any, Final, Protocol

from livekit.protocol import rtc

from signaling.media import limits, rpc
from signaling.media.offering import Offering
from signaling.media.peer import Answering
from signaling.media.publication import Audience, Kind, Publication, Subscription

SECTION_PATIENCE_S: Final = 2.0  # a section asked for and not given is asked for again
HIGHEST_QUALITY: Final = 2  # lk.VideoQuality.HIGH


class Receiver(Protocol):
    """What the downlink asks of the participant it serves."""

    identity: str
    sid: str
    grants: rpc.Grants
    auto_subscribe: bool
    closed: bool
    allowance: limits.Allowance
    publisher: Answering
    offering: Offering | None

    @property
    def room(self) -> Audience: ...

    @property
    def reachable(self) -> bool:
        """Whether there is a signal connection now."""
        ...

    def send(self, **fields: Any) -> None: ...


class Downlink:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.subscriptions: dict[str, Subscription] = {}  # by track sid
        self._waiting: list[Subscription] = []  # one connection: those without a section
        self._declined: set[str] = set()  # track sids the client does not want
        self._wanted: set[str] = set()  # track sids it asked for by name

    # What the client wants.

    def want(self, sid: str, wanted: bool) -> None:
        """Remember the client's own choice, which goes before auto_subscribe."""
        (self._wanted if wanted else self._declined).add(sid)
        (self._declined if wanted else self._wanted).discard(sid)

    def wants(self, publication: Publication) -> bool:
        sid = publication.sid
        return sid not in self._declined and (self._receiver.auto_subscribe or sid in self._wanted)

    def subscribe(self, publication: Publication) -> bool:
        """Subscribe if that is new and allowed; `negotiate` must follow when True is returned."""
        receiver = self._receiver
        if publication.sid in self.subscriptions or publication.owner.sid == receiver.sid or receiver.closed:
            return False
        if not receiver.grants.can_subscribe or not publication.owner.admits(receiver, publication):
            return False
        subscription = self.subscriptions[publication.sid] = publication.subscribe(receiver)
        if receiver.offering is None:
            self._waiting.append(subscription)
        else:
            receiver.offering.add(subscription)
        return True

    def cut(self, publication: Publication) -> bool:
        """Stop forwarding at once; True when anything was. Negotiation and demand are the caller's."""
        publication.cut(self._receiver)
        subscription = self.subscriptions.pop(publication.sid, None)
        if subscription is None:
            return False
        (self._receiver.offering or self._receiver.publisher).release(subscription)
        if subscription in self._waiting:
            self._waiting.remove(subscription)
        return True

    def unsubscribe(self, publication: Publication, *, asked: bool = False) -> None:
        """`asked`: by the client itself."""
        if self.cut(publication):
            self.negotiate(asked=asked)
            self._receiver.room.demand_changed(publication)

    def clear(self) -> None:
        """Unsubscribe from everything."""
        for subscription in list(self.subscriptions.values()):
            self.cut(subscription.publication)
            self._receiver.room.demand_changed(subscription.publication)
        self.negotiate()

    def settle(self, sid: str, *, disabled: bool, quality: int, width: int) -> None:
        """The client says how it shows a track: not at all, in which quality, or how wide in pixels."""
        subscription = self.subscriptions.get(sid)
        if subscription is None:
            return
        copy, layers = subscription.copy, subscription.publication.info.layers
        copy.disabled = disabled
        copy.want = max(0, min(quality, HIGHEST_QUALITY))
        if width and layers:
            enough = [layer.quality for layer in layers if layer.width >= width * 0.9]
            copy.want = min(enough, default=HIGHEST_QUALITY)
        copy.choose()
        self._receiver.room.demand_changed(subscription.publication)

    def allocate(self, now_s: float) -> None:
        """Fit what is forwarded to what the client can take. Call every half second."""
        subscriber = self._receiver.offering or self._receiver.publisher
        subscriber.ingress.allocate([s.copy for s in self.subscriptions.values()], now_s)

    # Negotiation.

    def negotiate(self, *, asked: bool = False) -> None:
        """Let the client know of subscriptions begun and ended. `asked`: the client itself wanted that."""
        receiver = self._receiver
        if receiver.closed:
            return
        if not asked:
            receiver.allowance.due.negotiation()
        if receiver.offering is not None:
            receiver.offering.offer()
        else:
            self.request_sections(always=True)

    def request_sections(self, *, always: bool = False) -> None:
        """One connection: ask the client to offer again, with sections for what waits.

        `always`: even when nothing waits, so that what ended is negotiated away.
        """
        receiver = self._receiver
        if receiver.offering is not None or receiver.closed or not receiver.publisher.negotiated:
            return
        fresh = [subscription for subscription in self._waiting if subscription.asked_at_s is None]
        if not fresh and not always:
            return
        needed = {str(kind): sum(s.kind == kind for s in fresh) for kind in Kind}
        for kind, free in receiver.publisher.free.items():
            reused = min(needed[kind], free)
            needed[kind] -= reused
            receiver.publisher.free[kind] -= reused
        now_s = time.monotonic()
        for subscription in fresh:
            subscription.asked_at_s = now_s
        receiver.send(
            media_sections_requirement=rtc.MediaSectionsRequirement(
                num_audios=needed["audio"], num_videos=needed["video"]
            )
        )

    def nudge(self, now_s: float) -> None:
        """Ask again for sections that did not come."""
        late = [s for s in self._waiting if s.asked_at_s and now_s - s.asked_at_s > SECTION_PATIENCE_S]
        if late and self._receiver.reachable:
            for subscription in late:
                subscription.asked_at_s = None
            self.request_sections()

    def next_waiting(self, kind: Kind) -> Subscription | None:
        subscription = next((s for s in self._waiting if s.kind == kind), None)
        if subscription is not None:
            self._waiting.remove(subscription)
            subscription.asked_at_s = None
        return subscription

    def put_back(self, subscription: Subscription) -> None:
        if self.subscriptions.get(subscription.sid) is subscription:
            subscription.copy.active = False
            self._waiting.append(subscription)

    def accepted(self, subscription: Subscription) -> None:
        publication, copy = subscription.publication, subscription.copy
        copy.active = True
        copy.choose()
        copy.keyframe()
        self._receiver.room.demand_changed(publication)
        publication.owner.send(track_subscribed=rtc.TrackSubscribed(track_sid=publication.sid))

    def connected(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.copy.keyframe()

    def resumed(self) -> None:
        """What was asked or answered may have been lost with the old line: do it over."""
        receiver = self._receiver
        if receiver.offering is not None:
            receiver.offering.offer(restart=True)
            return
        receiver.publisher.distrust_last_answer()
        for subscription in self._waiting:
            subscription.asked_at_s = None
