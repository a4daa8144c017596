"""What the engine says and to whom: neutral words to the alumnus, tasks to staff. Each once, by its key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.aftercare.plans import quiet_of
from sessions.aftercare.policies import policy_of
from sessions.core.daytime import awake_after
from sessions.messages import service as messages
from sessions.messages.models import Channel
from sessions.messages.texts import Value
from sessions.people.models import Person
from sessions.worklist import service as worklist

TOKEN_BYTES: Final = 16
_BEFORE_START: Final = timedelta(minutes=5)  # a reminder later than this helps nobody


def token(row: CheckIn) -> str:
    """The secret of the personal link to this one time of this one call: gone when it is moved. Not
    stored."""
    said = f"check-in {row.pk} {row.booking}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).rstrip(b"=").decode()


def token_hash(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()


def time_set(row: CheckIn, now: datetime) -> None:
    """A time was found or changed: asks whether it suits. Waits for the end of the night there."""
    if row.starts_at is None:
        return
    policy = policy_of(row.program_id)
    due_at = awake_after(now, row.course.person.time_zone, quiet_of(policy))
    _send(row, "appointment.confirm", Channel.EMAIL, "set", due_at)


def reminder(row: CheckIn, channel: Channel, now: datetime) -> None:
    """A day or an hour before."""
    _send(
        row,
        "appointment.confirm" if channel == Channel.EMAIL else "appointment.reminder",
        channel,
        "soon",
        now,
    )


def does_not_take_place(row: CheckIn, had: datetime) -> None:
    """To somebody who `had` this time; also stops what has not been sent yet."""
    messages.cancel(row.pk)
    messages.queue(
        "appointment.cancelled",
        row.course.person,
        Channel.EMAIL,
        key=f"check-in {row.pk} {row.booking} off",
        params={"at": had, "minutes": row.length_minutes, "version": row.booking + 1},
        not_after=had,
        program_id=row.program_id,
        about=row.pk,
    )


def stop(row: CheckIn) -> None:
    """Nothing that waits to be sent about this call goes out."""
    messages.cancel(row.pk)


def ask_staff(
    course: AftercareCourse,
    reason: str,
    name: str,
    *,
    kind: str = "contact",
    check_in: CheckIn | None = None,
    assigned_to: Person | None = None,
    due_at: datetime | None = None,
    urgent: bool = False,
    about_person: bool = True,
) -> None:
    """A task for the programme's staff; the same `name` asks once, ever."""
    worklist.ask(
        course.program_id,
        kind,
        key=f"aftercare {reason} {name}"[:120],
        reason=reason,
        person=course.person if about_person else None,
        about=worklist.About("check-in", check_in.pk) if check_in else worklist.About("aftercare", course.pk),
        assigned_to=assigned_to,
        due_at=due_at,
        urgent=urgent,
    )


def settled(course: AftercareCourse, reason: str, name: str) -> None:
    worklist.settled(course.program_id, f"aftercare {reason} {name}"[:120])


def all_settled(course: AftercareCourse, reason: str, name: str) -> None:
    """Also what was asked again under this name from day to day."""
    worklist.all_settled(course.program_id, f"aftercare {reason} {name}"[:120])


def _send(row: CheckIn, template: str, channel: Channel, step: str, due_at: datetime) -> None:
    if row.starts_at is None:
        return
    messages.queue(
        template,
        row.course.person,
        channel,
        key=f"check-in {row.pk} {row.booking} {step} {channel}",
        due_at=due_at,
        not_after=row.starts_at - _BEFORE_START,
        params={**_appointment(row), "link": messages.link("appointment", token(row))},
        program_id=row.program_id,
        about=row.pk,
    )


def _appointment(row: CheckIn) -> dict[str, Value]:
    """What a message and the calendar file with it say; the file's version grows with each new time."""
    if row.starts_at is None:
        return {}
    return {"at": row.starts_at, "minutes": row.length_minutes, "version": row.booking}
