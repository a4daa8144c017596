"""For whom a report is, and the least that each of them needs. Pure.

Source: DOMAIN 3 (reports); 45 CFR 164.502(b), minimum necessary; 42 CFR 2.13(a). What stands in no column of
an audience is not in its file, whatever the format.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sessions.consents.purposes import Purpose, RecipientKind


class Audience(StrEnum):
    CHART = "chart"  # stays in the programme
    CLIENT = "client"  # their own copy
    INSURER = "insurer"
    PROVIDER = "provider"
    COURT = "court"  # and probation
    EMPLOYER = "employer"


class Format(StrEnum):
    PDF = "pdf"
    CSV = "csv"
    FHIR = "fhir"


class Column(StrEnum):
    PERSON = "person"  # meeting reports only
    DATE = "date"
    SCHEDULED = "scheduled"
    HELD = "held"
    STAYED = "stayed"  # first and last evidence of this client
    KIND = "kind"
    FORM = "form"  # group or individual: all that a court needs to know of the kind
    DELIVERY = "delivery"
    MINUTES = "minutes"
    CLAIMED = "claimed"  # without any bridging
    POSSIBLE = "possible"
    STATUS = "status"
    LATE = "late"
    LEFT_EARLY = "left_early"
    EXCUSED = "excused"
    PEOPLE = "people"  # head count
    STAFF = "staff"
    SIGNED = "signed"
    CHANGED = "changed"


C: Final = Column

_CHART: Final = (
    C.DATE,
    C.SCHEDULED,
    C.HELD,
    C.STAYED,
    C.KIND,
    C.DELIVERY,
    C.MINUTES,
    C.CLAIMED,
    C.POSSIBLE,
    C.STATUS,
    C.LATE,
    C.LEFT_EARLY,
    C.EXCUSED,
    C.STAFF,
    C.SIGNED,
    C.CHANGED,
)

COLUMNS: Final[dict[Audience, tuple[Column, ...]]] = {
    Audience.CHART: _CHART,
    Audience.CLIENT: _CHART,
    Audience.PROVIDER: (
        C.DATE,
        C.SCHEDULED,
        C.KIND,
        C.DELIVERY,
        C.MINUTES,
        C.STATUS,
        C.EXCUSED,
        C.STAFF,
        C.SIGNED,
        C.CHANGED,
    ),
    Audience.INSURER: (
        C.DATE,
        C.SCHEDULED,
        C.HELD,
        C.KIND,
        C.DELIVERY,
        C.CLAIMED,
        C.PEOPLE,
        C.STAFF,
        C.SIGNED,
        C.CHANGED,
    ),
    Audience.COURT: (
        C.DATE,
        C.SCHEDULED,
        C.HELD,
        C.FORM,
        C.DELIVERY,
        C.MINUTES,
        C.STATUS,
        C.LATE,
        C.LEFT_EARLY,
        C.EXCUSED,
        C.STAFF,
        C.SIGNED,
        C.CHANGED,
    ),
    Audience.EMPLOYER: (C.DATE, C.SCHEDULED, C.MINUTES, C.STATUS, C.EXCUSED, C.SIGNED, C.CHANGED),
}

MEETING: Final = (
    C.PERSON,
    C.STAYED,
    C.MINUTES,
    C.CLAIMED,
    C.POSSIBLE,
    C.STATUS,
    C.LATE,
    C.LEFT_EARLY,
    C.EXCUSED,
    C.CHANGED,
)  # of one meeting, for the chart: everybody

TO: Final[dict[Audience, tuple[Purpose, frozenset[RecipientKind]]]] = {
    Audience.INSURER: (Purpose.PAYMENT, frozenset({RecipientKind.INSURER})),
    Audience.PROVIDER: (Purpose.CARE, frozenset({RecipientKind.PROVIDER})),
    Audience.COURT: (Purpose.COURT, frozenset({RecipientKind.COURT, RecipientKind.PROBATION})),
    Audience.EMPLOYER: (Purpose.EMPLOYMENT, frozenset({RecipientKind.EMPLOYER})),
}

OUTSIDE: Final = frozenset(TO)

FORMATS: Final[dict[Audience, tuple[Format, ...]]] = {
    Audience.CHART: (Format.PDF, Format.CSV, Format.FHIR),
    Audience.CLIENT: (Format.PDF, Format.CSV, Format.FHIR),
    Audience.PROVIDER: (Format.PDF, Format.CSV, Format.FHIR),
    Audience.INSURER: (Format.PDF, Format.CSV),
    Audience.COURT: (Format.PDF, Format.CSV),
    Audience.EMPLOYER: (Format.PDF, Format.CSV),
}


def of_purpose(purpose: Purpose) -> Audience | None:
    """The audience that a consent's purpose opens; None when none does."""
    return next((audience for audience, (needed, _) in TO.items() if needed is purpose), None)
