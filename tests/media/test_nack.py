"""What is asked for again, and what can be given again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.nack import MAX_GAP, MAX_MISSING, MAX_TRIES, REORDER_S, RETRY_S, Missing, Ring

NOW = 1000.0


class TestMissing:
    def test_a_hole_is_asked_for_once_it_is_not_merely_late(self) -> None:
        missing = Missing()
        missing.skipped(5, 8, NOW)
        assert missing.due(NOW) == []
        assert missing.due(NOW + REORDER_S) == [5, 6, 7]

    def test_what_has_come_is_not_asked_for(self) -> None:
        missing = Missing()
        missing.skipped(5, 8, NOW)
        assert missing.filled(6)
        assert not missing.filled(6)
        assert missing.due(NOW + 1) == [5, 7]

    def test_it_is_asked_for_a_few_times_and_given_up(self) -> None:
        missing = Missing()
        missing.skipped(5, 6, NOW)
        asked = [t for t in range(100) if missing.due(NOW + 1 + t * RETRY_S)]
        assert len(asked) == MAX_TRIES
        assert not missing

    def test_an_outage_is_not_asked_for(self) -> None:
        missing = Missing()
        missing.skipped(1, 3, NOW)
        missing.skipped(5, 6 + MAX_GAP, NOW)
        assert not missing

    @given(st.lists(st.integers(1, MAX_GAP + 50), max_size=60))
    def test_it_stays_small_whatever_comes(self, gaps: list[int]) -> None:
        missing, at = Missing(), 0
        for gap in gaps:
            missing.skipped(at, at + gap, NOW)
            at += gap + 1
        assert len(missing.due(NOW + 1)) <= MAX_MISSING


class TestRing:
    @given(st.lists(st.integers(0, 200), max_size=100), st.sampled_from([1, 8, 64]))
    def test_it_gives_back_the_newest_of_each_place_or_nothing(self, counts: list[int], size: int) -> None:
        ring: Ring[int] = Ring(size)
        model: dict[int, int] = {}
        for count in counts:
            ring.put(count, -count)
            model[count % size] = count
        for count in range(201):
            assert ring.get(count) == (-count if model.get(count % size) == count else None)

    @pytest.mark.parametrize("size", [0, -1, 3, 100])
    def test_its_size_is_a_power_of_two(self, size: int) -> None:
        with pytest.raises(ValueError, match="power"):
            Ring(size)
