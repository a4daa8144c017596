"""When a message may go out: quiet hours by the recipient's clock, and trying again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.core.daytime import Quiet, is_quiet
from sessions.messages.timing import BACKOFF, next_try, sending_time

NEW_YORK, PHOENIX = "America/New_York", "America/Phoenix"
NIGHT = Quiet()
WHOLE_MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def at(day: int, hour: int, minute: int = 0, zone: str = NEW_YORK, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("why", "due", "not_after", "sent"),
    [
        ("by day at once", at(2, 18), None, at(2, 18)),
        ("at night when the night is over", at(2, 23), None, at(3, 8)),
        ("early in the morning too", at(3, 5), None, at(3, 8)),
        ("at nine in the evening it is night", at(2, 21), None, at(3, 8)),
        ("at eight in the morning it is day", at(3, 8), None, at(3, 8)),
        ("before an early appointment, the evening before", at(3, 6, 30), at(3, 7, 30), at(2, 20, 59)),
        ("never too late", at(2, 11), at(2, 11, 30), None),
        ("the night the clocks go forward has 8:00 too", at(7, 23), None, at(8, 8)),
        ("and the one they go back", at(31, 23, month=10), None, at(1, 8, month=11)),
    ],
)
def test_a_message_waits_for_the_morning(
    why: str, due: datetime, not_after: datetime | None, sent: datetime | None
) -> None:
    assert sending_time(due, not_after, at(2, 12), NEW_YORK, NIGHT) == sent, why


def test_night_is_where_the_recipient_is() -> None:
    """22:30 in New York is 20:30 in Phoenix."""
    moment = at(2, 22, 30)
    assert sending_time(moment, None, moment, PHOENIX, NIGHT) == moment
    assert sending_time(moment, None, moment, NEW_YORK, NIGHT) == at(3, 8)


def test_quiet_hours_may_lie_in_the_day_or_nowhere() -> None:
    assert sending_time(at(2, 13), None, at(2, 9), NEW_YORK, Quiet(time(12), time(15))) == at(2, 15)
    assert sending_time(at(2, 3), None, at(2, 3), NEW_YORK, Quiet(time(8), time(8))) == at(2, 3)


@given(
    st.integers(0, 730 * 86_400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=2)),
    st.sampled_from([NEW_YORK, PHOENIX, "Europe/Madrid", "Asia/Kathmandu"]),
    st.builds(Quiet, WHOLE_MINUTES, WHOLE_MINUTES),
)
def test_nothing_goes_out_at_night_too_late_or_in_the_past(
    now: datetime, ahead: timedelta, life: timedelta | None, zone: str, quiet: Quiet
) -> None:
    due = now + ahead
    not_after = due + life if life is not None else None
    sent = sending_time(due, not_after, now, zone, quiet)
    if sent is None:
        assert not_after is not None
        return
    assert sent >= now
    assert not_after is None or sent <= not_after
    assert not is_quiet(sent, zone, quiet)


def test_trying_again_takes_longer_each_time_and_ends() -> None:
    now = at(2, 12)
    tries = [next_try(number, now, None) for number in range(1, len(BACKOFF) + 2)]
    assert tries == [*(now + pause for pause in BACKOFF), None]
    assert next_try(1, now, now + timedelta(seconds=30)) is None
