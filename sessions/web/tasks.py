"""Staff tasks in words. Where a task leads is known here, because here are the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from sessions.web import words
from sessions.worklist import kinds
from sessions.worklist.models import StaffTask, TaskStatus

# A task's About.type -> the page that opens. What is missing leads nowhere; the task still stands.
ADDRESSES: Final[dict[str, Callable[[StaffTask], str]]] = {
    "meeting": lambda row: reverse("meeting", args=[row.about]),
    "sheet": lambda row: reverse("sign", args=[row.about]),
    "client-week": lambda row: reverse("client-week", args=[row.program_id, row.about]),
    "episode": lambda row: reverse("episode", args=[row.about]),
    "licences": lambda row: reverse("licences", args=[row.about]),
    "check-in": lambda row: reverse("call", args=[row.about]),
    "aftercare": lambda row: reverse("aftercare-course", args=[row.about]),
}


@dataclass(frozen=True, slots=True)
class ShownTask:
    id: UUID
    label: str
    who: str  # "" when it is about nobody
    why: str
    due: str
    overdue: bool
    urgent: bool
    claimed_by: str
    finished: str  # by whom and when
    open: bool
    dismissed: bool
    address: str  # of the page it is about; "" for none


@dataclass(frozen=True, slots=True)
class TaskList:
    program: str
    open: tuple[ShownTask, ...]
    finished: tuple[ShownTask, ...]


def told(row: StaffTask, now: datetime) -> ShownTask:
    live = row.status in (TaskStatus.OPEN, TaskStatus.CLAIMED)
    return ShownTask(
        id=row.pk,
        label=_(kinds.kind(row.kind).label),
        who=row.person.name if row.person else "",
        why=_(kinds.reason(row.reason).says) % {name: _value(value) for name, value in row.params.items()},
        due=_("%(day)s at %(time)s")
        % {"day": words.on_day(row.due_at, now), "time": words.clock(row.due_at)},
        overdue=live and row.due_at < now,
        urgent=row.urgent,
        claimed_by=row.claimed_by.name if live and row.claimed_by else "",
        finished=_finished(row),
        open=live,
        dismissed=row.status == TaskStatus.DISMISSED,
        address=_address(row),
    )


def _value(value: str | int) -> str:
    """Days are told as days."""
    try:
        return words.day(date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def _finished(row: StaffTask) -> str:
    if row.finished_at is None:
        return ""
    when = f"{words.day(row.finished_at)}, {words.clock(row.finished_at)}"
    return f"{row.finished_by.name}, {when}" if row.finished_by else when


def _address(row: StaffTask) -> str:
    try:
        return ADDRESSES[row.about_type](row)
    except (KeyError, NoReverseMatch):
        return ""
