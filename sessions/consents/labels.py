"""Purposes, recipients and scopes as people read them, in the reader's language."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions.consents.purposes import Purpose, RecipientKind, Scope

PURPOSES: Final[dict[Purpose, str | Promise]] = {
    Purpose.PRESENCE: _("So that they can take part in sessions with me"),
    Purpose.CARE: _("So that others who treat me know how I am doing"),
    Purpose.PAYMENT: _("So that my treatment is paid for"),
    Purpose.COURT: _("So that a court or my probation officer sees that I take part"),
    Purpose.EMPLOYMENT: _("So that my employer sees that I take part"),
    Purpose.CONTACT: _("So that somebody can be asked when I cannot be reached"),
    Purpose.AFTERCARE: _("So that the programme can keep calling me afterwards"),
}
RECIPIENTS: Final[dict[RecipientKind, str | Promise]] = {
    RecipientKind.PROGRAM: _("this programme"),
    RecipientKind.FAMILY: _("family or friend"),
    RecipientKind.CONTACT: _("person to ask for me"),
    RecipientKind.PROVIDER: _("doctor, clinic or counsellor"),
    RecipientKind.INSURER: _("insurer"),
    RecipientKind.COURT: _("court"),
    RecipientKind.PROBATION: _("probation or parole"),
    RecipientKind.EMPLOYER: _("employer"),
}
SCOPES: Final[dict[Scope, str | Promise]] = {
    Scope.PRESENCE: _("that I am in this programme, and what is said in the sessions we share"),
    Scope.ATTENDANCE: _("which sessions I attended, when and for how many minutes"),
    Scope.TESTS: _("results of drug tests"),
    Scope.PLAN: _("my level of care, my goals and how I am doing"),
    Scope.NOTES: _("what my counsellors wrote about me"),
    Scope.WHEREABOUTS: _("that I am known to this programme, and how to reach me"),
    Scope.CALLS: _("calls with me, what I am asked and what I answer"),
}
