"""Papers and reports in the demo clinic: a consent for a court, a session held and signed, a report of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sessions.attendance import service as attendance
from sessions.attendance.reports import drawing
from sessions.attendance.reports import service as reports
from sessions.attendance.reports.audiences import Audience, Format
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import clock, zones
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.clients import ClientFile, client_file
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting, Program
from sessions.room import service as room
from sessions.room.commands import Admit, End, Knock

COURT: Final = ("Harbor County Treatment Court", "1 Court Square, Brooklyn")
HELD: Final = timedelta(days=7)  # ago: in a week that is over
BEGINS: Final = timedelta(hours=17)  # after midnight
LENGTH: Final = timedelta(minutes=45)
BEAT: Final = timedelta(seconds=15)
MINUTE: Final = timedelta(minutes=1)


def prepare(
    program: Program, coordinator: Person, facilitator: Person, client: Person, now: datetime
) -> None:
    """Once; nothing when the client has been offered a paper already. The next run of the task makes the
    report, a PDF where PDFs can be drawn."""
    if Consent.objects.of(program.pk).filter(patient=client).exists():
        return
    file = client_file(program.pk, client.pk)
    day = zones.local_date(now, program.time_zone) - HELD
    start = zones.day(day, program.time_zone).start + BEGINS
    with clock.held_at(start - timedelta(days=1)):
        consent = _sign(coordinator, file)
        meeting = programs.schedule(
            program,
            MeetingKind.INDIVIDUAL_THERAPY,
            Span(start, start + LENGTH),
            facilitators=[facilitator],
            invitees=[(client, RoomRole.CLIENT)],
            drop_in=True,  # in a clinic that has run for weeks, something may stand there already
        )
    _hold(meeting, facilitator, client)
    with clock.held_at(meeting.ends_at + 10 * MINUTE):
        attendance.attest(
            facilitator, meeting, attendance.Draft(typed_name=facilitator.name, topic="Plans for the weekend")
        )
    with clock.held_at(now):
        format_ = Format.PDF if drawing.available() else Format.CSV
        reports.order(coordinator, file, reports.Wanted(Audience.COURT, day - HELD, day, format_, consent))


def _sign(coordinator: Person, file: ClientFile) -> Consent:
    today = zones.local_date(clock.now(), file.program.time_zone)
    paper = consents.offer(
        coordinator,
        file,
        consents.Offer(
            purpose=Purpose.COURT,
            recipient=consents.outside_recipient(file, RecipientKind.COURT, *COURT),
            scopes=[Scope.ATTENDANCE],
            last_day=today + timedelta(days=180),
        ),
    )
    consents.sign(file.person, paper, typed_name=file.person.name, sha256=paper.sha256, agreed=True)
    return paper


def _hold(meeting: Meeting, facilitator: Person, client: Person) -> None:
    """Both come two minutes early, are heard of until the end, and go."""
    actors = [room.Actor(person.pk, meeting.pk) for person in (facilitator, client)]
    moment = meeting.starts_at - 2 * MINUTE
    with clock.held_at(moment):
        lines = [room.connect(actor, "demo", "demo") for actor in actors]
        for actor in actors:
            room.handle(actor, Knock())
    while moment < meeting.ends_at:
        moment += BEAT
        with clock.held_at(moment):
            room.seen(dict.fromkeys(lines, moment))
            if moment == meeting.starts_at:
                room.handle(actors[0], Admit(client.pk), "demo-admit")
    with clock.held_at(moment):
        room.handle(actors[0], End(), "demo-end")
        for line in lines:
            room.disconnect(line, clean=True, at=moment)
