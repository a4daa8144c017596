"""The words of a paper: everything that a consent must say, in the client's language, as it will be signed.

Elements: patient, discloser, what, recipient, purpose, expiry, right to revoke; signature and date are the
Signature rows. Source: 42 CFR 2.31(a); 45 CFR 164.508(c); DOMAIN 7. A change of these words makes new papers
differ; a signed one keeps its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override, pgettext

from sessions.consents.labels import PURPOSES, SCOPES
from sessions.consents.purposes import Purpose, RecipientKind, Scope

FORM: Final = "2026-1"  # of these words
INTENT: Final = gettext_noop("I have read this. I agree, and my typed name is my signature.")


@dataclass(frozen=True, slots=True)
class Part:
    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    language: str
    title: str
    parts: tuple[Part, ...]
    intent: str  # what the signer ticks
    form: str = FORM

    def dump(self) -> str:
        """What is hashed and kept."""
        return json.dumps(
            {
                "form": self.form,
                "language": self.language,
                "title": self.title,
                "parts": [[part.heading, list(part.lines)] for part in self.parts],
                "intent": self.intent,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def load(cls, text: str) -> Self:
        found = json.loads(text)
        parts = tuple(Part(heading, tuple(lines)) for heading, lines in found["parts"])
        return cls(found["language"], found["title"], parts, found["intent"], found["form"])


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(
    *,
    language: str,
    patient: str,
    discloser: str,
    recipient: str,
    kind: RecipientKind,
    purpose: Purpose,
    scopes: list[Scope],
    last_day: date | None,
    with_episode: bool,
    guardian: str = "",
) -> Document:
    """`recipient` is a name and, when there is one, an address; "" for the programme itself."""
    with override(language):
        who = recipient or discloser
        parts = [
            Part(_("Who I am"), (patient, *([_("Guardian: %s") % guardian] if guardian else []))),
            Part(_("Who may tell"), (discloser,)),
            Part(_("Who may be told"), (who,)),
            Part(_("What may be told"), tuple(str(SCOPES[scope]) for scope in scopes)),
            Part(_("What for"), (str(PURPOSES[purpose]),)),
            Part(_("Until when"), tuple(_ends(last_day, with_episode))),
            Part(_("My rights"), tuple(_rights(kind))),
        ]
        title = (
            _("Consent to calls after treatment") if purpose is Purpose.AFTERCARE else _("Consent to share")
        )
        return Document(language, title, tuple(parts), _(INTENT))


def _ends(last_day: date | None, with_episode: bool) -> list[str]:
    found = []
    if last_day is not None:
        # Translators: a Django date format for a day with its year, such as November 23, 2026.
        shown = dateformat.format(last_day, pgettext("format", "F j, Y"))
        found.append(_("Until the end of %s.") % shown)
    if with_episode:
        found.append(
            _("It also ends when I leave the programme.") if last_day else _("Until I leave the programme.")
        )
    return found


def _rights(kind: RecipientKind) -> list[str]:
    found = [
        _("I may take this back at any time, here or by telling anybody of the programme. It ends at once."),
        _("What was told before I took it back cannot be taken back."),
        _("I am treated the same whether I sign or not."),
    ]
    if kind is not RecipientKind.PROGRAM:
        found += [
            _("Whoever is told also reads that federal law forbids passing it on (42 CFR part 2)."),
            _("I can see at any time what was told to whom."),
        ]
    return found
