"""What a sender is told about arrivals, and how a subscriber's downlink is shared out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.bandwidth import (
    MAX_BACKOFF_S,
    MAX_JUMP,
    MIN_BACKOFF_S,
    SETTLE_S,
    SILENT_S,
    Allocator,
    ArrivalLog,
    Heard,
    View,
    feedback_packet,
    share,
)

TICK_S = 0.00025


def read_feedback(raw: bytes) -> tuple[int, dict[int, int]]:
    """A reader of our own: (feedback number, {sequence: ticks}). draft-holmer-rmcat-…-01, 3.1."""
    assert raw[0] & 0x1F == 15
    assert raw[1] == 205
    assert len(raw) == 4 + 4 * int.from_bytes(raw[2:4], "big")
    first, count = int.from_bytes(raw[12:14], "big"), int.from_bytes(raw[14:16], "big")
    at = int.from_bytes(raw[16:19], "big") * 256
    symbols: list[int] = []
    place = 20
    while len(symbols) < count:
        chunk = int.from_bytes(raw[place : place + 2], "big")
        place += 2
        if chunk & 0x8000:
            assert chunk & 0x4000
            symbols += [chunk >> (12 - 2 * i) & 3 for i in range(7)]
        else:
            symbols += [chunk >> 13] * (chunk & 0x1FFF)
    assert not any(symbols[count:])
    arrivals = {}
    for i, symbol in enumerate(symbols[:count]):
        if symbol:
            size = symbol
            at += int.from_bytes(raw[place : place + size], "big", signed=size == 2)
            place += size
            arrivals[(first + i) & 0xFFFF] = at
    padding = raw[-1] if raw[0] & 0x20 else 0
    assert place + padding == len(raw)
    return raw[19], arrivals


class TestArrivals:
    @given(
        st.integers(0, 0xFFFF),
        st.lists(st.one_of(st.none(), st.integers(0, 4000)), min_size=1, max_size=300).filter(any),
    )
    def test_a_feedback_packet_says_what_came_when(self, first: int, ticks: list[int | None]) -> None:
        number, read = read_feedback(feedback_packet(1, 2, first, 300, ticks))
        assert number == 300 & 0xFF
        assert read == {(first + i) & 0xFFFF: t for i, t in enumerate(ticks) if t is not None}

    @given(
        st.integers(0, 0xFFFF),
        st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=400),
    )
    def test_every_arrival_in_order_is_reported_once(self, first: int, plan: list[tuple[int, bool]]) -> None:
        log, seq, now = ArrivalLog(), first, 10.0
        wanted: list[int] = []
        reported: list[int] = []
        for gap, report in plan:
            now += 0.001
            log.add(seq & 0xFFFF, now)
            wanted.append(seq & 0xFFFF)
            if report:
                reported += [s for raw in log.feedback(1, 2) for s in read_feedback(raw)[1]]
            seq += 1 + gap
        reported += [s for raw in log.feedback(1, 2) for s in read_feedback(raw)[1]]
        assert reported == wanted
        assert log.feedback(1, 2) == []

    def test_reordered_packets_of_one_round_keep_their_own_times(self) -> None:
        log = ArrivalLog()
        for seq, at in ((65534, 4000.5 * TICK_S), (0, 4016.5 * TICK_S), (65535, 4020.5 * TICK_S)):
            log.add(seq, at)
        [raw] = log.feedback(1, 2)
        assert read_feedback(raw)[1] == {65534: 4000, 65535: 4020, 0: 4016}

    def test_packets_stay_small_and_a_jump_begins_anew(self) -> None:
        log = ArrivalLog()
        log.add(0, 1.0)
        log.add(MAX_JUMP - 1, 1.0)
        assert all(len(raw) < 1200 for raw in log.feedback(1, 2))
        log.add(MAX_JUMP, 1.0)
        log.add(3 * MAX_JUMP, 1.0)
        [raw] = log.feedback(1, 2)
        assert list(read_feedback(raw)[1]) == [3 * MAX_JUMP]

    @given(st.lists(st.integers(0, 0xFFFF), max_size=300))
    def test_hostile_numbers_make_no_large_answer(self, numbers: list[int]) -> None:
        log = ArrivalLog()
        for i, number in enumerate(numbers):
            log.add(number, i * 0.001)
        for raw in log.feedback(1, 2):
            read_feedback(raw)
            assert len(raw) < 1200


CAMERA = (150_000.0, 500_000.0, 1_500_000.0)


def view(cap: int = 2, want: int = 2, sending: float | None = None) -> View:
    return View(want, cap, CAMERA, CAMERA[cap] if sending is None else sending)


def heard(remb: float | None = 10e6, *, loss: int = 0, age: float = 0.0, remb_age: float = 0.0) -> Heard:
    return Heard(remb, remb_age, loss, age)


class TestShare:
    @given(st.lists(st.integers(0, 2), max_size=12), st.floats(-1e6, 3e7))
    def test_it_never_spends_more_than_there_is_beyond_the_lowest(
        self, wants: list[int], budget: float
    ) -> None:
        views = [view(want=want) for want in wants]
        caps = share(views, budget)
        spent = sum(CAMERA[cap] for cap in caps)
        assert spent <= max(budget, CAMERA[0] * len(views)) + 1
        assert all(cap <= want for cap, want in zip(caps, wants, strict=True))

    def test_everybody_gets_the_middle_before_anybody_gets_the_high(self) -> None:
        assert share([view(), view(), view()], 3 * 500_000 + 900_000) == [1, 1, 1]
        assert share([view(), view(), view()], 3 * 500_000 + 1_000_000) == [2, 1, 1]


class TestAllocator:
    def test_nothing_changes_while_it_fits(self) -> None:
        assert Allocator().caps([view(), view()], 40_000, heard(), 100.0) == [2, 2]

    def test_a_small_estimate_lowers_video_and_leaves_audio_its_part(self) -> None:
        caps = Allocator().caps([view(), view()], 80_000, heard(800_000), 100.0)
        assert caps == [0, 0]

    @pytest.mark.parametrize(("remb", "caps"), [(900_000, [1, 0]), (1_400_000, [1, 1]), (2_600_000, [2, 1])])
    def test_what_remains_is_shared(self, remb: float, caps: list[int]) -> None:
        assert Allocator().caps([view(), view()], 60_000, heard(remb), 100.0) == caps

    def test_loss_lowers_too(self) -> None:
        assert Allocator().caps([view()], 40_000, heard(None, loss=80), 100.0) == [1]

    def test_an_old_estimate_says_nothing(self) -> None:
        assert Allocator().caps([view()], 0, heard(1000, remb_age=60), 100.0) == [2]

    def test_without_any_feedback_the_lowest_must_do(self) -> None:
        allocator, silence = Allocator(), heard(None, age=math.inf, remb_age=math.inf)
        assert allocator.caps([view()], 0, silence, 100.0) == [2]
        assert allocator.caps([view()], 0, silence, 100.0 + SILENT_S + 0.1) == [0]

    def test_after_a_while_one_step_up_is_tried(self) -> None:
        allocator = Allocator()
        allocator.caps([view(), view()], 0, heard(900_000), 100.0)
        assert allocator.caps([view(0), view(0)], 0, heard(), 100.0 + MIN_BACKOFF_S - 0.1) == [0, 0]
        assert allocator.caps([view(0), view(0)], 0, heard(), 100.0 + MIN_BACKOFF_S + 0.1) == [1, 0]

    def test_no_step_goes_beyond_what_was_asked_for(self) -> None:
        assert Allocator().caps([view(1, want=1)], 0, heard(), 100.0) == [1]

    def test_a_step_that_failed_waits_longer_each_time(self) -> None:
        allocator, now, cap, waits = Allocator(), 100.0, 2, []
        for _ in range(6):
            cap = allocator.caps([view(cap)], 0, heard(200_000), now)[0]
            assert cap == 0
            tried_from = now
            while cap == 0:
                now += 0.5
                cap = allocator.caps([view(cap)], 0, heard(5e6), now)[0]
            waits.append(now - tried_from)
            now += SETTLE_S
        assert waits == sorted(waits)
        assert waits[0] <= MIN_BACKOFF_S + 1
        assert waits[-1] <= MAX_BACKOFF_S + 1

    @given(
        st.lists(
            st.tuples(
                st.one_of(st.none(), st.floats(0, 2e7)),
                st.integers(0, 255),
                st.floats(0, 20),
                st.floats(0.1, 5),
            ),
            max_size=60,
        ),
        st.lists(st.integers(0, 2), min_size=1, max_size=6),
    )
    def test_caps_are_always_qualities(
        self, plan: list[tuple[float | None, int, float, float]], wants: list[int]
    ) -> None:
        allocator, now, caps = Allocator(), 0.0, [2] * len(wants)
        for remb, loss, age, passed in plan:
            now += passed
            views = [view(cap, want) for cap, want in zip(caps, wants, strict=True)]
            caps = allocator.caps(views, 50_000, heard(remb, loss=loss, age=age, remb_age=age), now)
            assert all(0 <= cap <= 2 for cap in caps)
