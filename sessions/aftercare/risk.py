"""From answers to a tier, with the reasons. Pure.

Scores propose, people decide: an assessment is shown to the caller, who settles the tier and says why when it
differs. An answer counts from the moment it was given, also in a form that was never finished. Source:
DOMAIN 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Final

from sessions.aftercare.instruments import BAM_DRUGS, BAM_PROTECTIVE, BAM_RISK, BAM_USE, GAD7, PHQ9, points
from sessions.aftercare.policy import Policy

CRAVING_TOP_TWO: Final = 3
ASKS_FOR_TREATMENT: Final = 2
ASKS_FOR_A_CALL: Final = 1


class Tier(IntEnum):
    """Higher is more urgent."""

    LOW = 1
    MODERATE = 2
    HIGH = 3
    CRISIS = 4


class Reason(StrEnum):
    SELF_HARM = "self_harm"  # PHQ-9, item 9
    OVERDOSE = "overdose"
    DANGER = "danger"
    USE = "use"
    RISK_AND_UNPROTECTED = "risk_and_unprotected"
    ASKS_FOR_TREATMENT = "asks_for_treatment"
    RISK = "risk"
    UNPROTECTED = "unprotected"
    DEPRESSION = "depression"
    ANXIETY = "anxiety"
    WORSE = "worse"  # PHQ-9 since the form before
    CRAVING = "craving"


TIER_OF: Final[dict[Reason, Tier]] = {
    Reason.SELF_HARM: Tier.CRISIS,
    Reason.OVERDOSE: Tier.CRISIS,
    Reason.DANGER: Tier.CRISIS,
    Reason.USE: Tier.HIGH,
    Reason.RISK_AND_UNPROTECTED: Tier.HIGH,
    Reason.ASKS_FOR_TREATMENT: Tier.HIGH,
    Reason.RISK: Tier.MODERATE,
    Reason.UNPROTECTED: Tier.MODERATE,
    Reason.DEPRESSION: Tier.MODERATE,
    Reason.ANXIETY: Tier.MODERATE,
    Reason.WORSE: Tier.MODERATE,
    Reason.CRAVING: Tier.MODERATE,
}


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums of what was answered; None for a scale of which something is missing."""

    risk: int | None
    protective: int | None
    use: int | None
    phq9: int | None
    gad7: int | None


@dataclass(frozen=True, slots=True)
class Assessment:
    tier: Tier
    reasons: tuple[Reason, ...]  # the gravest first
    scores: Scores


@dataclass(frozen=True, slots=True)
class Effects:
    """What a settled tier leads to."""

    contact_within: timedelta | None = None
    review_business_days: int | None = None
    denser: bool = False  # one step
    reassess: bool = False  # is another level of care needed?
    back_to_plan: bool = False
    hand_off: bool = False  # the call cannot be closed without


def assess(answers: Mapping[str, int], policy: Policy, before: Mapping[str, int] | None = None) -> Assessment:
    """The proposed tier.

    Args:
        answers: choices by question key; any may be missing.
        before: the answers of the form before, for what got worse.
    """
    at_least = {"risk": _sum(answers, BAM_RISK), "phq9": _phq9(answers), "gad7": _sum(answers, _GAD7)}
    found = scores(answers)
    risky = at_least["risk"] >= policy.bam_risk
    unprotected = found.protective is not None and found.protective <= policy.bam_protective
    earlier = None if before is None else scores(before).phq9
    holds = {
        Reason.SELF_HARM: answers.get("phq9_9", 0) >= 1,
        Reason.OVERDOSE: answers.get("overdose", 0) >= 1,
        Reason.DANGER: answers.get("danger", 0) >= 1,
        Reason.USE: any(answers.get(key, 0) >= 1 for key in (*BAM_USE, *BAM_DRUGS)),
        Reason.RISK_AND_UNPROTECTED: risky and unprotected,
        Reason.ASKS_FOR_TREATMENT: answers.get("wish", 0) >= ASKS_FOR_TREATMENT,
        Reason.RISK: risky,
        Reason.UNPROTECTED: unprotected,
        Reason.DEPRESSION: at_least["phq9"] >= policy.phq9,
        Reason.ANXIETY: at_least["gad7"] >= policy.gad7,
        Reason.WORSE: earlier is not None and at_least["phq9"] - earlier >= policy.phq9_rise,
        Reason.CRAVING: answers.get("bam8", 0) >= CRAVING_TOP_TWO,
    }
    reasons = tuple(reason for reason in Reason if holds[reason])
    return Assessment(max((TIER_OF[reason] for reason in reasons), default=Tier.LOW), reasons, found)


def scores(answers: Mapping[str, int]) -> Scores:
    return Scores(
        risk=_whole(answers, BAM_RISK),
        protective=_whole(answers, BAM_PROTECTIVE),
        use=_whole(answers, BAM_USE),
        phq9=_whole(answers, _PHQ9),
        gad7=_whole(answers, _GAD7),
    )


def effects(tier: Tier, before: Sequence[Tier], policy: Policy) -> Effects:
    """What follows when a call is closed with this tier.

    Args:
        before: the tiers of the calls before, the latest first.
    """
    if tier >= Tier.HIGH:
        return Effects(
            contact_within=timedelta(hours=policy.contact_hours),
            review_business_days=policy.review_business_days,
            denser=True,
            reassess=bool(before) and before[0] >= Tier.HIGH,
            hand_off=tier is Tier.CRISIS,
        )
    if tier is Tier.LOW and before and before[0] is Tier.LOW:
        return Effects(back_to_plan=True)
    return Effects()


_PHQ9: Final = tuple(question.key for question in PHQ9)
_GAD7: Final = tuple(question.key for question in GAD7)


def _phq9(answers: Mapping[str, int]) -> int:
    return _sum(answers, _PHQ9)


def _sum(answers: Mapping[str, int], keys: Sequence[str]) -> int:
    return sum(points(key, answers[key]) for key in keys if key in answers)


def _whole(answers: Mapping[str, int], keys: Sequence[str]) -> int | None:
    # Item 5 is left out after "no alcohol": a day without a drink is a day without five.
    known = {**answers, "bam5": answers.get("bam5", 0)} if answers.get("bam4") == 0 else answers
    return _sum(known, keys) if all(key in known for key in keys) else None
