"""Taking a client out of their group, and back: everybody concerned hears of it, and a clinician is asked
what comes instead.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from django.db.models import QuerySet

from sessions.messages import consents
from sessions.messages import service as messages
from sessions.messages.models import Channel, Message, MessageState
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Person
from sessions.programs import leaving, reopening
from sessions.programs.episode_models import Episode
from sessions.programs.leaving import Changed
from sessions.programs.models import Program
from sessions.worklist import service as worklist

TASK: Final = "level.review"


@asked(Act.KEEP_EPISODES)
def take_out(row: Episode, on: date, why: str, by: Person) -> None:
    """As `leaving.take_out`."""
    changed = leaving.take_out(row, on, why, by=by)
    worklist.ask(
        row.program_id,
        TASK,
        key=f"no-group {changed.stretch.pk} {row.history.count()}",
        reason="no-group",
        params={"on": on.isoformat()},
        person=row.person,
        about=worklist.About("episode", row.pk),
        assigned_to=row.therapist,
    )
    _tell(row, changed, "out", by)


@asked(Act.KEEP_EPISODES)
def put_back(row: Episode, by: Person) -> None:
    """As `leaving.put_back`. Who has not been told of the leaving yet hears of neither."""
    changed = leaving.put_back(row, by=by)
    for task in worklist.live(row.program_id, TASK):
        if task.reason == "no-group" and task.about == str(row.pk):
            worklist.withdrawn(row.program_id, task.key)
    messages.cancel(changed.stretch.pk)
    _tell(row, changed, "back", by)


@asked(Act.KEEP_EPISODES)
def reopen(row: Episode, by: Person) -> None:
    """As `reopening.reopen`; the client and who leads their group hear that sessions are on the calendar."""
    found = reopening.reopen(row, by=by)
    if found.stretch is not None:
        _tell(row, Changed(found.stretch, found.first_at), "again", by)


def watch(now: datetime) -> int:
    """Nobody is asked about who has a group again, or has left. Returns how many. Safe to repeat."""
    done = 0
    for program in Program.objects.all():
        for task in worklist.live(program.pk, TASK):
            if task.reason != "no-group":
                continue
            row = Episode.objects.filter(pk=task.about).first()
            if row is None or leaving.last_left(row) is None:
                worklist.settled(program.pk, task.key)
                done += 1
    return done


def _tell(row: Episode, changed: Changed, what: str, by: Person) -> None:
    """The client on the channels they want, who leads the group by e-mail; in their own zone and language."""
    if changed.first_at is None:
        return
    at, stretch = changed.first_at, changed.stretch
    times = row.history.count()  # taken out and back again, each time is told
    to = [(row.person, channel, "appointment.calendar") for channel in consents.wanted(row.person)]
    to += [(one, Channel.EMAIL, "staff.calendar") for one in stretch.cohort.facilitators.all()]
    for person, channel, template in to:
        heard = Message.objects.filter(about=stretch.pk, person=person, channel=channel)
        if person.pk == by.pk or (what == "back" and not _last_went_out(heard)):
            continue
        messages.queue(
            template,
            person,
            channel,
            key=f"group {what} {stretch.pk} {times} {person.pk} {channel}",
            params={"at": at, "link": messages.link("schedule")},
            not_after=at,
            program_id=row.program_id,
            about=stretch.pk,
        )


def _last_went_out(heard: QuerySet[Message]) -> bool:
    last = heard.order_by("created_at", "pk").last()
    return last is not None and last.state != MessageState.CANCELLED
