"""A credit in words: one sentence for every stretch of time, as the meeting's clock showed it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sessions.attendance.hours import Credit, Reason, Stretch
from sessions.attendance.policy import Policy


def explain(credit: Credit, policy: Policy, zone: ZoneInfo) -> tuple[str, ...]:
    """For example "18:31–18:35 no connection, longer than 60 s, not bridged", in order of time."""
    return tuple(f"{span(stretch, zone)} {words(stretch.reason, policy)}" for stretch in credit.stretches)


def span(stretch: Stretch, zone: ZoneInfo) -> str:
    """Start and end in `zone`, with seconds only where there are any."""
    return f"{_clock(stretch.start, zone)}–{_clock(stretch.end, zone)}"


def _clock(at: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def words(reason: Reason, policy: Policy) -> str:
    match reason:
        case Reason.PRESENT:
            return "present"
        case Reason.BRIDGED:
            return f"connection dropped, back within {policy.reconnect_grace} s, bridged"
        case Reason.MOVED:
            return "moving between rooms, bridged"
        case Reason.BREAK:
            return "break, not counted"
        case Reason.EARLY:
            return "before the meeting, not counted"
        case Reason.OVER:
            return "after the meeting, not counted"
        case Reason.UNSUPERVISED:
            return "no facilitator, not counted for anybody"
        case Reason.WAITING:
            return "in the waiting room, not counted"
        case Reason.NOT_YET:
            return "not there yet"
        case Reason.AWAY:
            return "left, not bridged"
        case Reason.REMOVED:
            return "removed, not bridged"
        case Reason.SILENT:
            return f"no connection, longer than {policy.reconnect_grace} s, not bridged"
        case Reason.CAPPED:
            return f"no connection, more than {policy.reconnect_cap} s in all, not bridged"
        case Reason.GONE:
            return "no connection, did not come back"
