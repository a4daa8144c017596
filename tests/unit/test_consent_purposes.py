"""What a consent may be for: every purpose names its recipients, what it may share, and for how long."""

from __future__ import annotations

import pytest

from sessions.consents.purposes import (
    RULES,
    MinorsRule,
    Misfit,
    Purpose,
    RecipientKind,
    Scope,
    Signers,
    misfit,
    signers,
)

P, R, S = Purpose, RecipientKind, Scope


@pytest.mark.parametrize(
    ("purpose", "recipient", "scopes", "wrong"),
    [
        (P.PRESENCE, R.FAMILY, {S.PRESENCE}, None),
        (P.COURT, R.PROBATION, {S.ATTENDANCE, S.TESTS}, None),
        (P.CARE, R.PROVIDER, {S.NOTES}, None),
        (P.CARE, R.PROVIDER, {S.NOTES, S.PLAN}, Misfit.NOTES_ALONE),  # 42 CFR 2.31(b)
        (P.COURT, R.EMPLOYER, {S.ATTENDANCE}, Misfit.RECIPIENT),  # each needs its own
        (P.COURT, R.FAMILY, {S.ATTENDANCE}, Misfit.RECIPIENT),
        (P.EMPLOYMENT, R.EMPLOYER, {S.TESTS}, Misfit.SCOPE),
        (P.EMPLOYMENT, R.EMPLOYER, {S.ATTENDANCE, S.PLAN}, Misfit.SCOPE),
        (P.PRESENCE, R.FAMILY, {S.ATTENDANCE}, Misfit.SCOPE),  # guests never see attendance
        (P.AFTERCARE, R.PROGRAM, {S.CALLS}, None),
        (P.PAYMENT, R.INSURER, set(), Misfit.NOTHING),
    ],
)
def test_what_fits_together(
    purpose: Purpose, recipient: RecipientKind, scopes: set[Scope], wrong: Misfit | None
) -> None:
    assert misfit(purpose, recipient, scopes) == wrong


def test_every_purpose_has_a_rule_and_an_end() -> None:
    assert RULES.keys() == set(Purpose)
    assert all(rule.recipients and rule.scopes and rule.longest.days <= 730 for rule in RULES.values())


@pytest.mark.parametrize(
    ("of_age", "rule", "who"),
    [
        (True, MinorsRule.BOTH, Signers(patient=True, guardian=False)),
        (True, MinorsRule.GUARDIAN, Signers(patient=True, guardian=False)),
        (False, MinorsRule.BOTH, Signers(patient=True, guardian=True)),
        (False, MinorsRule.MINOR, Signers(patient=True, guardian=False)),
        (False, MinorsRule.GUARDIAN, Signers(patient=False, guardian=True)),
    ],
)
def test_who_signs_for_somebody_under_age(of_age: bool, rule: MinorsRule, who: Signers) -> None:
    assert signers(of_age, rule) == who
