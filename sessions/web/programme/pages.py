"""What the pages around the programme share: one page per form, and whose programme it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.people.access import Act, require
from sessions.people.models import Person
from sessions.people.roles import Role
from sessions.people.service import program_ids
from sessions.programs import episodes
from sessions.programs.bookings import Booked
from sessions.programs.episode_models import Episode
from sessions.programs.models import Program
from sessions.programs.series import Clash
from sessions.web import words
from sessions.web.signed_in import PersonRequest


def program(person: Person, program_id: UUID, act: Act) -> Program:
    """Raises NotFound, also for a programme in which this person may not do `act`."""
    row = Program.objects.filter(pk=program_id).first()
    if row is None:
        raise NotFound
    require(person, act, row)
    return row


def episode_for(person: Person, episode_id: UUID, act: Act) -> Episode:
    """Raises NotFound or NotAllowed, see people.access, for whom `act` is not to do."""
    row = episodes.episode(episode_id)
    require(person, act, row)
    return row


def programs_of(person: Person, role: Role) -> list[Program]:
    return list(Program.objects.filter(pk__in=program_ids(person, role)).order_by("name"))


def form_page(
    request: PersonRequest,
    form: forms.Form,
    act: Callable[[], object],
    *,
    title: str,
    button: str,
    back: str,
    to: Callable[[Any], str] | str | None = None,
    said: str = "",
    lead: str = "",
    back_label: str = "",
    template: str = "programme/form.html",
    context: Mapping[str, Any] | None = None,
    undo: Callable[[], str] | str = "",
) -> HttpResponse:
    """Show the form; when it was sent and fits, do `act` and go on. A refusal stands in the form, which keeps
    its input.

    `to` is where it goes on, or makes that from what `act` returned; `back` by default. `undo` as for `done`.
    """
    if request.method == "POST" and form.is_valid():
        try:
            made = act()
        except (Invalid, IllegalMove) as refusal:
            form.add_error(refusal.about if refusal.about in form.fields else None, told(refusal))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            if said:
                back_again = undo() if callable(undo) else undo
                tags = f"undo {back_again}" if back_again else ""
                messages.success(request, _said(request, said), extra_tags=tags)
            return HttpResponseRedirect(to(made) if callable(to) else to or back)
    return render(
        request,
        template,
        {
            "form": form,
            "title": title,
            "button": button,
            "back": back,
            "back_label": back_label or _("Back"),
            "lead": lead,
            **(context or {}),
        },
        status=422 if form.errors else 200,
    )


def done(
    request: PersonRequest,
    act: Callable[[], object],
    said: str,
    to: str,
    *,
    undo: str = "",
    keep: type[Exception] | None = None,
) -> HttpResponse:
    """One button's act: done and said, or the refusal said instead.

    `undo` is the address that takes the act back: one button beside what is said. That button's own answer
    says "Undone." first. A refusal of the kind `keep` is the caller's, who has a form to say it in.
    """
    try:
        act()
    except (Invalid, IllegalMove) as refusal:
        if keep is not None and isinstance(refusal, keep):
            raise
        messages.error(request, told(refusal))
    else:
        messages.success(request, _said(request, said), extra_tags=f"undo {undo}" if undo else "")
    return HttpResponseRedirect(to)


def _said(request: PersonRequest, said: str) -> str:
    return _("Undone.") + " " + said if request.POST.get("undo") else said


def told(refusal: Invalid | IllegalMove) -> str:
    """A refusal in words, with whom and which days it is about where the reader may know."""
    text = _(refusal.text)
    if isinstance(refusal, Booked) and refusal.people:
        text += " " + _("It is about %(names)s.") % {
            "names": words.and_list([one.name for one in refusal.people])
        }
    if isinstance(refusal, Clash):
        text += " " + _("Days: %(days)s.") % {
            "days": words.and_list([words.day(on) for on in refusal.days[:5]])
        }
    return text
