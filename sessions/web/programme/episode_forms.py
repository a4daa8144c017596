"""What is asked on the way from referral to discharge."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.people.models import Language, Person, validate_time_zone
from sessions.programs import episode_facts, episodes
from sessions.programs.episode_models import EpisodeFactKind
from sessions.programs.models import Cohort, LevelOfCare, Program
from sessions.programs.stretches import Hours
from sessions.web.days import date_field
from sessions.web.programme.calendar_forms import PersonChoice, staff_of

_TEXT = forms.Textarea(attrs={"rows": 4})


class ReferralForm(forms.Form):
    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=80)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=80)
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=32, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=Language.choices)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Such as America/Phoenix. Left empty, the programme's."),
        validators=[validate_time_zone],
    )
    source = forms.CharField(label=gettext_lazy("Referred by"), max_length=120, required=False)
    referred_on = date_field(gettext_lazy("Referred on"))


class HoursForm(forms.Form):
    cohort = forms.ModelChoiceField(
        label=gettext_lazy("Group"), queryset=Cohort.objects.none(), empty_label=gettext_lazy("Choose…")
    )
    level_of_care = forms.ChoiceField(
        label=gettext_lazy("Level of care"),
        choices=LevelOfCare.choices,
        initial=LevelOfCare.INTENSIVE_OUTPATIENT,
    )
    weekly_target_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes a week"), min_value=30, max_value=2400
    )
    days_a_week = forms.IntegerField(label=gettext_lazy("Days a week"), min_value=1, max_value=7)
    minutes_a_day = forms.IntegerField(label=gettext_lazy("Minutes a day"), min_value=30, max_value=600)

    def __init__(self, data: object, *, of: Program, initial: dict[str, Any] | None = None) -> None:
        rules = of.rules
        super().__init__(
            data,  # type: ignore[arg-type]
            initial={
                "weekly_target_minutes": rules.weekly_target_minutes,
                "days_a_week": rules.days_a_week,
                "minutes_a_day": rules.minutes_a_day,
                **(initial or {}),
            },
        )
        fields: dict[str, Any] = self.fields
        fields["cohort"].queryset = Cohort.objects.of(of.pk).order_by("name")

    def hours(self) -> Hours:
        given = self.cleaned_data
        return Hours(given["weekly_target_minutes"], given["days_a_week"], given["minutes_a_day"])


class AdmissionForm(HoursForm):
    starts_on = date_field(gettext_lazy("First day"))
    planned_end_on = date_field(
        gettext_lazy("Planned last day"),
        required=False,
        help_text=gettext_lazy(
            "Left empty, as many days later as the programme plans. Nothing ends by itself."
        ),
    )
    therapist = PersonChoice(label=gettext_lazy("Therapist"), queryset=Person.objects.none(), required=False)

    def __init__(self, data: object, *, of: Program, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, of=of, initial=initial)
        fields: dict[str, Any] = self.fields
        fields["therapist"].queryset = staff_of(of)


class StepForm(HoursForm):
    effective_on = date_field(gettext_lazy("From this day on"))
    why = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=episode_facts.LONGEST,
        widget=_TEXT,
        help_text=gettext_lazy("A clinician reads it before signing."),
    )


class SignForm(forms.Form):
    typed_name = forms.CharField(
        label=gettext_lazy("Sign with your name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class WhyForm(forms.Form):
    why = forms.CharField(label=gettext_lazy("Why"), max_length=episode_facts.LONGEST, widget=_TEXT)


class LeaveForm(WhyForm):
    on = date_field(
        gettext_lazy("First day without the group"),
        help_text=gettext_lazy(
            "What has been stays on record; sessions of their own stay on the calendar. They and who leads "
            "the group are told."
        ),
    )
    field_order = ("on", "why")


class EndForm(WhyForm):
    how = forms.ChoiceField(
        label=gettext_lazy("How it ended"), choices=[(one.value, one.label) for one in episodes.ENDINGS]
    )
    on = date_field(
        gettext_lazy("Last day"),
        help_text=gettext_lazy(
            "A mistake can be taken back for a week: their group, series and sessions come back where nobody "
            "is booked by then. A prescribed week, days of samples and guests are then looked at once more."
        ),
    )
    field_order = ("how", "on", "why")

    def __init__(self, data: object, *, begun: bool, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        if not begun:
            fields: dict[str, Any] = self.fields
            discharged = EpisodeFactKind.DISCHARGED
            fields["how"].choices = [(discharged.value, discharged.label)]
            fields["on"].help_text = _(
                "They have not begun: their place is free from now on. A mistake can be taken back for a "
                "week; they are then admitted once more."
            )
