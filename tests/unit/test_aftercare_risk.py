"""From answers to a tier: every line of the rule, and that worse answers never look better."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.aftercare.instruments import (
    BAM,
    BAM_PROTECTIVE,
    BAM_RISK,
    BAM_USE,
    BY_KEY,
    FORM,
    GAD7,
    INTERVIEW,
    PHQ9,
    asked,
    points,
    valid,
)
from sessions.aftercare.policy import DEFAULT
from sessions.aftercare.risk import Reason, Tier, assess, effects, scores

# Nothing bad and everything good.
WELL = {question.key: 0 for question in FORM} | {key: BY_KEY[key].highest for key in BAM_PROTECTIVE}
PROTECTED_12 = {"bam9": 4, "bam10": 4, "bam12": 4, "bam13": 0, "bam14": 0, "bam16": 0}
PROTECTED_13 = PROTECTED_12 | {"bam13": 1}
RISK_11 = {"bam1": 4, "bam2": 4, "bam3": 3, "bam8": 0, "bam11": 0, "bam15": 0}
RISK_12 = RISK_11 | {"bam3": 4}


def phq(total: int) -> dict[str, int]:
    """Spread over the first eight items; the ninth is a matter of its own."""
    return {f"phq9_{n}": min(3, max(0, total - 3 * (n - 1))) for n in range(1, 9)}


def gad(total: int) -> dict[str, int]:
    return {f"gad7_{n}": min(3, max(0, total - 3 * (n - 1))) for n in range(1, 8)}


@pytest.mark.parametrize(
    ("answers", "tier", "reasons"),
    [
        pytest.param({}, Tier.LOW, [], id="well"),
        pytest.param(
            {"phq9_9": 1}, Tier.CRISIS, [Reason.SELF_HARM], id="a thought of being dead on several days"
        ),
        pytest.param({"overdose": 1}, Tier.CRISIS, [Reason.OVERDOSE], id="an overdose"),
        pytest.param({"danger": 1}, Tier.CRISIS, [Reason.DANGER], id="danger"),
        pytest.param({"bam4": 1}, Tier.HIGH, [Reason.USE], id="a drink on one day"),
        pytest.param({"bam6": 1}, Tier.HIGH, [Reason.USE], id="drugs on one day"),
        pytest.param(
            RISK_12 | PROTECTED_12,
            Tier.HIGH,
            [Reason.RISK_AND_UNPROTECTED, Reason.RISK, Reason.UNPROTECTED],
            id="much risk, little protection",
        ),
        pytest.param(RISK_12 | PROTECTED_13, Tier.MODERATE, [Reason.RISK], id="much risk alone"),
        pytest.param(
            RISK_11 | PROTECTED_12, Tier.MODERATE, [Reason.UNPROTECTED], id="little protection alone"
        ),
        pytest.param(RISK_11 | PROTECTED_13, Tier.LOW, [], id="just below both"),
        pytest.param({"wish": 2}, Tier.HIGH, [Reason.ASKS_FOR_TREATMENT], id="asks for treatment"),
        pytest.param({"wish": 1}, Tier.LOW, [], id="asks for a call: a wish, not a risk"),
        pytest.param(phq(10), Tier.MODERATE, [Reason.DEPRESSION], id="PHQ-9 of 10"),
        pytest.param(phq(9), Tier.LOW, [], id="PHQ-9 of 9"),
        pytest.param(gad(10), Tier.MODERATE, [Reason.ANXIETY], id="GAD-7 of 10"),
        pytest.param(gad(9), Tier.LOW, [], id="GAD-7 of 9"),
        pytest.param({"bam8": 3}, Tier.MODERATE, [Reason.CRAVING], id="craving considerably"),
        pytest.param({"bam8": 4}, Tier.MODERATE, [Reason.CRAVING], id="craving extremely"),
        pytest.param({"bam8": 2}, Tier.LOW, [], id="craving moderately"),
        pytest.param(
            {"bam4": 4, "phq9_9": 3}, Tier.CRISIS, [Reason.SELF_HARM, Reason.USE], id="the gravest first"
        ),
    ],
)
def test_the_tiers(answers: dict[str, int], tier: Tier, reasons: list[Reason]) -> None:
    found = assess(WELL | answers, DEFAULT)
    assert (found.tier, list(found.reasons)) == (tier, reasons)


@pytest.mark.parametrize(
    ("before", "now", "tier"),
    [(0, 5, Tier.MODERATE), (0, 4, Tier.LOW), (4, 9, Tier.MODERATE), (9, 5, Tier.LOW)],
)
def test_a_phq9_that_rose_by_five(before: int, now: int, tier: Tier) -> None:
    assert assess(WELL | phq(now), DEFAULT, before=WELL | phq(before)).tier is tier


def test_an_unfinished_form_counts_as_far_as_it_goes() -> None:
    assert assess({"danger": 1}, DEFAULT).tier is Tier.CRISIS
    assert assess({"bam4": 2}, DEFAULT).tier is Tier.HIGH
    assert assess({}, DEFAULT).tier is Tier.LOW
    assert scores({"bam1": 2}).risk is None
    # Protection nobody was asked about is not missing protection.
    assert Reason.UNPROTECTED not in assess({"bam9": 0}, DEFAULT).reasons


def test_the_sums_are_those_of_the_instruments() -> None:
    worst = {question.key: question.highest for question in FORM}
    found = scores(worst)
    assert (found.risk, found.protective, found.use, found.phq9, found.gad7) == (24, 24, 12, 27, 21)
    assert scores(WELL | {"bam14": 1}).protective == 24
    assert points("bam14", 1) == 4


def test_the_form_is_seventeen_nine_and_seven_questions_and_ours_in_two_languages() -> None:
    numbers = {question.key.rstrip("abcdefg") for question in BAM}
    assert numbers == {f"bam{n}" for n in range(1, 18)}
    assert (len(PHQ9), len(GAD7)) == (9, 7)
    for question in FORM:
        texts = [question.text, *question.choices, *([question.intro] if question.intro else [])]
        assert all(text.en.strip() and text.es.strip() for text in texts)
    assert len(BY_KEY) == len(FORM)
    assert {*BAM_RISK, *BAM_PROTECTIVE, *BAM_USE} <= BY_KEY.keys()


def test_safety_is_asked_first_and_details_only_after_a_yes() -> None:
    assert [question.key for question in asked({})][:2] == ["danger", "overdose"]
    assert [question.key for question in INTERVIEW][:3] == ["danger", "overdose", "phq9_9"]
    short, long = asked({"bam4": 0, "bam6": 0}), asked({"bam4": 1, "bam6": 1})
    assert len(long) - len(short) == 8
    # Nobody who has nothing to tell is asked more than forty things: five minutes at seven seconds each.
    assert len(short) <= 40


@pytest.mark.parametrize(
    "answers", [[], {"bam1": 5}, {"bam1": -1}, {"nothing": 0}, {"bam1": "1"}, {"bam1": True}, {"bam14": 2}]
)
def test_what_is_no_answer_is_refused(answers: Any) -> None:
    with pytest.raises(ValueError, match="answer"):
        valid(answers)


ANSWERS = st.fixed_dictionaries({}, optional={q.key: st.integers(0, q.highest) for q in FORM})
# Where a higher number is better.
GOOD = {*BAM_PROTECTIVE, "bam17"}


@given(ANSWERS, st.sampled_from(FORM), st.integers(0, 4), st.one_of(st.none(), ANSWERS))
def test_a_worse_answer_never_lowers_the_tier(
    answers: dict[str, int], question: Any, answer: int, before: Any
) -> None:
    key = question.key
    old = answers.get(key, question.highest if key in GOOD else 0)
    answer = min(answer, question.highest)
    worse = min(old, answer) if key in GOOD else max(old, answer)
    if key in GOOD and key not in answers:
        return  # an answer where there was none is news, not worse
    found = assess(answers, DEFAULT, before), assess({**answers, key: worse}, DEFAULT, before)
    assert found[1].tier >= found[0].tier
    assert {r for r in found[0].reasons if r is not Reason.WORSE} <= set(found[1].reasons)


@given(ANSWERS, ANSWERS)
def test_every_tier_above_low_has_its_reason(answers: dict[str, int], before: dict[str, int]) -> None:
    found = assess(answers, DEFAULT, before)
    assert (found.tier is Tier.LOW) is not bool(found.reasons)


@pytest.mark.parametrize(
    ("tier", "before", "contact", "denser", "reassess", "back", "hand_off"),
    [
        (Tier.LOW, [], False, False, False, False, False),
        (Tier.LOW, [Tier.MODERATE], False, False, False, False, False),
        (Tier.LOW, [Tier.LOW], False, False, False, True, False),
        (Tier.MODERATE, [Tier.LOW], False, False, False, False, False),
        (Tier.HIGH, [], True, True, False, False, False),
        (Tier.HIGH, [Tier.LOW, Tier.HIGH], True, True, False, False, False),
        (Tier.HIGH, [Tier.HIGH], True, True, True, False, False),
        (Tier.HIGH, [Tier.CRISIS], True, True, True, False, False),
        (Tier.CRISIS, [], True, True, False, False, True),
    ],
)
def test_what_a_tier_leads_to(
    tier: Tier, before: list[Tier], contact: bool, denser: bool, reassess: bool, back: bool, hand_off: bool
) -> None:
    found = effects(tier, before, DEFAULT)
    assert (
        found.contact_within is not None,
        found.denser,
        found.reassess,
        found.back_to_plan,
        found.hand_off,
    ) == (
        contact,
        denser,
        reassess,
        back,
        hand_off,
    )
    if contact:
        assert found.contact_within is not None
        assert found.contact_within.total_seconds() == 48 * 3600
        assert found.review_business_days == 2
