"""Forms of the calendar. Times typed for a programme are those of its clock on the wall."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from sessions.core import clock, zones
from sessions.core.span import Span
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING, Role, RoomRole
from sessions.programs import slots
from sessions.programs.calendar_models import Series
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Meeting, Program
from sessions.programs.recurrence import Pattern, occurrence, weekly
from sessions.programs.series import Draft
from sessions.programs.service import Invitation

if TYPE_CHECKING:
    OneOf: TypeAlias = forms.ModelChoiceField[Any]
    SomeOf: TypeAlias = forms.ModelMultipleChoiceField[Any]
else:  # Django's own classes take no parameters
    OneOf, SomeOf = forms.ModelChoiceField, forms.ModelMultipleChoiceField


class PersonChoice(OneOf):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class PeopleChoice(SomeOf):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


def staff_of(program: Program) -> QuerySet[Person]:
    rows = Membership.objects.filter(program=program, role__in=LEADING).active()
    return Person.objects.filter(pk__in=rows.values("person")).order_by("given_name", "family_name")


def clients_of(program: Program) -> QuerySet[Person]:
    rows = Membership.objects.filter(program=program, role=Role.CLIENT).active()
    return (
        Person.objects.filter(pk__in=rows.values("person"), episodes__ended_on=None)
        .distinct()
        .order_by("given_name", "family_name")
    )


def date_field(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, widget=widget, input_formats=["%Y-%m-%d"], **more)


def time_field(label: Any, **more: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}), **more
    )


class _Timed(forms.Form):
    kind = forms.ChoiceField(label=_("Kind of session"), choices=MeetingKind.choices)
    title = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("Left empty, it is called by its kind.")
    )
    cohort = forms.ModelChoiceField(
        label=_("Group"), queryset=Cohort.objects.none(), required=False, empty_label=_("no group")
    )
    clients = PeopleChoice(
        label=_("Clients, when it is for no group"),
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    facilitators = PeopleChoice(
        label=_("Led by"), queryset=Person.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    starts_on = date_field(_("First day"))
    start = time_field(_("From"))
    end = time_field(_("To"))
    break_start = time_field(_("Break from"), required=False)
    break_end = time_field(_("Break to"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, program: Program, **more: Any) -> None:
        super().__init__(data, **more)
        self.program = program
        fields: dict[str, Any] = self.fields
        fields["cohort"].queryset = Cohort.objects.of(program.pk).order_by("name")
        fields["clients"].queryset = clients_of(program)
        fields["facilitators"].queryset = staff_of(program)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("break_start")) != bool(given.get("break_end")):
            self.add_error("break_end", _("A break has a beginning and an end."))
        return given

    def invitees(self) -> list[Invitation]:
        if self.cleaned_data["cohort"] is not None:
            return []
        return [(one, RoomRole.CLIENT) for one in self.cleaned_data["clients"]]

    def pattern(self) -> Pattern:
        given = self.cleaned_data
        pause = (
            ((given["break_start"], given["break_end"]),)
            if given["break_start"] and given["break_end"]
            else ()
        )
        return Pattern(
            rule="FREQ=DAILY",
            starts_on=given["starts_on"],
            start=given["start"],
            end=given["end"],
            zone=self.program.time_zone,
            breaks=pause,
        )


class MeetingForm(_Timed):
    """One session."""

    def __init__(self, data: Mapping[str, Any] | None, *, program: Program) -> None:
        super().__init__(data, program=program)
        self.fields["starts_on"].label = _("Day")

    @property
    def span(self) -> Span:
        return occurrence(self.pattern(), self.cleaned_data["starts_on"]).span

    def breaks(self) -> tuple[Span, ...]:
        return occurrence(self.pattern(), self.cleaned_data["starts_on"]).breaks


class SeriesForm(_Timed):
    """A series, new or as it is to be from a day on."""

    weekdays = forms.MultipleChoiceField(
        label=_("On"),
        choices=[(str(day), name) for day, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    every = forms.IntegerField(label=_("Every so many weeks"), min_value=1, max_value=12, initial=1)
    ends_on = date_field(_("Last day"), required=False, help_text=_("Left empty, it goes on."))

    field_order = (
        *("kind", "title", "cohort", "clients", "facilitators", "weekdays", "every"),
        *("start", "end", "break_start", "break_end", "starts_on", "ends_on"),
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, program: Program, row: Series | None = None
    ) -> None:
        tracks = program.rules.tracks
        initial: dict[str, Any] = {"every": 1}
        if row is not None:
            initial |= _initial(row)
        elif tracks:
            preset = tracks[-1]
            initial |= {
                "start": preset.start,
                "end": preset.end,
                "break_start": preset.break_start,
                "break_end": preset.break_end,
                "weekdays": [str(day) for day in preset.weekdays],
            }
        super().__init__(data, program=program, initial=initial)
        if row is not None:
            self.fields["starts_on"].label = _("From this day on")

    def draft(self) -> Draft:
        given = self.cleaned_data
        return Draft(
            kind=MeetingKind(given["kind"]),
            rule=weekly([int(day) for day in given["weekdays"]], given["every"]),
            starts_on=given["starts_on"],
            start=given["start"],
            end=given["end"],
            facilitators=list(given["facilitators"]),
            cohort=given["cohort"],
            invitees=self.invitees(),
            ends_on=given["ends_on"],
            title=given["title"],
            breaks=self.pattern().breaks,
        )


class MoveForm(forms.Form):
    on = date_field(_("New day"))
    start = time_field(_("From"))
    end = time_field(_("To"))

    def __init__(self, data: Mapping[str, Any] | None, *, meeting: Meeting) -> None:
        self.meeting = meeting
        zone = zones.zone(meeting.program.time_zone)
        start, end = localtime(meeting.starts_at, zone), localtime(meeting.ends_at, zone)
        super().__init__(data, initial={"on": start.date(), "start": start.time(), "end": end.time()})

    @property
    def span(self) -> Span:
        given = self.cleaned_data
        pattern = Pattern(
            "FREQ=DAILY", given["on"], given["start"], given["end"], self.meeting.program.time_zone
        )
        return occurrence(pattern, given["on"]).span


class SubstituteForm(forms.Form):
    out = PersonChoice(label=_("Cannot come"), queryset=Person.objects.none())
    instead = PersonChoice(label=_("Leads instead"), queryset=Person.objects.none())

    def __init__(self, data: Mapping[str, Any] | None, *, meeting: Meeting) -> None:
        super().__init__(data)
        fields: dict[str, Any] = self.fields
        fields["out"].queryset = meeting.facilitators.all()
        fields["instead"].queryset = staff_of(meeting.program).exclude(pk__in=meeting.facilitators.all())


class HolidayForm(forms.Form):
    on = date_field(_("Day"))
    name = forms.CharField(label=_("What it is called"), max_length=80)


class HoursForm(forms.Form):
    """Hours that a facilitator offers: on one day, or the same on some weeks."""

    kind = forms.ChoiceField(
        label=_("Kind of session"), choices=[(one.value, one.label) for one in slots.BY_CLIENTS]
    )
    on = date_field(_("Day"))
    start = time_field(_("From"))
    end = time_field(_("To"))
    minutes = forms.TypedChoiceField(
        label=_("Minutes of one session"),
        coerce=int,
        choices=[(n, str(n)) for n in (25, 30, 45, 50, 60)],
        initial=50,
    )
    weeks = forms.IntegerField(label=_("For so many weeks"), min_value=1, max_value=12, initial=1)

    def __init__(self, data: Mapping[str, Any] | None, *, zone: str) -> None:
        super().__init__(data)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("start") and given.get("end") and given["end"] <= given["start"]:
            self.add_error("end", _("The end must come after the start."))
        if given.get("on") and given["on"] < zones.local_date(clock.now(), self.zone):
            self.add_error("on", _("This day has passed."))
        return given

    def spans(self) -> list[Span]:
        given, found = self.cleaned_data, []
        length = timedelta(minutes=given["minutes"])
        step = timedelta(minutes=-(-given["minutes"] // 30) * 30)  # on the half hour
        for week in range(given["weeks"]):
            on = given["on"] + timedelta(weeks=week)
            at = datetime.combine(on, given["start"], zones.zone(self.zone))
            end = datetime.combine(on, given["end"], zones.zone(self.zone))
            whole = Span(at, end)
            begins = whole.start
            while begins + length <= whole.end:
                found.append(Span(begins, begins + length))
                begins += step
        return found


def _initial(row: Series) -> dict[str, Any]:
    days = row.rule.partition("BYDAY=")[2].split(";")[0]
    return {
        "kind": row.kind,
        "title": row.title,
        "cohort": row.cohort_id,
        "clients": [one.pk for one in row.invitees.all()],
        "facilitators": [one.pk for one in row.facilitators.all()],
        "weekdays": [str(day) for day in range(7) if weekly([day])[-2:] in days.split(",")],
        "start": row.start,
        "end": row.end,
        "break_start": row.breaks[0][0] if row.breaks else None,
        "break_end": row.breaks[0][1] if row.breaks else None,
        "starts_on": zones.local_date(clock.now(), row.program.time_zone) + timedelta(days=7),
        "ends_on": row.ends_on,
        "every": int(row.rule.partition("INTERVAL=")[2].split(";")[0] or 1),
    }
