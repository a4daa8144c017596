"""Which layer a subscriber gets, and that changing it leaves no seam."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.layers import MAX_JUMP_S, Numbering, Segment, Tail, follow, pick

CLOCK = 90000


class TestPick:
    @pytest.mark.parametrize(
        ("case", "alive", "want", "cap", "got"),
        [
            ("the best when nothing limits", {0, 1, 2}, 2, 2, 2),
            ("no more than was asked for", {0, 1, 2}, 1, 2, 1),
            ("no more than fits", {0, 1, 2}, 2, 0, 0),
            ("the next below when the sender paused one", {0, 2}, 1, 2, 0),
            ("the lowest there is when all are above the limit", {1, 2}, 0, 2, 1),
            ("a track without layers whatever is asked", {0}, 2, 2, 0),
            ("nothing when nothing flows", set(), 2, 2, None),
        ],
    )
    def test_it_gives(self, case: str, alive: set[int], want: int, cap: int, got: int | None) -> None:
        assert pick(alive, want, cap) == got


class Player:
    """A subscriber's stream through a Numbering: which original went out under which count."""

    def __init__(self) -> None:
        self.numbering: Numbering[str] = Numbering()
        self.out: dict[int, tuple[str, int]] = {}
        self.last: int | None = None

    def switch(self, layer: str, count: int) -> None:
        start = 100000 if self.last is None else self.last + 1
        self.numbering.begin(Segment(layer, count, start, start - count, 0))

    def send(self, layer: str, count: int) -> None:
        segment = self.numbering.last
        assert segment is not None
        out = count + segment.seq_shift
        assert out not in self.out, "two packets under one number"
        assert self.last is None or out > self.last
        self.out[out], self.last = (layer, count), out

    def late(self, layer: str, count: int) -> None:
        segment = self.numbering.forward(layer, count)
        if segment is not None:
            out = count + segment.seq_shift
            assert out not in self.out, "two packets under one number"
            self.out[out] = (layer, count)


steps = st.lists(
    st.sampled_from(["send", "send", "send", "padding", "skip", "late", "switch", "switch back"]),
    max_size=120,
)


class TestNumbering:
    @given(steps)
    def test_one_stream_comes_out_whatever_goes_in(self, plan: list[str]) -> None:
        player, layer = Player(), "h"
        heads = {"h": 5000, "f": 9000}
        held: list[tuple[str, int]] = []  # skipped, to come late
        contiguous = True  # the newest packet that came was sent, or closed up
        player.switch(layer, heads[layer])
        player.send(layer, heads[layer])
        for step in plan:
            match step:
                case "send":
                    heads[layer] += 1
                    player.send(layer, heads[layer])
                    contiguous = True
                case "padding" if contiguous:
                    heads[layer] += 1
                    player.numbering.close_up(heads[layer])
                case "skip":
                    heads[layer] += 1
                    held.append((layer, heads[layer]))
                    contiguous = False
                case "late" if held and contiguous:
                    player.late(*held.pop())
                case "switch" | "switch back":
                    layer = "f" if step == "switch" else "h"
                    heads[layer] += 3
                    player.switch(layer, heads[layer])
                    player.send(layer, heads[layer])
                    contiguous = True
                case _:
                    pass
        for out, (came_from, count) in player.out.items():
            segment = player.numbering.backward(out)
            if segment is not None:
                assert (segment.layer, out - segment.seq_shift) == (came_from, count)
        if not held and "late" not in plan:
            outs = sorted(player.out)
            assert outs == list(range(outs[0], outs[0] + len(outs))), "holes that nothing will fill"

    def test_what_was_skipped_before_padding_keeps_its_own_place(self) -> None:
        player = Player()
        player.switch("h", 10)
        player.send("h", 10)
        player.send("h", 12)  # 11 is missing
        player.numbering.close_up(13)
        player.send("h", 14)
        player.late("h", 11)
        assert [player.out[k][1] for k in sorted(player.out)] == [10, 11, 12, 14]

    def test_what_comes_late_from_a_layer_left_behind_is_dropped(self) -> None:
        player = Player()
        player.switch("h", 10)
        player.send("h", 10)
        player.switch("f", 50)
        assert player.numbering.forward("h", 9) is None
        assert player.numbering.forward("h", 11) is None
        assert player.numbering.forward("f", 49) is None

    def test_nothing_is_closed_up_before_the_first_packet(self) -> None:
        with pytest.raises(ValueError, match="nothing"):
            Numbering[str]().close_up(5)


class TestFollow:
    @given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.floats(0, 3600))
    def test_time_goes_on_by_what_has_passed(self, tail_ts: int, ts: int, passed_s: float) -> None:
        shift = follow(Tail(1, tail_ts, 0, 0, 50.0), ts, 50.0 + passed_s, CLOCK, None)
        assert (ts + shift - tail_ts) & 0xFFFFFFFF == max(
            1, int((50.0 + passed_s - 50.0) * CLOCK)
        ) & 0xFFFFFFFF

    @pytest.mark.parametrize(
        ("case", "ahead_ticks", "believed"),
        [
            ("a frame ahead, as expected", 3000, True),
            ("before the last packet sent", -1, False),
            ("far from what arrival times say", int(CLOCK * (MAX_JUMP_S + 1)), False),
        ],
    )
    def test_sender_reports_are_believed_when_they_say(
        self, case: str, ahead_ticks: int, believed: bool
    ) -> None:
        tail = Tail(1, 0xFFFFFF00, 0, 0, 50.0)
        shift = follow(tail, 7, 50.1, CLOCK, (tail.ts + ahead_ticks) & 0xFFFFFFFF)
        ahead = (7 + shift - tail.ts) & 0xFFFFFFFF
        assert (ahead == ahead_ticks & 0xFFFFFFFF) is believed
        assert ahead in (ahead_ticks & 0xFFFFFFFF, int((50.1 - 50.0) * CLOCK))
