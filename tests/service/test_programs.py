"""Programmes: who belongs to which meeting, on which day it is, and what may be put on the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sessions.audit.models import AuditEvent
from sessions.core.errors import Invalid, NotFound
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import disable, end_membership, join, keep_apart
from sessions.programs import service
from sessions.programs.kinds import DEFAULTS, MeetingKind
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus, Meeting
from tests.cast import EVENING, HOUR, MORNING, Cast, assemble

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Cast:
    return assemble(MORNING)


CLIENT, FAMILY, ALUMNUS = RoomRole.CLIENT, RoomRole.FAMILY, RoomRole.ALUMNUS


def meetings(cast: Cast) -> list[Meeting]:
    return [cast.group, cast.morning_group, cast.individual, cast.family, cast.check_in, cast.southern]


def every_part(cast: Cast) -> dict[tuple[Meeting, Person], RoomRole]:
    asked = {(m, p): service.role_in(m, p) for m in meetings(cast) for p in cast.people}
    return {pair: role for pair, role in asked.items() if role}


def every_roster(cast: Cast) -> dict[tuple[Meeting, Person], RoomRole]:
    return {(m, entry.person): entry.role for m in meetings(cast) for entry in service.roster(m)}


def test_the_roster_has_everybody_with_a_part_facilitators_first(cast: Cast) -> None:
    assert [(entry.person.given_name, entry.role) for entry in service.roster(cast.family)] == [
        ("Mina", "facilitator"),
        ("Alice", "client"),
        ("Bruno", "client"),
        ("Omar", "family"),
        ("Rosa", "family"),
    ]


def _nothing(cast: Cast) -> None:
    pass


def _mina_leaves(cast: Cast) -> None:
    end_membership(cast.mina.memberships.get())


def _alice_is_disabled(cast: Cast) -> None:
    disable(cast.alice)


def _bruno_completes(cast: Cast) -> None:
    cast.bruno.enrollments.update(
        status=EnrollmentStatus.COMPLETED, ended_on=cast.group.held_on - timedelta(days=1)
    )


def _alice_is_also_made_facilitator(cast: Cast) -> None:
    cast.group.facilitators.add(cast.alice)


def _chidi_joins_the_staff_too(cast: Cast) -> None:
    join(cast.chidi, cast.north.pk, Role.FACILITATOR)
    cast.morning_group.facilitators.add(cast.chidi)


def _theo_is_invited_as_a_client(cast: Cast) -> None:
    cast.group.invitees.add(cast.theo, through_defaults={"role": CLIENT})


@pytest.mark.parametrize(
    "change",
    [
        _nothing,
        _mina_leaves,
        _alice_is_disabled,
        _bruno_completes,
        _alice_is_also_made_facilitator,
        _chidi_joins_the_staff_too,
        _theo_is_invited_as_a_client,
    ],
    ids=lambda change: change.__name__.strip("_").replace("_", " "),
)
def test_the_roster_and_the_question_for_one_person_agree(cast: Cast, change: Callable[[Cast], None]) -> None:
    change(cast)
    assert every_roster(cast) == every_part(cast)


@pytest.mark.parametrize(
    ("starts_in_days", "ended_in_days", "status", "belongs"),
    [
        pytest.param(-10, None, EnrollmentStatus.ACTIVE, True, id="under way"),
        pytest.param(0, None, EnrollmentStatus.ACTIVE, True, id="first day"),
        pytest.param(1, None, EnrollmentStatus.ACTIVE, False, id="starts tomorrow"),
        pytest.param(-10, None, EnrollmentStatus.PLANNED, False, id="only planned"),
        pytest.param(-10, None, EnrollmentStatus.ON_HOLD, False, id="on hold"),
        pytest.param(-10, 0, EnrollmentStatus.COMPLETED, True, id="last day"),
        pytest.param(-10, -1, EnrollmentStatus.COMPLETED, False, id="completed yesterday"),
        pytest.param(-10, 5, EnrollmentStatus.LEFT, True, id="left later: the day still counts"),
        pytest.param(-10, -1, EnrollmentStatus.LEFT, False, id="left before"),
    ],
)
def test_a_cohorts_client_belongs_to_its_meeting_on_that_day(
    cast: Cast, starts_in_days: int, ended_in_days: int | None, status: EnrollmentStatus, belongs: bool
) -> None:
    day = cast.group.held_on
    Enrollment.objects.filter(person=cast.alice).update(
        starts_on=day + timedelta(days=starts_in_days),
        ended_on=None if ended_in_days is None else day + timedelta(days=ended_in_days),
        status=status,
    )
    assert service.role_in(cast.group, cast.alice) == (CLIENT if belongs else None)


@pytest.mark.parametrize(
    ("starts_at", "held_on"),
    [
        pytest.param(datetime(2026, 3, 2, 23, 0, tzinfo=UTC), date(2026, 3, 2), id="an evening"),
        pytest.param(datetime(2026, 3, 3, 2, 0, tzinfo=UTC), date(2026, 3, 2), id="tomorrow in UTC"),
        pytest.param(datetime(2026, 3, 3, 4, 30, tzinfo=UTC), date(2026, 3, 2), id="over midnight"),
        pytest.param(datetime(2026, 11, 1, 4, 30, tzinfo=UTC), date(2026, 11, 1), id="as clocks go back"),
    ],
)
def test_a_meetings_day_is_that_of_its_start_in_the_programmes_zone(
    cast: Cast, starts_at: datetime, held_on: date
) -> None:
    cast.group.starts_at, cast.group.ends_at = starts_at, starts_at + HOUR
    cast.group.save(update_fields=["starts_at", "ends_at"])
    cast.group.refresh_from_db()
    assert cast.group.held_on == held_on


def kinds(found: list[service.OwnMeeting]) -> list[tuple[str, str]]:
    return [(own.meeting.kind, own.role) for own in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "alice",
            [("process_group", CLIENT), ("individual_therapy", CLIENT), ("family_group", CLIENT)],
        ),
        ("omar", [("family_group", FAMILY)]),
        ("ada", [("check_in_call", ALUMNUS)]),
        ("carol", []),
        ("nora", []),
    ],
)
def test_todays_meetings_with_the_part_one_has(
    cast: Cast, name: str, expected: list[tuple[str, str]]
) -> None:
    assert kinds(service.meetings_today(getattr(cast, name), MORNING)) == expected


@pytest.mark.parametrize(
    ("zone", "hours_from_noon_in_new_york", "there"),
    [
        pytest.param("America/New_York", 0, True, id="noon at home"),
        pytest.param("America/New_York", -13, False, id="the night before"),
        pytest.param("America/New_York", 11, True, id="an hour before midnight"),
        pytest.param("America/New_York", 13, False, id="the night after"),
        pytest.param("Asia/Tokyo", -3, False, id="in Tokyo, where it begins tomorrow"),
        pytest.param("Asia/Tokyo", 11, True, id="in Tokyo, where it begins this morning"),
    ],
)
def test_today_is_the_readers_own_day(
    cast: Cast, zone: str, hours_from_noon_in_new_york: int, there: bool
) -> None:
    cast.alice.time_zone = zone
    cast.alice.save()
    Meeting.objects.filter(pk=cast.group.pk).update(starts_at=EVENING, ends_at=EVENING + HOUR)
    noon = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    today = service.meetings_today(cast.alice, noon + hours_from_noon_in_new_york * HOUR)
    assert (cast.group in [own.meeting for own in today]) == there


def test_a_meeting_over_midnight_is_on_both_days(cast: Cast) -> None:
    midnight = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    Meeting.objects.filter(pk=cast.group.pk).update(starts_at=midnight - HOUR, ends_at=midnight + HOUR)
    for now in (midnight - HOUR / 2, midnight + HOUR / 2):
        assert cast.group in [own.meeting for own in service.meetings_today(cast.alice, now)]
    assert service.meetings_today(cast.alice, midnight + 25 * HOUR) == []


def test_what_comes_next_is_in_order_and_leaves_out_what_began(cast: Cast) -> None:
    coming = service.meetings_after(cast.alice, cast.group.starts_at + timedelta(seconds=1), limit=5)
    assert kinds(coming) == [("individual_therapy", CLIENT), ("family_group", CLIENT)]
    assert kinds(service.meetings_after(cast.alice, cast.group.starts_at, limit=1)) == [
        ("process_group", CLIENT)
    ]


def test_a_cancelled_meeting_is_on_nobodys_day_but_stays_on_record(cast: Cast) -> None:
    service.cancel(cast.group, by=cast.carol)
    service.cancel(cast.group, by=cast.carol)
    assert cast.group not in [own.meeting for own in service.meetings_today(cast.alice, cast.group.starts_at)]
    assert service.meeting(cast.group.pk).cancelled_at is not None
    assert AuditEvent.objects.filter(act="meeting.cancelled").count() == 1


def test_the_coordinator_sees_the_programmes_day_and_only_its_own(cast: Cast) -> None:
    found = service.program_meetings_today(cast.carol, cast.north, cast.group.starts_at)
    assert cast.group in found
    assert cast.morning_group in found
    assert cast.southern not in found
    for person, program in ((cast.carol, cast.south), (cast.mina, cast.north), (cast.alice, cast.north)):
        with pytest.raises(NotFound):
            service.program_meetings_today(person, program, cast.group.starts_at)


def test_scoped_rows_never_come_from_another_programme(cast: Cast) -> None:
    for program in (cast.north, cast.south):
        assert {row.program_id for row in Meeting.objects.all().of(program.pk)} == {program.pk}
        assert {row.program_id for row in Cohort.objects.all().of(program.pk)} == {program.pk}
        assert {row.cohort.program_id for row in Enrollment.objects.all().of(program.pk)} == {program.pk}


@pytest.mark.parametrize("unknown", ["00000000-0000-0000-0000-000000000000", "", "1", "../..", "x" * 300])
def test_a_meeting_that_is_not_there(cast: Cast, unknown: str) -> None:
    with pytest.raises(NotFound):
        service.meeting(unknown)


# Scheduling.

START = EVENING + timedelta(days=1)


def schedule(cast: Cast, kind: MeetingKind = MeetingKind.PROCESS_GROUP, **changes: Any) -> Meeting:
    wanted: dict[str, Any] = {"facilitators": [cast.mina], "span": Span(START, START + 3 * HOUR)} | changes
    return service.schedule(cast.north, kind, **wanted)


def test_a_scheduled_meeting_is_as_asked_and_on_record(cast: Cast) -> None:
    pause = Span(START + HOUR, START + HOUR + timedelta(minutes=10))
    meeting = schedule(cast, cohort=cast.evening, breaks=[pause], title="Skills", by=cast.carol)
    meeting = service.meeting(str(meeting.pk))
    assert (meeting.span, meeting.break_spans) == (Span(START, START + 3 * HOUR), (pause,))
    assert (meeting.shown_title, meeting.held_on) == ("Skills", date(2026, 3, 3))
    row = AuditEvent.objects.get(act="meeting.scheduled", subject_id=str(meeting.pk))
    assert (row.actor_id, row.scope) == (cast.carol.pk, cast.north.pk)


def test_a_meeting_without_a_title_shows_its_kind(cast: Cast) -> None:
    assert cast.individual.shown_title == "Individual session"


REFUSED: dict[str, Callable[[Cast], Any]] = {
    "without a facilitator": lambda c: schedule(c, facilitators=[]),
    "led by a client": lambda c: schedule(c, facilitators=[c.alice]),
    "led by another programme's facilitator": lambda c: schedule(c, facilitators=[c.mina, c.otto]),
    "for a cohort, by invitation only": lambda c: schedule(
        c, MeetingKind.INDIVIDUAL_THERAPY, cohort=c.evening
    ),
    "for another programme's cohort": lambda c: schedule(c, cohort=Cohort.objects.get(program=c.south)),
    "a process group with family": lambda c: schedule(c, cohort=c.evening, invitees=[(c.omar, FAMILY)]),
    "a check-in with a client": lambda c: schedule(
        c, MeetingKind.CHECK_IN_CALL, invitees=[(c.alice, CLIENT)]
    ),
    "a stranger invited": lambda c: schedule(c, MeetingKind.INDIVIDUAL_THERAPY, invitees=[(c.nora, CLIENT)]),
    "another programme's client invited": lambda c: schedule(
        c, MeetingKind.INDIVIDUAL_THERAPY, invitees=[(c.sofia, CLIENT)]
    ),
    "a family guest invited as a client": lambda c: schedule(
        c, MeetingKind.INDIVIDUAL_THERAPY, invitees=[(c.omar, CLIENT)]
    ),
    "a family guest without their client": lambda c: schedule(
        c, MeetingKind.FAMILY_THERAPY, invitees=[(c.bruno, CLIENT), (c.omar, FAMILY)]
    ),
    "a break outside": lambda c: schedule(c, breaks=[Span(START - HOUR, START)]),
    "without length": lambda c: schedule(c, span=Span(START, START)),
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED.keys())
def test_the_calendar_refuses_a_meeting(cast: Cast, attempt: Callable[[Cast], Any]) -> None:
    before = (Meeting.objects.count(), AuditEvent.objects.count())
    with pytest.raises(Invalid):
        attempt(cast)
    assert (Meeting.objects.count(), AuditEvent.objects.count()) == before


def test_the_calendar_never_puts_a_pair_kept_apart_into_one_meeting(cast: Cast) -> None:
    keep_apart(cast.omar, cast.rosa, cast.north.pk)
    households = [(cast.alice, CLIENT), (cast.omar, FAMILY), (cast.bruno, CLIENT), (cast.rosa, FAMILY)]
    with pytest.raises(Invalid, match="invalid") as refused:
        schedule(cast, MeetingKind.FAMILY_GROUP, invitees=households)
    assert "one room" in refused.value.text
    schedule(cast, MeetingKind.FAMILY_GROUP, invitees=households[:3])


def test_a_family_guest_may_come_with_a_client_of_the_cohort(cast: Cast) -> None:
    meeting = schedule(cast, MeetingKind.FAMILY_GROUP, cohort=cast.evening, invitees=[(cast.omar, FAMILY)])
    assert service.role_in(meeting, cast.omar) == FAMILY
    assert service.role_in(meeting, cast.rosa) is None


def test_only_a_client_can_be_enrolled_and_only_once_at_a_time(cast: Cast) -> None:
    for person in (cast.nora, cast.mina, cast.sofia):
        with pytest.raises(Invalid):
            service.enroll(person, cast.evening, date(2026, 3, 2))
    with pytest.raises(IntegrityError), transaction.atomic():
        service.enroll(cast.alice, cast.evening, date(2026, 3, 2))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"ended_on": date(2000, 1, 1), "status": "left"}, id="ended before it began"),
        pytest.param({"status": "completed"}, id="completed without a last day"),
        pytest.param({"ended_on": date(2100, 1, 1)}, id="active with a last day"),
    ],
)
def test_the_database_refuses_an_episode(cast: Cast, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(person=cast.alice).update(**values)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"ends_at": datetime(2000, 1, 1, tzinfo=UTC)}, id="that ends before it starts"),
        pytest.param({"kind": "party"}, id="of an unknown kind"),
    ],
)
def test_the_database_refuses_a_meeting(cast: Cast, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Meeting.objects.filter(pk=cast.group.pk).update(**values)


def test_a_form_says_what_is_wrong_with_a_meeting(cast: Cast) -> None:
    cast.group.ends_at = cast.group.starts_at
    with pytest.raises(ValidationError, match="after the start"):
        cast.group.full_clean()


@pytest.mark.parametrize("kind", list(MeetingKind))
def test_every_kind_has_its_defaults(kind: MeetingKind) -> None:
    defaults = DEFAULTS[kind]
    assert RoomRole.FACILITATOR not in defaults.attend
    assert defaults.largest >= 1
    if kind in {MeetingKind.TWELVE_STEP, MeetingKind.ALUMNI_MEETING, MeetingKind.CHECK_IN_CALL}:
        assert not defaults.creditable
