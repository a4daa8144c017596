"""RTP: parsing and building packets, header extensions, the VP8 payload descriptor. Pure.

Sources: RFC 3550 (RTP), RFC 8285 (header extensions), RFC 7741 (VP8), RFC 4588 (RTX), and the AV1 RTP
specification's appendix A (dependency descriptor).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

URI_AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
URI_ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
URI_TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
URI_MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
URI_RID: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
URI_REPAIRED_RID: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
URI_VIDEO_ORIENTATION: Final = "urn:3gpp:video-orientation"
URI_DEPENDENCY: Final = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)

Octets: TypeAlias = bytes | bytearray | memoryview

HEADER_BYTES: Final = 12
MARKER: Final = 0x80
_HEADER: Final = Struct("!BBHLL")
_EXTENSION: Final = Struct("!HH")
_SEND_TIME: Final = Struct("!HHL")
_ONE_BYTE: Final = 0xBEDE
_TWO_BYTE: Final = 0x1000
_PLAIN, _EXTENDED = 0x80, 0x90  # first byte: version 2, without and with extensions


class Packet:
    """One RTP packet. `marker` is MARKER or 0; `payload` is without padding."""

    __slots__ = ("exts", "marker", "payload", "pt", "seq", "ssrc", "ts")

    def __init__(
        self, marker: int, pt: int, seq: int, ts: int, ssrc: int, exts: dict[int, bytes], payload: bytes
    ) -> None:
        self.marker, self.pt, self.seq, self.ts, self.ssrc = marker, pt, seq, ts, ssrc
        self.exts, self.payload = exts, payload

    def __repr__(self) -> str:
        return f"Packet(pt={self.pt} seq={self.seq} ts={self.ts} ssrc={self.ssrc} {len(self.payload)} bytes)"


def parse(data: Octets) -> Packet:
    """Read one packet; contributing sources are left out.

    Raises:
        ValueError: it is no RTP packet, or a length in it points outside.
    """
    size = len(data)
    if size < HEADER_BYTES:
        raise ValueError("shorter than an RTP header")
    first, second, seq, ts, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError("RTP version is not 2")
    start = HEADER_BYTES + 4 * (first & 15)
    end = size
    if first & 0x20:
        end -= data[size - 1]
    exts: dict[int, bytes] = {}
    if first & 0x10:
        if start + 4 > size:
            raise ValueError("the extension header is cut off")
        profile, words = _EXTENSION.unpack_from(data, start)
        at = start + 4
        start = at + 4 * words
        if start > size:
            raise ValueError("the extensions are cut off")
        if profile == _ONE_BYTE:
            while at < start:
                head = data[at]
                at += 1
                if head:
                    if head >> 4 == 15:  # reserved: processing stops here (RFC 8285, 4.2)
                        break
                    stop = at + (head & 15) + 1
                    if stop > start:
                        raise ValueError("an extension is cut off")
                    exts[head >> 4] = bytes(data[at:stop])
                    at = stop
        elif profile & 0xFFF0 == _TWO_BYTE:
            while at < start - 1:
                ident = data[at]
                at += 1
                if ident:
                    stop = at + 1 + data[at]
                    if stop > start:
                        raise ValueError("an extension is cut off")
                    exts[ident] = bytes(data[at + 1 : stop])
                    at = stop
    if start > end or (first & 0x20 and end == size):
        raise ValueError("contributing sources or padding exceed the packet")
    return Packet(second & MARKER, second & 0x7F, seq, ts, ssrc, exts, bytes(data[start:end]))


def extension_block(exts: Sequence[tuple[int, bytes]]) -> bytes:
    """The extension header and its elements; b"" for none. One-byte form whenever all fit it.

    Raises:
        ValueError: an id or a length that neither form can carry.
    """
    if not exts:
        return b""
    profile = _ONE_BYTE
    body = bytearray()
    for ident, value in exts:
        if not (0 < ident < 15 and 0 < len(value) <= 16):
            profile = _TWO_BYTE
            body = bytearray().join([bytes((i, len(v))) + v for i, v in exts])
            break
        body.append(ident << 4 | len(value) - 1)
        body += value
    padding = -len(body) % 4
    return _EXTENSION.pack(profile, (len(body) + padding) // 4) + body + bytes(padding)


def build(marker: int, pt: int, seq: int, ts: int, ssrc: int, block: bytes, payload: bytes) -> bytes:
    """A packet; `block` as extension_block makes it."""
    return _HEADER.pack(_EXTENDED if block else _PLAIN, marker | pt, seq, ts, ssrc) + block + payload


@cache
def packer(body_bytes: int) -> Struct:
    """Packs first byte, second byte, seq, ts, ssrc and a body of this many bytes, in one go."""
    return Struct(f"!BBHLL{body_bytes}s")


def first_byte(block: bytes) -> int:
    return _EXTENDED if block else _PLAIN


def abs_send_time(wall_s: float) -> bytes:
    """6.18 fixed point seconds, the value of the abs-send-time extension."""
    return (int(wall_s * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")


def only_send_time(ident: int, wall_s: float) -> bytes:
    """extension_block of nothing but abs-send-time: what most packets carry. `ident` is 1 to 14."""
    return _SEND_TIME.pack(_ONE_BYTE, 1, ident << 28 | 2 << 24 | int(wall_s * (1 << 18)) & 0xFFFFFF)


def unwrap(seq: int, near: int) -> int:
    """The count nearest to `near` whose low 16 bits are `seq`. Ties go down."""
    return near + ((seq - near + 0x8000) & 0xFFFF) - 0x8000


def unwrap_rtx(packet: Packet) -> int | None:
    """Take the original sequence number off an RTX payload; None for padding (RFC 4588, 4)."""
    payload = packet.payload
    if len(payload) < 3:
        return None
    packet.payload = payload[2:]
    return payload[0] << 8 | payload[1]


class Vp8(NamedTuple):
    """What the descriptor of a VP8 payload says. Offsets count from the payload's start; 0: not there."""

    keyframe: bool  # this packet begins a keyframe
    picture_id: int
    picture_at: int
    wide: bool  # the picture id has 15 bits
    tl0: int
    tl0_at: int


def vp8(payload: Octets) -> Vp8:
    """Read the descriptor, and the one clear bit of the frame that tells a keyframe (E2EE leaves it clear).

    Raises:
        ValueError: the payload ends within its descriptor.
    """
    try:
        first = payload[0]
        at, picture, picture_at, wide, tl0, tl0_at = 1, 0, 0, False, 0, 0
        if first & 0x80:
            flags = payload[1]
            at = 2
            if flags & 0x80:
                picture_at, picture = at, payload[at]
                wide = picture > 0x7F
                if wide:
                    picture = (picture & 0x7F) << 8 | payload[at + 1]
                at += 1 + wide
            if flags & 0x40:
                tl0_at, tl0 = at, payload[at]
                at += 1
            if flags & 0x30:
                at += 1
        key = first & 0x17 == 0x10 and not payload[at] & 1
    except IndexError:
        raise ValueError("a VP8 payload ends within its descriptor") from None
    return Vp8(key, picture, picture_at, wide, tl0, tl0_at)


def vp8_shift(payload: bytes, said: Vp8, picture_shift: int, tl0_shift: int) -> bytes:
    """`payload` with its picture id and TL0PICIDX moved on."""
    if not said.picture_at or not (picture_shift or tl0_shift):
        return payload
    out = bytearray(payload)
    if said.wide:
        moved = (said.picture_id + picture_shift) & 0x7FFF
        out[said.picture_at] = 0x80 | moved >> 8
        out[said.picture_at + 1] = moved & 0xFF
    else:
        out[said.picture_at] = (said.picture_id + picture_shift) & 0x7F
    if said.tl0_at:
        out[said.tl0_at] = (said.tl0 + tl0_shift) & 0xFF
    return bytes(out)


def dependency_keyframe(descriptor: bytes) -> bool:
    """Whether a dependency descriptor says that a decodable sequence starts here: the first packet of a frame
    that carries the template structure."""
    return len(descriptor) > 3 and bool(descriptor[0] & 0x80) and bool(descriptor[3] & 0x80)
