"""A meeting's attendance as the sign-off page shows it: odd ones first, each with its reason in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions.attendance import service
from sessions.attendance.flags import Flag
from sessions.attendance.hours import Reason
from sessions.attendance.models import Adjustment, AttendanceStatus, Credited
from sessions.attendance.policy import Policy
from sessions.core.span import Span
from sessions.web import words
from sessions.web.ribbon import Bar, Scale

# How a stretch is drawn; what is not here leaves the track empty.
_LOOKS: Final[dict[Reason, str]] = {
    Reason.PRESENT: "stay",
    Reason.BRIDGED: "bridged",
    Reason.MOVED: "stay",
    Reason.EARLY: "aside",
    Reason.OVER: "aside",
    Reason.UNSUPERVISED: "aside",
    Reason.WAITING: "wait",
    Reason.SILENT: "gap",
    Reason.CAPPED: "gap",
    Reason.GONE: "gap",
    Reason.REMOVED: "gap",
    Reason.AWAY: "gap",
}
_WORST_FIRST: Final = (
    AttendanceStatus.ABSENT,
    AttendanceStatus.INSUFFICIENT,
    AttendanceStatus.PARTIAL,
    AttendanceStatus.PRESENT,
)
_OF_ALL: Final = frozenset({Flag.UNSUPERVISED})  # said once for the meeting, not for each client


@dataclass(frozen=True, slots=True)
class Piece:
    bar: Bar
    look: str


@dataclass(frozen=True, slots=True)
class Stretch:
    starts_at: str
    ends_at: str
    length: str
    why: str
    counted: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """One adjustment, as everybody who sees the record sees it."""

    before: str
    after: str
    reason: str
    by: str
    when: str


@dataclass(frozen=True, slots=True)
class ClientRow:
    id: UUID
    name: str
    status: AttendanceStatus
    minutes: str  # "166 of 170 minutes"
    reasons: tuple[str, ...]  # why to look twice; none for most
    summary: str  # the picture in one sentence
    pieces: tuple[Piece, ...]
    stretches: tuple[Stretch, ...]
    excusable: bool
    excused: bool
    noted: bool
    changes: tuple[Changed, ...]
    asides: tuple[str, ...] = ()  # worth knowing, no reason to look twice
    notice_excuses: bool = False  # said early enough that they could not come

    @property
    def odd(self) -> bool:
        return bool(self.reasons)


@dataclass(frozen=True, slots=True)
class Picture:
    """What all ribbons of the meeting share."""

    staff: tuple[Bar, ...]
    breaks: tuple[Bar, ...]
    marks: tuple[int, ...]
    labels: tuple[str, ...]  # start, middle, end


@dataclass(frozen=True, slots=True)
class Shown:
    odd: tuple[ClientRow, ...]
    even: tuple[ClientRow, ...]
    picture: Picture
    staff: tuple[str, ...]  # "6:00 PM to 8:55 PM"
    gone_s: int  # without a facilitator, left out for everybody
    version: str  # a name for exactly these numbers: what is signed is what was seen

    @property
    def rows(self) -> tuple[ClientRow, ...]:
        return self.odd + self.even

    @property
    def unsupervised(self) -> str:
        return words.minutes(max(1, self.gone_s // 60)) if self.gone_s else ""


def show(sheet: service.Sheet) -> Shown:
    meeting = sheet.meeting
    staff = [Span(start, end) for start, end in sheet.staff_spans]
    told = [_span(one) for row in sheet.rows for one in row.credited.spans]
    scale = Scale.over(meeting.span, [*staff, *told])
    middle = scale.shown.start + scale.shown.length / 2
    rows = [_row(row, sheet.policy, scale) for row in sheet.rows]
    odd = sorted((row for row in rows if row.odd), key=lambda row: (_WORST_FIRST.index(row.status), row.name))
    return Shown(
        odd=tuple(odd),
        even=tuple(row for row in rows if not row.odd),
        picture=Picture(
            staff=tuple(scale.bar(span) for span in staff),
            breaks=tuple(scale.bar(Span(start, end)) for start, end in sheet.breaks),
            marks=tuple(scale.x(mark) for mark in scale.marks()),
            labels=tuple(words.clock(moment) for moment in (scale.shown.start, middle, scale.shown.end)),
        ),
        staff=tuple(words.span(span.start, span.end) for span in staff),
        gone_s=max((_spent(row.credited, Reason.UNSUPERVISED) for row in _flagged(sheet)), default=0),
        version=_version(sheet),
    )


def _flagged(sheet: service.Sheet) -> Iterable[service.Row]:
    return (row for row in sheet.rows if Flag.UNSUPERVISED in row.credited.flags)


def _row(row: service.Row, policy: Policy, scale: Scale) -> ClientRow:
    credited, held = row.credited, row.effective
    status = AttendanceStatus(held.status if held else credited.status)
    got = held.credited_minutes if held else credited.credited_minutes
    minutes = _("%(got)d of %(most)s") % {"got": got, "most": words.minutes(credited.eligible_minutes)}
    return ClientRow(
        id=row.person.pk,
        name=row.person.name,
        status=status,
        minutes=minutes,
        reasons=tuple(_reasons(credited, status, held.late if held else credited.late)),
        summary=_("%(name)s: %(status)s, %(minutes)s")
        % {"name": row.person.name, "status": status.label, "minutes": minutes},
        pieces=tuple(
            Piece(scale.bar(_span(one)), _LOOKS[Reason(str(one[2]))])
            for one in credited.spans
            if Reason(str(one[2])) in _LOOKS
        ),
        stretches=tuple(_stretch(one, policy) for one in credited.spans),
        excusable=status != AttendanceStatus.PRESENT,
        excused=held.excused if held else False,
        noted=row.noted,
        changes=tuple(_changed(one) for one in row.adjustments),
        asides=tuple(_asides(row)),
        notice_excuses=row.notice is not None and row.notice.excuses,
    )


def _asides(row: service.Row) -> Iterable[str]:
    if row.notice is not None:
        when = {"day": words.day(row.notice.given_at), "time": words.clock(row.notice.given_at)}
        yield _("Said on %(day)s at %(time)s that they could not come.") % when
        if row.notice.reason:
            yield row.notice.reason
    if row.makes_up is not None and row.makes_up.missed is not None:
        yield _("Here to make up for %(day)s.") % {"day": words.day(row.makes_up.missed.starts_at)}
    elif row.makes_up is not None:
        yield _("Here in addition, booked for this week.")
    if row.made_up is not None:
        yield _("Made up for on %(day)s.") % {"day": words.day(row.made_up.booked.starts_at)}


def _reasons(credited: Credited, status: AttendanceStatus, late: bool) -> Iterable[str]:
    arrived, flags = credited.arrived_at, {Flag(flag) for flag in credited.flags} - _OF_ALL
    if arrived is None:
        yield _("Did not come.")
        return
    if credited.left_at is None:
        yield _("Was at the door and never in the room.")
    elif credited.status == AttendanceStatus.ABSENT:
        yield _("Was in the room, and no minute of it counts.")
    if late:
        yield _("Came late, at %(time)s.") % {"time": words.clock(arrived)}
    if waited := _waited_after(credited):
        yield _("Came back, waited %(minutes)s at the door and was not let in again.") % {"minutes": waited}
    elif Flag.UNCERTAIN in flags and credited.left_at:
        yield _("The connection was lost and did not come back. Counted until %(time)s.") % {
            "time": words.clock(credited.left_at)
        }
    if Flag.LONG_GAP in flags:
        yield _("No connection for %(minutes)s in between.") % {"minutes": _long(credited, Reason.SILENT)}
    if Flag.CAPPED in flags:
        yield _("Dropped out so often that not every short gap could be counted.")
    if Flag.REMOVED in flags:
        yield _("Was removed from the room.")
    if Flag.LEFT_EARLY in flags:
        yield _("Left the room and was away for %(minutes)s.") % {"minutes": _long(credited, Reason.AWAY)}
    if Flag.CAMERA_OFF in flags:
        yield _("The camera was off for more than five minutes.")
    if Flag.UNIDENTIFIED in flags:
        yield _("Nobody has confirmed yet that it is them. You can do that in the room, at their name.")
    if not (late or flags) and status in (AttendanceStatus.PARTIAL, AttendanceStatus.INSUFFICIENT):
        yield _("Was here for a part of the time.")


def _stretch(one: list[int | str], policy: Policy) -> Stretch:
    span, reason = _span(one), Reason(str(one[2]))
    return Stretch(
        starts_at=words.clock(span.start),
        ends_at=words.clock(span.end),
        length=_length(span.length),
        why=_why(reason, policy),
        counted=reason in (Reason.PRESENT, Reason.BRIDGED, Reason.MOVED),
    )


def _why(reason: Reason, policy: Policy) -> str:
    grace, cap = _length_s(policy.reconnect_grace), _length_s(policy.reconnect_cap)
    match reason:
        case Reason.PRESENT:
            return _("in the room")
        case Reason.BRIDGED:
            return _("connection dropped, back soon: counted")
        case Reason.MOVED:
            return _("moving between rooms: counted")
        case Reason.BREAK:
            return _("break")
        case Reason.EARLY:
            return _("before the session began")
        case Reason.OVER:
            return _("after the session")
        case Reason.UNSUPERVISED:
            return _("no facilitator: left out for everybody")
        case Reason.WAITING:
            return _("in the waiting room")
        case Reason.NOT_YET:
            return _("not here yet")
        case Reason.AWAY:
            return _("had left")
        case Reason.REMOVED:
            return _("was removed")
        case Reason.SILENT:
            return _("no connection for longer than %(length)s") % {"length": grace}
        case Reason.CAPPED:
            return _("no connection, more than %(length)s in all") % {"length": cap}
        case Reason.GONE:
            return _("no connection, did not come back")


def _changed(row: Adjustment) -> Changed:
    return Changed(
        before=_held(row.before),
        after=_held(row.after),
        reason=row.reason,
        by=row.typed_name,
        when=words.day(row.signed_at) + ", " + words.clock(row.signed_at),
    )


def _held(values: dict[str, object]) -> str:
    """What an adjustment keeps in `before` and `after`, in one line."""
    said = [words.minutes(int(str(values["credited_seconds"])) // 60)]
    said.append(str(AttendanceStatus(str(values["status"])).label))
    if values["late"]:
        said.append(_("late"))
    if values["excused"]:
        said.append(_("excused"))
    return ", ".join(said)


def _span(one: list[int | str]) -> Span:
    return Span(datetime.fromtimestamp(int(one[0]), UTC), datetime.fromtimestamp(int(one[1]), UTC))


def _spent(credited: Credited, reason: Reason) -> int:
    return sum(int(end) - int(start) for start, end, why in credited.spans if why == reason)


def _long(credited: Credited, reason: Reason) -> str:
    return words.minutes(max(1, _spent(credited, reason) // 60))


def _waited_after(credited: Credited) -> str:
    """How long somebody waited after having been in the room for the last time; nothing when they did not."""
    if credited.left_at is None:
        return ""
    left = int(credited.left_at.timestamp())
    waiting = ((int(start), int(end)) for start, end, why in credited.spans if why == Reason.WAITING)
    seconds = sum(end - start for start, end in waiting if start >= left)
    return words.minutes(seconds // 60) if seconds >= 60 else ""


def _length(length: timedelta) -> str:
    return _length_s(int(length.total_seconds()))


def _length_s(seconds: int) -> str:
    if seconds % 60 == 0 or seconds > 300:
        return words.minutes(seconds // 60)
    return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}


def _version(sheet: service.Sheet) -> str:
    digest = hashlib.sha256()
    for row in sheet.rows:
        one = row.credited
        numbers = (one.credited_seconds, one.raw_seconds, one.eligible_seconds, one.status, one.late)
        digest.update(f"{row.person.pk} {numbers}".encode())
    return digest.hexdigest()[:16]
