"""What one row of a file brings in.

Every row goes through the service that a page would use, so that the same rules hold. History is what
episodes were: their days, level, hours a week, outcome. Attendance from elsewhere stays that place's word:
see attendance/elsewhere.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext_noop

from sessions.attendance import elsewhere
from sessions.attendance.models import AttendanceStatus
from sessions.core import clock, zones
from sessions.core.errors import Invalid
from sessions.interop.columns import Sort
from sessions.people.access import Act, may
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING, Role
from sessions.people.service import end_membership, join
from sessions.programs import episodes, staffing
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Series
from sessions.programs.episode_facts import fact
from sessions.programs.episode_models import Episode, EpisodeFactKind, Stage
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus, LevelOfCare, Program
from sessions.programs.recurrence import weekly
from sessions.programs.stretches import Hours

MINUTES: Final = 540
DAYS: Final = 3


class Unfit(Exception):
    """A value that does not fit what is there."""

    def __init__(self, column: str, says: str) -> None:
        super().__init__(column)
        self.column, self.says = column, says


def _person(program: Program, given: dict[str, Any], by: Person) -> None:
    role = Role(given["role"])
    if role in LEADING:
        if not may(by, Act.KEEP_STAFF, program):
            raise Unfit("role", gettext_noop("Only an administrator brings in staff."))
        who = staffing.Hired(
            given["given_name"],
            given["family_name"] or "",
            given["email"],
            given["language"] or "en",
            given["time_zone"] or "",
        )
        staffing.hire(program, who, role, by=by)
        return
    if not may(by, Act.KEEP_EPISODES, program):
        raise Unfit("role", gettext_noop("Only a coordinator brings in clients."))
    today = zones.local_date(clock.now(), program.time_zone)
    newcomer = episodes.Newcomer(
        given["given_name"],
        given["family_name"] or "",
        given["email"],
        given["phone"] or "",
        given["language"] or "en",
        given["time_zone"] or "",
    )
    if (given["group"] is None) != (given["starts_on"] is None):
        raise Unfit(
            "group" if given["group"] is None else "starts_on",
            gettext_noop("To admit somebody, a group and a first day are needed."),
        )
    referred_on = given["referred_on"] or min(today, given["starts_on"] or today)
    try:
        row = episodes.refer(program, newcomer, given["source"] or "", referred_on, by=by)
    except Invalid as taken:
        raise Unfit("email", taken.text) from taken
    if given["group"] is None:
        return
    minutes, days = given["weekly_minutes"] or MINUTES, given["days"] or DAYS
    episodes.assess(row, by=by)
    episodes.admit(
        row,
        _group(program, given["group"]),
        given["starts_on"],
        Hours(minutes, days, -(-minutes // days)),
        by=by,
        therapist=_staff(program, given["therapist"], "therapist") if given["therapist"] else None,
        level_of_care=LevelOfCare(given["level"] or LevelOfCare.INTENSIVE_OUTPATIENT),
    )


def _series(program: Program, given: dict[str, Any], by: Person) -> None:
    if not may(by, Act.SCHEDULE, program):
        raise Unfit("", gettext_noop("Only a coordinator brings in series."))
    if given["kind"].lower() not in MeetingKind.values:
        raise Unfit("kind", gettext_noop("This word is not known here. Look at the list of columns."))
    if (given["break_start"] is None) != (given["break_end"] is None):
        raise Unfit("break_end", gettext_noop("A break has a beginning and an end."))
    start, end = given["start"], given["end"]
    if start == end:
        raise Unfit("end", gettext_noop("The end must come after the start."))
    if given["break_start"] and start < end and not start < given["break_start"] < given["break_end"] < end:
        raise Unfit("break_start", gettext_noop("A break lies inside the hours."))
    cohort = _group(program, given["group"]) if given["group"] else None
    if (
        cohort is not None
        and Series.objects.of(program.pk)
        .filter(cohort=cohort, start=given["start"], starts_on=given["starts_on"], title=given["title"] or "")
        .exists()
    ):
        raise Unfit("title", gettext_noop("This series is here already."))
    calendar.create(
        program,
        calendar.Draft(
            kind=MeetingKind(given["kind"].lower()),
            rule=weekly(given["weekdays"], given["every"] or 1),
            starts_on=given["starts_on"],
            start=given["start"],
            end=given["end"],
            facilitators=[_staff(program, one, "facilitators") for one in given["facilitators"]],
            cohort=cohort,
            ends_on=given["ends_on"],
            title=given["title"] or "",
            breaks=[(given["break_start"], given["break_end"])] if given["break_start"] else (),
        ),
        by,
    )


def _history(program: Program, given: dict[str, Any], by: Person) -> None:
    """An episode that is over. Nobody is told, and nothing of it stands on the calendar."""
    if not may(by, Act.KEEP_EPISODES, program):
        raise Unfit("", gettext_noop("Only a coordinator brings in clients."))
    how = EpisodeFactKind(given["outcome"])
    began, ended = given["started_on"], given["ended_on"]
    here = how is not EpisodeFactKind.DECLINED
    _in_order(program, given, here)
    person = Person.objects.known_in(program.pk, given["email"])
    if person is None:
        person = Person(
            email=given["email"],
            home=program.pk,
            given_name=given["given_name"],
            family_name=given["family_name"] or "",
            time_zone=program.time_zone,
        )
        person.set_unusable_password()
        person.full_clean(exclude=["password"])
        person.save()
    elif Membership.objects.filter(program=program, person=person, role__in=LEADING).exists():
        raise Unfit("email", gettext_noop("Somebody with this address is here already."))
    elif Episode.objects.of(program.pk).filter(person=person, referred_on=given["referred_on"]).exists():
        raise Unfit("referred_on", gettext_noop("This episode is here already."))
    current = episodes.current(person, program.pk) is not None
    row = Episode.objects.create(
        program=program,
        person=person,
        stage=Stage(how.value),
        referred_on=given["referred_on"],
        starts_on=began,
        ended_on=ended,
    )
    level = LevelOfCare(given["level"] or LevelOfCare.INTENSIVE_OUTPATIENT)
    fact(row, EpisodeFactKind.REFERRED, given["referred_on"], by)
    if here:
        fact(row, EpisodeFactKind.ENROLLED, began, by, level=level, target=given["weekly_minutes"] or MINUTES)
        fact(row, EpisodeFactKind.STARTED, began, by)
    fact(row, how, ended, by)
    if here and given["group"]:
        completed = how is EpisodeFactKind.COMPLETED
        Enrollment.objects.create(
            person=person,
            cohort=_group(program, given["group"]),
            episode=row,
            starts_on=began,
            ended_on=ended,
            level_of_care=level,
            weekly_target_minutes=given["weekly_minutes"] or MINUTES,
            status=EnrollmentStatus.COMPLETED if completed else EnrollmentStatus.LEFT,
        )
    _belongs(person, program, here=here, current=current, by=by)


def _attendance(program: Program, given: dict[str, Any], by: Person) -> None:
    """A session that somebody attended elsewhere: that place's word, marked as such wherever it is shown."""
    if not may(by, Act.KEEP_EPISODES, program):
        raise Unfit("", gettext_noop("Only a coordinator brings in clients."))
    if given["kind"].lower() not in MeetingKind.values:
        raise Unfit("kind", gettext_noop("This word is not known here. Look at the list of columns."))
    own = Membership.objects.filter(program=program, role__in=[Role.CLIENT, Role.ALUMNUS])
    row = own.filter(person__email=given["email"]).select_related("person").first()
    if row is None:
        raise Unfit("email", gettext_noop("Nobody with this address is or was a client here."))
    draft = elsewhere.Draft(
        source=given["source"],
        on=given["held_on"],
        start=given["start"].strftime("%H:%M") if given["start"] else "",
        kind=MeetingKind(given["kind"].lower()),
        status=AttendanceStatus(given["status"]),
        minutes=given["minutes"],
    )
    elsewhere.bring(program, row.person, draft, by)


def _belongs(person: Person, program: Program, *, here: bool, current: bool, by: Person) -> None:
    """Who has been here is an alumnus; who was not admitted was somebody's client for a moment."""
    if here:
        join(person, program.pk, Role.ALUMNUS, by)
    elif not current and not person.memberships.filter(program=program).exists():
        end_membership(join(person, program.pk, Role.CLIENT, by), by)


def _in_order(program: Program, given: dict[str, Any], here: bool) -> None:
    days: list[tuple[str, date]] = [("referred_on", given["referred_on"])]
    if here:
        if given["started_on"] is None:
            raise Unfit("started_on", gettext_noop("This is needed."))
        days.append(("started_on", given["started_on"]))
    days.append(("ended_on", given["ended_on"]))
    for (_, before), (column, on) in itertools.pairwise(days):
        if on < before:
            raise Unfit(column, gettext_noop("This day lies before the one that comes first."))
    if given["ended_on"] > zones.local_date(clock.now(), program.time_zone):
        raise Unfit("ended_on", gettext_noop("This day has not come yet."))


def _group(program: Program, name: str) -> Cohort:
    row = Cohort.objects.of(program.pk).filter(name=name).select_related("program").first()
    if row is None:
        raise Unfit("group", gettext_noop("There is no group of this name."))
    return row


def _staff(program: Program, email: str, column: str) -> Person:
    rows = Membership.objects.filter(program=program, role__in=LEADING, person__email=email).active()
    row = rows.select_related("person").first()
    if row is None:
        raise Unfit(column, gettext_noop("Nobody with this address leads sessions here."))
    return row.person


KEEP: Final[dict[Sort, Callable[[Program, dict[str, Any], Person], None]]] = {
    Sort.PEOPLE: _person,
    Sort.SERIES: _series,
    Sort.HISTORY: _history,
    Sort.ATTENDANCE: _attendance,
}
