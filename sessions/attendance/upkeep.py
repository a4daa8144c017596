"""What attendance reminds of by itself: signatures that are overdue, weeks that hold too little. Safe to
repeat."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.attendance import service, week_service
from sessions.attendance.service import DUE_AFTER, LATE_AFTER, Overdue
from sessions.attendance.weeks import week_of
from sessions.core import zones
from sessions.messages import service as messages
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING
from sessions.programs.models import Meeting, Program
from sessions.worklist import service as worklist

# older ones stand on the page and on the list; nobody is written to again
GIVE_UP: Final = timedelta(days=14)


def remind_of_signatures(now: datetime) -> int:
    """At 24 h the meeting's facilitators are reminded, at 72 h once more, and its coordinators are asked to
    see to
    it. Each once, whenever and however often this runs; returns how many meetings are overdue."""
    found = [one for one in service.overdue(now) if now - one.since < GIVE_UP]
    leaders = _leaders([one.meeting for one in found])
    for one in found:
        for person in leaders.get(one.meeting.pk, ()):
            _remind(one, person, now)
        if one.late:
            worklist.ask(
                one.meeting.program_id,
                "attendance.sign",
                key=f"unsigned {one.meeting.pk}",
                reason="unsigned",
                about=worklist.About("sheet", one.meeting.pk),
                due_at=one.since + LATE_AFTER + DUE_AFTER,
            )
    return len(found)


def look_at_schedules(now: datetime) -> int:
    """From Thursday on, coordinators are asked to mend next week's schedules that hold less than the plan;
    what was
    mended settles itself. Returns how many fall short."""
    short = 0
    for program in Program.objects.order_by("pk"):
        zone = zones.zone(program.time_zone)
        monday = week_of(now, zone) + timedelta(days=7)
        if now.astimezone(zone).weekday() < 3:
            continue
        lacking = {one.person_id: one for one in week_service.short_schedules(program, monday, now)}
        short += len(lacking)
        for person_id, one in lacking.items():
            worklist.ask(
                program.pk,
                "schedule.short",
                key=_schedule_key(person_id, monday),
                reason="short-schedule",
                params={"on": monday.isoformat(), "minutes": one.lacking},
                person=person_id,
                about=worklist.About("client-week", person_id),
                due_at=datetime.combine(monday, datetime.min.time(), zone),
            )
        for open_one in worklist.live(program.pk, "schedule.short"):
            mended = open_one.person_id not in lacking and open_one.person_id is not None
            if mended and open_one.key == _schedule_key(open_one.person_id, monday):
                worklist.settled(program.pk, open_one.key)
    return short


def _remind(one: Overdue, person: Person, now: datetime) -> None:
    stage, template = ("72h", "staff.sign-late") if one.late else ("24h", "staff.sign")
    messages.queue(
        template,
        person,
        messages.Channel.EMAIL,
        key=f"sign {one.meeting.pk} {stage} {person.pk}",
        params={"at": one.since, "link": messages.link("sign", one.meeting.pk)},
        not_after=now + timedelta(hours=24),
        program_id=one.meeting.program_id,
        about=one.meeting.pk,
    )


def _leaders(meetings: list[Meeting]) -> dict[UUID, list[Person]]:
    """By meeting: its facilitators who still are staff of the programme."""
    rows = Meeting.facilitators.through.objects.filter(meeting__in=meetings).select_related(
        "person", "meeting"
    )
    staff = set(
        Membership.objects.filter(role__in=LEADING, program__in={one.program_id for one in meetings})
        .active()
        .values_list("person_id", "program_id")
    )
    found: dict[UUID, list[Person]] = {}
    for row in rows:
        if (row.person_id, row.meeting.program_id) in staff:
            found.setdefault(row.meeting_id, []).append(row.person)
    return found


def _schedule_key(person_id: UUID | None, monday: date) -> str:
    return f"schedule {person_id} {monday.isoformat()}"
