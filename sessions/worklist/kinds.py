"""What staff can be asked to do, and who is asked. To add one: a row here, its Spanish in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

from sessions.core.errors import Fault
from sessions.people.roles import Role

COORDINATORS: Final = frozenset({Role.COORDINATOR})
CLINICIANS: Final = frozenset({Role.COORDINATOR, Role.FACILITATOR})


@dataclass(frozen=True, slots=True)
class Kind:
    label: str  # what to do, in a few words
    seen_by: frozenset[Role] = (
        COORDINATORS  # facilitators: of clients whose cohorts they lead, or asked by name
    )
    on_call: bool = False  # also to facilitators on call, whomever it is about


@dataclass(frozen=True, slots=True)
class Reason:
    says: str  # why, one sentence; placeholders are the task's params

    def check(self, params: Mapping[str, object]) -> None:
        """Raises Fault when the sentence lacks a value."""
        try:
            self.says % dict(params)
        except KeyError as missing:
            raise Fault(f"a reason lacks {missing}") from None


KINDS: Final[dict[str, Kind]] = {
    "attendance.sign": Kind(gettext_noop("See to a signature")),
    "absence.review": Kind(gettext_noop("Look at an absence"), CLINICIANS),
    "schedule.short": Kind(gettext_noop("Mend a schedule")),
    "plan.review": Kind(gettext_noop("Review a plan"), CLINICIANS),
    "level.review": Kind(gettext_noop("Think about the level of care"), CLINICIANS),
    "step.sign": Kind(gettext_noop("Sign a change of level"), CLINICIANS),
    "clinical.review": Kind(gettext_noop("Clinical review"), CLINICIANS),
    "contact": Kind(gettext_noop("Get in touch"), CLINICIANS),
    "referral": Kind(gettext_noop("Refer"), CLINICIANS),
    "crisis.respond": Kind(gettext_noop("Help in a crisis"), CLINICIANS, on_call=True),
    "hold.respond": Kind(gettext_noop("Take over a session"), CLINICIANS, on_call=True),
    "crisis.follow-up": Kind(gettext_noop("Follow up after a crisis"), CLINICIANS),
    "test.review": Kind(gettext_noop("Talk about a test"), CLINICIANS),
    "consent.renew": Kind(gettext_noop("Renew a consent")),
    "licence.renew": Kind(gettext_noop("Renew a licence")),
    "location.check": Kind(gettext_noop("Check a location")),
    "identity.check": Kind(gettext_noop("Check who took part")),
    "message.failed": Kind(gettext_noop("Reach somebody another way")),
    "other": Kind(gettext_noop("To do")),
}

REASONS: Final[dict[str, Reason]] = {
    "unsigned": Reason(gettext_noop("An attendance has waited for its signature for three days.")),
    "unexcused": Reason(gettext_noop("Was not there on %(on)s, and it is not excused.")),
    "absences-in-a-row": Reason(gettext_noop("Was not there %(count)s times in a row, last on %(on)s.")),
    "absences-in-days": Reason(
        gettext_noop("Was not there %(count)s times within %(days)s days, last on %(on)s.")
    ),
    "short-schedule": Reason(
        gettext_noop("The week of %(on)s holds %(minutes)s minutes less than the plan.")
    ),
    "other-state": Reason(
        gettext_noop("Is today in %(state)s, where no licence of the session's facilitators counts.")
    ),
    "crisis-open": Reason(gettext_noop("Somebody is in danger in a session. Go there now.")),
    "no-facilitator": Reason(gettext_noop("A session has no facilitator now. Go there if you can.")),
    "crisis-closed": Reason(gettext_noop("A crisis in a session was closed. See how it goes on.")),
    "consent-ends": Reason(gettext_noop("A consent ends on %(on)s.")),
    "licence-ends": Reason(gettext_noop("Their licence for %(state)s ends on %(on)s.")),
    "assessment-flag": Reason(gettext_noop("An assessment says that somebody should look today.")),
    "plan-review": Reason(gettext_noop("The plan is to be looked at together by %(on)s.")),
    "step-proposed": Reason(
        gettext_noop("A change of level or hours from %(on)s on waits for a clinician's signature.")
    ),
    "no-group": Reason(gettext_noop("Is in no group from %(on)s on. What comes instead?")),
    "planned-end": Reason(gettext_noop("The planned end is %(on)s. Nothing ends by itself.")),
    "test-result": Reason(gettext_noop("A result of %(on)s is there to talk about.")),
    "test-missed": Reason(gettext_noop("The sample of %(on)s was not given in time. Ask how they are.")),
    "message-failed": Reason(gettext_noop("A message could not be delivered.")),
    # aftercare
    "aftercare-plan": Reason(
        gettext_noop("Has completed the programme. Look at the aftercare plan and sign it.")
    ),
    "aftercare-no-hours": Reason(
        gettext_noop("Nobody is free for a planned call. Callers' hours are missing.")
    ),
    "aftercare-no-time": Reason(gettext_noop("Should be called within two days, and nobody is free.")),
    "aftercare-overdue": Reason(gettext_noop("A call is due for two hours, and nobody has tried yet.")),
    "aftercare-not-tried": Reason(
        gettext_noop("A call was missed because nobody tried. Look at the board, and at the engine's clock.")
    ),
    "aftercare-unfinished": Reason(gettext_noop("A call was made and is not written down yet.")),
    "aftercare-remind": Reason(
        gettext_noop("Missed the last call. Please remind them of the next one by phone.")
    ),
    "aftercare-missed": Reason(gettext_noop("Has missed two calls in a row.")),
    "aftercare-alternate": Reason(
        gettext_noop("Has missed two calls in a row, and agreed that you may ask somebody close to them.")
    ),
    "aftercare-letter": Reason(gettext_noop("Has missed three calls in a row. Please post the letter.")),
    "aftercare-silent-review": Reason(
        gettext_noop("Has missed three calls in a row. Please look at what is known.")
    ),
    "aftercare-lost": Reason(gettext_noop("No contact for a month. We try once a month from now on.")),
    "aftercare-lost-end": Reason(gettext_noop("The last monthly try has passed. Decide what comes next.")),
    "aftercare-number": Reason(gettext_noop("The phone number is wrong.")),
    "aftercare-asked": Reason(gettext_noop("Would like to be called.")),
    "aftercare-crisis": Reason(gettext_noop("May be in danger. Call now.")),
    "aftercare-contact-late": Reason(gettext_noop("Should have been called within two days.")),
    "aftercare-review": Reason(gettext_noop("A check-in call calls for a review.")),
    "aftercare-reassess": Reason(gettext_noop("Two urgent calls in a row. Is more care needed?")),
    "aftercare-review-late": Reason(gettext_noop("A review after an urgent call is late.")),
    "aftercare-readmit": Reason(gettext_noop("More care was decided. Bring them back into the programme.")),
    "aftercare-revoked-open": Reason(
        gettext_noop("Took the consent to calls back while something urgent was open. Decide what to do.")
    ),
    "aftercare-graduated": Reason(gettext_noop("Has completed aftercare. Say good-bye.")),
}


def kind(code: str) -> Kind:
    """Raises Fault for one that nobody wrote."""
    if code not in KINDS:
        raise Fault(f"no kind of task {code}")
    return KINDS[code]


def reason(code: str) -> Reason:
    """Raises Fault for one that nobody wrote."""
    if code not in REASONS:
        raise Fault(f"no reason for a task {code}")
    return REASONS[code]
