"""One participant: the seat in a room, what it publishes, and what it may do.

The seat outlives the signal connection (`line`): without one it waits RESUME_S for its owner to come back.
Nothing here awaits; every message of a client is handled in one go.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import data, limits, rpc
from signaling.media.downlink import Downlink
from signaling.media.join import Wish
from signaling.media.offering import Offering
from signaling.media.peer import Answering, Peer
from signaling.media.publication import Kind, Publication, Subscription, Viewer
from signaling.media.sdp import MAX_LAYERS, Section
from signaling.media.udp import UdpMux

log = logging.getLogger(__name__)

RESUME_S: Final = 20.0
PING_INTERVAL_S: Final = 10
PING_TIMEOUT_S: Final = 30
GOODBYE_S: Final = 1.0
SILENT_LINE_S: Final = 60.0  # a client pings every PING_INTERVAL_S; one that does not is gone

SOURCE_NAMES: Final = {
    lk.TrackSource.UNKNOWN: "unknown",
    lk.TrackSource.CAMERA: "camera",
    lk.TrackSource.MICROPHONE: "microphone",
    lk.TrackSource.SCREEN_SHARE: "screen_share",
    lk.TrackSource.SCREEN_SHARE_AUDIO: "screen_share_audio",
}
SOURCE_VALUES: Final = {name: value for value, name in SOURCE_NAMES.items()}
SOURCE_KINDS: Final = {
    "camera": "video",
    "screen_share": "video",
    "microphone": "audio",
    "screen_share_audio": "audio",
}
_STREAM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(8)


def source_name(info: lk.TrackInfo) -> str:
    return SOURCE_NAMES.get(info.source, "unknown")


class Line(Protocol):
    """A participant's signal connection. See rpc_server.Line."""

    def send(self, response: bytes) -> None: ...

    def hang_up(self, code: int = 1000) -> None: ...


class Surroundings(Protocol):
    """What a participant asks of the room it is in."""

    name: str

    def others(self, participant: Participant) -> Iterable[Participant]: ...

    def publication(self, sid: str) -> Publication | None:
        """A published track of this room."""
        ...

    def changed(self, participant: Participant, *, tell_self: bool = False) -> None:
        """Tell the others how `participant` is now."""
        ...

    def published(self, publication: Publication) -> None: ...

    def withdrawn(self, publication: Publication) -> None: ...

    def demand_changed(self, publication: Publication) -> None: ...

    def broken(self, participant: Participant) -> None:
        """Its media connection is dead: it must come back anew."""
        ...

    def happened(self, kind: rpc.EventKind, participant: Participant, source: str = "") -> None: ...


class Participant:
    def __init__(
        self, request: rpc.Open, wish: Wish, line: Line, room: Surroundings, mux: UdpMux, *, now_s: float
    ) -> None:
        self.identity, self.sid = request.identity, new_sid("PA_")
        self.room, self.line, self.token = room, line, request.token
        self.name, self.metadata = request.name, request.metadata
        self.attributes = dict(request.attributes)
        self.grants, self.ice_servers = request.grants, request.ice_servers
        self.single, self.auto_subscribe, self.protocol = request.single, wish.auto_subscribe, wish.protocol
        self.joined_at_ms = int(time.time() * 1000)
        self.state: lk.ParticipantInfo.State = lk.ParticipantInfo.State.JOINED
        self.version = 0
        self.present = False  # media flowed at least once: JOINED was reported
        self.closed = False
        self.line_lost_at_s: float | None = None
        self.heard_at_s = now_s
        self.allowance, self.data_bucket = limits.Allowance(now_s), limits.data_bucket(now_s)
        self.pending: dict[str, Publication] = {}  # by cid: announced, not yet in a section
        self.published: dict[str, Publication] = {}  # by track sid
        self.viewers: rtc.SubscriptionPermission | None = None  # None: everybody may subscribe
        self.came_from = ""  # the room a move took it out of last
        self.last_sequence = 0  # of reliable data received
        self.data_dropped = 0
        self.data_from_s = 0.0  # after a move: what comes before was meant for the room before
        self.publisher = Answering(self, mux, f"{self.sid}/pub", single=self.single)
        self.offering = None if self.single else Offering(self, mux, f"{self.sid}/sub")
        self.subscriber: Answering | Offering = self.offering or self.publisher
        self.downlink = Downlink(self)

    @property
    def peers(self) -> tuple[Peer, ...]:
        return (self.publisher,) if self.offering is None else (self.publisher, self.offering)

    @property
    def reachable(self) -> bool:
        return self.line_lost_at_s is None

    # Signalling.

    def send(self, **fields: Any) -> None:
        """Send a SignalResponse of these fields. Without a line it is lost: a resume tells the state anew."""
        if self.reachable:
            self.line.send(rtc.SignalResponse(**fields).SerializeToString())

    def refuse(self, reason: rtc.RequestResponse.Reason, **request: Any) -> None:
        self.send(request_response=rtc.RequestResponse(reason=reason, **request))

    def info(self) -> lk.ParticipantInfo:
        return lk.ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            name=self.name,
            metadata=self.metadata,
            attributes=self.attributes,
            state=self.state,
            joined_at=self.joined_at_ms // 1000,
            joined_at_ms=self.joined_at_ms,
            version=self.version,
            is_publisher=bool(self.published),
            tracks=[publication.info for publication in self.published.values()],
            permission=lk.ParticipantPermission(
                can_subscribe=self.grants.can_subscribe,
                can_publish=self.grants.can_publish,
                can_publish_data=self.grants.can_publish_data,
                can_publish_sources=[SOURCE_VALUES[s] for s in self.grants.sources if s in SOURCE_VALUES],
                can_update_metadata=self.grants.can_update_own_metadata,
            ),
            client_protocol=self.protocol,
        )

    def ice(self) -> list[rtc.ICEServer]:
        return [
            rtc.ICEServer(urls=server.urls, username=server.username, credential=server.credential)
            for server in self.ice_servers
        ]

    # Publishing.

    def may_publish(self, source: str, kind: str) -> bool:
        """A known source must be of its own kind: a camera cannot come in as a "microphone"."""
        if not self.grants.can_publish or SOURCE_KINDS.get(source, kind) != kind:
            return False
        return not self.grants.sources or source in self.grants.sources

    def add_track(self, request: rtc.AddTrackRequest) -> None:
        kind = "audio" if request.type == lk.TrackType.AUDIO else "video"
        source = SOURCE_NAMES.get(request.source, "unknown")
        reasons = rtc.RequestResponse.Reason
        if not self.may_publish(source, kind):
            self.refuse(reasons.NOT_ALLOWED, add_track=request)
        elif request.type not in (lk.TrackType.AUDIO, lk.TrackType.VIDEO) or not request.cid:
            self.refuse(reasons.UNSUPPORTED_TYPE, add_track=request)
        elif len(self.pending) + len(self.published) >= limits.MAX_TRACKS and request.cid not in self.pending:
            self.refuse(reasons.LIMIT_EXCEEDED, add_track=request)
        else:
            self._announce(request, kind)

    def _announce(self, request: rtc.AddTrackRequest, kind: str) -> None:
        info = lk.TrackInfo(
            sid=new_sid("TR_"),
            type=request.type,
            source=request.source,
            name=request.name[: limits.MAX_TEXT],
            width=request.width,
            height=request.height,
            muted=request.muted,
            disable_dtx=request.disable_dtx,
            disable_red=True,
            stereo=request.stereo,
            stream=request.stream if _STREAM.fullmatch(request.stream) else "",
            encryption=request.encryption,
            layers=request.layers[:MAX_LAYERS],
            simulcast=len(request.layers) > 1,
            mime_type="audio/opus" if kind == "audio" else "video/VP8",
            audio_features=request.audio_features[:8],
            packet_trailer_features=request.packet_trailer_features[:8],
        )
        info.codecs.append(
            lk.SimulcastCodecInfo(mime_type=info.mime_type, cid=request.cid, layers=info.layers)
        )
        cids = {request.cid} | {codec.cid for codec in request.simulcast_codecs if codec.cid}
        self.pending[request.cid] = Publication(self, info, frozenset(cids))
        self.send(track_published=rtc.TrackPublishedResponse(cid=request.cid, track=info))

    def claim(self, section: Section) -> Publication | None:
        """By msid, else by kind in the order announced: Firefox writes other ids than it announced."""
        of_kind = [(cid, p) for cid, p in self.pending.items() if p.kind == section.kind]
        named = [(cid, p) for cid, p in of_kind if p.cids & {section.track_id, section.stream_id}]
        for cid, publication in named or of_kind:
            del self.pending[cid]
            return publication
        return None

    def take_offer(self, offer: rtc.SessionDescription) -> None:
        """Raises SdpError."""
        answer = self.publisher.answer(offer.sdp)
        self.send(
            answer=rtc.SessionDescription(
                type="answer", sdp=answer.text, id=offer.id, mid_to_track_id=self.publisher.mids()
            )
        )
        for publication in answer.published:
            publication.info.mid = publication.source.mid or ""
            self.published[publication.sid] = publication
            self.room.changed(self, tell_self=True)
            self.room.published(publication)
            self.room.happened(rpc.EventKind.PUBLISHED, self, source_name(publication.info))
            if publication.info.muted:
                self.room.happened(rpc.EventKind.MUTED, self, source_name(publication.info))
        for subscription in list(self.publisher.sending.values()):
            if not subscription.copy.active:
                self.downlink.accepted(subscription)
        self.downlink.request_sections()

    def withdraw(self, publication: Publication) -> None:
        """Unpublish. The client is told, but never while it leaves: it would forget the track for ever."""
        self.published.pop(publication.sid, None)
        self.publisher.forget(publication)
        self.room.withdrawn(publication)
        self.room.happened(rpc.EventKind.UNPUBLISHED, self, source_name(publication.info))
        if not self.closed:
            self.send(track_unpublished=rtc.TrackUnpublishedResponse(track_sid=publication.sid))
            self.room.changed(self, tell_self=True)

    def announced(self) -> list[Publication]:
        return [*self.published.values(), *self.pending.values()]

    def set_muted(self, sid: str, muted: bool) -> bool:
        """The owner mutes or un-mutes. Returns whether there is such a track."""
        publication = next((p for p in self.announced() if p.sid == sid), None)
        if publication is None:
            return False
        if not muted:
            publication.source.halted = False
        if publication.info.muted != muted:
            publication.info.muted = muted
            self.room.changed(self)
            kind = rpc.EventKind.MUTED if muted else rpc.EventKind.UNMUTED
            self.room.happened(kind, self, source_name(publication.info))
        return True

    def silence(self, source: str) -> None:
        """Mute by the server: not one more packet of `source` ("" for all), until the owner un-mutes."""
        for publication in self.announced():
            if source and source_name(publication.info) != source:
                continue
            publication.source.halted = True
            if not publication.info.muted:
                publication.info.muted = True
                self._mute(publication)
                self.room.changed(self, tell_self=True)
                self.room.happened(rpc.EventKind.MUTED, self, source_name(publication.info))

    def mute_again(self) -> None:
        """What the server muted may have been said to a line that was lost."""
        for publication in self.announced():
            if publication.source.halted:
                self._mute(publication)

    def _mute(self, publication: Publication) -> None:
        self.send(mute=rtc.MuteTrackRequest(sid=publication.sid, muted=True))

    def admits(self, viewer: Viewer, publication: Publication) -> bool:
        if self.viewers is None or self.viewers.all_participants:
            return True
        for entry in self.viewers.track_permissions:
            if viewer.sid == entry.participant_sid or viewer.identity == entry.participant_identity:
                return entry.all_tracks or publication.sid in entry.track_sids
        return False

    def regrant(self, grants: rpc.Grants) -> None:
        """Take over the grants of a newer ticket, and end at once what they no longer allow."""
        if grants == self.grants:
            return
        self.grants = grants
        for publication in self.announced():
            if not self.may_publish(source_name(publication.info), publication.kind):
                self.pending = {c: p for c, p in self.pending.items() if p is not publication}
                self.withdraw(publication)
        if not grants.can_subscribe:
            self.downlink.clear()
        self.room.changed(self, tell_self=True)

    # What the peer connections ask. See peer.Owner.

    def next_waiting(self, kind: Kind) -> Subscription | None:
        return self.downlink.next_waiting(kind)

    def put_back(self, subscription: Subscription) -> None:
        self.downlink.put_back(subscription)

    def accepted(self, subscription: Subscription) -> None:
        self.downlink.accepted(subscription)

    def offer(self, text: str, offer_id: int, mids: Mapping[str, str]) -> None:
        self.send(
            offer=rtc.SessionDescription(type="offer", sdp=text, id=offer_id, mid_to_track_id=dict(mids))
        )

    def connected(self, peer: Peer) -> None:
        if self.closed:
            return
        if self.offering is not None and peer is self.offering:
            peer.transport.open_channel(data.RELIABLE, True, None)
            peer.transport.open_channel(data.LOSSY, False, 0)
        if peer is self.subscriber:
            self.downlink.connected()
            if self.state != lk.ParticipantInfo.State.ACTIVE:
                self.state = lk.ParticipantInfo.State.ACTIVE
                self.room.changed(self, tell_self=True)
        if not self.present:
            self.present = True
            self.room.happened(rpc.EventKind.JOINED, self)

    def broken(self, peer: Peer) -> None:
        """One who says goodbye may close its media first: what it says is waited for."""
        asyncio.get_running_loop().call_later(GOODBYE_S, self._give_up)

    def _give_up(self) -> None:
        if not self.closed:
            log.info("media connection ended participant=%s", self.sid)
            self.room.broken(self)

    def received(self, label: str, payload: bytes | str) -> None:
        """A data packet of this participant, on its way to the others."""
        if self.closed or isinstance(payload, str) or label not in data.LABELS:
            return
        if time.monotonic() < self.data_from_s:
            self.data_dropped += 1
            return
        if not self.data_bucket.take(limits.data_cost(len(payload)), time.monotonic()):
            self.data_dropped += 1
            return
        parcel = data.stamped(payload, identity=self.identity, sid=self.sid)
        if parcel is None or not self.grants.can_publish_data:
            self.data_dropped += 1
            return
        if label == data.RELIABLE and parcel.sequence:
            if parcel.sequence <= self.last_sequence:
                return  # sent again after a resume, though it had arrived
            self.last_sequence = parcel.sequence
        for other in self.room.others(self):
            if parcel.reaches(other.identity, other.sid) and other.grants.can_subscribe:
                other.subscriber.transport.send_data(label, parcel.data)

    # Life.

    def line_lost(self, now_s: float) -> None:
        self.line_lost_at_s = now_s

    def resumed(self, line: Line, now_s: float) -> None:
        """A newer line takes over; the older one, if any, is hung up."""
        if self.reachable:
            self.line.hang_up()
        self.line, self.line_lost_at_s, self.heard_at_s = line, None, now_s
        self.allowance = limits.Allowance(now_s)

    def close(self) -> None:
        """End both connections; whoever subscribed is told by the room."""
        self.closed = True
        for publication in list(self.published.values()):
            self.withdraw(publication)
        self.downlink.clear()
        if self.offering is not None:
            self.offering.close()
        for peer in self.peers:
            task = asyncio.ensure_future(peer.transport.close())
            _closing.add(task)
            task.add_done_callback(_closing.discard)


_closing: set[asyncio.Future[None]] = set()  # the loop keeps only weak references to tasks


async def all_closed(timeout_s: float) -> None:
    """Wait until the connections of participants that left are closed, `timeout_s` at most."""
    if _closing:
        await asyncio.wait(set(_closing), timeout=timeout_s)
