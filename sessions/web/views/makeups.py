"""One client's week for the coordinator: what is missing, and one tap to a session that makes up for it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sessions.attendance import elsewhere, makeups, week_service
from sessions.attendance.absence_models import MakeUp
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.people.models import Membership, Person
from sessions.people.roles import LEADING
from sessions.programs import service as programs
from sessions.programs.models import Program
from sessions.web import client_week, weeks, words
from sessions.web.days import date_field, day_of
from sessions.web.signed_in import PersonRequest, signed_in

LENGTHS: Final = (30, 45, 60, 90)


class OwnSessionForm(forms.Form):
    """An individual session at a time of its own, by the programme's clock."""

    facilitator = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("With"), empty_label=gettext_lazy("Choose…")
    )
    on = date_field(gettext_lazy("Day"))
    at = forms.TimeField(label=gettext_lazy("Begins"), widget=forms.TimeInput(attrs={"type": "time"}))
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("Minutes"), choices=[(n, n) for n in LENGTHS], coerce=int, initial=60
    )

    def __init__(self, data: object, program: Program) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        staff = Membership.objects.filter(program=program, role__in=LEADING).active().values("person")
        choice = self.fields["facilitator"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101 - as declared above
        choice.queryset = Person.objects.filter(pk__in=staff).order_by("given_name", "family_name")

    def span(self, zone: ZoneInfo) -> Span:
        given = self.cleaned_data
        start = datetime.combine(given["on"], given["at"], zone)
        return Span(start, start.astimezone(ZoneInfo("UTC")) + timedelta(minutes=given["minutes"]))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, program_id: UUID, person_id: UUID) -> HttpResponse:
    """`?of=` the week that holds a day. POST books: a session that there is, or an individual one.

    Raises NotFound for who does not coordinate the programme, and for who is no client of it in that week.
    """
    rows = Program.objects.filter(pk=program_id).annotate(brought=elsewhere.any_of(person_id))
    program = rows.first()
    if program is None:
        raise NotFound
    monday = day_of(request.GET.get("of", ""))
    posted = request.method == "POST"
    own = posted and "own" in request.POST
    form = OwnSessionForm(request.POST if own else None, program)
    trouble = ""
    if posted and (not own or form.is_valid()):
        try:
            row = _book(request, program, person_id, form if own else None)
        except (IllegalMove, Invalid) as refusal:
            trouble = _(refusal.text)
        else:
            _say_booked(request, row)
            return HttpResponseRedirect(_address(program_id, person_id, monday))
    found = makeups.options(request.user, program, person_id, clock.now(), monday)
    context = {
        "program": program,
        "shown": client_week.show(found, program),
        "board": weeks.one(found.client, program, found.monday),
        "monday": found.monday,
        "elsewhere": _elsewhere(program, person_id, found.monday) if program.brought else [],
        "form": form,
        "trouble": trouble,
    }
    return render(request, "attendance/make_up.html", context, status=422 if trouble or form.errors else 200)


def _elsewhere(program: Program, person_id: UUID, monday: date) -> list[dict[str, object]]:
    return [
        {
            "title": one.kind.label,
            "when": ", ".join([words.day(one.on), *_clock_there(one.start)]),
            "minutes": words.minutes(one.minutes),
            "status": one.status.label,
            "absent": not one.minutes,
            "source": one.source,
            "by": one.brought_by,
        }
        for one in elsewhere.held(program.pk, person_id, *week_service.days(monday))
    ]


def _clock_there(start: str) -> list[str]:
    return [words.time_of_day(time.fromisoformat(start))] if start else []


@require_POST
@signed_in
def cancel(request: PersonRequest, make_up_id: UUID) -> HttpResponse:
    """Take a make-up back, until its session begins."""
    try:
        makeups.cancel(request.user, make_up_id)
        messages.success(request, _("Taken back. The client sees it no more."))
    except IllegalMove as refusal:
        messages.error(request, _(refusal.text))
    row = MakeUp.objects.select_related("booked").get(pk=make_up_id)
    return HttpResponseRedirect(_address(row.booked.program_id, row.person_id, row.booked.held_on))


def _book(request: PersonRequest, program: Program, person_id: UUID, form: OwnSessionForm | None) -> MakeUp:
    missed = _uuid(request.POST.get("missed", ""))
    if form is not None:
        zone = ZoneInfo(program.time_zone)
        leader = form.cleaned_data["facilitator"].pk
        return makeups.book_own(request.user, program, person_id, form.span(zone), leader, missed)
    meeting_id = _uuid(request.POST.get("meeting", ""))
    if meeting_id is None:
        raise NotFound
    meeting = programs.meeting(meeting_id)
    if meeting.program_id != program.pk:
        raise NotFound
    return makeups.book(request.user, meeting, person_id, missed)


def _say_booked(request: PersonRequest, row: MakeUp) -> None:
    said = _("Booked: %(title)s, %(when)s. It stands on the client's page now.")
    messages.success(request, said % client_week.named(row.booked))


def _address(program_id: UUID, person_id: UUID, on: date | None) -> str:
    week = f"?of={on.isoformat()}" if on is not None else ""
    return reverse("client-week", args=[program_id, person_id]) + week


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
