"""What staff are asked to do: one calm list, urgent first, and what became of the last ones."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people import service as people
from sessions.people.roles import Role
from sessions.programs.models import Program
from sessions.web import tasks
from sessions.web.signed_in import PersonRequest, signed_in
from sessions.worklist import service


class FinishForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=service.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """Raises NotFound for who is no staff of any programme."""
    person, now = request.user, clock.now()
    led = {
        *people.program_ids(person, Role.COORDINATOR),
        *people.program_ids(person, Role.FACILITATOR),
    }
    if not led:
        raise NotFound
    lists = [
        tasks.TaskList(
            program.name,
            tuple(tasks.told(row, now) for row in service.open_tasks(person, program)),
            tuple(tasks.told(row, now) for row in service.finished_tasks(person, program)),
        )
        for program in Program.objects.filter(pk__in=led).order_by("name")
    ]
    return render(request, "tasks/page.html", {"lists": lists})


@require_safe
@signed_in
def task(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """One task: why, whom, by when; taking it, and finishing it with a note."""
    return _show(request, task_id, FinishForm())


@require_POST
@signed_in
def act(request: PersonRequest, task_id: UUID, what: str) -> HttpResponse:
    """Claim, release, finish or set aside."""
    person, form = request.user, FinishForm(request.POST)
    if not form.is_valid():
        return _show(request, task_id, form)
    note = form.cleaned_data["note"]
    acts: dict[str, tuple[Callable[[], None], str]] = {
        "claim": (lambda: service.claim(person, task_id), _("This is in your hands now.")),
        "release": (lambda: service.release(person, task_id), _("Given back to everybody.")),
        "done": (lambda: service.done(person, task_id, note), _("Done. Thank you.")),
        "dismiss": (lambda: service.dismiss(person, task_id, note), _("Set aside.")),
    }
    if what not in acts:
        raise NotFound
    do, said = acts[what]
    try:
        do()
    except Invalid as refusal:
        form.add_error("note", _(refusal.text))
        return _show(request, task_id, form)
    except IllegalMove as refusal:
        said = _(refusal.text)
    messages.success(request, said)
    where = reverse("task", args=[task_id]) if what in ("claim", "release") else reverse("tasks")
    return HttpResponseRedirect(where)


def _show(request: PersonRequest, task_id: UUID, form: FinishForm) -> HttpResponse:
    row = service.task(request.user, task_id)
    shown = tasks.told(row, clock.now())
    return render(
        request,
        "tasks/task.html",
        {
            "task": shown,
            "form": form,
            "note": service.note_of(row),
            "mine": row.claimed_by_id == request.user.pk,
        },
        status=422 if form.errors else 200,
    )
