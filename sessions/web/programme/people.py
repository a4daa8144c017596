"""Everybody from referral to discharge: the census, who is referred, a facilitator's groups."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sessions.audit import service as audit
from sessions.core import clock, zones
from sessions.core.errors import NotFound
from sessions.people.access import Act
from sessions.people.roles import Role
from sessions.people.service import program_ids
from sessions.programs import episodes, steps, waitlist
from sessions.programs.episode_models import (
    ENDED,
    IN_CARE,
    Episode,
    EpisodeFact,
    EpisodeFactKind,
    Stage,
    StepProposal,
)
from sessions.programs.episodes import Newcomer
from sessions.programs.models import Cohort, Enrollment, EnrollmentStatus
from sessions.web import words
from sessions.web.programme.episode_forms import ReferralForm
from sessions.web.programme.pages import form_page, program
from sessions.web.signed_in import PersonRequest, signed_in

PAGE = 30


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def census(request: PersonRequest, program_id: UUID) -> HttpResponse:
    """Everybody from referral to discharge, searched by name, by stage, thirty a page."""
    of = program(request.user, program_id, Act.SEE_CENSUS)
    # A name never stands in an address: searches are posted.
    asked, stage = request.POST.get("q", "").strip()[:80], request.GET.get("stage", "")
    rows = Episode.objects.of(of.pk).select_related("person", "therapist", "program")
    counts = dict.fromkeys(Stage, 0)
    for held in rows.values_list("stage", flat=True):
        counts[Stage(held)] += 1
    rows = rows.filter(stage=stage) if stage in Stage.values else rows.exclude(stage__in=ENDED)
    for word in asked.split():
        rows = rows.filter(Q(person__given_name__icontains=word) | Q(person__family_name__icontains=word))
    page = Paginator(rows.order_by("person__given_name", "person__family_name", "pk"), PAGE).get_page(
        request.POST.get("page") or request.GET.get("page")
    )
    now = clock.now()
    today = zones.local_date(now, of.time_zone)
    undecided = list(
        StepProposal.objects.filter(
            episode__program=of, episode__stage__in=IN_CARE, decided_at=None
        ).select_related("episode__person")
    )
    waiting = [(one, line.free) for line in waitlist.lines(of) for one in line.entries]
    stuck = steps.stuck(of, now)
    audit.record_look(
        actor_id=request.user.pk,
        act=Act.SEE_CENSUS,
        subject_type="program",
        subject_id=of.pk,
        people={
            *(row.person_id for row in page),
            *(one.episode.person_id for one in [*undecided, *stuck]),
            *(entry.person_id for entry, _free in waiting),
        },
        scope=of.pk,
    )
    return render(
        request,
        "programme/census.html",
        {
            "program": of,
            "page": page,
            "people": _people(list(page), today),
            "stages": [(one, counts[one]) for one in Stage if counts[one]],
            "stage": stage,
            "q": asked,
            "waiting": waiting,
            "undecided": undecided,
            "stuck": stuck,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def refer(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.KEEP_EPISODES)
    today = zones.local_date(clock.now(), of.time_zone)
    form = ReferralForm(request.POST or None, initial={"referred_on": today})

    def make() -> Episode:
        given = form.cleaned_data
        who = Newcomer(
            given["given_name"],
            given["family_name"],
            given["email"],
            given["phone"],
            given["language"],
            given["time_zone"],
        )
        return episodes.refer(of, who, given["source"], given["referred_on"], by=request.user)

    return form_page(
        request,
        form,
        make,
        title=_("Somebody is referred"),
        button=_("Note the referral"),
        back=reverse("census", args=[of.pk]),
        said=_("Noted. The assessment comes next."),
        to=lambda row: reverse("episode", args=[row.pk]),
    )


@require_safe
@signed_in
def led(request: PersonRequest) -> HttpResponse:
    """A facilitator's groups and their people. Raises NotFound for who leads none."""
    person = request.user
    ids = program_ids(person, Role.FACILITATOR)
    if not ids:
        raise NotFound
    cohorts = Cohort.objects.filter(program__in=ids, facilitators=person).select_related("program")
    found = []
    for cohort in cohorts.order_by("name"):
        rows = list(
            cohort.enrollments.filter(ended_on=None, episode__isnull=False)
            .select_related("person", "episode")
            .order_by("person__given_name", "person__family_name")
        )
        audit.record_look(
            actor_id=person.pk,
            act=Act.SEE_EPISODE,
            subject_type="cohort",
            subject_id=cohort.pk,
            people=[row.person_id for row in rows],
            scope=cohort.program_id,
        )
        found.append({"cohort": cohort, "people": rows})
    return render(request, "programme/groups.html", {"groups": found})


def _people(rows: list[Episode], today: date) -> list[dict[str, Any]]:
    """As the census names them: what they have now, and what is about to change. Three queries for all."""
    leaving = Q(ended_on__gte=today, status=EnrollmentStatus.LEFT)
    here = Enrollment.objects.filter(Q(ended_on=None) | leaving, episode__in=rows)
    stretch = {one.episode_id: one for one in here.select_related("cohort").order_by("starts_on")}
    ahead = {
        one.episode_id: one
        for one in StepProposal.objects.filter(episode__in=rows, signed=True, applied_at=None)
    }
    paused = EpisodeFact.objects.filter(
        episode__in=[row for row in rows if row.stage == Stage.ON_HOLD], kind=EpisodeFactKind.PAUSED
    )
    since = {one.episode_id: one.on for one in paused}
    return [_person(row, today, stretch.get(row.pk), ahead.get(row.pk), since.get(row.pk)) for row in rows]


def _person(
    row: Episode, today: date, stretch: Enrollment | None, ahead: StepProposal | None, paused: date | None
) -> dict[str, Any]:
    hours, tags = "", []
    floor = row.program.rules.floor_minutes
    if stretch is not None and row.ended_on is None:
        hours = f"{stretch.get_level_of_care_display()} · {stretch.cohort.name} · " + _(
            "%(minutes)s a week"
        ) % {"minutes": words.minutes(stretch.weekly_target_minutes)}
        if stretch.weekly_target_minutes < floor:
            tags.append((_("stepping down"), False))
        if stretch.ended_on is not None:
            tags.append((_("in the group until %(day)s") % {"day": words.day(stretch.ended_on)}, False))
    elif row.stage == Stage.ACTIVE:
        tags.append((_("in no group"), True))
    if paused is not None:
        tags.append((_("since %(day)s") % {"day": words.day(paused)}, False))
    if ahead is not None and row.ended_on is None:
        text = _("from %(day)s: %(level)s, %(minutes)s a week") % {
            "day": words.day(ahead.effective_on),
            "level": ahead.get_level_of_care_display(),
            "minutes": words.minutes(ahead.weekly_target_minutes),
        }
        tags.append((text, ahead.effective_on <= today))
    if row.planned_end_on is not None and row.planned_end_on <= today and row.ended_on is None:
        tags.append((_("planned end has come"), True))
    return {
        "row": row,
        "name": row.person.name,
        "stage": row.get_stage_display(),
        "since": words.day(row.starts_on or row.referred_on),
        "hours": hours,
        "tags": tags,
        "therapist": row.therapist.name if row.therapist else "",
    }
