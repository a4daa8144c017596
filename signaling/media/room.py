"""A room: who is in it, what they are told of each other, who speaks, how good the connections are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import quality, rpc, speakers
from signaling.media.participant import (
    PING_INTERVAL_S,
    PING_TIMEOUT_S,
    Participant,
    new_sid,
)
from signaling.media.publication import UNTOLD, Kind, Publication

SERVER_VERSION: Final = "1.9.0"  # of the LiveKit protocol's server whose behaviour clients may expect
PROTOCOL: Final = 16
LEVEL_AGE_S: Final = 0.5  # an audio level older than this is silence

VIDEO_QUALITIES: Final = (lk.VideoQuality.LOW, lk.VideoQuality.MEDIUM, lk.VideoQuality.HIGH)
Reason = lk.DisconnectReason


def server_info() -> lk.ServerInfo:
    return lk.ServerInfo(edition=lk.ServerInfo.Edition.Standard, version=SERVER_VERSION, protocol=PROTOCOL)


def farewell(
    reason: lk.DisconnectReason, action: rtc.LeaveRequest.Action = rtc.LeaveRequest.Action.DISCONNECT
) -> rtc.LeaveRequest:
    return rtc.LeaveRequest(
        reason=reason, action=action, can_reconnect=action != rtc.LeaveRequest.Action.DISCONNECT
    )


class Room:
    def __init__(
        self,
        name: str,
        publish: Callable[[rpc.Event], None],
        removed: Callable[[Participant], None],
    ) -> None:
        """`removed` is told of everybody who ends here; not of those who move on."""
        self.name, self.sid = name, new_sid("RM_")
        self.members: dict[str, Participant] = {}  # by identity
        self.speaking: dict[str, float] = {}  # participant sid -> linear level, as last told
        self._publish, self._removed = publish, removed
        self._created_at_ms = int(time.time() * 1000)

    def info(self) -> lk.Room:
        return lk.Room(
            sid=self.sid,
            name=self.name,
            creation_time=self._created_at_ms // 1000,
            creation_time_ms=self._created_at_ms,
            num_participants=len(self.members),
            num_publishers=sum(bool(p.published) for p in self.members.values()),
        )

    # What participants ask. See participant.Surroundings.

    def others(self, participant: Participant) -> Iterator[Participant]:
        return (p for p in list(self.members.values()) if p is not participant)

    def publication(self, sid: str) -> Publication | None:
        return next((p.published[sid] for p in self.members.values() if sid in p.published), None)

    def changed(self, participant: Participant, *, tell_self: bool = False) -> None:
        participant.version += 1
        update = rtc.ParticipantUpdate(participants=[participant.info()])
        for member in self.members.values():
            if member is not participant or tell_self:
                member.send(update=update)

    def published(self, publication: Publication) -> None:
        for member in list(self.members.values()):
            if member is not publication.owner:
                member.allowance.due.track()
            if member.downlink.wants(publication) and member.downlink.subscribe(publication):
                member.downlink.negotiate()

    def withdrawn(self, publication: Publication) -> None:
        for member in list(self.members.values()):
            member.downlink.unsubscribe(publication)

    def permitted(self, participant: Participant) -> None:
        """`participant` has said anew who may subscribe to what it publishes."""
        for publication in list(participant.published.values()):
            for member in self.others(participant):
                allowed = participant.admits(member, publication)
                if allowed == (publication.sid in member.downlink.subscriptions):
                    continue
                if not allowed:
                    member.downlink.unsubscribe(publication)
                elif member.downlink.wants(publication) and member.downlink.subscribe(publication):
                    member.downlink.negotiate()
                member.send(
                    subscription_permission_update=rtc.SubscriptionPermissionUpdate(
                        participant_sid=participant.sid, track_sid=publication.sid, allowed=allowed
                    )
                )

    def demand_changed(self, publication: Publication) -> None:
        """Dynacast: tell the publisher which layers nobody watches."""
        wanted = publication.demand
        if publication.kind != Kind.VIDEO or publication.owner.closed or wanted == publication.told_demand:
            return
        publication.told_demand = wanted
        qualities = [rtc.SubscribedQuality(quality=q, enabled=q <= wanted) for q in VIDEO_QUALITIES]
        publication.owner.send(
            subscribed_quality_update=rtc.SubscribedQualityUpdate(
                track_sid=publication.sid,
                subscribed_qualities=qualities,
                subscribed_codecs=[rtc.SubscribedCodec(codec="vp8", qualities=qualities)],
            )
        )

    def happened(self, kind: rpc.EventKind, participant: Participant, source: str = "") -> None:
        self._publish(rpc.Event(kind, self.name, participant.identity, source))

    def broken(self, participant: Participant) -> None:
        self.remove(participant, Reason.MEDIA_FAILURE, action=rtc.LeaveRequest.Action.RECONNECT)

    # Coming and going.

    def enter(self, participant: Participant) -> None:
        """A fresh participant takes its seat. The newest of one identity wins."""
        self.replace(participant.identity)
        self.members[participant.identity] = participant
        participant.send(join=self._join_response(participant))
        self.changed(participant)
        if participant.offering is not None:
            participant.offering.offer()
        for other in self.others(participant):
            for publication in other.published.values():
                if participant.downlink.wants(publication):
                    participant.downlink.subscribe(publication)
        participant.downlink.request_sections()

    def replace(self, identity: str) -> None:
        """Whoever holds the seat of `identity` gives it up to a newer connection."""
        old = self.members.get(identity)
        if old is not None:
            self.remove(old, Reason.DUPLICATE_IDENTITY, event=rpc.EventKind.REPLACED)

    def remove(
        self,
        participant: Participant,
        reason: lk.DisconnectReason,
        *,
        action: rtc.LeaveRequest.Action = rtc.LeaveRequest.Action.DISCONNECT,
        event: rpc.EventKind = rpc.EventKind.LEFT,
    ) -> None:
        """End a participant: it is told, its media stops, the others are told. Twice is once."""
        if self.members.get(participant.identity) is not participant:
            return
        del self.members[participant.identity]
        if reason != Reason.CLIENT_INITIATED:
            participant.send(leave=farewell(reason, action))
        participant.close()
        if participant.reachable:
            participant.line.hang_up()
        self._removed(participant)
        self.tell_left(participant, reason)
        self.happened(event, participant)

    def tell_left(self, participant: Participant, reason: lk.DisconnectReason) -> None:
        participant.version += 1
        info = participant.info()
        info.state = lk.ParticipantInfo.State.DISCONNECTED
        info.disconnect_reason = reason
        del info.tracks[:]
        for member in self.members.values():
            member.send(update=rtc.ParticipantUpdate(participants=[info]))

    def _join_response(self, participant: Participant) -> rtc.JoinResponse:
        return rtc.JoinResponse(
            room=self.info(),
            participant=participant.info(),
            other_participants=[p.info() for p in self.others(participant)],
            server_version=SERVER_VERSION,
            server_info=server_info(),
            ice_servers=participant.ice(),
            subscriber_primary=participant.offering is not None,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            enabled_publish_codecs=[lk.Codec(mime="audio/opus"), lk.Codec(mime="video/VP8")],
            fast_publish=True,
        )

    def resume(self, participant: Participant) -> None:
        """Its owner is back on a new line: all it may have missed."""
        participant.send(
            reconnect=rtc.ReconnectResponse(
                ice_servers=participant.ice(),
                server_info=server_info(),
                last_message_seq=participant.last_sequence,
            )
        )
        participant.mute_again()  # first: a client that reads itself as muted by mistake un-mutes
        everybody = [p.info() for p in self.members.values()]
        participant.send(update=rtc.ParticipantUpdate(participants=everybody))
        participant.send(room_update=rtc.RoomUpdate(room=self.info()))
        self.tell_speakers(participant)
        for publication in participant.published.values():
            publication.told_demand = UNTOLD
            self.demand_changed(publication)
        participant.downlink.resumed()

    # Speakers and connection quality.

    def tick_speakers(self, now_s: float) -> None:
        now = {p.sid: level for p in self.members.values() if (level := _loudest(p, now_s)) > 0}
        changed = speakers.changes(self.speaking, now)
        if not changed:
            return
        self.speaking = now
        for member in self.members.values():
            member.send(speakers_changed=_speakers(changed))

    def tell_speakers(self, participant: Participant) -> None:
        if self.speaking:
            participant.send(speakers_changed=_speakers(self.speaking))

    def hush(self, participant: Participant) -> None:
        """Nobody speaks any more, for one who is about to leave this room without noticing."""
        if self.speaking:
            participant.send(speakers_changed=_speakers(dict.fromkeys(self.speaking, 0.0)))

    def tick_quality(self) -> None:
        updates = [_rated(p) for p in self.members.values()]
        for member in self.members.values():
            member.send(connection_quality=rtc.ConnectionQualityUpdate(updates=updates))


def _loudest(participant: Participant, now_s: float) -> float:
    return max(
        (
            speakers.loudness(p.source.level)
            for p in participant.published.values()
            if p.kind == Kind.AUDIO and not p.info.muted and now_s - p.source.level_at < LEVEL_AGE_S
        ),
        default=0.0,
    )


def _speakers(levels: dict[str, float]) -> rtc.SpeakersChanged:
    return rtc.SpeakersChanged(
        speakers=[lk.SpeakerInfo(sid=sid, level=level, active=level > 0) for sid, level in levels.items()]
    )


def _rated(participant: Participant) -> rtc.ConnectionQualityInfo:
    losses = [layer.fraction for layer in participant.publisher.ingress.layers()]
    losses.append(participant.subscriber.ingress.loss_in(time.monotonic()))
    rating = quality.rate(losses, connected=participant.reachable)
    return rtc.ConnectionQualityInfo(
        participant_sid=participant.sid,
        quality=rating.quality.name,
        score=rating.score,
    )
