"""A programme's own rules, typed from what is stored in `Program.settings`. Pure.

Other slices keep words of their own in the same place: what is not known here is carried along untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import time
from typing import Any, Final

from sessions.core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Track:
    """The hours of a day's programme, as a preset for series."""

    name: str
    start: str  # "18:00", local
    end: str
    breaks: tuple[tuple[str, str], ...] = ()  # in order, not overlapping, inside
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)  # Monday is 0


@dataclass(frozen=True, slots=True)
class KindRule:
    """What a programme says about one kind of meeting; None leaves the default."""

    creditable: bool | None = None
    largest: int | None = None
    attend: tuple[str, ...] | None = None  # who besides facilitators: values of RoomRole


@dataclass(frozen=True, slots=True)
class ProgramSettings:
    weekly_target_minutes: int = 540
    days_a_week: int = 3
    minutes_a_day: int = 180
    episode_days: int = 90
    planning_weeks: int = 8  # how far ahead series are put on the calendar
    review_every_days: int = 14  # of the individual plan
    booking_notice_hours: int = 12  # individual sessions are booked at least so long before
    change_notice_hours: int = 24  # and given back at least so long before
    invitation_days: int = 14  # a family guest's link lives so long
    supervision_grace_s: int = 60  # without a facilitator, until people stop hearing and seeing one another
    door_minutes: int = 15  # after its start a group's door closes to clients who come first then; 0 never
    offer_hours: int = 48  # a free place is kept so long for who was offered it
    testing_window_hours: int = 24  # from the notice to the end of the time to give a sample
    floor_minutes: int = 540  # a week; below it, a client's plan is one of stepping down
    absence_notice_hours: int = 48  # told so long before, an absence counts as excused
    absences_in_a_row: int = 2  # unexcused: so many ask for a review; 0 never does
    absences_in_days: int = 4  # and so many within `absence_days`; 0 never does
    absence_days: int = 30
    tracks: tuple[Track, ...] = (
        Track("Day", "09:00", "12:00", (("10:25", "10:35"),)),
        Track("Evening", "18:00", "21:00", (("19:25", "19:35"),)),
    )


LIMITS: Final[dict[str, tuple[int, int]]] = {
    "weekly_target_minutes": (30, 2400),
    "days_a_week": (1, 7),
    "minutes_a_day": (30, 600),
    "episode_days": (7, 366),
    "planning_weeks": (1, 26),
    "review_every_days": (1, 92),
    "booking_notice_hours": (0, 168),
    "change_notice_hours": (0, 168),
    "invitation_days": (1, 60),
    "supervision_grace_s": (0, 600),
    "door_minutes": (0, 180),
    "offer_hours": (1, 168),
    "testing_window_hours": (2, 72),
    "floor_minutes": (0, 2400),
    "absence_notice_hours": (0, 336),
    "absences_in_a_row": (0, 14),
    "absences_in_days": (0, 60),
    "absence_days": (1, 90),
}
DEFAULT: Final = ProgramSettings()
MOST_TRACKS: Final = 8
MOST_BREAKS: Final = 2  # as a series has in its form
LARGEST: Final = 60  # people who are not staff, in any meeting
ATTEND: Final = ("client", "family", "alumnus")


def read(stored: Mapping[str, Any]) -> ProgramSettings:
    """What holds. A word that is out of its limits counts as not said: a programme must not stop for it."""
    values: dict[str, Any] = {}
    for name, (least, most) in LIMITS.items():
        value = stored.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            values[name] = value
    try:
        if "tracks" in stored:
            values["tracks"] = tuple(track(row) for row in stored["tracks"])
    except (Invalid, TypeError):
        values.pop("tracks", None)
    return ProgramSettings(**values)


def check(stored: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, by name; empty when nothing is. Words of other slices are not looked at."""
    wrong: dict[str, str] = {}
    for name, (least, most) in LIMITS.items():
        value = stored.get(name, getattr(DEFAULT, name))
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            wrong[name] = f"{least}–{most}"
    tracks = stored.get("tracks", [])
    if not isinstance(tracks, list | tuple) or len(tracks) > MOST_TRACKS:
        wrong["tracks"] = f"0–{MOST_TRACKS}"
    else:
        for row in tracks:
            try:
                track(row)
            except (Invalid, TypeError):
                wrong["tracks"] = "HH:MM–HH:MM"
    return wrong


def write(settings: ProgramSettings, stored: Mapping[str, Any]) -> dict[str, Any]:
    """`stored` with these settings in it; everything else stays."""
    plain = asdict(settings)
    plain["tracks"] = [
        {**row, "weekdays": list(row["weekdays"]), "breaks": [list(pair) for pair in row["breaks"]]}
        for row in plain["tracks"]
    ]
    return {**stored, **plain}


def with_kind(stored: Mapping[str, Any], kind: str, rule: KindRule) -> dict[str, Any]:
    """`stored` with this rule of one kind of meeting in it; what the rule leaves open is the default."""
    said = {name: value for name, value in asdict(rule).items() if value is not None}
    if rule.attend is not None:
        said["attend"] = list(rule.attend)
    rows = stored.get("kinds")
    kinds = {**(rows if isinstance(rows, Mapping) else {}), kind: said}
    return {**stored, "kinds": {name: row for name, row in kinds.items() if row}}


def track(row: Any) -> Track:
    """Raises Invalid when its times are none, or a break lies outside or overlaps another."""
    if not isinstance(row, Mapping) or set(row) - {field.name for field in fields(Track)}:
        raise Invalid
    breaks = tuple((str(start), str(end)) for start, end in _pairs(row.get("breaks", ())))
    weekdays = tuple(row.get("weekdays", (0, 1, 2, 3, 4)))
    found = Track(row.get("name", ""), row.get("start", ""), row.get("end", ""), breaks, weekdays)
    at, end = _time(found.start), _time(found.end)
    if not found.name or len(found.name) > 40 or end <= at:
        raise Invalid
    if len(breaks) > MOST_BREAKS:
        raise Invalid
    for begins, ends in breaks:
        if not at < _time(begins) < _time(ends) < end:
            raise Invalid
        at = _time(ends)
    if not found.weekdays or not set(found.weekdays) <= set(range(7)):
        raise Invalid
    return found


def kind_rule(stored: Mapping[str, Any], kind: str) -> KindRule:
    """What the programme says about this kind of meeting."""
    rows = stored.get("kinds")
    row = rows.get(kind) if isinstance(rows, Mapping) else None
    if not isinstance(row, Mapping):
        return KindRule()
    creditable, largest, attend = row.get("creditable"), row.get("largest"), row.get("attend")
    fits = isinstance(attend, list) and bool(attend) and set(attend) <= set(ATTEND)
    return KindRule(
        creditable=creditable if isinstance(creditable, bool) else None,
        largest=largest if isinstance(largest, int) and 1 <= largest <= LARGEST else None,
        attend=tuple(attend) if isinstance(attend, list) and fits else None,
    )


def _pairs(stored: Any) -> list[tuple[Any, Any]]:
    if not isinstance(stored, list | tuple):
        raise Invalid
    try:
        return [(start, end) for start, end in stored]
    except (TypeError, ValueError) as wrong:
        raise Invalid from wrong


def _time(text: Any) -> time:
    try:
        return time.fromisoformat(text)
    except (TypeError, ValueError) as wrong:
        raise Invalid from wrong
