"""Pages of an administrator: the programme's tracks, and what each kind of session carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions.core.errors import Invalid, NotFound
from sessions.people.access import Act
from sessions.people.roles import RoomRole
from sessions.programs import house, kinds
from sessions.programs import settings as rules
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Program
from sessions.programs.settings import KindRule, Track
from sessions.web import words
from sessions.web.programme.calendar_forms import breaks_of, check_breaks, time_field, typed_breaks
from sessions.web.programme.pages import done, form_page, program
from sessions.web.programme.tabs import tabs
from sessions.web.programme.wall import wall, weekday
from sessions.web.signed_in import PersonRequest, signed_in


class TrackForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=40)
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("On"),
        choices=[(str(day), name) for day, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    start = time_field(gettext_lazy("From"))
    end = time_field(gettext_lazy("To"))
    break_start = time_field(gettext_lazy("Break from"), required=False)
    break_end = time_field(gettext_lazy("Break to"), required=False)
    second_start = time_field(gettext_lazy("Second break from"), required=False)
    second_end = time_field(gettext_lazy("Second break to"), required=False)

    def __init__(
        self, data: Mapping[str, Any] | None, *, others: tuple[Track, ...], held: Track | None = None
    ) -> None:
        initial: dict[str, Any] = {"weekdays": ["0", "1", "2", "3", "4"]}
        if held is not None:
            initial = {
                "name": held.name,
                "weekdays": [str(day) for day in held.weekdays],
                "start": held.start,
                "end": held.end,
                **typed_breaks(held.breaks),
            }
        super().__init__(data, initial=initial)
        self.taken = {one.name.casefold() for one in others}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if name.casefold() in self.taken:
            raise forms.ValidationError(_("There is a track of this name already."))
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("start") and given.get("end") and given["end"] <= given["start"]:
            self.add_error("end", _("The end must come after the start."))
        else:
            check_breaks(self, given)
        return given

    def track(self) -> Track:
        given = self.cleaned_data
        return Track(
            given["name"],
            given["start"].isoformat("minutes"),
            given["end"].isoformat("minutes"),
            tuple((a.isoformat("minutes"), b.isoformat("minutes")) for a, b in breaks_of(given)),
            tuple(sorted(int(day) for day in given["weekdays"])),
        )


class KindForm(forms.Form):
    creditable = forms.BooleanField(
        label=gettext_lazy("Counts towards the week's hours"),
        required=False,
    )
    largest = forms.IntegerField(
        label=gettext_lazy("Most people"),
        min_value=1,
        max_value=rules.LARGEST,
        help_text=gettext_lazy("Who leads it is not counted."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    attend = forms.MultipleChoiceField(
        label=gettext_lazy("Who may come, besides who leads it"),
        choices=[
            (RoomRole.CLIENT.value, gettext_lazy("clients")),
            (RoomRole.FAMILY.value, gettext_lazy("family guests, with their client")),
            (RoomRole.ALUMNUS.value, gettext_lazy("former clients")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )

    def rule(self, kind: MeetingKind) -> KindRule:
        """What differs from the default; the rest is left to it."""
        given, usual = self.cleaned_data, kinds.DEFAULTS[kind]
        attend = frozenset(RoomRole(role) for role in given["attend"])
        return KindRule(
            creditable=None if given["creditable"] == usual.creditable else given["creditable"],
            largest=None if given["largest"] == usual.largest else given["largest"],
            attend=None if attend == usual.attend else tuple(given["attend"]),
        )


@require_safe
@signed_in
def tracks(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    shown = [
        {"number": number, "track": one, "says": track_in_words(one)}
        for number, one in enumerate(of.rules.tracks)
    ]
    return render(
        request,
        "programme/tracks.html",
        {
            "program": of,
            "tracks": shown,
            "more": len(shown) < rules.MOST_TRACKS,
            "tabs": tabs(request.user, of, "tracks"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_track(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    form = TrackForm(request.POST or None, others=of.rules.tracks)

    def add(held: list[Track]) -> list[Track]:
        if len(held) >= rules.MOST_TRACKS:
            raise Invalid("There can be 8 tracks at most.")
        return [*held, form.track()]

    return form_page(
        request,
        form,
        lambda: house.set_tracks(of, add, by=request.user),
        title=_("A new track"),
        lead=_("The hours of a day's programme. A new series can begin from it."),
        button=_("Keep this track"),
        said=_("Kept."),
        back=reverse("tracks", args=[of.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def track(request: PersonRequest, program_id: UUID, number: int) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    held = _track(of, number)
    form = TrackForm(
        request.POST or None, others=tuple(one for one in of.rules.tracks if one != held), held=held
    )
    return form_page(
        request,
        form,
        lambda: house.set_tracks(
            of, lambda all_: [form.track() if one == held else one for one in all_], by=request.user
        ),
        title=held.name,
        lead=_("Series that are on the calendar stay as they are."),
        button=_("Keep this track"),
        said=_("Kept."),
        back=reverse("tracks", args=[of.pk]),
    )


@require_POST
@signed_in
def remove_track(request: PersonRequest, program_id: UUID, number: int) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    held = _track(of, number)
    return done(
        request,
        lambda: house.set_tracks(of, lambda all_: [one for one in all_ if one != held], by=request.user),
        _("Taken away. Series that are on the calendar stay as they are."),
        reverse("tracks", args=[of.pk]),
    )


@require_safe
@signed_in
def all_kinds(request: PersonRequest, program_id: UUID) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    rows = [
        {"kind": kind, "holds": holds, "who": _who(holds.attend), "own": holds != kinds.DEFAULTS[kind]}
        for kind in MeetingKind
        for holds in [kinds.of(of.settings, kind)]
    ]
    return render(
        request,
        "programme/kinds.html",
        {"program": of, "rows": rows, "tabs": tabs(request.user, of, "kinds")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def one_kind(request: PersonRequest, program_id: UUID, code: str) -> HttpResponse:
    of = program(request.user, program_id, Act.SET_PROGRAM)
    if code not in MeetingKind.values:
        raise NotFound
    kind = MeetingKind(code)
    holds = kinds.of(of.settings, kind)
    form = KindForm(
        request.POST or None,
        initial={
            "creditable": holds.creditable,
            "largest": holds.largest,
            "attend": [role.value for role in holds.attend],
        },
    )
    return form_page(
        request,
        form,
        lambda: house.set_kind(of, kind, form.rule(kind), by=request.user),
        title=str(kind.label),
        lead=_("For sessions planned from now on. Hours that are signed stay as they are."),
        button=_("Keep this"),
        said=_("Kept."),
        back=reverse("kinds", args=[of.pk]),
    )


def track_in_words(one: Track) -> str:
    """ "Monday and Wednesday, 6:00 PM to 9:00 PM, break 7:25 PM to 7:35 PM"."""
    says = _("%(days)s, %(start)s to %(end)s") % {
        "days": words.and_list([weekday(day) for day in one.weekdays]),
        "start": wall(one.start),
        "end": wall(one.end),
    }
    for start, end in one.breaks:
        says += ", " + _("break %(start)s to %(end)s") % {"start": wall(start), "end": wall(end)}
    return says


def _track(of: Program, number: int) -> Track:
    held = of.rules.tracks
    if number >= len(held):
        raise NotFound
    return held[number]


def _who(attend: frozenset[RoomRole]) -> str:
    said = {
        RoomRole.CLIENT: _("clients"),
        RoomRole.FAMILY: _("family guests"),
        RoomRole.ALUMNUS: _("former clients"),
    }
    return words.and_list([text for role, text in said.items() if role in attend])
