"""RTCP: the packets this server reads and writes. Pure.

Sources: RFC 3550 (SR, RR), RFC 4585 (NACK, PLI), RFC 5104 (FIR), draft-alvestrand-rmcat-remb-03 (REMB).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final, TypeAlias

from signaling.media.rtp import Octets

_SR, _RR, _RTPFB, _PSFB = 200, 201, 205, 206
_NACK, _PLI, _FIR, _APPLICATION = 1, 1, 4, 15

_HEAD: Final = Struct("!BBH")
_SSRC: Final = Struct("!L")
_PAIR: Final = Struct("!LL")
_SENDER: Final = Struct("!QLLL")
_BLOCK: Final = Struct("!LB3sLLLL")
_LOST: Final = Struct("!HH")
MAX_PACKETS: Final = 32  # in one compound packet
MAX_NACKED: Final = 512  # sequence numbers in one NACK


@dataclass(frozen=True, slots=True)
class Block:
    """What a receiver reports about one SSRC (RFC 3550, 6.4.1). `fraction` is in 1/256."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int  # 32.32 fixed point seconds
    rtp_ts: int
    packets: int
    octets: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Nack:
    media_ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """PLI, or one entry of FIR."""

    media_ssrc: int


@dataclass(frozen=True, slots=True)
class Remb:
    bps: float


Packet: TypeAlias = SenderReport | ReceiverReport | Nack | KeyframeRequest | Remb


def parse(data: Octets) -> list[Packet]:
    """Read a compound packet. Types we have no use for are passed over.

    Raises:
        ValueError: a length points outside, or the version is wrong.
    """
    out: list[Packet] = []
    at, size = 0, len(data)
    for _ in range(MAX_PACKETS):
        if at == size:
            return out
        if size - at < 4:
            raise ValueError("an RTCP header is cut off")
        first, kind, words = _HEAD.unpack_from(data, at)
        stop = at + 4 + 4 * words
        if first >> 6 != 2 or stop > size:
            raise ValueError("no RTCP, or cut off")
        body = bytes(data[at + 4 : stop])
        if first & 0x20 and body:
            if not 0 < body[-1] <= len(body):
                raise ValueError("RTCP padding exceeds its packet")
            body = body[: -body[-1]]
        count = first & 31
        if kind == _SR:
            out.append(_sender_report(body, count))
        elif kind == _RR:
            if len(body) < 4:
                raise ValueError("a receiver report is cut off")
            out.append(ReceiverReport(_SSRC.unpack_from(body)[0], _blocks(body, 4, count)))
        elif kind in (_RTPFB, _PSFB):
            out.extend(_feedback(kind, count, body))
        at = stop
    if at != size:
        raise ValueError("too many packets in one compound")
    return out


def _sender_report(body: bytes, count: int) -> SenderReport:
    if len(body) < 24:
        raise ValueError("a sender report is cut off")
    ntp, rtp_ts, packets, octets = _SENDER.unpack_from(body, 4)
    return SenderReport(_SSRC.unpack_from(body)[0], ntp, rtp_ts, packets, octets, _blocks(body, 24, count))


def _blocks(body: bytes, at: int, count: int) -> tuple[Block, ...]:
    if len(body) < at + _BLOCK.size * count:
        raise ValueError("report blocks are cut off")
    return tuple(
        Block(ssrc, fraction, int.from_bytes(lost, "big", signed=True), highest, jitter, lsr, dlsr)
        for ssrc, fraction, lost, highest, jitter, lsr, dlsr in (
            _BLOCK.unpack_from(body, at + _BLOCK.size * i) for i in range(count)
        )
    )


def _feedback(kind: int, fmt: int, body: bytes) -> Iterable[Packet]:
    if len(body) < 8:
        raise ValueError("a feedback packet is cut off")
    _, media = _PAIR.unpack_from(body)
    rest = body[8:]
    if kind == _RTPFB and fmt == _NACK:
        if len(rest) % 4:
            raise ValueError("a NACK is cut off")
        return [Nack(media, _nacked(rest))]
    if kind == _PSFB and fmt == _PLI:
        return [KeyframeRequest(media)]
    if kind == _PSFB and fmt == _FIR:
        if len(rest) % 8:
            raise ValueError("a FIR is cut off")
        return [KeyframeRequest(_SSRC.unpack_from(rest, i)[0]) for i in range(0, len(rest), 8)]
    if kind == _PSFB and fmt == _APPLICATION and len(rest) >= 8 and rest[:4] == b"REMB":
        exponent, mantissa = rest[5] >> 2, (rest[5] & 3) << 16 | rest[6] << 8 | rest[7]
        return [Remb(float(mantissa << exponent))]
    return ()


def _nacked(entries: bytes) -> tuple[int, ...]:
    lost: list[int] = []
    for i in range(0, len(entries), 4):
        first, mask = _LOST.unpack_from(entries, i)
        lost.append(first)
        lost += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
        if len(lost) >= MAX_NACKED:
            break
    return tuple(lost[:MAX_NACKED])


# Writing. Every packet stands alone (reduced-size RTCP, RFC 5506); compounds are their concatenation.


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def _block(block: Block) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.lost)).to_bytes(3, "big", signed=True)
    return _BLOCK.pack(
        block.ssrc,
        block.fraction,
        lost,
        block.highest & 0xFFFFFFFF,
        block.jitter & 0xFFFFFFFF,
        block.lsr,
        block.dlsr,
    )


def receiver_report(ssrc: int, blocks: Sequence[Block] = ()) -> bytes:
    """Raises ValueError for more than 31 blocks."""
    if len(blocks) > 31:
        raise ValueError("a report carries at most 31 blocks")
    return _packet(len(blocks), _RR, _SSRC.pack(ssrc) + b"".join(map(_block, blocks)))


def sender_report(report: SenderReport) -> bytes:
    body = _SSRC.pack(report.ssrc) + _SENDER.pack(
        report.ntp, report.rtp_ts, report.packets & 0xFFFFFFFF, report.octets & 0xFFFFFFFF
    )
    return _packet(len(report.blocks), _SR, body + b"".join(map(_block, report.blocks)))


def pli(ssrc: int, media_ssrc: int) -> bytes:
    return _packet(_PLI, _PSFB, _PAIR.pack(ssrc, media_ssrc))


def nack(ssrc: int, media_ssrc: int, sequences: Sequence[int]) -> bytes:
    """`sequences` in the order of the stream, 16 bits each."""
    entries: list[tuple[int, int]] = []
    for seq in sequences:
        if entries:
            first, mask = entries[-1]
            ahead = (seq - first - 1) & 0xFFFF
            if ahead < 16:
                entries[-1] = (first, mask | 1 << ahead)
                continue
        entries.append((seq, 0))
    return _packet(_NACK, _RTPFB, _PAIR.pack(ssrc, media_ssrc) + b"".join(_LOST.pack(*e) for e in entries))


def remb(ssrc: int, bps: int, media: Sequence[int]) -> bytes:
    """What a receiver can take in all."""
    exponent = max(0, bps.bit_length() - 18)
    mantissa = bps >> exponent
    body = _PAIR.pack(ssrc, 0) + b"REMB" + bytes((len(media), exponent << 2 | mantissa >> 16))
    return _packet(
        _APPLICATION, _PSFB, body + (mantissa & 0xFFFF).to_bytes(2, "big") + b"".join(map(_SSRC.pack, media))
    )
