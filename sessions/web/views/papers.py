"""Consents: the client's own papers, the file that coordinators keep, and the accounting of what was told."""

from __future__ import annotations

import csv
import io
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sessions.attendance.reports import service as reports
from sessions.attendance.reports.tables import safe
from sessions.consents import papers as reading
from sessions.consents import service
from sessions.consents.models import Basis
from sessions.consents.papers import Stage
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import clock, zones
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people import service as people
from sessions.people.access import Act, may, require
from sessions.people.models import HouseholdMember, Membership, Person
from sessions.people.roles import CLIENTS, Role
from sessions.programs.clients import ClientFile, client_file, files_of
from sessions.programs.models import Program
from sessions.web import papers
from sessions.web.paper_forms import ByHandForm, OfferForm, PurposeForm, SignForm
from sessions.web.report_rows import report_row
from sessions.web.signed_in import PersonRequest, signed_in


@require_safe
@signed_in
def own(request: PersonRequest) -> HttpResponse:
    """Everybody's own papers: to sign, in force, earlier. Nothing for who has none."""
    person = request.user
    found = reading.own_papers(person)
    return render(
        request,
        "papers/own.html",
        {
            "to_sign": [papers.row(one, person) for one in found if one.awaits(person)],
            "in_force": [papers.row(one, person) for one in found if one.stage is Stage.IN_FORCE],
            "earlier": [
                papers.row(one, person)
                for one in found
                if one.stage is not Stage.IN_FORCE and not one.awaits(person)
            ],
            "files": files_of(person),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def paper(request: PersonRequest, consent_id: UUID) -> HttpResponse:
    """One paper: read, signed, taken back. `act` says which of the two."""
    person, consent = request.user, service.consent_of(request.user, consent_id)
    here = reverse("paper", args=[consent.pk])
    form = SignForm(request.POST if request.POST.get("act") == "sign" else None)
    if request.method == "POST" and request.POST.get("act") == "end":
        service.end(person, consent)
        messages.success(request, _("Done. This paper does not count any more."))
        return HttpResponseRedirect(here)
    if request.method == "POST" and form.is_valid():
        try:
            service.sign(
                person,
                consent,
                typed_name=form.cleaned_data["typed_name"],
                sha256=form.cleaned_data["sha256"],
                agreed=form.cleaned_data["agreed"],
            )
        except service.WrongName as refusal:
            form.add_error("typed_name", _(refusal.text))
        except (IllegalMove, Invalid) as refusal:
            form.add_error(None, _(refusal.text))
        else:
            messages.success(request, _("Thank you. Your signature is on the paper."))
            return HttpResponseRedirect(here)
    found = reading.paper(consent)
    own = consent.role_of(person) is not None
    context = {
        "paper": papers.row(found, person),
        "document": service.read(consent),
        "signed": papers.signed_by(found),
        "form": form,
        "sha256": consent.sha256,
        "own": own,
        "open": found.stage in (Stage.OFFERED, Stage.IN_FORCE),
        "in_force": found.stage is Stage.IN_FORCE,
        "file": None if own else ClientFile(consent.program, consent.patient),
    }
    return render(request, "papers/paper.html", context, status=422 if form.errors else 200)


@require_safe
@signed_in
def files(request: PersonRequest) -> HttpResponse:
    """Clients of the programmes that the reader coordinates. Raises NotFound for who coordinates none."""
    led = Program.objects.filter(pk__in=people.program_ids(request.user, Role.COORDINATOR)).order_by("name")
    lists = [
        (
            program,
            Person.objects.filter(
                pk__in=Membership.objects.filter(program=program, role__in=[*CLIENTS, Role.ALUMNUS]).values(
                    "person"
                )
            ).order_by("given_name", "family_name", "pk"),
        )
        for program in led
    ]
    if not lists:
        raise NotFound
    for program, _rows in lists:
        require(request.user, Act.SEE_PROGRAM_MEETINGS, program)
    return render(request, "papers/files.html", {"lists": lists})


@require_safe
@signed_in
def file(request: PersonRequest, program_id: UUID, person_id: UUID) -> HttpResponse:
    """One client's papers and reports, for coordinators."""
    person, about = request.user, client_file(program_id, person_id)
    require(person, Act.KEEP_CONSENTS, about)
    found = reading.papers_of(person, about)
    made = reports.reports_of(person, about)
    return render(
        request,
        "papers/file.html",
        {
            "file": about,
            "open": [
                papers.row(one, person) for one in found if one.stage in (Stage.IN_FORCE, Stage.OFFERED)
            ],
            "over": [papers.row(one, person) for one in found if one.stage in (Stage.EXPIRED, Stage.ENDED)],
            "reports": [report_row(report, standing) for report, standing in made],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def offer(request: PersonRequest, program_id: UUID, person_id: UUID) -> HttpResponse:
    """A paper to put in front of the client: first what for, then the rest."""
    about = client_file(program_id, person_id)
    require(request.user, Act.KEEP_CONSENTS, about)
    first = PurposeForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())
    if not first.is_valid():
        status = 422 if first.errors else 200
        return render(request, "papers/offer.html", {"file": about, "first": first}, status=status)
    form = OfferForm(
        request.POST if request.POST.get("step") == "offer" else None,
        purpose=Purpose(first.cleaned_data["purpose"]),
        guests=_guests(about),
        today=zones.local_date(clock.now(), about.program.time_zone),
    )
    if form.is_bound and form.is_valid():
        try:
            consent = service.offer(request.user, about, form.offer(about))
        except Invalid as refusal:
            form.add_error(None, _(refusal.text))
        else:
            messages.success(request, _("The paper is on the client's page, ready to be read and signed."))
            return HttpResponseRedirect(reverse("paper", args=[consent.pk]))
    context = {"file": about, "form": form, "purpose": form.purpose}
    return render(request, "papers/offer.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def told(request: PersonRequest, program_id: UUID, person_id: UUID) -> HttpResponse:
    """The accounting: what was told about one client. Coordinators add what was told by hand."""
    person, about = request.user, client_file(program_id, person_id)
    rows = service.told_about(person, about)
    keeps = may(person, Act.DISCLOSE, about)
    form = None
    if keeps:
        form = ByHandForm(
            request.POST if request.method == "POST" else None,
            in_force=reading.papers_of(person, about),
        )
    if request.method == "POST":
        require(person, Act.DISCLOSE, about)
    if form is not None and form.is_bound and form.is_valid() and _recorded(person, about, form):
        messages.success(request, _("It is on record."))
        return HttpResponseRedirect(request.path)
    context = {
        "file": about,
        "own": person.pk == about.person.pk,
        "rows": [papers.account(row) for row in rows],
        "form": form,
    }
    return render(
        request, "papers/told.html", context, status=422 if form is not None and form.errors else 200
    )


@require_safe
@signed_in
def told_csv(request: PersonRequest, program_id: UUID, person_id: UUID) -> HttpResponse:
    """The accounting as a table to keep."""
    about = client_file(program_id, person_id)
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(["at", "recipient", "kind", "what", "basis", "purpose", "via", "by", "words", "sha256"])
    for told in service.told_about(request.user, about):
        rows.writerow(
            [
                told.at.isoformat(timespec="seconds"),
                safe(told.recipient.line),
                told.recipient.kind.value,
                " ".join(scope.value for scope in told.scopes),
                told.basis.value,
                told.purpose.value if told.purpose else "",
                told.via,
                safe(told.by.name),
                safe(told.words),
                told.sha256,
            ]
        )
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="accounting.csv"'
    return answer


def _recorded(person: Person, about: ClientFile, form: ByHandForm) -> bool:
    given, under = form.cleaned_data, form.paper()
    try:
        service.record_by_hand(
            person,
            about,
            recipient=under.consent.recipient
            if under is not None
            else service.outside_recipient(about, RecipientKind.CONTACT, given["name"]),
            consent=under.consent if under is not None else None,
            basis=Basis.CONSENT if under is not None else Basis(given["under"]),
            scopes=[Scope(scope) for scope in given["scopes"]],
            via=given["via"],
            words=given["words"],
        )
    except (IllegalMove, Invalid) as refusal:
        form.add_error(None, _(refusal.text))
        return False
    return True


def _guests(about: ClientFile) -> list[Person]:
    rows = HouseholdMember.objects.filter(household__program=about.program, household__client=about.person)
    return [row.person for row in rows.select_related("person").order_by("pk")]
