"""One peer connection of one participant: its sections, its negotiation, and who is bound to which of them.

A client publishes over a connection it offers (`Answering`). It receives over the same one when it asked for
one, else over a second one that we offer (`Offering`, in offering.py).

A section of the client's that carried a subscription and is to carry another rests inactive for one round
first: browsers announce a new track only when a section turns from inactive to sending.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final, Protocol

from signaling.media import rtp, sdp
from signaling.media.ingress import Ingress
from signaling.media.publication import Kind, Publication, Subscription
from signaling.media.sdp import Codec, Direction, LocalIce, MediaLine, Section
from signaling.media.transport import Transport
from signaling.media.udp import UdpMux

SCTP_PORT: Final = 5000
MAX_DATA_BYTES: Final = 64 << 10
SCTP_ATTRIBUTES: Final = (f"sctp-port:{SCTP_PORT}", f"max-message-size:{MAX_DATA_BYTES}")
SCTP_PROTOCOL: Final = "UDP/DTLS/SCTP"
RTP_PROTOCOL: Final = "UDP/TLS/RTP/SAVPF"

CODEC: Final = {"audio": "opus", "video": "vp8"}

# Header extensions we understand from publishers, and those we write to subscribers.
EXTENSIONS_IN: Final = (
    rtp.URI_MID,
    rtp.URI_RID,
    rtp.URI_REPAIRED_RID,
    rtp.URI_ABS_SEND_TIME,
    rtp.URI_AUDIO_LEVEL,
    rtp.URI_VIDEO_ORIENTATION,
    rtp.URI_TRANSPORT_CC,
)
EXTENSIONS_OUT: Final = {
    "audio": {rtp.URI_AUDIO_LEVEL: 1, rtp.URI_ABS_SEND_TIME: 2},
    "video": {rtp.URI_ABS_SEND_TIME: 2, rtp.URI_VIDEO_ORIENTATION: 3},
}
FEEDBACK_IN: Final = {
    "audio": ("transport-cc",),
    "video": ("transport-cc", "nack", "nack pli", "ccm fir"),
}
FEEDBACK_OUT: Final[dict[str, tuple[str, ...]]] = {
    "audio": (),
    "video": ("goog-remb", "nack", "nack pli", "ccm fir"),
}


class Owner(Protocol):
    """What a peer connection asks of the participant it belongs to."""

    def claim(self, section: Section) -> Publication | None:
        """The announced track a newly sending section carries; None when the participant may not send it."""
        ...

    def withdraw(self, publication: Publication) -> None: ...

    def next_waiting(self, kind: Kind) -> Subscription | None:
        """The next subscription that waits for a section of this kind, None when none does."""
        ...

    def put_back(self, subscription: Subscription) -> None:
        """Its section is gone: it waits for another."""
        ...

    def offer(self, text: str, offer_id: int, mids: dict[str, str]) -> None: ...

    def accepted(self, subscription: Subscription) -> None:
        """The client takes it: forward."""
        ...

    def connected(self, peer: Peer) -> None: ...

    def broken(self, peer: Peer) -> None:
        """DTLS failed or the client ended it: this connection carries nothing any more."""
        ...

    def received(self, label: str, payload: bytes | str) -> None: ...


class Peer:
    """What both roles share: the transport, what comes in on it, the copies that go out on it."""

    def __init__(self, owner: Owner, mux: UdpMux, label: str) -> None:
        self.owner = owner
        self.ingress = Ingress(mux)
        self.transport = Transport(
            mux,
            self.ingress.on_rtp,
            self.ingress.on_rtcp,
            lambda _transport: owner.connected(self),
            owner.received,
            label,
            lambda _transport: owner.broken(self),
        )
        self.ingress.transport = self.transport
        self._session_id = secrets.randbits(62)
        self._version = 0

    def describe(self, setup: str, media: list[MediaLine]) -> str:
        self._version += 1
        ice = self.transport.params(setup)
        local = LocalIce(ice.ufrag, ice.pwd, ice.fingerprint, ice.setup, ice.candidates)
        return sdp.write(self._session_id, self._version, local, media)

    def bind(
        self, subscription: Subscription, mid: str, codec: int, rtx: int | None, extensions: dict[str, int]
    ) -> None:
        """It leaves in section `mid` with these payload types and header extensions."""
        copy = subscription.copy
        copy.transport, copy.mid, copy.pt, copy.rtx_pt, copy.exts = (
            self.transport,
            mid,
            codec,
            rtx,
            extensions,
        )
        self.ingress.down[copy.ssrc] = copy

    def release(self, subscription: Subscription) -> None:
        """Nothing of it leaves any more; its section rests for a round before it is used again."""
        self.ingress.down.pop(subscription.copy.ssrc, None)

    def mids(self) -> dict[str, str]:
        """Section -> sid of the track whose copy it carries."""
        raise NotImplementedError


def sending_attributes(subscription: Subscription, *, rtx: bool) -> list[str]:
    publication, copy = subscription.publication, subscription.copy
    owner, track = publication.owner.sid, publication.sid
    stream = f"{owner}|{publication.info.stream or track}"
    attributes = ["sendonly", f"msid:{stream} {track}"]
    if rtx:
        attributes.append(f"ssrc-group:FID {copy.ssrc} {copy.rtx_ssrc}")
    for ssrc in (copy.ssrc, copy.rtx_ssrc) if rtx else (copy.ssrc,):
        attributes += [f"ssrc:{ssrc} cname:{owner}", f"ssrc:{ssrc} msid:{stream} {track}"]
    return attributes


def codec_attributes(codec: Codec, rtx: Codec | None, feedback: tuple[str, ...]) -> list[str]:
    attributes = ["rtcp-mux", "rtcp-rsize", f"rtpmap:{codec.payload_type} {codec.encoding}"]
    if codec.parameters:
        attributes.append(f"fmtp:{codec.payload_type} {codec.parameters}")
    attributes += [f"rtcp-fb:{codec.payload_type} {name}" for name in feedback]
    if rtx is not None:
        attributes.append(f"rtpmap:{rtx.payload_type} {rtx.encoding}")
        attributes.append(f"fmtp:{rtx.payload_type} {rtx.parameters}")
    return attributes


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    published: list[Publication]  # that this round gave their section


class Answering(Peer):
    """The connection the client offers. `single`: it also carries the copies for this client."""

    def __init__(self, owner: Owner, mux: UdpMux, label: str, *, single: bool) -> None:
        super().__init__(owner, mux, label)
        self.single = single
        self.sending: dict[str, Subscription] = {}  # by mid
        self._receiving: dict[str, Publication] = {}  # by mid
        self.free: dict[str, int] = {
            "audio": 0,
            "video": 0,
        }  # sections given by the client that carry nothing
        self._free_mids: set[str] = set()
        self._resting: set[str] = set()
        self._remote_ufrag: str | None = None

    @property
    def negotiated(self) -> bool:
        return self._remote_ufrag is not None

    def mids(self) -> dict[str, str]:
        return {mid: subscription.sid for mid, subscription in self.sending.items()}

    def release(self, subscription: Subscription) -> None:
        super().release(subscription)
        for mid in [m for m, s in self.sending.items() if s is subscription]:
            del self.sending[mid]
            self._resting.add(mid)

    def forget(self, publication: Publication) -> None:
        """It is not published any more; its section may carry another."""
        self.ingress.withdraw(publication.source)
        self._receiving = {m: p for m, p in self._receiving.items() if p is not publication}

    def distrust_last_answer(self) -> None:
        """The client may not have read our last answer: sections it called inactive rest once more."""
        self._resting |= self._free_mids

    def answer(self, text: str) -> Answer:
        """Take the client's offer.

        Raises:
            SdpError: nothing has changed then.
        """
        offer = sdp.parse(text)
        if offer.ice is not None:
            if self._remote_ufrag not in (None, offer.ice.ufrag):
                self.transport.new_credentials()  # the client restarts ICE
            self._remote_ufrag = offer.ice.ufrag
        published: list[Publication] = []
        media: list[MediaLine] = []
        self.free = {"audio": 0, "video": 0}
        self._free_mids = set()
        sctp = False
        for section in offer.sections:
            if section.kind == "application" and section.protocol == SCTP_PROTOCOL and not section.rejected:
                line = MediaLine(
                    "application", SCTP_PROTOCOL, section.formats, section.mid, not sctp, SCTP_ATTRIBUTES
                )
                sctp = True
            elif section.kind in CODEC and section.protocol == RTP_PROTOCOL and not section.rejected:
                line = self._media(section, published)
            else:
                line = sdp.refused(section)
            if not line.accepted:
                self._forget(section.mid)
            media.append(line)
        answer = self.describe("passive", media)
        if offer.ice is not None:
            self.transport.start(offer.ice.fingerprint, sctp)
        return Answer(answer, published)

    def _forget(self, mid: str) -> None:
        """The section is refused or gone."""
        if mid in self._receiving:
            self.owner.withdraw(self._receiving[mid])
        self._take_back(mid)

    def _take_back(self, mid: str) -> None:
        """What section `mid` was to carry waits for another."""
        subscription = self.sending.get(mid)
        if subscription is not None:
            self.release(subscription)
            self.owner.put_back(subscription)

    def _media(self, section: Section, published: list[Publication]) -> MediaLine:
        codec = section.codec(CODEC[section.kind])
        if codec is None:
            return sdp.refused(section)
        rtx = section.rtx_for(codec.payload_type) if section.kind == Kind.VIDEO else None
        publication = self._publication(section)
        if publication is not None:
            self._take_back(section.mid)
            if section.mid not in self._receiving:
                published.append(publication)
            attributes = self._receive(section, publication, codec, rtx)
        else:
            attributes = self._send(section, codec, rtx)
        formats = tuple(str(c.payload_type) for c in (codec, rtx) if c is not None)
        extensions = [f"extmap:{section.extensions[u]} {u}" for u in EXTENSIONS_IN if u in section.extensions]
        return MediaLine(
            section.kind, section.protocol, formats, section.mid, True, (*attributes, *extensions)
        )

    def _publication(self, section: Section) -> Publication | None:
        """What the client sends in this section, if it sends and may."""
        known = self._receiving.get(section.mid)
        if known is not None and not (section.direction.sends and known.kind == section.kind):
            self.owner.withdraw(known)
            known = None
        if known is None and section.direction.sends:
            return self.owner.claim(section)
        return known

    def _receive(
        self, section: Section, publication: Publication, codec: Codec, rtx: Codec | None
    ) -> list[str]:
        source = publication.source
        source.exts, source.pt = dict(section.extensions), codec.payload_type
        source.rtx_pt = rtx.payload_type if rtx is not None else None
        source.codec, source.mid, source.transport = codec.name, section.mid, self.transport
        self._receiving[section.mid] = publication
        self.ingress.by_mid[section.mid] = source
        self.ingress.ext.update({u: section.extensions[u] for u in EXTENSIONS_IN if u in section.extensions})
        dtx = section.kind == Kind.AUDIO and not publication.info.disable_dtx
        if dtx and "usedtx" not in codec.parameters:
            parameters = ";".join(filter(None, (codec.parameters, "usedtx=1")))
            codec = replace(codec, parameters=parameters)
        attributes = [*codec_attributes(codec, rtx, FEEDBACK_IN[section.kind]), "recvonly"]
        if not section.send_rids:
            self.ingress.announce(source, section.ssrcs, section.rtx_ssrcs)
            return attributes
        return [
            *attributes,
            *(f"rid:{rid} recv" for rid in section.send_rids),
            "simulcast:recv " + ";".join(section.send_rids),
        ]

    def _send(self, section: Section, codec: Codec, rtx: Codec | None) -> list[str]:
        """A section that the client does not send in carries a subscription, when one waits."""
        mid = section.mid
        attributes = codec_attributes(codec, rtx, FEEDBACK_OUT[section.kind])
        subscription = self.sending.get(mid)
        if subscription is not None and not (
            subscription.kind == section.kind and section.direction.receives
        ):
            self._take_back(mid)
            subscription = None
        if mid in self._resting:
            self._resting.discard(mid)
        elif subscription is None and self.single and section.direction is Direction.RECVONLY:
            subscription = self.owner.next_waiting(Kind(section.kind))
            if subscription is not None:
                self.sending[mid] = subscription
        if subscription is not None:
            wanted = EXTENSIONS_OUT[section.kind]
            extensions = {u: i for u, i in section.extensions.items() if u in wanted}
            rtx_type = rtx.payload_type if rtx is not None else None
            self.bind(subscription, mid, codec.payload_type, rtx_type, extensions)
            return [*attributes, *sending_attributes(subscription, rtx=rtx is not None)]
        if section.direction is Direction.RECVONLY:
            self.free[section.kind] += 1
            self._free_mids.add(mid)
        return [*attributes, "inactive"]
