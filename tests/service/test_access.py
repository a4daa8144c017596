"""Who may do what, in one table, for everybody of the cast (invariants 9, 10, 11)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from sessions.audit import service as audit
from sessions.audit.models import AuditEvent
from sessions.core.errors import NotAllowed, NotFound, Refusal
from sessions.people.access import RULES, Act, may, require
from sessions.people.models import Membership, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import disable, end_membership, join
from sessions.programs import service
from sessions.programs.episode_models import Episode
from tests.cast import Cast

SEE, ENTER, LEAD = Act.SEE_MEETING, Act.ENTER_ROOM, Act.FACILITATE
ALL_STAYS, OWN_STAYS, WAITING = Act.SEE_ATTENDANCE, Act.SEE_OWN_ATTENDANCE, Act.SEE_WAITING
SIGNING = (Act.ATTEST, Act.ADJUST_ATTENDANCE, Act.KEEP_NOTES)
ABOUT_MEETINGS = frozenset({SEE, ENTER, LEAD, ALL_STAYS, OWN_STAYS, WAITING, *SIGNING})

FACILITATOR = ABOUT_MEETINGS
CLIENT = frozenset({SEE, ENTER, OWN_STAYS})
VISITOR = frozenset({SEE, ENTER})  # family guests and alumni: nothing of attendance
COORDINATOR = frozenset({SEE, ALL_STAYS, WAITING})
NOTHING: frozenset[Act] = frozenset()

MEETINGS = {
    "group": {
        "mina": FACILITATOR,
        "theo": FACILITATOR,
        "alice": CLIENT,
        "bruno": CLIENT,
        "carol": COORDINATOR,
    },
    "morning_group": {"theo": FACILITATOR, "chidi": CLIENT, "carol": COORDINATOR},
    "individual": {"mina": FACILITATOR, "alice": CLIENT, "carol": COORDINATOR},
    "family": {
        "mina": FACILITATOR,
        "alice": CLIENT,
        "bruno": CLIENT,
        "omar": VISITOR,
        "rosa": VISITOR,
        "carol": COORDINATOR,
    },
    "check_in": {"mina": FACILITATOR, "ada": VISITOR, "carol": COORDINATOR},
    "southern": {"otto": FACILITATOR, "sofia": CLIENT},
}
EVERYBODY = [
    *("mina", "theo", "alice", "bruno", "chidi", "omar", "rosa"),
    *("ada", "carol", "ines", "otto", "sofia", "nora"),
]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", EVERYBODY)
def test_everybody_may_do_exactly_what_the_table_says(cast: Cast, name: str) -> None:
    person: Person = getattr(cast, name)
    allowed = {
        which: frozenset(act for act in ABOUT_MEETINGS if may(person, act, getattr(cast, which)))
        for which in MEETINGS
    }
    assert allowed == {which: table.get(name, NOTHING) for which, table in MEETINGS.items()}


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_programmes_meetings_are_for_its_coordinators(cast: Cast, name: str) -> None:
    person: Person = getattr(cast, name)
    assert may(person, Act.SEE_PROGRAM_MEETINGS, cast.north) == (name == "carol")
    assert may(person, Act.SEE_PROGRAM_ATTENDANCE, cast.north) == (name == "carol")
    assert may(person, Act.SET_CREDIT_POLICY, cast.north) == (name == "ines")
    assert may(person, Act.KEEP_ON_CALL, cast.north) == (name in ("carol", "ines"))
    assert not may(person, Act.SEE_PROGRAM_MEETINGS, cast.south)


def test_the_table_covers_every_act() -> None:
    assert set(RULES) == set(Act)


@pytest.mark.parametrize("act", sorted(ABOUT_MEETINGS))
def test_a_visitor_who_has_not_signed_in_may_nothing(cast: Cast, act: Act) -> None:
    assert not may(AnonymousUser(), act, cast.group)
    with pytest.raises(NotFound):
        require(AnonymousUser(), act, cast.group)


@pytest.mark.parametrize("act", sorted(ABOUT_MEETINGS))
def test_a_superuser_of_the_admin_pages_may_nothing_in_a_meeting(cast: Cast, act: Act) -> None:
    cast.nora.is_superuser = True
    cast.nora.save()
    assert not may(cast.nora, act, cast.group)


@pytest.mark.parametrize(
    ("name", "act", "refusal"),
    [
        pytest.param("nora", SEE, NotFound, id="somebody without any right, to look"),
        pytest.param("nora", LEAD, NotFound, id="somebody without any right, to lead"),
        pytest.param("otto", ENTER, NotFound, id="a facilitator of another programme"),
        pytest.param("chidi", ENTER, NotFound, id="a client of another group"),
        pytest.param("omar", SEE, NotFound, id="a family guest, to a meeting without invitation"),
        pytest.param("ada", SEE, NotFound, id="an alumna, to a meeting without invitation"),
        pytest.param("ines", SEE, NotFound, id="the administrator"),
        pytest.param("alice", LEAD, NotAllowed, id="a client, to lead"),
        pytest.param("alice", ALL_STAYS, NotAllowed, id="a client, to others' attendance"),
        pytest.param("carol", ENTER, NotAllowed, id="the coordinator, to enter"),
        pytest.param("carol", LEAD, NotAllowed, id="the coordinator, to lead"),
    ],
)
def test_refused_to(cast: Cast, name: str, act: Act, refusal: type[Refusal]) -> None:
    with pytest.raises(Refusal) as refused:
        require(getattr(cast, name), act, cast.group)
    assert type(refused.value) is refusal


def test_what_is_hidden_is_refused_in_the_words_for_what_does_not_exist(cast: Cast) -> None:
    with pytest.raises(NotFound) as hidden:
        require(cast.nora, SEE, cast.group)
    with pytest.raises(NotFound) as missing:
        service.meeting("00000000-0000-0000-0000-000000000000")
    assert (hidden.value.code, hidden.value.text) == (missing.value.code, missing.value.text)


def test_a_refusal_leaves_an_audit_row_and_a_permission_none(cast: Cast) -> None:
    before = AuditEvent.objects.count()
    require(cast.mina, LEAD, cast.group)
    assert AuditEvent.objects.count() == before
    with pytest.raises(NotAllowed):
        require(cast.alice, LEAD, cast.group)
    row = AuditEvent.objects.get(outcome="refused")
    assert (row.actor_id, row.act, row.subject_type, row.subject_id) == (
        cast.alice.pk,
        "meeting.facilitate",
        "meeting",
        str(cast.group.pk),
    )
    assert (row.scope, row.reason) == (cast.north.pk, "not-allowed")
    assert audit.verify() == []


@pytest.mark.parametrize(
    ("name", "meeting", "role"),
    [
        ("mina", "group", Role.FACILITATOR),
        ("alice", "group", Role.CLIENT),
        ("alice", "individual", Role.CLIENT),
        ("omar", "family", Role.FAMILY),
        ("ada", "check_in", Role.ALUMNUS),
        ("carol", "group", Role.COORDINATOR),
    ],
)
def test_an_ended_membership_ends_what_rested_on_it(cast: Cast, name: str, meeting: str, role: Role) -> None:
    person: Person = getattr(cast, name)
    assert may(person, SEE, getattr(cast, meeting))
    end_membership(Membership.objects.get(person=person, role=role))
    assert not any(may(person, act, getattr(cast, meeting)) for act in ABOUT_MEETINGS)


def test_who_is_staff_no_more_has_no_part_in_the_episodes_they_led(cast: Cast) -> None:
    episode = Episode.objects.get(person=cast.alice)
    Episode.objects.filter(pk=episode.pk).update(therapist=cast.mina)
    episode.refresh_from_db()
    acts = {
        act
        for act, rule in RULES.items()
        if may(cast.mina, act, episode) and RoomRole.FACILITATOR in rule.room
    }
    assert {Act.SEE_EPISODE, Act.SEE_TESTS, Act.KEEP_PLAN, Act.SIGN_STEP} <= acts
    end_membership(Membership.objects.get(person=cast.mina, role=Role.FACILITATOR))
    join(cast.mina, cast.south.pk, Role.FACILITATOR)  # and works elsewhere now
    assert not any(may(cast.mina, act, episode) for act in acts)


@pytest.mark.parametrize("name", ["mina", "alice", "omar", "carol"])
def test_a_disabled_account_may_nothing_also_on_a_connection_opened_before(cast: Cast, name: str) -> None:
    person: Person = getattr(cast, name)
    connected = Person.objects.get(pk=person.pk)  # what an open socket still holds
    assert may(connected, SEE, cast.family)
    disable(person)
    assert connected.is_active
    assert not any(may(connected, act, cast.family) for act in ABOUT_MEETINGS)
    assert not may(connected, Act.SEE_PROGRAM_MEETINGS, cast.north)


def test_a_client_who_comes_back_to_facilitate_is_not_staff_without_the_role(cast: Cast) -> None:
    cast.group.facilitators.add(cast.alice)
    assert cast.group.role_of(cast.alice) == "client"
    assert not may(cast.alice, LEAD, cast.group)
