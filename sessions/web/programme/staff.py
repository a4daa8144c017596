"""Who works here: invited, given a role, and a role that ends; who of them is on call."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core.errors import NotFound
from sessions.messages import welcome
from sessions.people.access import Act
from sessions.people.models import Language, Person, validate_time_zone
from sessions.people.roles import Role
from sessions.programs import house, staffing
from sessions.programs.models import Program
from sessions.programs.staffing import Hired
from sessions.web import words
from sessions.web.programme.calendar_forms import PersonChoice
from sessions.web.programme.pages import done, form_page, program
from sessions.web.programme.tabs import tabs
from sessions.web.signed_in import PersonRequest, signed_in

_ROLES = [(role.value, role.label) for role in staffing.IN_ORDER]


class InviteForm(forms.Form):
    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=80)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=80)
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=_ROLES, initial=Role.FACILITATOR.value)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=Language.choices)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Such as America/Phoenix. Left empty, the programme's."),
        validators=[validate_time_zone],
    )

    def hired(self) -> Hired:
        return Hired(**{name: value for name, value in self.cleaned_data.items() if name != "role"})


class RoleForm(forms.Form):
    person = PersonChoice(label=gettext_lazy("Who"), queryset=Person.objects.none())
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=_ROLES)

    def __init__(self, data: object, *, of: Program) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        fields: dict[str, Any] = self.fields
        people = Person.objects.filter(pk__in=house.staff(of))
        fields["person"].queryset = people.order_by("given_name", "family_name")


@require_safe
@signed_in
def staff(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_STAFF)
    people = []
    for person, rows in groupby(staffing.roles(of), key=lambda row: row.person):
        held = [{"row": row, "role": row.get_role_display()} for row in rows]
        seen = words.long_day(localtime(person.last_login).date()) if person.last_login else ""
        people.append({"person": person, "roles": held, "seen": seen})
    return render(
        request,
        "programme/staff.html",
        {"program": of, "people": people, "tabs": tabs(request.user, of, "staff")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def invite(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_STAFF)
    form = InviteForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: welcome.invite(of, form.hired(), Role(form.cleaned_data["role"]), by=request.user),
        title=_("Invite somebody to work here"),
        lead=_("They get an e-mail with a link, and choose a password of their own."),
        button=_("Invite them"),
        said=_("Invited. The e-mail is on its way."),
        back=reverse("staff", args=[of.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def give_role(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_STAFF)
    form = RoleForm(request.POST or None, of=of)

    def give() -> None:
        staffing.give(of, form.cleaned_data["person"], Role(form.cleaned_data["role"]), by=request.user)

    return form_page(
        request,
        form,
        give,
        title=_("Give another role"),
        button=_("Give the role"),
        said=_("Given. It holds from now on."),
        back=reverse("staff", args=[of.pk]),
    )


@require_POST
@signed_in
def act(request: PersonRequest, program_id: UUID, membership_id: int, what: str) -> HttpResponse:
    """End a role or give it back."""
    of = program(request.user, program_id, Act.KEEP_STAFF)
    row, here = staffing.role(membership_id, of), reverse("staff", args=[of.pk])
    who = {"name": row.person.name, "role": row.get_role_display()}
    if what == "end":
        # Who ends their own last role of administrator cannot come back to this page, nor undo it there.
        own = row.person_id == request.user.pk and row.role == Role.ADMINISTRATOR
        back = reverse("staff-act", args=[of.pk, row.pk, "give"])
        return done(
            request,
            lambda: staffing.end(row, by=request.user),
            _("%(name)s is no longer %(role)s here.") % who + _alone(row),
            reverse("home") if own else here,
            undo="" if own else back,
        )
    if what != "give":
        raise NotFound
    return done(
        request,
        lambda: staffing.give(of, row.person, Role(row.role), by=request.user),
        _("%(name)s is %(role)s here.") % who,
        here,
    )


@require_safe
@signed_in
def on_call(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_ON_CALL)
    rows = sorted(staffing.leading(of), key=lambda row: not row.on_call)
    return render(
        request,
        "programme/on_call.html",
        {"program": of, "rows": rows, "tabs": tabs(request.user, of, "on-call")},
    )


@require_POST
@signed_in
def put_on_call(request: PersonRequest, program_id: UUID, membership_id: int, what: str) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_ON_CALL)
    row = staffing.role(membership_id, of)
    if what not in ("on", "off"):
        raise NotFound
    said = (
        _("%(name)s is on call: they may take over a session that has nobody to lead it.")
        if what == "on"
        else _("%(name)s is not on call any more.")
    )
    return done(
        request,
        lambda: staffing.put_on_call(row, by=request.user, on_call=what == "on"),
        said % {"name": row.person.name},
        reverse("on-call", args=[of.pk]),
    )


def _alone(row: Any) -> str:
    """What has to be done next when somebody who leads sessions goes."""
    count = staffing.to_hand_over(row)
    if not count:
        return ""
    return " " + ngettext(
        "%(n)d session to come is still theirs: choose who leads it instead.",
        "%(n)d sessions to come are still theirs: choose who leads them instead.",
        count,
    ) % {"n": count}
