"""Sites with ninety days behind them, as rows: for the benches of pages and of the week board.

Imported after Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import time_machine

from sessions.aftercare import plans
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.aftercare.policies import policy_of
from sessions.attendance.models import AttendanceRecord, Attestation, Proposal
from sessions.messages.models import Channel, Message, MessageState
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Series, WaitlistEntry
from sessions.programs.episode_models import Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.kinds import MeetingKind
from sessions.programs.licences import Licence
from sessions.programs.models import (
    Cohort,
    CohortFacilitator,
    Enrollment,
    Meeting,
    MeetingFacilitator,
    Program,
)
from sessions.room.commands import End
from sessions.room.floor_commands import VerifyIdentity
from sessions.toxicology.models import Sample, SampleState, TestPlan
from sessions.worklist.models import StaffTask
from tests.service.room import Evening

ZONE: Final = "America/New_York"
COHORT: Final = 10
UNSIGNED: Final = timedelta(days=7)  # the last week waits for its signatures
CALLS: Final = 20  # behind each alumna
MESSAGES: Final = 20  # to each client
HALF_HOUR: Final = timedelta(minutes=30)
CREDIT: Final = {
    "credited_seconds": 9000,
    "raw_seconds": 9000,
    "bridged_seconds": 0,
    "eligible_seconds": 10800,
    "status": "partial",
    "late": False,
    "policy_version": "default-1",
}


@dataclass
class Site:
    """One programme with everybody in it."""

    program: Program
    staff: list[Person]
    clients: list[Person]
    alumni: list[Person]
    coordinator: Person
    administrator: Person
    episodes: list[Episode]
    cohorts: list[Cohort] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    past: list[Meeting] = field(default_factory=list)
    courses: list[AftercareCourse] = field(default_factory=list)
    calls: list[CheckIn] = field(default_factory=list)


def people(program: Program, word: str, count: int, role: Role) -> list[Person]:
    where = program.name.lower().replace(" ", "")
    made = Person.objects.bulk_create(
        Person(email=f"{word}{n}@{where}.example", given_name=f"{word.title()} {n}", family_name="Bench")
        for n in range(count)
    )
    Membership.objects.bulk_create(Membership(person=one, program=program, role=role) for one in made)
    return made


def held(program: Program, cohort: Cohort, start: datetime, lead: Person | None = None) -> Meeting:
    """Three hours of the group; its time is nobody's any more."""
    meeting = Meeting(
        program=program,
        cohort=cohort,
        kind=MeetingKind.PROCESS_GROUP,
        starts_at=start,
        ends_at=start + timedelta(hours=3),
    )
    meeting.save()
    if lead is not None:
        MeetingFacilitator.objects.create(meeting=meeting, person=lead)
    return meeting


def _credit(meeting: Meeting) -> dict[str, Any]:
    begun = int(meeting.starts_at.timestamp())
    parts = ((0, 5400, "present"), (5400, 6000, "gone"), (6000, 9600, "present"))
    return {**CREDIT, "spans": [[begun + start, begun + end, why] for start, end, why in parts]}


def proposals(meeting: Meeting, members: Iterable[Person], now: datetime) -> None:
    """Everybody's final proposal: there most of the time, with one gap."""
    Proposal.objects.bulk_create(
        Proposal(meeting=meeting, person=one, final=True, computed_at=now, **_credit(meeting))
        for one in members
    )


def room_behind(meeting: Meeting, lead: Person, members: Sequence[Person]) -> None:
    """What was lived through: everybody at the door, let in, made sure of, heard every half hour, out at the end."""
    evening, length = Evening(meeting), meeting.ends_at - meeting.starts_at
    with time_machine.travel(meeting.starts_at, tick=False) as traveller:
        evening.comes(lead, *members)
        evening.lets_in(lead, *members)
        for one in members:
            evening.does(lead, VerifyIdentity(one.pk))
        for half_hours in range(1, length // HALF_HOUR + 1):
            traveller.move_to(meeting.starts_at + half_hours * HALF_HOUR)
            evening.hears(lead, *members)
        evening.does(lead, End())
        for one in (lead, *members):
            evening.loses(one, clean=True)


def signature(meeting: Meeting, members: Sequence[Person], lead: Person) -> None:
    attestation = Attestation.objects.create(
        meeting=meeting,
        signed_by=lead,
        signed_at=meeting.ends_at + timedelta(minutes=20),
        typed_name=lead.name,
        started_at=meeting.starts_at,
        stopped_at=meeting.ends_at,
        head_count=len(members),
        creditable=True,
        fact_seq=0,
    )
    AttendanceRecord.objects.bulk_create(
        AttendanceRecord(
            attestation=attestation,
            meeting=meeting,
            person=one,
            arrived_at=meeting.starts_at,
            left_at=meeting.ends_at,
            **_credit(meeting),
        )
        for one in members
    )


def site(number: int, now: datetime, *, clients: int, days: int, calendars: bool) -> Site:
    """`calendars`: with series and eight weeks ahead of them, which cost most of the time it takes."""
    program = Program.objects.create(name=f"Site {number}", time_zone=ZONE, settings={"planning_weeks": 8})
    today = now.date()
    began = today - timedelta(days=days)
    staff = people(program, "facilitator", -(-clients // COHORT), Role.FACILITATOR)
    them = people(program, "client", clients, Role.CLIENT)
    (coordinator,) = people(program, "carol", 1, Role.COORDINATOR)
    (administrator,) = people(program, "ines", 1, Role.ADMINISTRATOR)
    Licence.objects.bulk_create(
        Licence(person=one, state=state, until=today + timedelta(days=30 * n))
        for n, one in enumerate(staff)
        for state in ("NY", "NJ", "CT")
    )
    episodes = Episode.objects.bulk_create(
        Episode(
            program=program,
            person=one,
            stage=Stage.ACTIVE,
            referred_on=began,
            starts_on=began,
            planned_end_on=today + timedelta(days=9),
            therapist=staff[n // COHORT],
        )
        for n, one in enumerate(them)
    )
    EpisodeFact.objects.bulk_create(
        EpisodeFact(episode=one, kind=kind, on=began, at=now, by=coordinator)
        for one in episodes
        for kind in (EpisodeFactKind.REFERRED, EpisodeFactKind.ASSESSMENT, EpisodeFactKind.ENROLLED)
    )
    alumni = people(program, "alumna", clients, Role.ALUMNUS)
    made = Site(program, staff, them, alumni, coordinator, administrator, episodes)
    for first in range(0, clients, COHORT):
        _group(made, first, now, began, calendars=calendars)
    _messages(made, now)
    _asked(made, now)
    _samples(made, now, began)
    _aftercare(made, now)
    return made


def _group(made: Site, first: int, now: datetime, began: date, *, calendars: bool) -> None:
    n, lead, today = first // COHORT, made.staff[first // COHORT], now.date()
    cohort = Cohort.objects.create(program=made.program, name=f"Group {n}", capacity=COHORT)
    CohortFacilitator.objects.create(cohort=cohort, person=lead)
    others = [made.clients[(first + COHORT + m) % len(made.clients)] for m in range(3)]
    WaitlistEntry.objects.bulk_create(
        WaitlistEntry(
            cohort=cohort,
            person=one,
            offered_at=now if not m else None,
            offer_ends_at=now + timedelta(days=2) if not m else None,
        )
        for m, one in enumerate(others)
    )
    members = made.clients[first : first + COHORT]
    Enrollment.objects.bulk_create(
        Enrollment(person=one, cohort=cohort, starts_on=began, episode=made.episodes[first + m])
        for m, one in enumerate(members)
    )
    for on in (began + timedelta(days=day) for day in range((today - began).days)):
        if on.weekday() not in (0, 2, 4):
            continue
        meeting = held(made.program, cohort, datetime.combine(on, time(22), now.tzinfo), lead)
        made.past.append(meeting)
        proposals(meeting, members, now)
        if meeting.ends_at < now - UNSIGNED:
            signature(meeting, members, lead)
    made.cohorts.append(cohort)
    if calendars:
        draft = calendar.Draft(
            MeetingKind.PROCESS_GROUP,
            "FREQ=WEEKLY;BYDAY=MO,WE,FR",
            today,
            time(18),
            time(21),
            [lead],
            cohort=cohort,
            title=f"Evening {n}",
            breaks=[(time(19, 25), time(19, 35))],
        )
        made.series.append(calendar.create(made.program, draft))


def _messages(made: Site, now: datetime) -> None:
    Message.objects.bulk_create(
        Message(
            key=f"bench {one.pk} {n}",
            program=made.program,
            person=one,
            channel=Channel.EMAIL,
            template="appointment.reminder",
            params=b"",
            language="en",
            time_zone=ZONE,
            state=MessageState.SENT,
            created_at=now - timedelta(hours=n),
            due_at=now - timedelta(hours=n),
            send_at=now - timedelta(hours=n),
            finished_at=now - timedelta(hours=n),
        )
        for one in made.clients
        for n in range(MESSAGES)
    )


def _asked(made: Site, now: datetime) -> None:
    StaffTask.objects.bulk_create(
        StaffTask(
            program=made.program,
            key=f"bench {one.pk}",
            kind="absence.review",
            reason="unexcused",
            params={"on": now.date().isoformat()},
            person=one,
            about_type="episode",
            about=str(episode.pk),
            due_at=now + timedelta(days=1),
        )
        for one, episode in zip(made.clients, made.episodes, strict=True)
    )


def _samples(made: Site, now: datetime, began: date) -> None:
    asked = TestPlan.objects.bulk_create(
        TestPlan(episode=one, frequency="twice", seed="0" * 64, starts_on=began, by=made.staff[0])
        for one in made.episodes
    )
    Sample.objects.bulk_create(
        Sample(
            plan=plan,
            on=now.date() - timedelta(days=4 * n),
            asked_at=now - timedelta(days=4 * n),
            until=now + timedelta(days=1 - 4 * n),
            state=SampleState.RESULT if n else SampleState.ASKED,
        )
        for plan in asked
        for n in range(20)
    )


def _aftercare(made: Site, now: datetime) -> None:
    """Everybody has been called for twenty weeks; a third is to be called now, the others tomorrow."""
    values = plans.encode(plans.template(policy_of(made.program.pk)))
    began = (now - timedelta(weeks=CALLS)).date()
    made.courses = AftercareCourse.objects.bulk_create(
        AftercareCourse(
            program=made.program,
            person=one,
            state="active",
            began_on=began,
            plan=values,
            zone=ZONE,
            caller=made.staff[n % len(made.staff)],
            created_at=now,
        )
        for n, one in enumerate(made.alumni)
    )
    rows = []
    for n, course in enumerate(made.courses):
        for week in range(1, CALLS + 2):
            at = now + timedelta(weeks=week - CALLS - 1, days=1)
            over = week <= CALLS
            state = "completed" if over else "due" if n % 3 == 1 else "scheduled"
            rows.append(_call(made, course, week, at, state))
    made.calls = [one for one in CheckIn.objects.bulk_create(rows) if one.state != "completed"]


def _call(made: Site, course: AftercareCourse, number: int, at: datetime, state: str) -> CheckIn:
    over: dict[str, Any] = (
        {"reached_at": at, "closed_at": at, "tier": 1, "tries": 1} if state == "completed" else {}
    )
    if state == "due":
        at -= timedelta(days=1, hours=1)
        over = {"fell_due_at": at, "next_try_at": at}
    return CheckIn(
        program=made.program,
        course=course,
        number=number,
        state=state,
        nominal_on=at.date(),
        due_on=at.date(),
        starts_at=at,
        caller=course.caller,
        channel="telephone",
        booking=1,
        **over,
    )
