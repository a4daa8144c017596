"""A client's people: who cares for them here, who of their family may take part, and whom we may ask."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sessions.consents import papers as reading
from sessions.consents import service as consents
from sessions.consents.papers import Paper, Stage
from sessions.consents.purposes import Purpose
from sessions.core.errors import NotFound
from sessions.people import service as people
from sessions.people.models import HouseholdMember, Person
from sessions.people.roles import CLIENTS, Role
from sessions.programs.episode_models import Episode
from sessions.web import papers
from sessions.web.programme.pages import done
from sessions.web.signed_in import PersonRequest, signed_in

_STANDING = (Stage.IN_FORCE, Stage.OFFERED)


@require_safe
@signed_in
def page(request: PersonRequest) -> HttpResponse:
    """Raises NotFound for who is and was nobody's client."""
    person = request.user
    if not people.roles(person) & {*CLIENTS, Role.ALUMNUS}:
        raise NotFound
    own = [one for one in reading.own_papers(person) if one.consent.patient_id == person.pk]
    standing = [one for one in own if one.stage in _STANDING]
    return render(
        request,
        "programme/my_people.html",
        {
            "team": _team(person),
            "family": [_guest(row, standing, person) for row in _family(person)],
            "contacts": [papers.row(one, person) for one in standing if one.purpose is Purpose.CONTACT],
        },
    )


@require_POST
@signed_in
def end(request: PersonRequest, consent_id: UUID) -> HttpResponse:
    """Take back what was agreed to: it ends at once, also in a session that is going on."""
    person, consent = request.user, consents.consent_of(request.user, consent_id)
    if consent.patient_id != person.pk:
        raise NotFound
    return done(
        request,
        lambda: consents.end(person, consent),
        _("Done. It has ended for them, now and for everything to come."),
        reverse("my-people"),
    )


def _family(person: Person) -> list[HouseholdMember]:
    rows = HouseholdMember.objects.filter(household__client=person)
    return list(rows.select_related("person", "household").order_by("person__given_name", "pk"))


def _guest(row: HouseholdMember, standing: list[Paper], person: Person) -> dict[str, Any]:
    """One guest, and under which paper they may be there. A paper in force comes before one to sign."""
    found = [
        one
        for one in standing
        if one.purpose is Purpose.PRESENCE and one.consent.recipient.person_id == row.person_id
    ]
    found.sort(key=lambda one: one.stage is not Stage.IN_FORCE)
    return {
        "name": row.person.name,
        "relationship": row.relationship,
        "paper": papers.row(found[0], person) if found else None,
        "here": bool(found) and found[0].stage is Stage.IN_FORCE,
    }


def _team(person: Person) -> list[dict[str, Any]]:
    """The therapist, and who leads the client's group."""
    found: dict[UUID, dict[str, Any]] = {}
    for row in Episode.objects.filter(person=person, ended_on=None).select_related("therapist"):
        if row.therapist is not None:
            found[row.therapist.pk] = {"name": row.therapist.name, "part": _("your therapist")}
        for stretch in row.enrollments.filter(ended_on=None).select_related("cohort"):
            for one in stretch.cohort.facilitators.order_by("given_name", "pk"):
                part = _("leads %(group)s") % {"group": stretch.cohort.name}
                found.setdefault(one.pk, {"name": one.name, "part": part})
    return list(found.values())
