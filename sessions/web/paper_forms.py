"""What is typed under consents: a paper to offer, a signature, what was told by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.consents import service
from sessions.consents.disclosures import BY_HAND, WORDS_LONGEST
from sessions.consents.labels import PURPOSES, RECIPIENTS, SCOPES
from sessions.consents.models import Basis, Recipient
from sessions.consents.papers import Paper, Stage
from sessions.consents.purposes import RULES, Purpose, RecipientKind, Scope
from sessions.consents.recipients import ADDRESS_LONGEST, NAME_LONGEST
from sessions.core.errors import Invalid
from sessions.people.models import Person
from sessions.programs.clients import ClientFile
from sessions.web import papers
from sessions.web.days import date_field

USUAL: timedelta = timedelta(days=365)


class PurposeForm(forms.Form):
    """First what for: the rest of the form follows from it."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("What is it for?"),
        choices=[(purpose.value, label) for purpose, label in PURPOSES.items()],
        widget=forms.RadioSelect,
    )


class OfferForm(forms.Form):
    """A paper for one purpose. Fields that the purpose leaves no choice in are not there."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind of recipient"))
    guest = forms.ChoiceField(label=gettext_lazy("Who may be told?"))
    name = forms.CharField(
        label=gettext_lazy("Who may be told?"),
        help_text=gettext_lazy("The name of the person or office. It stands in the paper as you type it."),
        max_length=NAME_LONGEST,
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Where they are reached: street, e-mail or fax. You may leave it empty."),
        max_length=ADDRESS_LONGEST,
        required=False,
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What may be told?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Say what may be shared.")},
    )
    last_day = date_field(label=gettext_lazy("Last day"), required=False)
    with_episode = forms.BooleanField(
        label=gettext_lazy("It also ends when the client leaves the programme"), required=False
    )
    of_age_on = date_field(
        label=gettext_lazy("Only for somebody under age: the day they come of age"),
        help_text=gettext_lazy("Then a guardian signs too, as the programme's settings say."),
        required=False,
    )
    guardian = forms.ChoiceField(label=gettext_lazy("Guardian"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        purpose: Purpose,
        guests: Iterable[Person],
        today: date,
    ) -> None:
        self.purpose, self.rule = purpose, RULES[purpose]
        household = [(str(guest.pk), guest.name) for guest in guests]
        self.guests = dict(household)
        longest = today + self.rule.longest
        initial = {"last_day": min(today + USUAL, longest), "scopes": [self._only_scope()]}
        super().__init__(data, initial=initial)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(scope.value, SCOPES[scope]) for scope in Scope if scope in self.rule.scopes]
        kinds = [kind for kind in RecipientKind if kind in self.rule.recipients]
        by_name = [kind for kind in kinds if kind not in (RecipientKind.PROGRAM, RecipientKind.FAMILY)]
        self._choose("kind", [(kind.value, RECIPIENTS[kind]) for kind in by_name])
        self._choose("guest", household)
        self._choose("guardian", [("", _("nobody")), *household])
        if not by_name:
            del self.fields["name"], self.fields["address"]
        if len(by_name) < 2:
            del self.fields["kind"]
        self.by_name = by_name
        if by_name or kinds == [RecipientKind.PROGRAM]:
            del self.fields["guest"]
        if not household:
            del self.fields["guardian"], self.fields["of_age_on"]
        if purpose is Purpose.AFTERCARE:
            del self.fields["with_episode"]  # it begins to matter when that ends

    def recipient(self, file: ClientFile) -> Recipient:
        """Raises Invalid."""
        given = self.cleaned_data
        if "guest" in self.fields:
            return service.guest_recipient(file, Person.objects.get(pk=given["guest"]))
        if not self.by_name:
            return service.program_recipient(file)
        kind = RecipientKind(given["kind"]) if "kind" in self.fields else self.by_name[0]
        return service.outside_recipient(file, kind, given["name"], given["address"])

    def offer(self, file: ClientFile) -> service.Offer:
        """Raises Invalid."""
        given = self.cleaned_data
        minor = None
        if given.get("of_age_on"):
            if not given.get("guardian"):
                raise Invalid("Say who the guardian is.")
            minor = service.Minor(given["of_age_on"], Person.objects.get(pk=given["guardian"]))
        return service.Offer(
            purpose=self.purpose,
            recipient=self.recipient(file),
            scopes=[Scope(scope) for scope in given["scopes"]],
            last_day=given["last_day"],
            with_episode=bool(given.get("with_episode")),
            minor=minor,
        )

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def _only_scope(self) -> str:
        return next(iter(self.rule.scopes)).value if len(self.rule.scopes) == 1 else Scope.ATTENDANCE.value


class SignForm(forms.Form):
    agreed = forms.BooleanField(
        error_messages={"required": gettext_lazy("Tick that you agree, or leave without signing.")}
    )
    typed_name = forms.CharField(
        label=gettext_lazy("Sign with your name"),
        help_text=gettext_lazy("Your full name, as in your account. It stands for your signature."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    sha256 = forms.CharField(widget=forms.HiddenInput)


class ByHandForm(forms.Form):
    """What somebody told by telephone, letter or in person."""

    under = forms.ChoiceField(label=gettext_lazy("To whom, and what allows it"))
    name = forms.CharField(
        label=gettext_lazy("Who was told"),
        help_text=gettext_lazy("Only without a consent: otherwise the paper says it."),
        max_length=NAME_LONGEST,
        required=False,
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it was about"),
        choices=[(scope.value, SCOPES[scope]) for scope in Scope if scope is not Scope.PRESENCE],
        widget=forms.CheckboxSelectMultiple,
    )
    via = forms.ChoiceField(label=gettext_lazy("How"), choices=[(via, papers.VIA[via]) for via in BY_HAND])
    words = forms.CharField(
        label=gettext_lazy("What was told, in a few words"),
        max_length=WORDS_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, in_force: Iterable[Paper]) -> None:
        super().__init__(data)
        self.in_force: dict[UUID, Paper] = {
            paper.consent.pk: paper
            for paper in in_force
            if paper.stage is Stage.IN_FORCE and paper.recipient.kind is not RecipientKind.PROGRAM
        }
        under: Any = self.fields["under"]
        under.choices = [
            *((str(pk), papers.recipient(paper.recipient)) for pk, paper in self.in_force.items()),
            *((basis.value, basis.label) for basis in Basis if basis is not Basis.CONSENT),
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("under") in Basis.values and not given.get("name", "").strip():
            self.add_error("name", _("Say who was told."))
        return given

    def paper(self) -> Paper | None:
        return next((p for pk, p in self.in_force.items() if str(pk) == self.cleaned_data["under"]), None)
