"""Who saw my record: from the record of access itself."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.audit import service as audit
from sessions.consents.models import Consent
from sessions.interop import systems
from sessions.people.models import Person
from sessions.programs.episode_models import Episode
from sessions.web import words
from sessions.web.signed_in import PersonRequest, signed_in

A_PAGE: Final = 60


@require_safe
@signed_in
def seen(request: PersonRequest) -> HttpResponse:
    """Who looked at what of the reader, newest first: from the record of access itself."""
    person = request.user
    rows = Paginator(audit.looks_at(person.pk, _records_of(person)), A_PAGE).get_page(request.GET.get("page"))
    actors = {row.actor_id for row in rows if row.actor_id}
    names = systems.names(actors) | {one.pk: one.name for one in Person.objects.filter(pk__in=actors)}
    return render(
        request,
        "programme/seen.html",
        {
            "page": rows,
            "rows": [_together(list(alike), names) for _key, alike in groupby(rows, _alike)],
        },
    )


def _alike(row: Any) -> tuple[Any, ...]:
    """Entries that one line may tell of: the same by the same person, on one day, one after the other."""
    return row.actor_id, _what(row.act), row.outcome, localtime(row.at).date()


def _together(rows: list[Any], names: dict[UUID, str]) -> dict[str, Any]:
    """Newest first, as they come."""
    last, first = rows[0], rows[-1]
    clocks = list(dict.fromkeys([words.clock(first.at), words.clock(last.at)]))
    return {
        "who": names.get(last.actor_id, _("the system")) if last.actor_id else _("the system"),
        "what": _what(last.act),
        "when": f"{words.day(last.at)}, {' – '.join(clocks)}",
        "times": len(rows),
        "refused": last.outcome == "refused",
    }


def _records_of(person: Person) -> list[str]:
    """The ids of what is about this person and stands on record under an id of its own."""
    rows: list[Any] = [
        Episode.objects.filter(person=person),
        Consent.objects.filter(patient=person),
        AftercareCourse.objects.filter(person=person),
        CheckIn.objects.filter(course__person=person),
    ]
    return [str(pk) for found in rows for pk in found.values_list("pk", flat=True)]


def _what(act: str) -> str:
    """One exact word, else that of the group, else the plainest."""
    said = {
        "episode.seen": _("looked at your way here"),
        "plan.seen": _("looked at your plan"),
        "plan.assessments-seen": _("looked at your assessments"),
        "tests.seen": _("looked at your samples"),
        "plan.written": _("wrote your plan"),
        "plan.signed": _("signed your plan"),
        "plan.assessed": _("kept an assessment"),
        "week.seen": _("looked at your prescribed week"),
        "week.prescribed": _("prescribed your week"),
        "meeting.notes-read": _("read notes about you"),
        "meeting.note-written": _("wrote a note about you"),
        "account.link-sent": _("sent you the link to sign in"),
        "client.consents": _("looked at your papers"),
        "consent.see": _("looked at one of your papers"),
        "consent.end": _("ended one of your papers"),
        "client.offer-consent": _("put a paper in front of you"),
        "meeting.attendance": _("looked at the hours of a session you belong to"),
        "program.attendance": _("looked at the weeks of everybody, yours among them"),
        "program.census": _("looked at the list of everybody in the programme"),
        "program.search": _("searched for a name and found yours"),
        "program.aftercare-seen": _("looked at how aftercare goes, you among others"),
        "program.aftercare-exported": _("took a copy of the list of all calls, yours among them"),
        "program.tasks": _("looked at the list of tasks, one about you among them"),
        "program.calls": _("looked at whom to call, you among them"),
        "waitlist.seen": _("looked at who waits for a place, you among them"),
        "family.seen": _("looked at your household and who is kept apart"),
        "episode.see": _("looked at the people of a group, you among them"),
        "program.make-up": _("looked at your week"),
        "client.own-report": _("looked at which reports there are about you"),
        "attendance.brought-in": _("brought in a session that you attended elsewhere"),
        "client.disclosures": _("looked at what was told about you"),
        "client.disclose": _("told somebody about you, under a paper or the law"),
    }
    groups = {
        "episode": _("changed your episode"),
        "tests": _("noted something about a sample"),
        "check-in": _("opened or changed something about your calls"),
        "fhir": _("read of your record, as a system of the programme"),
        "aftercare": _("opened or changed something about your calls"),
    }
    return said.get(act) or groups.get(act.partition(".")[0], _("opened or changed your record"))
