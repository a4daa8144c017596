"""A client's week as a clinician prescribes it: from which day on, checked at once, and what held before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sessions.core import zones
from sessions.people.access import Act, may, require
from sessions.people.models import Person
from sessions.plan import service as plans
from sessions.plan import weeks
from sessions.plan.weeks import ALONE, Alone
from sessions.programs import episodes
from sessions.programs.calendar_models import Series
from sessions.programs.episode_facts import today
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.web import words
from sessions.web.days import date_field
from sessions.web.programme.calendar_forms import PersonChoice, SomeOf, staff_of, time_field
from sessions.web.programme.pages import form_page
from sessions.web.programme.schedule import series_row
from sessions.web.signed_in import PersonRequest, signed_in

NEW: Final = 2  # sessions of their own that one form can add
_BOXES: Any = forms.CheckboxSelectMultiple


class SeriesChoice(SomeOf):
    def label_from_instance(self, obj: Any) -> str:
        group = obj.cohort.name if obj.cohort else ""
        return ", ".join(filter(None, [obj.shown_title, group, series_row(obj, brief=True)["says"]]))


class WeekForm(forms.Form):
    starts_on = date_field(gettext_lazy("From this day on"))
    off = forms.MultipleChoiceField(
        label=gettext_lazy("Days off from the group"),
        help_text=gettext_lazy(
            "They are not expected then, and not absent. Who comes all the same can be let in. Only the "
            "group's own series stand here: a series of another group is joined as a whole or not at all, "
            "and a session of their own has one weekday; leave those out below."
        ),
        required=False,
        widget=_BOXES,
    )
    joined = SeriesChoice(
        label=gettext_lazy("Sessions of other groups"),
        queryset=Series.objects.none(),
        required=False,
        widget=_BOXES,
    )
    keep = SeriesChoice(
        label=gettext_lazy("Sessions of their own that stay"),
        queryset=Series.objects.none(),
        required=False,
        widget=_BOXES,
    )

    def __init__(self, data: object, *, of: Episode) -> None:
        held = weeks.current(of)
        lines = {} if held is None else {line.series_id: line.own for line in held.lines.all()}
        day = today(of)
        super().__init__(
            data,  # type: ignore[arg-type]
            initial={
                "starts_on": max(day, held.starts_on) if held else day,
                "joined": [pk for pk, own in lines.items() if not own],
                "keep": [pk for pk, own in lines.items() if own],
                "off": [f"{series}:{weekday}" for series, weekday in weeks.days_off(of)],
                **{f"leader{n}": of.therapist_id for n in range(1, NEW + 1)},
            },
        )
        fields: dict[str, Any] = self.fields
        self._days = {f"{one.pk}:{weekday}": (one, weekday) for one, weekday in weeks.days_of_group(of)}
        fields["off"].choices = [(key, _day_of(*one)) for key, one in self._days.items()]
        if not self._days:
            del fields["off"]
        fields["joined"].queryset = weeks.to_join(of)
        fields["keep"].queryset = weeks.own(of)
        for name in ("joined", "keep"):
            if not fields[name].queryset:
                del fields[name]
        staff = staff_of(of.program)
        choice: Any = PersonChoice(queryset=staff, required=False)
        leaders = cache(lambda: list(choice.choices))  # read once for all, and only when the form is shown
        for n in range(1, NEW + 1):
            self._one(n, staff, leaders)

    def _one(self, n: int, staff: Any, leaders: Callable[[], list[Any]]) -> None:
        """The five fields of one session to add; all of them or none."""
        fields: dict[str, Any] = self.fields
        fields[f"kind{n}"] = forms.ChoiceField(
            label=_("A session of their own (%(n)d)") % {"n": n},
            required=False,
            choices=[("", _("none")), *((one.value, one.label) for one in ALONE)],
        )
        fields[f"weekday{n}"] = forms.ChoiceField(
            label=_("On"), required=False, choices=[(str(day), name) for day, name in WEEKDAYS.items()]
        )
        fields[f"start{n}"] = time_field(_("From"), required=False)
        fields[f"end{n}"] = time_field(_("To"), required=False)
        fields[f"leader{n}"] = PersonChoice(label=_("Led by"), queryset=staff, required=False)
        fields[f"leader{n}"].choices = leaders

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for n in range(1, NEW + 1):
            if given.get(f"kind{n}"):
                for name in (f"weekday{n}", f"start{n}", f"end{n}", f"leader{n}"):
                    if not given.get(name) and name not in self.errors:
                        self.add_error(name, _("A session of their own needs this too."))
        return given

    def days_off(self) -> list[tuple[Series, int]]:
        return [self._days[key] for key in self.cleaned_data.get("off", ())]

    def new(self) -> list[Alone]:
        given = self.cleaned_data
        return [
            Alone(
                MeetingKind(given[f"kind{n}"]),
                int(given[f"weekday{n}"]),
                given[f"start{n}"],
                given[f"end{n}"],
                given[f"leader{n}"],
            )
            for n in range(1, NEW + 1)
            if given[f"kind{n}"]
        ]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    row = episodes.episode(episode_id)
    found = weeks.history(request.user, row)
    if request.method == "POST":
        require(request.user, Act.PRESCRIBE, row)
    writes = may(request.user, Act.PRESCRIBE, row) and row.stage in weeks.HERE
    form = WeekForm(request.POST or None, of=row)
    held = weeks.current(row)
    check = plans.week_check(row, max(today(row), held.starts_on) if held else today(row))
    own, off = request.user.pk == row.person_id, weeks.days_off(row)
    return form_page(
        request,
        form,
        lambda: weeks.prescribe(
            row,
            form.cleaned_data["starts_on"],
            list(form.cleaned_data.get("joined", ())),
            list(form.cleaned_data.get("keep", ())),
            form.new(),
            by=request.user,
            off=form.days_off(),
        ),
        title=_("My week") if own else _("The week of %(name)s") % {"name": row.person.name},
        lead=_("What stands in your calendar every week, and from when on.")
        if own
        else _("It stands on the calendar from its first day on and is compared with the hours planned."),
        button=_("Prescribe this week"),
        said=_("The week stands on the calendar. Everybody concerned sees it on their page."),
        back=reverse("plan", args=[row.pk]),
        to=request.path,
        template="programme/prescription.html",
        context={
            "episode": row,
            "own": own,
            "writes": writes,
            "week": check,
            "week_of": words.day(check.monday) if check else "",
            "group": [
                {**_line(one), "off": [WEEKDAYS[day] for pk, day in sorted(off) if pk == one.pk]}
                for one in weeks.of_group(row)
            ],
            "weeks": [_told(one, row) for one in found],
        },
    )


def _told(one: weeks.Prescribed, row: Episode) -> dict[str, Any]:
    week = one.week
    at = zones.local_date(week.at, row.program.time_zone)
    return {
        "row": week,
        "from": words.day(week.starts_on),
        "until": words.day(week.ended_on) if week.ended_on else "",
        "at": words.day(at),
        "joined": [_line(series) for series in one.joined],
        "alone": [_line(series) for series in one.own],
        "off": [_day_of(series, weekday) for series, weekday in one.off],
    }


def _day_of(series: Series, weekday: int) -> str:
    """A weekday of a series: "Monday, Evening group, 18:00 to 21:00"."""
    return _("%(day)s, %(title)s, %(start)s to %(end)s") % {
        "day": WEEKDAYS[weekday],
        "title": series.shown_title,
        "start": words.time_of_day(series.start),
        "end": words.time_of_day(series.end),
    }


def _line(series: Series) -> dict[str, str]:
    leaders: list[Person] = list(series.facilitators.all())
    return {
        "title": series.shown_title,
        "when": series_row(series, brief=True)["says"],
        "who": words.and_list(sorted(one.given_name for one in leaders)),
    }
