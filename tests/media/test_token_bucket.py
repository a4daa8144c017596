"""How much one client may ask: a burst, then a steady rate, never more; and what it owes us for nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signaling.media.limits import (
    CANDIDATE_BURST,
    CANDIDATE_RATE,
    DATA_BURST,
    DATA_RATE,
    MOST_DUE,
    SIGNAL_BURST,
    Allowance,
    Due,
    TokenBucket,
    data_bucket,
    data_cost,
)


def test_a_burst_is_given_and_then_the_rate() -> None:
    allowance = Allowance(100.0)
    assert sum(allowance.take("mute", 0, 100.0) for _ in range(200)) == SIGNAL_BURST
    assert sum(allowance.take("mute", 0, 101.0) for _ in range(200)) == 20


def test_candidates_take_nothing_from_the_rest_and_are_counted_too() -> None:
    allowance = Allowance(100.0)
    assert sum(allowance.take("trickle", 0, 100.0) for _ in range(5000)) == CANDIDATE_BURST
    assert sum(allowance.take("trickle", 0, 101.0) for _ in range(5000)) == CANDIDATE_RATE
    assert sum(allowance.take("mute", 0, 101.0) for _ in range(200)) == SIGNAL_BURST


def test_a_clock_that_runs_backwards_gives_nothing() -> None:
    bucket = TokenBucket(10, 10, 0, 100.0)
    assert not bucket.take(1.0, 50.0)


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 3)), max_size=100))
def test_never_more_than_burst_and_rate_together(asked: list[tuple[float, float]]) -> None:
    bucket, now_s, taken = TokenBucket(5.0, 8.0, 8.0, 0.0), 0.0, 0.0
    for pause_s, cost in asked:
        now_s += pause_s
        taken += cost if bucket.take(cost, now_s) else 0.0
    assert taken <= 8.0 + 5.0 * now_s + 1e-6


def test_a_burst_of_small_data_passes_and_a_flood_does_not() -> None:
    bucket = data_bucket(0.0)
    assert all(bucket.take(data_cost(60), 0.0) for _ in range(100))
    passed = sum(bucket.take(data_cost(60), second / 100) for second in range(1, 1001))
    assert DATA_RATE * 10 * 0.9 <= passed <= DATA_BURST + DATA_RATE * 10
    assert data_bucket(0.0).take(data_cost(64 << 10), 0.0), "one large packet passes"


def test_what_is_due_is_settled_once() -> None:
    due = Due()
    assert not due.settle("offer")
    due.negotiation()
    assert [due.settle("offer") for _ in range(3)] == [True, True, False]
    assert [due.settle("answer") for _ in range(2)] == [True, False]
    assert not due.settle("mute"), "nothing else is ever free"
    assert not due.settle("")


def test_what_is_due_is_not_saved_up_for_ever() -> None:
    due = Due()
    for _ in range(1000):
        due.negotiation()
        due.track()
    for kind, most in MOST_DUE.items():
        assert sum(due.settle(kind) for _ in range(1000)) == most
