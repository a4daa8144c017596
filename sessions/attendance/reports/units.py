"""Minutes as payers count them. Pure; at export only: stored minutes are never rounded to anybody's units.

Claims use minutes without any bridging. Each payer is one row of PAYERS; what they ask for differs by
contract, so a programme chooses. Source: DOMAIN 3, rule 13; HCPCS H0015; CPT 90832-90853.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Final

PER_DIEM_MINUTES: Final = 180
FAMILY_MINUTES: Final = 26
LARGEST_GROUP: Final = 12


class Form(StrEnum):
    """What a session was, as claims tell them apart."""

    INDIVIDUAL = "individual"
    FAMILY = "family"
    GROUP = "group"
    OTHER = "other"  # education and the like: counts towards a day, has no code of its own


class Payer(StrEnum):
    QUARTER_HOURS = "quarter_hours"
    HOURS = "hours"
    PER_DIEM = "per_diem"
    PER_SESSION = "per_session"


class Why(StrEnum):
    """Why there is no unit."""

    SHORT = "short"  # fewer minutes than one unit takes
    NO_CODE = "no_code"
    TOO_MANY = "too_many"  # a group of more than twelve


@dataclass(frozen=True, slots=True)
class Attended:
    """One client's session: whole minutes without bridging, and how many clients were there."""

    on: date
    form: Form
    minutes: int
    head_count: int = 1
    with_client: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """What is claimed for one session, or for one day where a payer counts days. `code` is "" for none."""

    on: date
    minutes: int
    code: str
    units: int
    why: Why | None = None


def units(payer: Payer, sessions: Sequence[Attended]) -> tuple[Line, ...]:
    """In order of the calendar. A line without units says why."""
    ordered = sorted(sessions, key=lambda one: one.on)
    return tuple(PAYERS[payer](ordered))


def whole(minutes: int, unit_minutes: int) -> int:
    """Complete units only: 14 minutes are no quarter of an hour, 59 no hour."""
    return minutes // unit_minutes


def psychotherapy(minutes: int) -> str:
    """The code of an individual session; "" below 16 minutes."""
    if minutes >= 53:
        return "90837"
    if minutes >= 38:
        return "90834"
    return "90832" if minutes >= 16 else ""


def session_code(one: Attended) -> tuple[str, Why | None]:
    match one.form:
        case Form.INDIVIDUAL:
            code = psychotherapy(one.minutes)
            return code, None if code else Why.SHORT
        case Form.FAMILY:
            if one.minutes < FAMILY_MINUTES:
                return "", Why.SHORT
            return "90847" if one.with_client else "90846", None
        case Form.GROUP:
            if one.minutes < 1:
                return "", Why.SHORT
            return ("", Why.TOO_MANY) if one.head_count > LARGEST_GROUP else ("90853", None)
        case Form.OTHER:
            return "", Why.NO_CODE


def _timed(unit_minutes: int) -> Callable[[Sequence[Attended]], list[Line]]:
    def lines(sessions: Sequence[Attended]) -> list[Line]:
        found = []
        for one in sessions:
            count = whole(one.minutes, unit_minutes)
            found.append(Line(one.on, one.minutes, "", count, None if count else Why.SHORT))
        return found

    return lines


def _per_diem(sessions: Sequence[Attended]) -> list[Line]:
    found = []
    for on, group in groupby(sessions, key=lambda one: one.on):
        minutes = sum(one.minutes for one in group)
        enough = minutes >= PER_DIEM_MINUTES
        found.append(Line(on, minutes, "H0015" if enough else "", int(enough), None if enough else Why.SHORT))
    return found


def _per_session(sessions: Sequence[Attended]) -> list[Line]:
    found = []
    for one in sessions:
        code, why = session_code(one)
        found.append(Line(one.on, one.minutes, code, 1 if code else 0, why))
    return found


PAYERS: Final[dict[Payer, Callable[[Sequence[Attended]], list[Line]]]] = {
    Payer.QUARTER_HOURS: _timed(15),
    Payer.HOURS: _timed(60),
    Payer.PER_DIEM: _per_diem,
    Payer.PER_SESSION: _per_session,
}
