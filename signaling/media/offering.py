"""The connection we offer: copies for a client that keeps publishing and receiving apart (/rtc)."""

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
    resting: bool = False


class Offering(Peer):
    """Offers one at a time; what changes meanwhile goes into the next."""

    def __init__(self, owner: Owner, mux: UdpMux, label: str) -> None:
        super().__init__(owner, mux, label)
        self._slots = [_Slot("application", "0")]
        self._pending = self._again = False
        self._offer_id = 0
        self._closed = False

    def mids(self) -> dict[str, str]:
        return {slot.mid: slot.subscription.sid for slot in self._slots if slot.subscription is not None}

    def add(self, subscription: Subscription) -> None:
        """Give it a section, as far as there are sections; the caller asks for the offer."""
        kind = subscription.kind
        unused = (s for s in self._slots if s.kind == kind and s.subscription is None and not s.resting)
        slot = next(unused, None)
        if slot is None:
            if len(self._slots) >= sdp.MAX_SECTIONS:
                return
            slot = _Slot(kind, str(len(self._slots)))
            self._slots.append(slot)
        slot.subscription = subscription
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
                slot.subscription, slot.resting = None, True

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
        attributes = codec_attributes(codec, rtx, FEEDBACK_OUT[slot.kind])
        attributes += [f"extmap:{ident} {uri}" for uri, ident in EXTENSIONS_OUT[slot.kind].items()]
        if slot.subscription is None:
            attributes.append("inactive")
        else:
            attributes += sending_attributes(slot.subscription, rtx=rtx is not None)
        formats = tuple(str(c.payload_type) for c in (codec, rtx) if c is not None)
        return MediaLine(slot.kind, RTP_PROTOCOL, formats, slot.mid, True, tuple(attributes))

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
            elif section.rejected or section.direction is Direction.INACTIVE:
                slot.resting = False
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
