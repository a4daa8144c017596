"""Signing a meeting's attendance, changing what was signed, and the notes about one client."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sessions.attendance import service
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act, may, require
from sessions.programs import service as programs
from sessions.programs.models import Meeting
from sessions.web import sheets, words
from sessions.web.attendance_forms import AdjustmentForm, NoteForm, SignatureForm
from sessions.web.signed_in import PersonRequest, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sign(request: PersonRequest, meeting_id: UUID) -> HttpResponse:
    """Everybody's attendance of one meeting: to sign for its facilitators, to read for coordinators.

    `?overrun` counts what attesting an overrun would. What is signed is what the page showed: when numbers
    changed in the meantime it is shown again instead.
    """
    person, meeting = request.user, programs.meeting(meeting_id)
    if request.method == "POST":
        require(person, Act.ATTEST, meeting)
    overrun = "overrun" in request.GET
    sheet = service.sheet(person, meeting, overrun=overrun)
    shown = sheets.show(sheet)
    form = SignatureForm(
        request.POST if request.method == "POST" else None,
        started_at=sheet.started_at or meeting.starts_at,
        stopped_at=sheet.ended_at or meeting.ends_at,
    )
    told = {str(row.id) for row in shown.rows if row.excusable and row.notice_excuses}
    excused = set(request.POST.getlist("excused")) if request.method == "POST" else told
    notes = {row.id: request.POST.get(f"note-{row.id}", "") for row in shown.rows}
    if request.method == "POST" and form.is_valid():
        if request.POST.get("version") != shown.version:
            form.add_error(
                None, _("The numbers changed while you were reading. Please look once more, then sign.")
            )
        else:
            draft = service.Draft(
                typed_name=form.cleaned_data["typed_name"],
                topic=form.cleaned_data["topic"],
                excused=[row.id for row in shown.rows if row.excusable and str(row.id) in excused],
                notes=notes,
                overrun=overrun,
                started_at=form.started_at,
                stopped_at=form.stopped_at,
            )
            if _done(form, lambda: service.attest(person, meeting, draft)):
                return HttpResponseRedirect(_address(meeting))
    leads = may(person, Act.ATTEST, meeting)
    attestation = sheet.attestation
    return render(
        request,
        "attendance/sign.html",
        {
            **_headings(meeting),
            "sheet": sheet,
            "shown": shown,
            "form": form,
            "leads": leads,
            "signing": leads and sheet.ready,
            "overrun": overrun,
            "ran_over": sheet.ended_at is not None and sheet.ended_at > meeting.ends_at,
            "head_count": sum(1 for row in sheet.rows if row.credited.credited_seconds),
            "others": [one.name for one in sheet.facilitators if one.pk != person.pk],
            "excused": {row.id for row in shown.rows if str(row.id) in excused},
            "notes": notes,
            "attestation": attestation,
            "held": words.span(attestation.started_at, attestation.stopped_at) if attestation else "",
            "signed": f"{words.day(attestation.signed_at)}, {words.clock(attestation.signed_at)}"
            if attestation
            else "",
        },
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def adjust(request: PersonRequest, meeting_id: UUID, person_id: UUID) -> HttpResponse:
    """Change what counts of one signed record, with a reason and a signature. The record itself stays."""
    meeting = programs.meeting(meeting_id)
    require(request.user, Act.ADJUST_ATTENDANCE, meeting)
    sheet = service.sheet(request.user, meeting)
    record = next((row.record for row in sheet.rows if row.record and row.person.pk == person_id), None)
    if record is None:
        raise NotFound
    record.meeting = meeting
    row = next(row for row in sheets.show(sheet).rows if row.id == person_id)
    form = AdjustmentForm(request.POST if request.method == "POST" else None, held=service.effective(record))
    if request.method == "POST" and form.is_valid():
        reason, name = form.cleaned_data["reason"], form.cleaned_data["typed_name"]
        if _done(
            form,
            lambda: service.adjust(request.user, record, form.change(), reason=reason, typed_name=name),
        ):
            return HttpResponseRedirect(_address(meeting))
    context = {**_headings(meeting), "row": row, "form": form}
    return render(request, "attendance/adjust.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def notes(request: PersonRequest, meeting_id: UUID, person_id: UUID) -> HttpResponse:
    """What was written about one client in one meeting, for its facilitators; a later note adds to it."""
    meeting = programs.meeting(meeting_id)
    require(request.user, Act.KEEP_NOTES, meeting)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        if _done(form, lambda: service.write_note(request.user, meeting, person_id, text)):
            return HttpResponseRedirect(reverse("notes", args=[meeting.pk, person_id]))
    written = service.read_notes(request.user, meeting, person_id)
    context = {
        **_headings(meeting),
        "name": service.client_of(meeting, person_id).name,
        "form": form,
        "written": [
            (note.text, note.written_by.name, f"{words.day(note.written_at)}, {words.clock(note.written_at)}")
            for note in written
        ],
    }
    return render(request, "attendance/notes.html", context, status=422 if form.errors else 200)


def _done(form: forms.Form, act: Callable[[], object]) -> bool:
    """Whether `act` was possible; else its refusal stands in the form, which keeps what was typed."""
    try:
        act()
    except service.AlreadySigned:
        return True  # somebody else was faster; the page says who
    except service.WrongName as refusal:
        form.add_error("typed_name", _(refusal.text))
    except (IllegalMove, Invalid) as refusal:
        form.add_error(None, _(refusal.text))
    else:
        return True
    return False


def _address(meeting: Meeting) -> str:
    return reverse("sign", args=[meeting.pk])


def _headings(meeting: Meeting) -> dict[str, object]:
    return {
        "meeting": meeting,
        "day": words.day(meeting.starts_at),
        "span": words.span(meeting.starts_at, meeting.ends_at),
    }
