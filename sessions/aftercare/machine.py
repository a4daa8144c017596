"""Where one call and one person's aftercare stand, and what may follow: two tables. Pure.

DOMAIN 6 draws one line from planned to graduated. It is about two things: a call is over within days, a
course of aftercare lasts a year and a half and has many of them. So each has its table. What is not in a
table is refused with IllegalMove; the diagrams in docs/aftercare-machine.md are drawn from here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

from sessions.core.errors import IllegalMove


class HandOffNeeded(IllegalMove):
    """A crisis, and nobody has written down to whom it was handed over."""

    code = "hand-off-needed"
    text = "Somebody may be in danger. First hand over to a clinician, live, and write down to whom."


class Call(StrEnum):
    """One check-in."""

    PLANNED = "planned"  # a day
    SCHEDULED = "scheduled"  # a time with a caller
    DUE = "due"  # the time has come; nobody has tried yet
    ATTEMPTING = "attempting"  # tried without an answer
    CONNECTED = "connected"  # they are talking, or did and nothing is written down yet
    COMPLETED = "completed"
    MISSED = "missed"
    CANCELLED = "cancelled"  # with a reason: declined, paused, planned anew, …
    REVOKED = "revoked"  # no consent any more


class CallEvent(StrEnum):
    OFFERED = "offered"  # a time was found
    MOVED = "moved"  # to another time
    UNBOOKED = "unbooked"  # the caller is away: look for a time anew
    FELL_DUE = "fell_due"
    TRIED = "tried"  # without an answer
    REACHED = "reached"
    CLOSED = "closed"  # the outcome is written down
    GIVEN_UP = "given_up"  # the ladder's end
    CALLED_OFF = "called_off"
    REVOKED = "consent_revoked"


class Course(StrEnum):
    """One person's aftercare."""

    PROPOSED = "proposed"  # made at discharge, to be looked at and signed
    ACTIVE = "active"
    OUTREACH = "outreach"  # two missed in a row: others try too
    LOST = "lost"  # no contact for a month; called once a month
    CRISIS = "crisis"  # until a hand-off to a clinician is on record
    STEP_UP_REVIEW = "step_up_review"  # is more care needed?
    PAUSED = "paused"
    READMITTED = "readmitted"
    REVOKED = "revoked"
    GRADUATED = "graduated"


class CourseEvent(StrEnum):
    SIGNED = "signed"
    FELL_SILENT = "fell_silent"
    GAVE_NO_SIGN = "gave_no_sign"
    REACHED = "reached"
    CRISIS = "crisis"
    HANDED_OFF = "handed_off"
    REVIEW_ASKED = "review_asked"
    REVIEWED = "reviewed"
    PAUSED = "paused"
    RESUMED = "resumed"
    READMITTED = "readmitted"
    REVOKED = "consent_revoked"
    CONSENTED = "consented_again"
    GRADUATED = "graduated"


_CALLABLE: Final = (Call.DUE, Call.ATTEMPTING)
_OPEN: Final = (Call.PLANNED, Call.SCHEDULED, *_CALLABLE)

CALL_MOVES: Final[dict[tuple[Call, CallEvent], Call]] = {
    (Call.PLANNED, CallEvent.OFFERED): Call.SCHEDULED,
    (Call.SCHEDULED, CallEvent.MOVED): Call.SCHEDULED,
    (Call.SCHEDULED, CallEvent.UNBOOKED): Call.PLANNED,
    (Call.PLANNED, CallEvent.FELL_DUE): Call.DUE,  # the day came without a free caller: not lost
    (Call.SCHEDULED, CallEvent.FELL_DUE): Call.DUE,
    (Call.DUE, CallEvent.TRIED): Call.ATTEMPTING,
    (Call.ATTEMPTING, CallEvent.TRIED): Call.ATTEMPTING,
    (Call.DUE, CallEvent.REACHED): Call.CONNECTED,
    (Call.ATTEMPTING, CallEvent.REACHED): Call.CONNECTED,
    # They call back, or open the room early.
    (Call.PLANNED, CallEvent.REACHED): Call.CONNECTED,
    (Call.SCHEDULED, CallEvent.REACHED): Call.CONNECTED,
    (Call.MISSED, CallEvent.REACHED): Call.CONNECTED,
    (Call.CONNECTED, CallEvent.CLOSED): Call.COMPLETED,
    (Call.DUE, CallEvent.GIVEN_UP): Call.MISSED,
    (Call.ATTEMPTING, CallEvent.GIVEN_UP): Call.MISSED,
    **{(state, CallEvent.CALLED_OFF): Call.CANCELLED for state in _OPEN},
    **{(state, CallEvent.REVOKED): Call.REVOKED for state in _OPEN},
}

_RUNNING: Final = (Course.ACTIVE, Course.OUTREACH, Course.LOST)
_UNDER_WAY: Final = (*_RUNNING, Course.CRISIS, Course.STEP_UP_REVIEW)

COURSE_MOVES: Final[dict[tuple[Course, CourseEvent], Course]] = {
    (Course.PROPOSED, CourseEvent.SIGNED): Course.ACTIVE,
    (Course.ACTIVE, CourseEvent.FELL_SILENT): Course.OUTREACH,
    (Course.OUTREACH, CourseEvent.GAVE_NO_SIGN): Course.LOST,
    (Course.OUTREACH, CourseEvent.REACHED): Course.ACTIVE,
    (Course.LOST, CourseEvent.REACHED): Course.ACTIVE,
    **{
        (state, CourseEvent.CRISIS): Course.CRISIS
        for state in (*_RUNNING, Course.STEP_UP_REVIEW, Course.PAUSED)
    },
    (Course.CRISIS, CourseEvent.HANDED_OFF): Course.ACTIVE,
    **{(state, CourseEvent.REVIEW_ASKED): Course.STEP_UP_REVIEW for state in _RUNNING},
    (Course.STEP_UP_REVIEW, CourseEvent.REVIEWED): Course.ACTIVE,
    **{(state, CourseEvent.PAUSED): Course.PAUSED for state in (*_RUNNING, Course.STEP_UP_REVIEW)},
    (Course.PAUSED, CourseEvent.RESUMED): Course.ACTIVE,
    **{  # out of a crisis only after its hand-off
        (state, CourseEvent.READMITTED): Course.READMITTED
        for state in (*_RUNNING, Course.STEP_UP_REVIEW, Course.PAUSED)
    },
    **{
        (state, CourseEvent.REVOKED): Course.REVOKED
        for state in (Course.PROPOSED, *_UNDER_WAY, Course.PAUSED)
    },
    (Course.REVOKED, CourseEvent.CONSENTED): Course.ACTIVE,
    **{(state, CourseEvent.GRADUATED): Course.GRADUATED for state in _RUNNING},
}

OVER: Final = frozenset({Call.COMPLETED, Call.MISSED, Call.CANCELLED, Call.REVOKED})
CALLED: Final = frozenset(_CALLABLE)  # what stands in the queue
AHEAD: Final = frozenset({Call.PLANNED, Call.SCHEDULED})
UNDER_WAY: Final = frozenset(_UNDER_WAY)  # calls are planned and made
ENDED: Final = frozenset({Course.READMITTED, Course.REVOKED, Course.GRADUATED})

State = TypeVar("State", Call, Course)


def call_after(state: Call, event: CallEvent) -> Call:
    """Raises IllegalMove for what is not in CALL_MOVES."""
    try:
        return CALL_MOVES[state, event]
    except KeyError:
        raise IllegalMove from None


def course_after(state: Course, event: CourseEvent) -> Course:
    """Raises IllegalMove for what is not in COURSE_MOVES."""
    try:
        return COURSE_MOVES[state, event]
    except KeyError:
        raise IllegalMove from None


def diagram(kind: type[Call] | type[Course]) -> str:
    """One table as a Mermaid state diagram."""
    rows = CALL_MOVES if kind is Call else COURSE_MOVES
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(kind)).value}"]
    lines += [f"    {start.value} --> {end.value}: {event.value}" for (start, event), end in rows.items()]
    return "\n".join(lines) + "\n"
