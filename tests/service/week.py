"""The evening group's week: a meeting of it on any day, more clients in it, and a page as one line of text."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import join
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.service import enroll, schedule
from tests import cast as people
from tests.cast import EVENING, HOUR, Cast

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def evening(cast: Cast, days: int) -> Meeting:
    start = EVENING + days * DAY
    pause = Span(start + 85 * MINUTE, start + 95 * MINUTE)
    return schedule(
        cast.north,
        MeetingKind.PROCESS_GROUP,
        Span(start, start + 3 * HOUR),
        facilitators=[cast.mina],
        cohort=cast.evening,
        breaks=[pause],
        drop_in=True,  # weeks are added up here, whoever is booked elsewhere
    )


def home(person: Person, path: str = "/") -> str:
    client = Client()
    client.force_login(Person.objects.get(pk=person.pk))
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def clients(cast: Cast, many: int, named: str) -> None:
    for number in range(many):
        someone = people.person(f"{named}{number}", "X")
        join(someone, cast.north.pk, Role.CLIENT)
        enroll(someone, cast.evening, EVENING.date() - 7 * DAY)
