"""The assessment forms, by code and version. Pure. A changed form is a new version; what was answered keeps
its own.

Answers are "yes", "no", or text. A form may say from its answers that somebody must act (`flagged`): it
proposes, people decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

YES: Final = "yes"
NO: Final = "no"


@dataclass(frozen=True, slots=True)
class Question:
    code: str
    text: str
    free: bool = False  # an answer in one's own words, instead of yes or no


@dataclass(frozen=True, slots=True)
class Form:
    code: str
    version: int
    title: str
    questions: tuple[Question, ...]
    flagged: Callable[[Mapping[str, str]], bool] = lambda answers: False


def _any(*codes: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda answers: any(answers.get(code) == YES for code in codes)


def _missing(*codes: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda answers: any(answers.get(code) == NO for code in codes)


FORMS: Final[dict[str, Form]] = {
    form.code: form
    for form in (
        Form(
            "eligibility",
            1,
            gettext_noop("Can this programme work for them?"),
            (
                Question("home", gettext_noop("A stable place to live")),
                Question("support", gettext_noop("Somebody who supports them")),
                Question("commitment", gettext_noop("They want to come, several days a week")),
                Question("space", gettext_noop("A private room with a door")),
                Question("device", gettext_noop("A phone, tablet or computer with a camera")),
                Question("connection", gettext_noop("An internet connection that carries video")),
                Question("notes", gettext_noop("What would help with what is missing"), free=True),
            ),
            _missing("home", "support", "commitment", "space", "device", "connection"),
        ),
        Form(
            "withdrawal",
            1,
            gettext_noop("Is it safe to begin as an outpatient?"),
            (
                Question("alcohol_daily", gettext_noop("Drank alcohol every day in the last two weeks")),
                Question("sedatives", gettext_noop("Took sedatives most days in the last two weeks")),
                Question("opioids", gettext_noop("Used opioids in the last three days")),
                Question("seizure", gettext_noop("Ever had a seizure or delirium when stopping")),
                Question("symptoms", gettext_noop("Shaking, sweating, sickness or confusion now")),
                Question("pregnant", gettext_noop("Pregnant, or may be")),
                Question("notes", gettext_noop("What else matters"), free=True),
            ),
            _any("alcohol_daily", "sedatives", "opioids", "seizure", "symptoms", "pregnant"),
        ),
        Form(
            "physical",
            1,
            gettext_noop("Physical health"),
            (
                Question("conditions", gettext_noop("Illnesses and injuries"), free=True),
                Question("medication", gettext_noop("Medication, with doses"), free=True),
                Question("allergies", gettext_noop("Allergies"), free=True),
                Question("pain", gettext_noop("Pain on most days")),
                Question("doctor", gettext_noop("Has a doctor of their own")),
            ),
        ),
        Form(
            "mental",
            1,
            gettext_noop("Mental health"),
            (
                Question("history", gettext_noop("Diagnoses and treatment so far"), free=True),
                Question("low", gettext_noop("Low or hopeless on most days")),
                Question("harm", gettext_noop("Thoughts of harming themselves or not living")),
                Question("trauma", gettext_noop("Something terrible that still comes back")),
                Question("notes", gettext_noop("What else matters"), free=True),
            ),
            _any("harm"),
        ),
        Form(
            "use_history",
            1,
            gettext_noop("History of use"),
            (
                Question("substances", gettext_noop("What, how much, how often, since when"), free=True),
                Question("last", gettext_noop("The last time"), free=True),
                Question("overdose", gettext_noop("Ever had an overdose")),
                Question("treatment", gettext_noop("Treated before")),
                Question("helps", gettext_noop("What has helped so far"), free=True),
            ),
        ),
    )
}


def check(form: Form, answers: Mapping[str, str]) -> list[str]:
    """The codes of questions that lack an answer."""
    return [one.code for one in form.questions if not one.free and answers.get(one.code) not in (YES, NO)]
