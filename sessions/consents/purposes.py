"""What a consent may be for, to whom, about what, and for how long. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    PRESENCE = "presence"  # a family guest takes part in sessions
    CARE = "care"  # somebody else who treats the client
    PAYMENT = "payment"
    COURT = "court"  # a court's or probation's supervision
    EMPLOYMENT = "employment"
    CONTACT = "contact"  # somebody who may be asked when the client cannot be reached
    AFTERCARE = "aftercare"  # the programme itself may go on calling


class RecipientKind(StrEnum):
    PROGRAM = "program"  # the discloser itself; has no name of its own
    FAMILY = "family"
    CONTACT = "contact"
    PROVIDER = "provider"
    INSURER = "insurer"
    COURT = "court"
    PROBATION = "probation"
    EMPLOYER = "employer"


class Scope(StrEnum):
    PRESENCE = "presence"  # that the client is here, and what is said in sessions they share
    ATTENDANCE = "attendance"  # sessions, times and minutes
    TESTS = "tests"  # results of drug tests
    PLAN = "plan"  # level of care, goals and progress
    NOTES = "notes"  # what was written about the client: only ever on a paper of its own
    WHEREABOUTS = "whereabouts"  # that the client is known here, and how to reach them
    CALLS = "calls"  # check-in calls and what is asked in them


@dataclass(frozen=True, slots=True)
class Rule:
    recipients: frozenset[RecipientKind]
    scopes: frozenset[Scope]
    longest: timedelta = timedelta(days=730)  # (default) from the offer


_RECORD: Final = frozenset({Scope.ATTENDANCE, Scope.TESTS, Scope.PLAN})

RULES: Final[dict[Purpose, Rule]] = {
    Purpose.PRESENCE: Rule(frozenset({RecipientKind.FAMILY}), frozenset({Scope.PRESENCE})),
    Purpose.CARE: Rule(frozenset({RecipientKind.PROVIDER}), _RECORD | {Scope.NOTES}),
    Purpose.PAYMENT: Rule(frozenset({RecipientKind.INSURER}), _RECORD),
    Purpose.COURT: Rule(frozenset({RecipientKind.COURT, RecipientKind.PROBATION}), _RECORD),
    Purpose.EMPLOYMENT: Rule(
        frozenset({RecipientKind.EMPLOYER}), frozenset({Scope.ATTENDANCE}), timedelta(days=365)
    ),
    Purpose.CONTACT: Rule(
        frozenset({RecipientKind.CONTACT, RecipientKind.FAMILY}), frozenset({Scope.WHEREABOUTS})
    ),
    Purpose.AFTERCARE: Rule(frozenset({RecipientKind.PROGRAM}), frozenset({Scope.CALLS})),
}


class Misfit(StrEnum):
    """Why the parts of a paper do not fit together; the text is safe to show."""

    RECIPIENT = "This purpose is not for this recipient."
    NOTHING = "Say what may be shared."
    SCOPE = "This is not shared for this purpose."
    NOTES_ALONE = "Notes need a paper of their own."


def misfit(purpose: Purpose, recipient: RecipientKind, scopes: Collection[Scope]) -> Misfit | None:
    """What is wrong with the combination; None when nothing is.

    Counselling notes are never shared together with something else, and each recipient of another kind
    needs a paper of their own. Source: 42 CFR 2.31(b) and (c); DOMAIN 7.
    """
    rule = RULES[purpose]
    if recipient not in rule.recipients:
        return Misfit.RECIPIENT
    if not scopes:
        return Misfit.NOTHING
    if not rule.scopes.issuperset(scopes):
        return Misfit.SCOPE
    if Scope.NOTES in scopes and len(set(scopes)) > 1:
        return Misfit.NOTES_ALONE
    return None


class MinorsRule(StrEnum):
    """Who signs for somebody under age: differs by state, so it is a setting of the programme."""

    BOTH = "both"  # (default) the minor and a guardian
    MINOR = "minor"  # the minor alone may consent to treatment, and so to disclosures
    GUARDIAN = "guardian"  # the guardian alone


@dataclass(frozen=True, slots=True)
class Signers:
    patient: bool
    guardian: bool


def signers(of_age: bool, rule: MinorsRule) -> Signers:
    """Whose signatures make a consent. Source: 42 CFR 2.14."""
    if of_age or rule is MinorsRule.MINOR:
        return Signers(patient=True, guardian=False)
    return Signers(patient=rule is MinorsRule.BOTH, guardian=True)
