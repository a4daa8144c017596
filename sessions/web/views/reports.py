"""Reports: chosen and looked at, made, followed while they are made, downloaded."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.attendance.reports import drawing, service, wording
from sessions.attendance.reports.audiences import OUTSIDE, Audience, Format
from sessions.attendance.reports.content import Content
from sessions.attendance.reports.models import State
from sessions.core import clock, zones
from sessions.core.errors import Invalid
from sessions.people.access import Act, may, require
from sessions.programs import service as programs
from sessions.programs.clients import client_file
from sessions.web.report_forms import ReportForm
from sessions.web.signed_in import PersonRequest, signed_in

TYPES = {
    Format.PDF: ("application/pdf", "pdf"),
    Format.CSV: ("text/csv; charset=utf-8", "csv"),
    Format.FHIR: ("application/fhir+json", "json"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def choose(request: PersonRequest, program_id: UUID, person_id: UUID) -> HttpResponse:
    """For whom, which days, which file; the numbers before anything is made. `act` is look or make."""
    person, about = request.user, client_file(program_id, person_id)
    require(person, Act.OWN_REPORT, about)
    makes = may(person, Act.MAKE_REPORT, about)
    open_to = [(audience, service.consents_for(about, audience)) for audience in Audience if makes]
    form = ReportForm(
        request.POST if request.method == "POST" else None,
        inside=[Audience.CHART, Audience.CLIENT] if makes else [Audience.CLIENT],
        consents=[row for _audience, rows in open_to for row in rows],
        today=zones.local_date(clock.now(), about.program.time_zone),
        pdf=drawing.available(),
    )
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("act") == "make":
                order = service.order(person, about, form.wanted())
                return HttpResponseRedirect(reverse("report-order", args=[order.pk]))
            shown = _shown(service.preview(person, about, form.wanted()))
        except (Invalid, service.ConsentOver, drawing.NoPdfHere) as refusal:
            form.add_error(refusal.about if refusal.about in form.fields else None, _(refusal.text))
    missing = [
        str(wording.AUDIENCES[audience]) for audience, rows in open_to if audience in OUTSIDE and not rows
    ]
    context = {
        "file": about,
        "form": form,
        "own": not makes,
        "missing": missing,
        "pdf": drawing.available(),
        "libraries": drawing.LIBRARIES,
        "shown": shown,
    }
    return render(request, "reports/choose.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def of_meeting(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """A report of everybody's attendance of one meeting, for the chart."""
    try:
        wanted = Format(request.POST.get("format", ""))
    except ValueError:
        wanted = Format.PDF
    meeting = programs.meeting(meeting_id)
    order = service.order_meeting(request.user, meeting, wanted, request.user.language)
    return HttpResponseRedirect(reverse("report-order", args=[order.pk]))


@require_safe
@signed_in
def order(request: PersonRequest, order_id: UUID) -> HttpResponse:
    """One's own order: being made, ready, or why not. A fragment for the page that waits."""
    found = service.order_of(request.user, order_id)
    template = "reports/order_part.html" if request.htmx else "reports/order.html"
    waits = found.state in (State.WAITING, State.MAKING)
    context = {
        "order": found,
        "waits": waits,
        "ready": found.state == State.MADE,
        "no_consent": found.why == service.ConsentOver.code,
        "refused": found.state == State.REFUSED,
        "sha256": found.report.sha256 if found.report is not None else "",
    }
    return render(request, template, context)


@require_safe
@signed_in
def download(request: PersonRequest, report_id: UUID) -> HttpResponse:
    """The file as it was frozen."""
    report, data = service.download(request.user, report_id)
    kind, ending = TYPES[Format(report.format)]
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="attendance-report-{report.seq}.{ending}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _shown(content: Content) -> dict[str, object]:
    """The numbers of a preview."""
    zone = ZoneInfo(content.time_zone)
    return {
        "period": wording.period(content.from_on, content.to_on),
        "sessions": len(content.entries),
        "attended": content.attended,
        "minutes": content.minutes,
        "hours": wording.hours(content.minutes, content.hour_minutes[0]),
        "hour": wording.which_hour(content),
        "unsigned": content.unsigned,
        "changes": content.changes,
        "units": sum(line.units for line in content.units),
        "payer": wording.PAYERS[content.payer] if content.payer else "",
        "columns": [wording.COLUMNS[column] for column in content.columns],
        "heads": [(wording.COLUMNS[column], column in wording.NUMBERS) for column in content.columns],
        "rows": [
            [(wording.cell(entry, column, zone), column in wording.NUMBERS) for column in content.columns]
            for entry in content.entries
        ],
    }
