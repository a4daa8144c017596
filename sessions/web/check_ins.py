"""What the pages of aftercare say, as values: trend pictures, why somebody is called now, words for codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sessions.aftercare import answers
from sessions.aftercare.answers import Point
from sessions.aftercare.board import Week
from sessions.aftercare.models import AftercareCourse, CheckIn, Why
from sessions.aftercare.risk import Reason, Tier
from sessions.people import standing
from sessions.people.models import Person
from sessions.people.roles import LEADING
from sessions.web import words

TIERS: Final = {
    Tier.LOW: gettext_lazy("steady"),
    Tier.MODERATE: gettext_lazy("needs attention"),
    Tier.HIGH: gettext_lazy("urgent"),
    Tier.CRISIS: gettext_lazy("crisis"),
}
REASONS: Final = {
    Reason.SELF_HARM: gettext_lazy("Thoughts of being dead or of hurting themselves"),
    Reason.OVERDOSE: gettext_lazy("An overdose"),
    Reason.DANGER: gettext_lazy("In danger right now"),
    Reason.USE: gettext_lazy("Alcohol or drugs in the past 30 days"),
    Reason.RISK_AND_UNPROTECTED: gettext_lazy("Many risks and little that protects"),
    Reason.ASKS_FOR_TREATMENT: gettext_lazy("Would like treatment again"),
    Reason.RISK: gettext_lazy("Many risks"),
    Reason.UNPROTECTED: gettext_lazy("Little that protects"),
    Reason.DEPRESSION: gettext_lazy("Low mood (PHQ-9)"),
    Reason.ANXIETY: gettext_lazy("Anxiety (GAD-7)"),
    Reason.WORSE: gettext_lazy("Mood clearly worse than last time"),
    Reason.CRAVING: gettext_lazy("Strong craving"),
}
# (label, where the line is drawn from: the scale's end, and the mark above or below which it matters)
_SCALES: Final = (
    ("phq9", gettext_lazy("Mood (PHQ-9)"), 27, 10),
    ("gad7", gettext_lazy("Anxiety (GAD-7)"), 21, 10),
    ("risk", gettext_lazy("Risks (BAM)"), 24, 12),
    ("protective", gettext_lazy("What protects (BAM)"), 24, 12),
)
WIDTH: Final = 300
HEIGHT: Final = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One scale over the calls, as a picture of WIDTH x HEIGHT and as words."""

    label: str
    path: str
    dots: tuple[tuple[int, int], ...]
    mark: int  # y of the limit
    last: str
    says: str
    values: tuple[str, ...]  # for the table, "–" where there is none


def lines(points: Sequence[Point]) -> tuple[Line, ...]:
    """None for scales that nobody has answered."""
    return tuple(line for scale in _SCALES if (line := _line(points, *scale)) is not None)


def _line(points: Sequence[Point], name: str, label: object, top: int, limit: int) -> Line | None:
    values: list[int | None] = [getattr(point.scores, name) for point in points]
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    if not known:
        return None
    step = WIDTH / max(1, len(values) - 1)
    dots = tuple((round(n * step) if len(values) > 1 else WIDTH, _y(value, top)) for n, value in known)
    path = " ".join(f"{'M' if n == 0 else 'L'}{x} {y}" for n, (x, y) in enumerate(dots))
    last = known[-1][1]
    return Line(
        label=str(label),
        path=path,
        dots=dots,
        mark=_y(limit, top),
        last=f"{last}",
        says=_("%(label)s: last %(last)s of %(top)s") % {"label": label, "last": last, "top": top},
        values=tuple("–" if value is None else str(value) for value in values),
    )


def _y(value: int, top: int) -> int:
    return round(HEIGHT - 4 - (HEIGHT - 8) * value / top)


def why_now(row: CheckIn, now: datetime) -> str:
    """One line: why this person, why now."""
    urgency = getattr(row, "urgency", None) or 0
    if urgency >= Tier.CRISIS:
        return _("May be in danger. Call now.")
    parts = [str(row.get_why_display()).capitalize()]
    if urgency >= Tier.HIGH and row.why not in (Why.CONTACT, Why.ASKED):
        parts.append(_("the answers say it is urgent"))
    if row.tries:
        parts.append(ngettext("%(n)d try so far", "%(n)d tries so far", row.tries) % {"n": row.tries})
    if row.course.missed_in_a_row:
        parts.append(
            ngettext("%(n)d missed before", "%(n)d missed before", row.course.missed_in_a_row)
            % {"n": row.course.missed_in_a_row}
        )
    at = row.next_try_at or row.starts_at
    if at is not None and at < now:
        parts.append(_("due since %(time)s") % {"time": words.clock(at)})
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Piece:
    kind: str  # done, missed, open
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One week of the board: done at the foot, then missed, then what is still open; 100 high at most."""

    label: str
    completed: int
    missed: int
    due: int
    x: int
    pieces: tuple[Piece, ...]


def bars(weeks: Sequence[Week]) -> tuple[Bar, ...]:
    most = max((week.due for week in weeks), default=0) or 1
    found = []
    for n, week in enumerate(weeks):
        pieces, foot = [], 102
        for kind, count in (
            ("done", week.completed),
            ("missed", week.missed),
            ("open", week.due - week.completed - week.missed),
        ):
            height = round(100 * count / most)
            foot -= height
            if height:
                pieces.append(Piece(kind, foot, height))
        found.append(
            Bar(words.short_day(week.starts_on), week.completed, week.missed, week.due, n * 40, tuple(pieces))
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NextCall:
    """The alumnus's next call, for their home page."""

    waiting: bool  # now
    when: str  # "Thursday, March 5"; "" without a time
    time: str
    kept: bool
    questions: bool  # not answered yet


def next_call(person: Person, now: datetime) -> NextCall | None:
    """None for who has no aftercare."""
    courses = AftercareCourse.objects.running().filter(person=person).exclude(state="proposed")
    course = courses.first()
    if course is None:
        return None
    rows = CheckIn.objects.filter(course=course).unfinished()
    row = (
        rows.filter(starts_at__isnull=False).order_by("starts_at").first() or rows.order_by("due_on").first()
    )
    if row is None:
        return NextCall(False, "", "", True, False)
    return NextCall(
        waiting=row.state in ("due", "attempting", "connected"),
        when=words.day_from(row.starts_at, now) if row.starts_at else "",
        time=words.clock(row.starts_at) if row.starts_at else "",
        kept=row.confirmed_at is not None,
        questions=not answers.finished(row),
    )


def calls_due(person: Person, now: datetime) -> int | None:
    """How many calls are due in the programmes the person works in; None when there is no aftercare."""
    programs = {row.program_id for row in standing.memberships(person) if row.role in LEADING}
    if not programs or not AftercareCourse.objects.filter(program__in=programs).exists():
        return None
    return CheckIn.objects.filter(program__in=programs, next_try_at__lte=now).called().count()
