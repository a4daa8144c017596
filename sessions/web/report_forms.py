"""What is chosen for a report: for whom, which days, which file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from sessions.attendance.reports import wording
from sessions.attendance.reports.audiences import FORMATS, Audience, Format, of_purpose
from sessions.attendance.reports.service import Wanted
from sessions.attendance.reports.units import Payer
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose
from sessions.consents.recipients import named
from sessions.people.models import Language
from sessions.web.days import date_field


class ReportForm(forms.Form):
    """`whom` is an audience inside of the programme, or the consent that lets the report out."""

    whom = forms.ChoiceField(label=gettext_lazy("For whom?"), widget=forms.RadioSelect)
    from_on = date_field(gettext_lazy("First day"))
    to_on = date_field(gettext_lazy("Last day"))
    format = forms.ChoiceField(
        label=gettext_lazy("File"),
        choices=[(one.value, label) for one, label in wording.FORMATS.items()],
        widget=forms.RadioSelect,
    )
    payer = forms.ChoiceField(
        label=gettext_lazy("Units for claims"),
        choices=[("", gettext_lazy("none")), *((one.value, label) for one, label in wording.PAYERS.items())],
        help_text=gettext_lazy("For an insurer and the chart. Units never change the minutes."),
        required=False,
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the report"), choices=Language.choices)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        inside: Iterable[Audience],
        consents: Iterable[Consent],
        today: date,
        pdf: bool,
    ) -> None:
        first = today.replace(day=1)
        last_month = (first - timedelta(days=1)).replace(day=1)
        self.consents = {str(row.pk): row for row in consents}
        choices = [(one.value, str(wording.AUDIENCES[one]).capitalize()) for one in inside]
        choices += [(key, _out(row)) for key, row in self.consents.items()]
        initial = {
            "whom": choices[0][0],
            "from_on": last_month if today == first else first,
            "to_on": today,
            "format": Format.PDF.value if pdf else Format.CSV.value,
            "language": Language.ENGLISH.value,
        }
        super().__init__(data, initial=initial)
        whom: Any = self.fields["whom"]
        whom.choices = choices
        if choices == [(Audience.CLIENT.value, choices[0][1])]:
            del self.fields["payer"]

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        consent = self.consents.get(given["whom"])
        audience = Audience(given["whom"]) if consent is None else of_purpose(Purpose(consent.purpose))
        payer = given.get("payer")
        pays = audience in (Audience.INSURER, Audience.CHART)
        return Wanted(
            audience=audience or Audience.CHART,
            from_on=given["from_on"],
            to_on=given["to_on"],
            format=Format(given["format"]),
            consent=consent,
            payer=Payer(payer) if payer and pays else None,
            language=given["language"],
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "whom" in given and "format" in given and "from_on" in given and "to_on" in given:
            wanted = self.wanted_audience(given["whom"])
            if Format(given["format"]) not in FORMATS[wanted]:
                self.add_error("format", gettext_lazy("This format is not for this recipient."))
        return given

    def wanted_audience(self, whom: str) -> Audience:
        consent = self.consents.get(whom)
        found = Audience(whom) if consent is None else of_purpose(Purpose(consent.purpose))
        return found or Audience.CHART


def _out(consent: Consent) -> str:
    return named(consent.recipient).line
