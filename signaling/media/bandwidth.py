"""How much fits: telling a sender what arrived when, and sharing out what a subscriber can take. Pure.

Sources: draft-holmer-rmcat-transport-wide-cc-extensions-01 (uplink feedback),
draft-alvestrand-rmcat-remb-03 (what the subscriber says).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import Final

from signaling.media.rtp import unwrap

_TICKS_PER_S: Final = 4000  # 250 us
_TICKS_PER_REFERENCE: Final = 256  # 64 ms
_FEEDBACK: Final = Struct("!BBHLLHH")
_RTPFB, _TRANSPORT_CC = 205, 15
_LOST, _SMALL, _LARGE = 0, 1, 2
MAX_JUMP: Final = 1000  # a larger step forward is a new beginning
MAX_SYMBOLS: Final = 512  # packets covered by one feedback packet, so that it stays below any MTU


class ArrivalLog:
    """Arrival times of transport-wide sequence numbers, until they are reported."""

    __slots__ = ("_arrivals", "_last", "_next", "_number")

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}  # count -> ticks
        self._last: int | None = None
        self._next = 0
        self._number = 0

    def add(self, seq: int, arrival_s: float) -> None:
        last = self._last
        if last is None:
            self._last = self._next = count = seq
        else:
            count = unwrap(seq, last)
            if count > last:
                if count - last > MAX_JUMP:
                    self._arrivals.clear()
                    self._next = count
                self._last = count
        if count >= self._next and count not in self._arrivals:
            self._arrivals[count] = int(arrival_s * _TICKS_PER_S)

    def feedback(self, sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        """RTCP packets about everything new; each arrival is reported once."""
        if not self._arrivals:
            return []
        first, last = self._next, max(self._arrivals)
        out = []
        for start in range(first, last + 1, MAX_SYMBOLS):
            times = [self._arrivals.get(count) for count in range(start, min(start + MAX_SYMBOLS, last + 1))]
            if any(ticks is not None for ticks in times):
                out.append(feedback_packet(sender_ssrc, media_ssrc, start, self._number, times))
                self._number += 1
        self._next = last + 1
        self._arrivals.clear()
        return out


def feedback_packet(
    sender_ssrc: int, media_ssrc: int, first: int, number: int, arrivals: Sequence[int | None]
) -> bytes:
    """One transport-cc packet: arrival ticks of `first`, `first` + 1, …; None for what has not come.

    Raises ValueError when nothing came.
    """
    reference = min(ticks for ticks in arrivals if ticks is not None) // _TICKS_PER_REFERENCE
    at = reference * _TICKS_PER_REFERENCE
    symbols: list[int] = []
    deltas = bytearray()
    for ticks in arrivals:
        if ticks is None:
            symbols.append(_LOST)
            continue
        delta = ticks - at
        if 0 <= delta <= 255:
            symbols.append(_SMALL)
            deltas.append(delta)
        else:
            delta = max(-32768, min(32767, delta))
            symbols.append(_LARGE)
            deltas += delta.to_bytes(2, "big", signed=True)
        at += delta
    body = b"".join(chunk.to_bytes(2, "big") for chunk in _chunks(symbols)) + bytes(deltas)
    body = (reference & 0xFFFFFF).to_bytes(3, "big") + bytes((number & 0xFF,)) + body
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    head = _FEEDBACK.pack(
        0x80 | (0x20 if padding else 0) | _TRANSPORT_CC,
        _RTPFB,
        3 + len(body) // 4,
        sender_ssrc,
        media_ssrc,
        first & 0xFFFF,
        len(symbols),
    )
    return head + body


def _chunks(symbols: Sequence[int]) -> list[int]:
    """Run-length chunks where they pay, vectors of seven two-bit symbols elsewhere."""
    edges = [0, *(i for i in range(1, len(symbols)) if symbols[i] != symbols[i - 1]), len(symbols)]
    runs = [(symbols[a], b - a) for a, b in pairwise(edges)]
    chunks: list[int] = []
    pending: list[int] = []

    def flush() -> None:
        value = 0xC000
        for place, symbol in enumerate(pending):
            value |= symbol << (12 - 2 * place)
        chunks.append(value)
        pending.clear()

    for symbol, run in runs:
        left = run
        while left and pending:
            pending.append(symbol)
            left -= 1
            if len(pending) == 7:
                flush()
        if left >= 7:
            chunks.append(symbol << 13 | left)
        else:
            pending.extend([symbol] * left)
    if pending:
        flush()
    return chunks


# What a subscriber can take.

HIGHEST: Final = 2
FRESH_S: Final = 3.0  # Chromium repeats REMB only when it changes; older says nothing against a trial
SILENT_S: Final = 5.0  # without any feedback for this long the lowest layers must do
SETTLE_S: Final = 4.0  # REMB is at most 1.5 x what arrives: after a step up it needs time to follow
LOWER_EVERY_S: Final = 1.5
REGRET_S: Final = 8.0  # a step up this recent was the cause
MAX_BACKOFF_S: Final = 60.0
MIN_BACKOFF_S: Final = 4.0
LOSSY: Final = 25  # of 256: about 10 %
TIGHT: Final = 0.9
SHARE: Final = 0.85


@dataclass(frozen=True, slots=True)
class View:
    """One video a subscriber watches. `bps[q]`: what quality q, or the best below it that flows, costs."""

    want: int
    cap: int
    bps: tuple[float, float, float]
    sending_bps: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What the subscriber said. Ages count from now; infinity: never."""

    remb_bps: float | None
    remb_age_s: float
    loss: int  # worst fraction lost, in 1/256
    age_s: float  # of any feedback at all


class Allocator:
    """Shares one subscriber's downlink among its videos: down when it is tight, up by trial.

    Audio always goes first. After a step up that had to be taken back, the next trial waits twice as long.
    """

    __slots__ = ("_backoff_s", "_began", "_lowered", "_raised", "_retry")

    def __init__(self) -> None:
        self._began: float | None = None
        self._lowered = self._raised = float("-inf")
        self._retry = float("-inf")
        self._backoff_s = MIN_BACKOFF_S

    def caps(self, views: Sequence[View], audio_bps: float, heard: Heard, now: float) -> list[int]:
        """The highest quality each view may have now."""
        same = [view.cap for view in views]
        if not views:
            self._began = None
            return same
        if self._began is None:
            self._began = now
        if heard.age_s > SILENT_S:
            if now - self._began <= SILENT_S:
                return same
            self._retry = now + self._backoff_s
            return [0] * len(views)
        if heard.loss <= LOSSY and now - self._raised < SETTLE_S:
            return same
        used = audio_bps + sum(view.sending_bps for view in views)
        tight = (
            heard.remb_bps is not None and heard.remb_age_s < FRESH_S and heard.remb_bps < used * TIGHT
        ) or heard.loss > LOSSY
        if tight:
            if now - self._lowered < LOWER_EVERY_S:
                return same
            if now - self._raised < REGRET_S:
                self._backoff_s = min(MAX_BACKOFF_S, self._backoff_s * 2)
            self._lowered, self._retry = now, now + self._backoff_s
            limit = used if heard.remb_bps is None else min(heard.remb_bps, used)
            return share(views, limit * SHARE - audio_bps)
        if now < self._retry:
            return same
        low = [i for i, view in enumerate(views) if view.cap < min(view.want, HIGHEST)]
        if not low:
            self._backoff_s = MIN_BACKOFF_S
            return same
        lowest = min(low, key=lambda i: same[i])
        same[lowest] += 1
        self._raised, self._retry = now, now + max(MIN_BACKOFF_S, self._backoff_s / 2)
        return same


def share(views: Sequence[View], budget_bps: float) -> list[int]:
    """Every view gets the lowest quality; then, in order, each next one while it fits."""
    caps = [0] * len(views)
    left = budget_bps - sum(view.bps[0] for view in views)
    for quality in range(1, HIGHEST + 1):
        for i, view in enumerate(views):
            step = view.bps[quality] - view.bps[caps[i]]
            if view.want >= quality and caps[i] == quality - 1 and step <= left:
                caps[i] = quality
                left -= step
    return caps
