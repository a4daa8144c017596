"""Every form of the product, sent wrong: it says so at the field, keeps what was typed, and changes nothing.

The list is held against the table of addresses: who adds one that takes a POST says here what is typed there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from sessions.aftercare import beginning
from sessions.aftercare.models import AftercareCourse, CheckIn
from sessions.attendance import service as attendance
from sessions.consents import service as consents
from sessions.consents.purposes import Purpose, Scope
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.plan import service as plans
from sessions.programs import episodes, steps
from sessions.programs.episode_models import Episode
from sessions.programs.licences import Licence
from sessions.programs.models import LevelOfCare, Meeting
from sessions.programs.stretches import Hours
from sessions.toxicology import service as tests
from sessions.toxicology.models import CustodyStep, FrequencyChoice, Sample
from sessions.worklist import service as worklist
from sessions.worklist.models import StaffTask
from tests.cast import MORNING, Cast, assemble
from tests.service import papers
from tests.service.aftercare import Aftercare, agrees
from tests.service.attendance import Group
from tests.service.test_families import WHO, said

pytestmark = pytest.mark.django_db

LONG = "x" * 5_000


def stepping(it: Clinic) -> Episode:
    hours = Hours(360, 2, 180)
    steps.propose(
        it.episode,
        LevelOfCare.OUTPATIENT,
        it.cast.evening,
        hours,
        MORNING.date(),
        "Stable.",
        by=it.cast.carol,
    )
    return it.episode


def planned(it: Clinic) -> Episode:
    plans.write(it.episode, plans.Words("", (plans.Goal("Sleep"),)), [], by=it.cast.mina)
    return it.episode


def given_sample(it: Clinic) -> Sample:
    """Asked, and given."""
    tests.begin(it.episode, FrequencyChoice.THREE, by=it.cast.carol)
    for n in range(7):
        tests.select(MORNING + timedelta(days=n, hours=3))
    one = Sample.objects.filter(plan__episode=it.episode).earliest("on")
    tests.hand_over(one, CustodyStep.COLLECTED, by=it.cast.mina)
    return one


def held(it: Clinic) -> Meeting:
    """The evening group, over; its attendance waits for a signature."""
    group = Group(it.cast, it.clock)
    group.begins(it.cast.alice)
    group.passes(timedelta(minutes=2), it.cast.mina, it.cast.alice)
    group.is_ended()
    return it.cast.group


def signed(it: Clinic) -> Meeting:
    meeting = held(it)
    attendance.attest(it.cast.mina, meeting, attendance.Draft(typed_name="Mina Park"))
    return meeting


def asked(it: Clinic) -> StaffTask:
    return worklist.ask(
        it.cast.north.pk, "other", key="form", reason="planned-end", params={"on": "2026-03-09"}
    )


def calling(it: Clinic) -> CheckIn:
    """A call that is being made by Mina."""
    ada = Aftercare(it.cast, it.clock)
    ada.begins()
    return ada.talks(ada.comes_due())


def proposed(it: Clinic) -> AftercareCourse:
    agrees(it.cast, it.cast.ada)
    return beginning.propose(it.cast.north.pk, it.cast.ada, MORNING.date())


def link(it: Clinic) -> str:
    guest = families.add(it.episode, WHO, by=it.cast.carol)
    to = consents.guest_recipient(papers.file(it.cast), guest)
    papers.signs(it.cast.alice, papers.offered(it.cast, Purpose.PRESENCE, to, [Scope.PRESENCE]))
    families.invite(Invitation.objects.get(guest=guest, revoked_at=None), by=it.cast.carol)
    return said("invitation.link", "link").rsplit("/", 1)[1]


@dataclass(frozen=True)
class Clinic:
    cast: Cast
    episode: Episode
    licence: Licence
    clock: time_machine.Traveller


@pytest.fixture
def clinic(db: None) -> Iterator[Clinic]:
    with time_machine.travel(MORNING, tick=False) as clock:
        cast = assemble(MORNING)
        episode = episodes.current(cast.alice, cast.north.pk)
        assert episode is not None
        yield Clinic(cast, episode, Licence.objects.create(person=cast.mina, state="NY"), clock)


Args = Callable[[Clinic], tuple[Any, ...]]
NORTH: Args = lambda it: (it.cast.north.pk,)  # noqa: E731
EPISODE: Args = lambda it: (it.episode.pk,)  # noqa: E731
CLIENT: Args = lambda it: (it.cast.north.pk, it.cast.alice.pk)  # noqa: E731
MEETING: Args = lambda it: (it.cast.individual.pk,)  # noqa: E731

# who, address, its parts, what is typed, the fields in error (none listed: at least one), what must still stand there
FORMS: dict[str, tuple[str, str, Args, dict[str, Any], set[str], str]] = {
    "rules": ("ines", "program-settings", NORTH, {"planning_weeks": "many"}, set(), "many"),
    "track": (
        "ines",
        "track-new",
        NORTH,
        {"name": "Noon", "start": "25:00"},
        {"start", "end", "weekdays"},
        "Noon",
    ),
    "kind": (
        "ines",
        "kind",
        lambda it: (it.cast.north.pk, "process_group"),
        {"largest": "900"},
        {"largest", "attend"},
        "900",
    ),
    "group": (
        "carol",
        "cohort-new",
        NORTH,
        {"name": "Evening", "capacity": "0"},
        {"name", "capacity"},
        "Evening",
    ),
    "licence": (
        "carol",
        "licence-new",
        NORTH,
        {"state": "ZZ", "number": "N-77"},
        {"person", "state"},
        "N-77",
    ),
    "licence changed": (
        "carol",
        "licence",
        lambda it: (it.cast.north.pk, it.licence.pk),
        {"state": "NY", "until": "soon"},
        {"until"},
        "soon",
    ),
    "somebody invited": (
        "ines",
        "staff-invite",
        NORTH,
        {
            "given_name": "Lena",
            "email": "nowhere",
            "role": "client",
            "language": "en",
            "time_zone": "Mars/Base",
        },
        {"family_name", "email", "role", "time_zone"},
        "Mars/Base",
    ),
    "role": ("ines", "staff-role", NORTH, {"role": "coordinator"}, {"person"}, ""),
    "waitlist": ("carol", "waitlist", NORTH, {"person": "nobody"}, {"person", "cohort"}, ""),
    "day of rest": ("carol", "holidays", NORTH, {"on": "2026-02-30", "name": "Rest"}, {"on"}, "Rest"),
    "series": (
        "carol",
        "series-new",
        NORTH,
        {
            "kind": "party",
            "title": "Skills",
            "every": "0",
            "start": "18:00",
            "end": "21:00",
            "break_start": "17:00",
        },
        {"kind", "facilitators", "weekdays", "every", "starts_on", "break_end"},
        "Skills",
    ),
    "one session": (
        "carol",
        "meeting-new",
        NORTH,
        {"kind": "process_group", "title": "Once", "start": "6pm"},
        {"facilitators", "starts_on", "start", "end"},
        "6pm",
    ),
    "session moved": (
        "carol",
        "meeting-change",
        MEETING,
        {"which": "move", "on": "never"},
        {"on", "start", "end"},
        "",
    ),
    "referral": (
        "carol",
        "refer",
        NORTH,
        {"given_name": "Dora"},
        {"family_name", "email", "language", "referred_on"},
        "Dora",
    ),
    "pause": ("carol", "episode-act", lambda it: (it.episode.pk, "pause"), {"why": LONG}, {"why"}, LONG),
    "step": (
        "mina",
        "episode-act",
        lambda it: (it.episode.pk, "step"),
        {"weekly_target_minutes": "5", "why": "More support"},
        {"cohort", "level_of_care", "weekly_target_minutes", "days_a_week", "minutes_a_day", "effective_on"},
        "More support",
    ),
    "end": (
        "carol",
        "episode-act",
        lambda it: (it.episode.pk, "finish"),
        {"how": "vanished", "why": "Moved away"},
        {"how", "on"},
        "Moved away",
    ),
    "guest": ("carol", "family", EPISODE, {"which": "guest", "given_name": "Fatima"}, set(), "Fatima"),
    "hours offered": (
        "mina",
        "hours",
        NORTH,
        {"kind": "individual_therapy", "on": "2026-03-01", "start": "10:00", "end": "09:00", "minutes": "50"},
        {"on", "end", "weeks"},
        "09:00",
    ),
    "plan": ("mina", "plan-write", EPISODE, {"x": "1"}, set(), ""),
    "prescribed week": (
        "mina",
        "prescription",
        EPISODE,
        {"starts_on": "never", "kind1": "individual_therapy", "start1": "10:00"},
        {"starts_on", "weekday1", "end1", "leader1"},
        "10:00",
    ),
    "review": ("mina", "plan-review", EPISODE, {"x": "1"}, set(), ""),
    "assessment": (
        "mina",
        "plan-assess",
        lambda it: (it.episode.pk, "withdrawal"),
        {"x": "1"},
        set(),
        "",
    ),
    "counted minutes": ("ines", "credit-policy", NORTH, {"early": "x"}, set(), ""),
    "calls after treatment": ("ines", "aftercare-policy", NORTH, {"x": "1"}, set(), ""),
    "group left": (
        "carol",
        "episode-act",
        lambda it: (it.episode.pk, "leave"),
        {"on": "never", "why": "Asked for another"},
        {"on"},
        "Asked for another",
    ),
    "kept apart": ("carol", "family", EPISODE, {"which": "apart", "other": "nobody"}, {"other"}, ""),
    "group changed": (
        "carol",
        "cohort",
        lambda it: (it.cast.north.pk, it.cast.evening.pk),
        {"name": "Dusk", "capacity": "0"},
        {"capacity"},
        "Dusk",
    ),
    "step signed": (
        "mina",
        "episode-sign",
        lambda it: (stepping(it).pk,),
        {"answer": "yes", "typed_name": "Mina Parker"},
        {"typed_name"},
        "Mina Parker",
    ),
    "plan signed": (
        "alice",
        "plan-sign",
        lambda it: (planned(it).pk,),
        {"typed_name": "Alice H.", "sha256": "x"},
        {"typed_name"},
        "Alice H.",
    ),
    "samples": (
        "mina",
        "samples",
        EPISODE,
        {"frequency": "daily", "observed": "on"},
        {"frequency"},
        "checked",
    ),
    "sample's result": (
        "mina",
        "sample-step",
        lambda it: (it.episode.pk, given_sample(it).pk),
        {"step": "result", "outcome": "maybe", "found": "traces"},
        {"outcome"},
        "traces",
    ),
    "sample by video": (
        "mina",
        "sample-meeting",
        lambda it: (it.episode.pk, given_sample(it).pk),
        {"on": "2026-03-03", "at": "late", "minutes": "7"},
        {"at", "minutes", "leader"},
        "late",
    ),
    "paper": ("carol", "offer-paper", CLIENT, {"purpose": "gossip"}, {"purpose"}, ""),
    "paper for a court": (
        "carol",
        "offer-paper",
        CLIENT,
        {"purpose": "court", "step": "offer", "name": "County Court", "last_day": "never"},
        {"kind", "scopes", "last_day"},
        "County Court",
    ),
    "paper signed": (
        "alice",
        "paper",
        lambda it: (papers.offered(it.cast).pk,),
        {"act": "sign", "typed_name": "A. Haddad", "sha256": "x"},
        {"agreed"},
        "A. Haddad",
    ),
    "told by hand": (
        "carol",
        "told",
        CLIENT,
        {"under": "law", "via": "pigeon", "words": "That she came."},
        {"name", "scopes", "via"},
        "That she came.",
    ),
    "report": (
        "carol",
        "report-new",
        CLIENT,
        {"whom": "chart", "from_on": "2026-02-01", "to_on": "soon", "format": "scroll", "language": "en"},
        {"to_on", "format"},
        "soon",
    ),
    "attendance signed": (
        "mina",
        "sign",
        lambda it: (held(it).pk,),
        {"topic": "Trust", "started": "09:00", "stopped": "never"},
        {"stopped", "typed_name"},
        "Trust",
    ),
    "attendance changed": (
        "mina",
        "adjust",
        lambda it: (signed(it).pk, it.cast.alice.pk),
        {"credited_minutes": "2000", "status": "dancing", "reason": "She was there.", "typed_name": "M"},
        {"credited_minutes", "status"},
        "She was there.",
    ),
    "note": (
        "mina",
        "notes",
        lambda it: (held(it).pk, it.cast.alice.pk),
        {"text": LONG * 9},
        {"text"},
        LONG * 9,
    ),
    "make-up": (
        "carol",
        "client-week",
        CLIENT,
        {"own": "1", "on": "2026-03-03", "at": "noonish", "minutes": "13"},
        {"facilitator", "at", "minutes"},
        "noonish",
    ),
    "task": ("carol", "task-act", lambda it: (asked(it).pk, "done"), {"note": LONG}, {"note"}, LONG),
    "reminders": (
        "alice",
        "reminders",
        lambda it: (),
        {"email": "on", "quiet_from": "evening", "quiet_until": "08:00"},
        {"quiet_from"},
        "evening",
    ),
    "hours for calls": (
        "mina",
        "call-hours",
        lambda it: (),
        {"do": "away", "starts": "2026-03-03T09:00", "ends": "later"},
        {"ends"},
        "later",
    ),
    "call": (
        "mina",
        "call",
        lambda it: (calling(it).pk,),
        {"do": "close", "tier": "9", "summary": "See you on Monday."},
        {"tier", "note"},
        "See you on Monday.",
    ),
    "calls signed": (
        "carol",
        "aftercare-course",
        lambda it: (proposed(it).pk,),
        {"do": "sign", "weekly_until": "0", "channel": "pigeon", "typed_name": "Carol R."},
        {"weekly_until", "fortnightly_until", "monthly_until", "channel"},
        "Carol R.",
    ),
    "invitation": (
        "nora",
        "invitation",
        lambda it: (link(it),),
        {"code": "12", "typed_name": "Fatima Haddad"},
        {"code", "agreed"},
        "Fatima Haddad",
    ),
    "search": ("carol", "search", lambda it: (), {"q": "x"}, {"q"}, ""),
    "system": ("ines", "systems", NORTH, {"name": "Billing"}, {"scopes"}, "Billing"),
    "file": ("carol", "import", NORTH, {"sort": "series"}, {"file"}, 'value="series" selected'),
}


def rows() -> dict[str, int]:
    """How many rows every table of ours has; what is only a look or a refusal may add to the record."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            if table.startswith("iop_") and not table.startswith("iop_audit"):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
                found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.parametrize("form", FORMS)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    clinic: Clinic, client: Client, form: str
) -> None:
    who, name, args, typed, wrong, kept = FORMS[form]
    address = reverse(name, args=args(clinic))
    client.force_login(getattr(clinic.cast, who))
    before = rows()
    answer = client.post(address, typed)
    assert answer.status_code == 422
    assert rows() == before
    text = answer.content.decode()
    assert kept in text
    assert 'class="errorlist"' in text
    context: Any = answer.context
    shown = next(
        one
        for one in (value for layer in context for value in layer.dicts for value in value.values())
        if getattr(one, "errors", None)
    )
    if wrong:
        assert set(shown.errors) == wrong
    for field in shown.errors:
        bound = shown[field]
        # A reader of screens hears it with the field: Django ties the two together.
        assert f'id="{bound.auto_id}_error"' in text, field
        assert 'aria-invalid="true"' in text


# Addresses at which nothing is typed: a button alone, or a choice among what the page offers.
BUTTONS = {
    *("take-over", "make-up-cancel", "messages-stop", "meeting-report", "series-end", "series-retry"),
    "series-again",
    *("holiday-end", "meeting-cancel", "meeting-restore", "give-back", "book-take", "hours-withdraw", "feed"),
    *("track-remove", "cohort-leader", "staff-act", "on-call-set", "waitlist-act", "place-answer"),
    *(
        "my-people-end",
        "samples-stop",
        "episode-welcome",
        "family-invite",
        "family-revoke",
        "family-back",
        "family-apart",
    ),
    *("language", "check-in", "calls", "appointment", "system-end"),
}
# Forms that are not of fields: a machine's, one question a screen with its answers as buttons, a list of names.
OTHERWISE = {
    "messages-heard": "test_messages.py",
    "check-in-questions": "test_pages_aftercare.py",
    "check-in-wishes": "test_pages_aftercare.py",
    "absence": "test_absences.py",
    "census": "test_care.py",
    "oauth-token": "test_interop.py",
    **dict.fromkeys(
        ("fhir", "fhir-metadata", "fhir-kind", "fhir-resource", "fhir-nothing"), "test_interop.py"
    ),
}
# The same form as another address.
ALIKE = {"track": "track-new", "series": "series-new"}


def takes_a_post(view: Any) -> bool:
    """What its decorator allows; without one everything is."""
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            held = cell.cell_contents
            if isinstance(held, list | tuple) and held and set(held) <= {"GET", "HEAD", "POST"}:
                return "POST" in held
        view = getattr(view, "__wrapped__", None)
    return True


def addresses(of: URLResolver) -> Iterator[URLPattern]:
    for one in of.url_patterns:
        if isinstance(one, URLResolver):
            if one.app_name != "admin":
                yield from addresses(one)
        else:
            yield one


def test_no_form_of_the_product_is_left_out() -> None:
    ours = [one for one in addresses(get_resolver()) if one.callback.__module__.startswith("sessions.web")]
    posted = {one.name for one in ours if takes_a_post(one.callback) and one.name}
    assert {"plan-write", "sample-step", "offer-paper", "call"} <= posted
    assert not {"episode", "home", "census-export", "groups"} & posted
    assert posted == {name for _, name, *_ in FORMS.values()} | BUTTONS | set(OTHERWISE) | set(ALIKE)
