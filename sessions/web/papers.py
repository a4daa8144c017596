"""Consents and what was told, in words for a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from sessions.consents.disclosures import Told
from sessions.consents.labels import PURPOSES, RECIPIENTS, SCOPES
from sessions.consents.models import Basis, Signer
from sessions.consents.papers import Paper, Stage
from sessions.consents.recipients import Named
from sessions.people.models import Person
from sessions.web import words

VIA: Final[dict[str, str | Promise]] = {
    "report": gettext_lazy("as a report"),
    "session": gettext_lazy("in a session"),
    "telephone": gettext_lazy("by telephone"),
    "letter": gettext_lazy("by letter"),
    "in_person": gettext_lazy("in person"),
    "electronic": gettext_lazy("electronically"),
}
TAGS: Final = {Stage.OFFERED: "attention", Stage.IN_FORCE: "now", Stage.EXPIRED: "", Stage.ENDED: ""}


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    title: str  # who may be told
    purpose: str
    what: tuple[str, ...]
    tag: str
    tag_style: str
    says: str  # what state it is in, and until when
    yours: bool  # waits for the reader's signature


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the accounting."""

    when: str
    who: str
    what: tuple[str, ...]
    how: str
    basis: str
    by: str
    words: str


def long_day(on: date) -> str:
    # Translators: a Django date format for a day with its year, such as November 23, 2026.
    return dateformat.format(on, pgettext("format", "F j, Y"))


def moment(at: datetime) -> str:
    return f"{words.day(at)}, {words.clock(at)}"


def long_moment(at: datetime) -> str:
    """`November 23, 2026, 6:00 PM`, in the reader's own zone."""
    return f"{long_day(localtime(at).date())}, {words.clock(at)}"


def recipient(who: Named) -> str:
    return who.line or str(RECIPIENTS[who.kind]).capitalize()


def row(paper: Paper, reader: Person) -> Row:
    return Row(
        id=paper.consent.pk,
        title=recipient(paper.recipient),
        purpose=str(PURPOSES[paper.purpose]),
        what=tuple(str(SCOPES[scope]) for scope in paper.scopes),
        tag=_tag(paper),
        tag_style=TAGS[paper.stage],
        says=_("Waits for your signature.") if paper.awaits(reader) else _says(paper),
        yours=paper.awaits(reader),
    )


def last_day(paper: Paper) -> date | None:
    """The last day on which it counts, in the programme's zone."""
    expires_at = paper.consent.expires_at
    if expires_at is None:
        return None
    zone = ZoneInfo(paper.consent.program.time_zone)
    return (expires_at - timedelta(seconds=1)).astimezone(zone).date()


def account(told: Told) -> Account:
    basis = str(told.basis.label)
    if told.basis is Basis.CONSENT and told.purpose is not None:
        basis = f"{basis}: {PURPOSES[told.purpose]}"
    return Account(
        when=long_moment(told.at),
        who=recipient(told.recipient),
        what=tuple(str(SCOPES[scope]) for scope in told.scopes),
        how=str(VIA[told.via]),
        basis=basis,
        by=told.by.name,
        words=told.words,
    )


def _tag(paper: Paper) -> str:
    match paper.stage:
        case Stage.OFFERED:
            return _("not signed yet")
        case Stage.IN_FORCE:
            return _("in force")
        case Stage.EXPIRED:
            return _("expired")
        case Stage.ENDED:
            return str(paper.how.label) if paper.how is not None else _("over")


def _says(paper: Paper) -> str:
    until = last_day(paper)
    match paper.stage:
        case Stage.OFFERED:
            missing = [str(signer.label) for signer in paper.missing]
            return _("Waits for the signature of: %s.") % words.and_list(missing)
        case Stage.IN_FORCE if until is not None and paper.consent.with_episode:
            return _("Until %s, or until the programme ends.") % long_day(until)
        case Stage.IN_FORCE if until is not None:
            return _("Until %s.") % long_day(until)
        case Stage.IN_FORCE:
            return _("Until the programme ends.")
        case Stage.EXPIRED if until is not None:
            return _("Counted until %s.") % long_day(until)
        case Stage.EXPIRED:
            return _("Counted until the programme ended.")
        case Stage.ENDED:
            return _("Since %s.") % moment(paper.ended_at) if paper.ended_at is not None else ""


def signed_by(paper: Paper) -> list[tuple[str, str]]:
    """Who, and when."""
    return [
        (
            one.name if one.signer is Signer.PATIENT else f"{one.name} ({one.signer.label})",
            long_moment(one.at),
        )
        for one in paper.signatures
    ]
