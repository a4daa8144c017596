"""One person's plan as it is stored and signed: the programme's template, changed for them. Pure."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from sessions.aftercare.cadence import EVERY_DAY, Pause, Plan
from sessions.aftercare.policy import Phase, Policy
from sessions.aftercare.slots import Wish
from sessions.core.daytime import Quiet

Channel = Literal["video", "telephone"]


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    start: date
    end: date | None = None


class PlanValues(Struct, frozen=True, forbid_unknown_fields=True):
    """What a signature under a plan stands for."""

    phases: Annotated[tuple[Phase, ...], Meta(min_length=1, max_length=8)]
    weekdays: Annotated[tuple[int, ...], Meta(min_length=1, max_length=7)] = tuple(range(7))  # Monday is 0
    from_time: time = time(0)  # preferred hours, by the alumnus's clock; equal ends: any that are not quiet
    to_time: time = time(0)
    channel: Channel = "video"
    meetings: bool = True  # also asked to the alumni meetings
    skipped: tuple[date, ...] = ()
    pauses: tuple[Stop, ...] = ()

    def __post_init__(self) -> None:
        if not EVERY_DAY.issuperset(self.weekdays):
            raise ValueError("a weekday is a number from 0 to 6")


def template(policy: Policy) -> PlanValues:
    """The programme's own, unchanged."""
    return PlanValues(phases=policy.phases)


def decode(values: object) -> PlanValues:
    """Raises msgspec.ValidationError; the message names the key."""
    return msgspec.convert(values, PlanValues)


def encode(values: PlanValues) -> dict[str, object]:
    """As JSON knows them: what `decode` reads."""
    found: dict[str, object] = msgspec.to_builtins(values)
    return found


def cadence_of(values: PlanValues, began_on: date, policy: Policy) -> Plan:
    return Plan(
        began_on=began_on,
        phases=values.phases,
        first_after=timedelta(days=policy.first_after_days),
        first_within=timedelta(days=policy.first_within_days),
        floor=timedelta(days=policy.floor_days),
        weekdays=frozenset(values.weekdays),
        holidays=frozenset(policy.holidays),
        skipped=frozenset(values.skipped),
        pauses=tuple(Pause(stop.start, stop.end) for stop in values.pauses),
    )


def quiet_of(policy: Policy) -> Quiet:
    return Quiet(policy.quiet_from, policy.quiet_to)


def wish_of(values: PlanValues, zone: str, policy: Policy) -> Wish:
    return Wish(
        zone=zone,
        quiet=quiet_of(policy),
        start=values.from_time,
        end=values.to_time,
        weekdays=frozenset(values.weekdays),
    )
