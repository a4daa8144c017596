"""A person's meetings as a calendar: by a secret address that can be taken back, or one meeting as a file."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from sessions.audit import service as audit
from sessions.core import clock, ids
from sessions.core.errors import NotFound
from sessions.people.models import Person
from sessions.programs import ics
from sessions.programs.calendar_models import CalendarFeed, Series
from sessions.programs.models import Meeting

BACK: Final = timedelta(days=31)
AHEAD: Final = timedelta(days=200)


@transaction.atomic
def renew(person: Person) -> str:
    """A new address for the person's feed; the old one stops now. Returns the token: it is not kept."""
    _revoke(person)
    token = ids.token()
    CalendarFeed.objects.create(person=person, token_hash=_hash(token))
    _record(person, "calendar.renewed")
    return token


@transaction.atomic
def revoke(person: Person) -> None:
    """Nobody reads the person's calendar any more. Idempotent."""
    if _revoke(person):
        _record(person, "calendar.revoked")


def active(person: Person) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(person=person, revoked_at=None).first()


def read(token: str, title: str, now: datetime) -> bytes:
    """The calendar behind a token. Raises NotFound for one that is not or no longer good."""
    feed = (
        CalendarFeed.objects.select_related("person")
        .filter(token_hash=_hash(token), revoked_at=None, person__is_active=True)
        .first()
    )
    if feed is None:
        raise NotFound
    CalendarFeed.objects.filter(pk=feed.pk).update(read_at=now)
    return of(feed.person, title, now)


def of(person: Person, title: str, now: datetime) -> bytes:
    """All of the person's meetings around `now`, cancelled single ones marked as such."""
    mine = (
        Meeting.objects.filter(starts_at__gte=now - BACK, starts_at__lt=now + AHEAD)
        .attended_by(person)
        .order_by("starts_at", "id")
    )
    singles: list[ics.Entry] = []
    runs: dict[UUID, list[ics.Entry]] = defaultdict(list)
    for meeting in mine:
        entry = _entry(meeting)
        if meeting.series_id is None:
            singles.append(entry)
        else:
            runs[meeting.series_id].append(entry)
    series = Series.objects.filter(pk__in=runs).select_related("program")
    return ics.calendar(
        singles,
        [ics.Run(row.pk, row.pattern, row.sequence, tuple(runs[row.pk])) for row in series],
        title=title,
        zone=person.time_zone,
        stamp=now,
    )


def one(meeting: Meeting, person: Person, title: str, url: str = "") -> bytes:
    """One meeting as a file, in the person's zone."""
    return ics.calendar([_entry(meeting)], (), title=title, zone=person.time_zone, stamp=clock.now(), url=url)


def _entry(meeting: Meeting) -> ics.Entry:
    return ics.Entry(
        id=meeting.pk,
        span=meeting.span,
        sequence=meeting.sequence,
        cancelled=meeting.cancelled_at is not None,
        recurs_on=meeting.recurs_on,
    )


def _revoke(person: Person) -> int:
    return CalendarFeed.objects.filter(person=person, revoked_at=None).update(revoked_at=clock.now())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(person: Person, act: str) -> None:
    audit.record(actor_id=person.pk, act=act, subject_type="person", subject_id=person.pk)
