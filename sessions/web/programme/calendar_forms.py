"""Forms of the calendar. Times typed for a programme are those of its clock on the wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.db.models import Q, QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from sessions.consents import service as consents
from sessions.core import clock, zones
from sessions.core.span import Span
from sessions.people.models import HouseholdMember, Membership, Person
from sessions.people.roles import LEADING, Role, RoomRole
from sessions.programs import slots
from sessions.programs.calendar_models import Series
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Meeting, Program
from sessions.programs.recurrence import Pattern, occurrence, weekly
from sessions.programs.series import Draft
from sessions.programs.service import Invitation
from sessions.programs.settings import Track
from sessions.web.days import date_field

if TYPE_CHECKING:
    OneOf: TypeAlias = forms.ModelChoiceField[Any]
    SomeOf: TypeAlias = forms.ModelMultipleChoiceField[Any]
else:  # Django's own classes take no parameters
    OneOf, SomeOf = forms.ModelChoiceField, forms.ModelMultipleChoiceField


class PersonChoice(OneOf):
    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **{"empty_label": _("Choose…"), **how})

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class PeopleChoice(SomeOf):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class GuestsChoice(SomeOf):
    def label_from_instance(self, obj: Any) -> str:
        return _("%(guest)s, guest of %(client)s") % {
            "guest": obj.person.name,
            "client": obj.household.client.name,
        }


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


def guests_of(program: Program) -> QuerySet[HouseholdMember]:
    """Family guests to whose presence their client consents now."""
    rows = HouseholdMember.objects.filter(household__program=program)
    pairs = consents.present_for(program.pk, rows.values_list("person", flat=True), clock.now())
    welcome = Q(pk__in=[])
    for client, guest in pairs:
        welcome |= Q(household__client=client, person=guest)
    return (
        rows.filter(welcome)
        .select_related("person", "household__client")
        .order_by("household__client__given_name", "person__given_name", "pk")
    )


def time_field(label: Any, **more: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}), **more
    )


_BREAKS = (("break_start", "break_end"), ("second_start", "second_end"))


def breaks_of(given: Mapping[str, Any]) -> tuple[tuple[time, time], ...]:
    """The breaks of a form with two pairs of fields, in order."""
    return tuple(sorted((given[a], given[b]) for a, b in _BREAKS if given.get(a) and given.get(b)))


def check_breaks(form: forms.Form, given: Mapping[str, Any]) -> None:
    """Each break whole, inside the hours, and not in the other: said at the field that is wrong."""
    start, end = given.get("start"), given.get("end")
    over_midnight = bool(start and end and end <= start)
    for begins, ends in _BREAKS:
        if bool(given.get(begins)) != bool(given.get(ends)):
            form.add_error(ends, _("A break has a beginning and an end."))
        elif not (given.get(begins) and start and end) or over_midnight:
            continue
        elif not start < given[begins] < given[ends] < end:
            form.add_error(begins, _("A break lies inside the hours."))
    both = breaks_of(given)
    if len(both) == len(_BREAKS) and not over_midnight and both[1][0] < both[0][1]:
        form.add_error("second_start", _("The two breaks overlap."))


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
    guests = GuestsChoice(
        label=_("Family guests, together with their client"),
        queryset=HouseholdMember.objects.none(),
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
    second_start = time_field(_("Second break from"), required=False)
    second_end = time_field(_("Second break to"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, program: Program, **more: Any) -> None:
        super().__init__(data, **more)
        self.program = program
        fields: dict[str, Any] = self.fields
        fields["cohort"].queryset = Cohort.objects.of(program.pk).order_by("name")
        fields["clients"].queryset = clients_of(program)
        if not fields["clients"].queryset.exists():
            del fields["clients"]
        fields["facilitators"].queryset = staff_of(program)
        fields["guests"].queryset = guests_of(program)
        if not fields["guests"].queryset:
            del fields["guests"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        check_breaks(self, given)
        return given

    def invitees(self) -> list[Invitation]:
        """Clients by name where no group is asked; family guests in either case."""
        alone = self.cleaned_data.get("clients", ()) if self.cleaned_data["cohort"] is None else ()
        guests = self.cleaned_data.get("guests", ())
        return [
            *((one, RoomRole.CLIENT) for one in alone),
            *((one.person, RoomRole.FAMILY) for one in guests),
        ]

    def pattern(self) -> Pattern:
        given = self.cleaned_data
        return Pattern(
            rule="FREQ=DAILY",
            starts_on=given["starts_on"],
            start=given["start"],
            end=given["end"],
            zone=self.program.time_zone,
            breaks=breaks_of(given),
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
        *("kind", "title", "cohort", "clients", "guests", "facilitators", "weekdays", "every"),
        *("start", "end", "break_start", "break_end", "second_start", "second_end", "starts_on", "ends_on"),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        program: Program,
        row: Series | None = None,
        preset: Track | None = None,
    ) -> None:
        initial: dict[str, Any] = {"every": 1}
        if row is not None:
            initial |= _initial(row)
        elif preset is not None:
            initial |= {
                "start": preset.start,
                "end": preset.end,
                **typed_breaks(preset.breaks),
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
            whole = occurrence(Pattern("FREQ=DAILY", on, given["start"], given["end"], self.zone), on).span
            begins = whole.start
            while begins + length <= whole.end:
                found.append(Span(begins, begins + length))
                begins += step
        return found


def typed_breaks(breaks: Sequence[Sequence[str]]) -> dict[str, str]:
    """Stored breaks as values of the form's two pairs of fields."""
    return {
        name: at
        for names, pair in zip(_BREAKS, breaks, strict=False)
        for name, at in zip(names, pair, strict=True)
    }


def _initial(row: Series) -> dict[str, Any]:
    days = row.rule.partition("BYDAY=")[2].split(";")[0]
    invited = row.invitee_rows.all()
    return {
        "kind": row.kind,
        "title": row.title,
        "cohort": row.cohort_id,
        "clients": list(invited.filter(role=RoomRole.CLIENT).values_list("person_id", flat=True)),
        "guests": list(
            HouseholdMember.objects.filter(
                household__program=row.program_id,
                person__in=invited.filter(role=RoomRole.FAMILY).values("person"),
            ).values_list("pk", flat=True)
        ),
        "facilitators": [one.pk for one in row.facilitators.all()],
        "weekdays": [str(day) for day in range(7) if weekly([day])[-2:] in days.split(",")],
        "start": row.start,
        "end": row.end,
        **typed_breaks(row.breaks),
        "starts_on": zones.local_date(clock.now(), row.program.time_zone) + timedelta(days=7),
        "ends_on": row.ends_on,
        "every": int(row.rule.partition("INTERVAL=")[2].split(";")[0] or 1),
    }
