"""A client's family, for coordinators: who is bound to them, invitations, and whom they must never meet."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sessions.core.errors import NotFound
from sessions.families import service
from sessions.families.models import Invitation
from sessions.people.access import Act, require
from sessions.people.models import Language, Membership, Person
from sessions.programs import episode_facts, episodes
from sessions.programs.episode_models import Episode
from sessions.web import words
from sessions.web.programme.calendar_forms import PersonChoice
from sessions.web.programme.pages import done, form_page
from sessions.web.signed_in import PersonRequest, signed_in


class GuestForm(forms.Form):
    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=80)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=80, required=False)
    relationship = forms.CharField(label=gettext_lazy("Who they are to the client"), max_length=40)
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=32)
    by_email = forms.TypedChoiceField(
        label=gettext_lazy("How they get the link; codes go the other way"),
        coerce=lambda given: given == "email",
        choices=[
            ("email", gettext_lazy("link by e-mail, codes by SMS")),
            ("sms", gettext_lazy("link by SMS, codes by e-mail")),
        ],
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=Language.choices)


class ApartForm(forms.Form):
    other = PersonChoice(label=gettext_lazy("Never in one room with"), queryset=Person.objects.none())

    def __init__(self, data: object, *, episode: Episode) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        rows = Membership.objects.filter(program=episode.program_id).active().exclude(person=episode.person)
        self.fields["other"].queryset = Person.objects.filter(  # type: ignore[attr-defined]
            pk__in=rows.values("person")
        ).order_by("given_name", "family_name")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: PersonRequest, episode_id: UUID) -> HttpResponse:
    row = _of(request, episode_id)
    here = reverse("family", args=[row.pk])
    which = request.POST.get("which", "")
    guest = GuestForm(request.POST if which == "guest" else None)
    apart = ApartForm(request.POST if which == "apart" else None, episode=row)

    def add() -> object:
        given = guest.cleaned_data
        return service.add(row, service.Guest(**given), by=request.user)

    episode_facts.record(request.user, "family.seen", row)
    context = {
        "episode": row,
        "guest_form": guest,
        "apart_form": apart,
        "guests": [
            {
                "member": member,
                "invitation": one,
                "consents": present,
                "sent": one is not None and one.codes > 0,
                "until": words.day(one.expires_at) if one else "",
            }
            for member, one, present in service.of_client(row)
        ],
        "apart": service.apart_from(row),
    }
    return form_page(
        request,
        apart if which == "apart" else guest,
        (lambda: service.separate(row, apart.cleaned_data["other"], by=request.user))
        if which == "apart"
        else add,
        title=_("The family of %(name)s") % {"name": row.person.name},
        button="",
        back=reverse("episode", args=[row.pk]),
        to=here,
        said=_("Noted.") if which == "apart" else _("Noted. Nothing has been sent yet."),
        undo=lambda: (
            reverse("family-apart", args=[row.pk, apart.cleaned_data["other"].pk, "end"])
            if which == "apart"
            else ""
        ),
        template="programme/family.html",
        context=context,
    )


@require_POST
@signed_in
def apart(request: PersonRequest, episode_id: UUID, person_id: UUID, what: str) -> HttpResponse:
    """Let the two meet again, or keep them apart after all."""
    row = _of(request, episode_id)
    other = Person.objects.filter(pk=person_id, memberships__program=row.program_id).first()
    acts = {
        "end": (service.let_meet, _("%(name)s and this client may meet again.")),
        "keep": (service.separate, _("%(name)s and this client are never in one room.")),
    }
    if other is None or what not in acts:
        raise NotFound
    do, said = acts[what]
    return done(
        request,
        lambda: do(row, other, by=request.user),
        said % {"name": other.name},
        reverse("family", args=[row.pk]),
        undo=reverse("family-apart", args=[row.pk, other.pk, "keep"]) if what == "end" else "",
    )


@require_POST
@signed_in
def invite(request: PersonRequest, episode_id: UUID, invitation_id: UUID) -> HttpResponse:
    row = _of(request, episode_id)
    one = _bound(service.invitation(invitation_id, row.program_id), row)
    return done(
        request,
        lambda: service.invite(one, by=request.user),
        _("The link is on its way."),
        reverse("family", args=[row.pk]),
    )


@require_POST
@signed_in
def revoke(request: PersonRequest, episode_id: UUID, invitation_id: UUID) -> HttpResponse:
    row = _of(request, episode_id)
    one = _bound(service.invitation(invitation_id, row.program_id), row)
    return done(
        request,
        lambda: service.revoke(one, by=request.user),
        _("They are out: of rooms, of sessions to come, and the link is dead."),
        reverse("family", args=[row.pk]),
        undo=reverse("family-back", args=[row.pk, one.pk]),
    )


@require_POST
@signed_in
def back(request: PersonRequest, episode_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Undo an invitation's end."""
    row = _of(request, episode_id)
    one = _bound(service.withdrawn(invitation_id, row.program_id), row)
    return done(
        request,
        lambda: service.bring_back(one, by=request.user),
        _("%(name)s is this client's guest again.") % {"name": one.guest.name},
        reverse("family", args=[row.pk]),
    )


def _of(request: PersonRequest, episode_id: UUID) -> Episode:
    row = episodes.episode(episode_id)
    require(request.user, Act.KEEP_FAMILY, row.program)
    if row.person_id is None:
        raise NotFound
    return row


def _bound(one: Invitation, row: Episode) -> Invitation:
    """Of this client's guests, and nobody else's."""
    if one.household.client_id != row.person_id:
        raise NotFound
    return one
