"""What a programme counts as attended: values, not code. Pure."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

Duration = Annotated[int, Meta(ge=0, le=86_400)]  # whole seconds


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the crediting rules. Durations in whole seconds.

    A stored result carries `version`; a changed policy is a new version and never touches older results.
    """

    version: str = "default-1"
    reconnect_grace: Duration = 60  # an unclean gap up to this is bridged
    reconnect_cap: Duration = 300  # all bridged gaps of one meeting together
    early_credit: Duration = 0  # how long before the scheduled start may count
    overrun_cap: Duration = 0  # how long after the scheduled end may count
    credit_breaks: bool = False
    facilitator_gap: Duration = 120  # a facilitator's absence up to this is bridged
    breakout_supervision: Literal["session", "room"] = "session"  # where a facilitator must be
    present_percent: Annotated[int, Meta(ge=0, le=100)] = 90
    partial_minutes: Annotated[int, Meta(ge=0, le=1_440)] = 45
    late_after: Duration = 300
    hour_minutes: Literal[50, 60] = 60  # how reports turn minutes into hours


DEFAULT: Final = Policy()
ATTESTED_OVERRUN_S: Final = 900  # how far a facilitator's word may extend a meeting


def with_overrun(policy: Policy) -> Policy:
    """The policy when a facilitator attests that the meeting ran over (DOMAIN 3, rule 4)."""
    cap = max(policy.overrun_cap, ATTESTED_OVERRUN_S)
    return msgspec.structs.replace(policy, overrun_cap=cap, version=f"{policy.version}+overrun")


def values_of(policy: Policy) -> dict[str, object]:
    """All of them but the version: what `decode` reads."""
    return {name: value for name, value in msgspec.structs.asdict(policy).items() if name != "version"}


def decode(values: dict[str, object]) -> Policy:
    """The default policy with `values` in place of its own.

    Raises:
        msgspec.ValidationError: an unknown key or a value out of bounds; the message names the key.
    """
    return msgspec.convert(values, Policy)
