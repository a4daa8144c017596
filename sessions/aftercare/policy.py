"""What a programme has settled about its aftercare: values, not code. Pure.

Every default is DOMAIN 6. A programme's change is a new version (policies.py); what was planned keeps its
own.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

Days = Annotated[int, Meta(ge=0, le=365)]
Minutes = Annotated[int, Meta(ge=0, le=20_160)]


class Phase(Struct, frozen=True, forbid_unknown_fields=True):
    """Calls every `weeks` weeks or every `months` months (one of the two), until so long after discharge."""

    weeks: Annotated[int, Meta(ge=0, le=26)] = 0
    months: Annotated[int, Meta(ge=0, le=12)] = 0
    until_weeks: Annotated[int, Meta(ge=0, le=260)] = 0
    until_months: Annotated[int, Meta(ge=0, le=60)] = 0

    def __post_init__(self) -> None:
        if bool(self.weeks) == bool(self.months):
            raise ValueError("a phase is counted in weeks or in months")
        if bool(self.until_weeks) == bool(self.until_months):
            raise ValueError("a phase ends after weeks or after months")


WEEKLY: Final = Phase(weeks=1, until_weeks=8)
FORTNIGHTLY: Final = Phase(weeks=2, until_months=12)
MONTHLY: Final = Phase(months=1, until_months=18)


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a programme's aftercare rules."""

    version: str = "default-1"
    # cadence
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1, max_length=8)] = (WEEKLY, FORTNIGHTLY, MONTHLY)
    first_after_days: Annotated[int, Meta(ge=1, le=7)] = (
        3  # the first call is proposed so long after discharge
    )
    first_within_days: Annotated[int, Meta(ge=1, le=28)] = 7
    floor_days: Annotated[int, Meta(ge=1, le=28)] = 5  # two calls are never planned nearer to each other
    holidays: tuple[date, ...] = ()
    # the day, in the alumnus's own zone
    quiet_from: time = time(21)
    quiet_to: time = time(8)
    # planning and booking
    ahead_days: Annotated[int, Meta(ge=7, le=120)] = 42  # calls are planned so far ahead
    offer_days: Annotated[int, Meta(ge=1, le=28)] = 7  # a time is proposed so long before the day
    flex_days: Annotated[int, Meta(ge=0, le=6)] = 2  # and may lie so many days around it
    length_minutes: Annotated[int, Meta(ge=15, le=120, multiple_of=15)] = 30
    move_until_minutes: Minutes = 60
    # reminders
    email_before_minutes: Minutes = 1_440
    sms_before_minutes: Minutes = 60
    # missed calls
    second_try_minutes: Annotated[int, Meta(ge=1, le=240)] = 15
    lost_after_days: Annotated[int, Meta(ge=7, le=180)] = 30
    retry_months: Annotated[int, Meta(ge=0, le=24)] = 6
    # risk
    bam_risk: Annotated[int, Meta(ge=0, le=24)] = 12  # at least
    bam_protective: Annotated[int, Meta(ge=0, le=24)] = 12  # at most
    phq9: Annotated[int, Meta(ge=1, le=27)] = 10
    gad7: Annotated[int, Meta(ge=1, le=21)] = 10
    phq9_rise: Annotated[int, Meta(ge=1, le=27)] = 5
    contact_hours: Annotated[int, Meta(ge=1, le=168)] = 48
    review_business_days: Annotated[int, Meta(ge=1, le=10)] = 2

    def __post_init__(self) -> None:
        if self.first_within_days < self.first_after_days:
            raise ValueError("the first call is proposed later than it must be")


DEFAULT: Final = Policy()


def decode(values: dict[str, object]) -> Policy:
    """The default policy with `values` in place of its own.

    Raises:
        msgspec.ValidationError: an unknown key or a value out of bounds; the message names the key.
    """
    return msgspec.convert(values, Policy)


def values_of(policy: Policy) -> dict[str, object]:
    """All of them but the version, as JSON knows them: what `decode` reads."""
    found: dict[str, object] = msgspec.to_builtins(policy)
    return {name: value for name, value in found.items() if name != "version"}
