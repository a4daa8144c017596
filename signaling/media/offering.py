"""The connection we offer: subscriptions of a client that keeps publishing and receiving apart (/rtc)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from signaling.media import sdp
from signaling.media.peer import (
    EXTENSIONS_OUT,
    FEEDBACK_OUT,
    RTP_PROTOCOL,
    SCTP_ATTRIBUTES,
    SCTP_PROTOCOL,
    Owner,
    Peer,
    codec_attributes,
    sending_attributes,
)
from signaling.media.publication import Subscription
from signaling.media.sdp import Codec, Direction, MediaLine, Section
from signaling.media.udp import UdpMux

CODECS: Final = {
    "audio": Codec(111, "opus", "opus/48000/2", "minptime=10;useinbandfec=1"),
    "video": Codec(96, "vp8", "VP8/90000", ""),
}
RTX: Final = {"audio": None, "video": Codec(97, "rtx", "rtx/90000", "apt=96")}
COALESCE_S: Final = 0.01  # changes of one moment share an offer


@dataclass(slots=True)
class _Slot:
    kind: str
    mid: str
    subscription: Subscription | None = None
    ended: bool = False  # offered with port 0 from now on, until it is given a new mid
    free: bool = False  # the client has agreed to that


class Offering(Peer):
    """Offers one at a time; what changes meanwhile goes into the next."""

    def __init__(self, owner: Owner, mux: UdpMux, label: str) -> None:
        super().__init__(owner, mux, label)
        self._slots = [_Slot("application", "0")]
        self._mids = 1
        self._pending = self._again = False
        self._offer_id = 0
        self._closed = False

    def mids(self) -> dict[str, str]:
        return {slot.mid: slot.subscription.sid for slot in self._slots if slot.subscription is not None}

    def add(self, subscription: Subscription) -> None:
        """Give it a section, as far as there are sections; the caller asks for the offer.

        Always with a new mid, and so with a new receiver at the client. A receiver keeps the id of the track
        it had first, which clients take for the track's own; and the native client (1.2) takes no notice of a
        track that comes back on a receiver that had carried it before. Ended sections are recycled, so that
        descriptions do not grow (RFC 8829, 5.2.2).
        """
        kind = subscription.kind
        slot = next((s for s in self._slots if s.kind == kind and s.free), None)
        if slot is None:
            if len(self._slots) >= sdp.MAX_SECTIONS:
                return
            slot = _Slot(kind, "")
            self._slots.append(slot)
        slot.mid, slot.subscription = str(self._mids), subscription
        slot.ended = slot.free = False
        self._mids += 1
        rtx = RTX[kind]
        self.bind(
            subscription,
            slot.mid,
            CODECS[kind].payload_type,
            rtx.payload_type if rtx is not None else None,
            dict(EXTENSIONS_OUT[kind]),
        )

    def release(self, subscription: Subscription) -> None:
        super().release(subscription)
        for slot in self._slots:
            if slot.subscription is subscription:
                slot.subscription, slot.ended = None, True

    def offer(self, *, restart: bool = False) -> None:
        """Offer soon. `restart`: with new ICE credentials, not waiting for an answer that may be lost."""
        if restart:
            self.transport.new_credentials()
            self._pending = False
        if self._pending:
            self._again = True
            return
        self._pending, self._again = True, False
        asyncio.get_running_loop().call_later(COALESCE_S, self._offer)

    def close(self) -> None:
        self._closed = True

    def _offer(self) -> None:
        if self._closed:
            return
        self._offer_id += 1
        text = self.describe("actpass", [self._line(slot) for slot in self._slots])
        self.owner.offer(text, self._offer_id, self.mids())

    def _line(self, slot: _Slot) -> MediaLine:
        if slot.kind == "application":
            return MediaLine(
                slot.kind, SCTP_PROTOCOL, ("webrtc-datachannel",), slot.mid, True, SCTP_ATTRIBUTES
            )
        codec, rtx = CODECS[slot.kind], RTX[slot.kind]
        if slot.subscription is None:
            formats = (str(codec.payload_type),)
            return MediaLine(slot.kind, RTP_PROTOCOL, formats, slot.mid, False, ("inactive",))
        attributes = codec_attributes(codec, rtx, FEEDBACK_OUT[slot.kind])
        attributes += [f"extmap:{ident} {uri}" for uri, ident in EXTENSIONS_OUT[slot.kind].items()]
        attributes += sending_attributes(slot.subscription, rtx=rtx is not None)
        types = tuple(str(c.payload_type) for c in (codec, rtx) if c is not None)
        return MediaLine(slot.kind, RTP_PROTOCOL, types, slot.mid, True, tuple(attributes))

    def answered(self, text: str, offer_id: int) -> None:
        """Take the client's answer. One to an offer that was replaced since is ignored.

        Raises:
            SdpError: the offer stays unanswered.
        """
        if not self._pending or (offer_id and offer_id != self._offer_id):
            return
        answer = sdp.parse(text)
        for slot in self._slots:
            section = answer.section(slot.mid)
            if section is None:
                continue
            if slot.subscription is not None:
                self._taken(slot.subscription, section)
            elif slot.ended and section.rejected:
                slot.free = True
        if answer.ice is not None:
            self.transport.start(answer.ice.fingerprint, True)
        self._pending = False
        if self._again:
            self.offer()

    def _taken(self, subscription: Subscription, section: Section) -> None:
        codec, rtx = CODECS[subscription.kind], RTX[subscription.kind]
        if section.rejected or section.direction is not Direction.RECVONLY or subscription.copy.active:
            return
        if section.codec(codec.name) is None:
            return
        offered = EXTENSIONS_OUT[subscription.kind]
        agreed = {uri: ident for uri, ident in offered.items() if section.extensions.get(uri) == ident}
        repairs = rtx is not None and section.rtx_for(codec.payload_type) is not None
        rtx_type = rtx.payload_type if rtx is not None and repairs else None
        self.bind(subscription, section.mid, codec.payload_type, rtx_type, agreed)
        self.owner.accepted(subscription)
