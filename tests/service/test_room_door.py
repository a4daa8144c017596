"""Who is let in and when: the lock, the open door, a door that closes to who comes late, two lobbies."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from sessions.audit.models import AuditEvent, Outcome
from sessions.people.models import Membership
from sessions.programs.models import Program
from sessions.room import service
from sessions.room.commands import Admit, AdmitAll, Decline, Knock, Leave, Remove, SendBack
from sessions.room.events import Admitted
from sessions.room.facilitation import Locked
from sessions.room.floor_commands import (
    RaiseHand,
    SetAutoAdmit,
    SetLock,
    SetScreens,
    Spotlight,
    StartBreak,
)
from sessions.room.late import LateDoor
from sessions.room.log import facts_of
from sessions.room.machine import Place
from tests.cast import EVENING, HOUR, Cast
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.usefixtures("clock")


class TestLock:
    def test_nobody_new_is_let_in_and_who_waits_is_told(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        evening.does(cast.mina, SetLock(True))
        evening.comes(cast.alice)
        assert evening.view(cast.alice).floor.locked
        for command in (Admit(cast.alice.pk), AdmitAll()):
            with pytest.raises(Locked):
                evening.does(cast.mina, command)
        evening.does(cast.mina, SetLock(False))
        evening.lets_in(cast.mina, cast.alice)
        assert evening.place(cast.alice) is Place.MAIN

    def test_holds_against_the_open_door(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        evening.does(cast.mina, SetAutoAdmit(True))
        evening.does(cast.mina, SetLock(True))
        evening.comes(cast.alice)
        assert evening.place(cast.alice) is Place.WAITING
        evening.does(cast.mina, SetLock(False))
        assert evening.place(cast.alice) is Place.MAIN  # the door was open all the time

    def test_who_was_inside_returns_as_always(
        self, inside: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        inside.does(cast.mina, SetLock(True))
        inside.loses(cast.alice)
        clock.shift(seconds(61))
        inside.comes(cast.alice)
        assert inside.place(cast.alice) is Place.WAITING
        inside.lets_in(cast.mina, cast.alice)
        assert inside.place(cast.alice) is Place.MAIN

    def test_a_facilitator_walks_in_all_the_same(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        evening.does(cast.mina, SetLock(True))
        evening.comes(cast.theo)
        assert evening.place(cast.theo) is Place.MAIN


class TestOpenDoor:
    def test_lets_in_who_comes_and_who_waits_already(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.alice, cast.mina)
        evening.does(cast.mina, SetAutoAdmit(True))
        assert evening.place(cast.alice) is Place.MAIN
        evening.comes(cast.bruno)
        assert evening.place(cast.bruno) is Place.MAIN
        row = AuditEvent.objects.filter(act="room.admitted").latest("seq")
        assert row.actor_id == cast.mina.pk  # in the name of who opened it

    def test_only_while_a_facilitator_is_there(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        evening.does(cast.mina, SetAutoAdmit(True))
        evening.loses(cast.mina)
        evening.comes(cast.alice)
        assert evening.place(cast.alice) is Place.WAITING
        evening.comes(cast.theo)
        assert evening.place(cast.alice) is Place.MAIN

    def test_lets_in_when_a_lost_facilitator_is_back(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        evening.does(cast.mina, SetAutoAdmit(True))
        evening.loses(cast.mina)
        evening.comes(cast.alice)
        evening.comes(cast.mina)
        assert evening.place(cast.alice) is Place.MAIN

    @pytest.mark.parametrize("how", [SendBack, Remove, Decline])
    def test_not_for_who_was_sent_out(
        self, evening: Evening, cast: Cast, how: type[SendBack | Remove | Decline]
    ) -> None:
        """Back in through waiting, by a facilitator's hand."""
        evening.comes(cast.mina, cast.alice)
        if how is not Decline:
            evening.lets_in(cast.mina, cast.alice)
        evening.does(cast.mina, SetAutoAdmit(True)) if how is not Decline else None
        evening.does(cast.mina, how(cast.alice.pk))
        if how is Decline:
            evening.does(cast.mina, SetAutoAdmit(True))
        if how is not SendBack:
            evening.does(cast.mina, SendBack(cast.alice.pk))
        service.handle(evening.actor(cast.alice), Knock())
        service.handle(evening.actor(cast.mina), Knock())
        assert evening.place(cast.alice) is Place.WAITING
        evening.lets_in(cast.theo, cast.alice)
        assert evening.place(cast.alice) is Place.MAIN

    def test_not_for_who_is_no_longer_on_the_roster(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina, cast.alice, cast.bruno)
        Membership.objects.filter(person=cast.alice).update(ended_at=EVENING)
        evening.does(cast.mina, SetAutoAdmit(True))
        waiting = [one.person_id for one in evening.view(cast.mina).waiting]
        assert waiting == [cast.alice.pk]

    def test_can_be_shut_again(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        evening.does(cast.mina, SetAutoAdmit(True))
        evening.does(cast.theo, SetAutoAdmit(False))
        evening.comes(cast.alice)
        assert evening.place(cast.alice) is Place.WAITING


class TestDoor:
    """The group began five minutes before the evening of the clock; its door closes ten minutes after it."""

    LATE = 17 * 60 + 1  # seconds: 22 minutes after the start

    @pytest.fixture
    def late(self, evening: Evening, cast: Cast, clock: time_machine.Traveller) -> Evening:
        """Mina leads, Bruno has waited since the start; Alice comes 22 minutes after it."""
        evening.comes(cast.mina, cast.bruno)
        clock.shift(self.LATE)
        evening.comes(cast.alice, cast.bruno, cast.mina)
        return evening

    def test_has_closed_and_each_is_told_what_is_theirs(self, late: Evening, cast: Cast) -> None:
        waiting = late.view(cast.mina).waiting
        assert [(one.name, one.late, one.minutes_late) for one in waiting] == [
            ("Bruno Silva", False, 0),
            ("Alice Haddad", True, 22),
        ]
        assert [late.view(one).you.late for one in (cast.alice, cast.bruno, cast.mina)] == [
            True,
            False,
            False,
        ]
        assert late.view(cast.alice).waiting == ()

    def test_opens_to_a_reason_that_stays_on_record(self, late: Evening, cast: Cast) -> None:
        before = service.head(cast.group.pk)
        with pytest.raises(LateDoor):
            late.does(cast.mina, Admit(cast.alice.pk))
        assert service.head(cast.group.pk) == before
        refused = AuditEvent.objects.filter(act="room.admit").latest("seq")
        assert (refused.outcome, refused.reason) == (Outcome.REFUSED, "late-door")
        late.does(cast.mina, Admit(cast.alice.pk, "transport"))
        assert late.place(cast.alice) is Place.MAIN
        assert not late.view(cast.alice).you.late
        (fact,) = [fact for _, fact in facts_of(cast.group.pk, after=before) if isinstance(fact, Admitted)]
        assert (fact.actor, fact.reason) == (cast.mina.pk, "transport")
        assert AuditEvent.objects.filter(act="room.admitted").latest("seq").reason == "transport"

    def test_everybody_means_who_came_in_time(self, late: Evening, cast: Cast) -> None:
        late.does(cast.mina, AdmitAll())
        assert [late.place(one) for one in (cast.bruno, cast.alice)] == [Place.MAIN, Place.WAITING]
        with pytest.raises(LateDoor):
            late.does(cast.mina, AdmitAll())

    def test_stays_closed_however_it_is_set(self, late: Evening, cast: Cast) -> None:
        late.does(cast.mina, SetAutoAdmit(True))
        late.does(cast.mina, SetLock(True))
        late.does(cast.mina, SetLock(False))
        late.loses(cast.alice)
        late.comes(cast.alice)
        assert [late.place(one) for one in (cast.bruno, cast.alice)] == [Place.MAIN, Place.WAITING]

    def test_is_open_to_who_comes_back(
        self, inside: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        inside.does(cast.alice, Leave())
        clock.shift(self.LATE)
        inside.comes(cast.mina, cast.alice)
        inside.lets_in(cast.mina, cast.alice)
        assert inside.place(cast.alice) is Place.MAIN

    def test_and_to_who_was_at_it_in_time(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        """Waited, gave up twice, and stands there again: late is judged by the first knock."""
        evening.comes(cast.mina, cast.alice)
        for _ in range(2):
            evening.does(cast.alice, Leave())
            clock.shift(self.LATE)
            evening.comes(cast.mina, cast.alice)
        assert not evening.view(cast.alice).you.late
        evening.lets_in(cast.mina, cast.alice)
        assert evening.place(cast.alice) is Place.MAIN

    def test_never_closes_before_staff_is_there(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        """Clients lose nothing by staff who are later than they."""
        clock.shift(self.LATE)
        evening.comes(cast.alice)
        assert not evening.view(cast.alice).you.late
        clock.shift(seconds(20))
        evening.comes(cast.mina)
        clock.shift(seconds(20))
        evening.comes(cast.bruno)
        assert [evening.view(one).you.late for one in (cast.alice, cast.bruno)] == [False, True]
        evening.does(cast.mina, AdmitAll())
        assert [evening.place(one) for one in (cast.alice, cast.bruno)] == [Place.MAIN, Place.WAITING]

    @pytest.mark.parametrize(("minutes", "late"), [(0, False), (21, True), (22, False), (180, False)])
    def test_closes_when_the_programme_says(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller, minutes: int, late: bool
    ) -> None:
        Program.objects.filter(pk=cast.north.pk).update(settings={"door_minutes": minutes})
        evening.comes(cast.mina)
        clock.shift(self.LATE - 1)
        evening.comes(cast.alice)
        assert evening.view(cast.alice).you.late is late

    def test_is_a_group_s_and_for_its_clients(self, cast: Cast, clock: time_machine.Traveller) -> None:
        alone, family = Evening(cast.individual), Evening(cast.family)
        clock.shift(4 * HOUR + timedelta(minutes=50))
        alone.comes(cast.mina, cast.alice)
        alone.lets_in(cast.mina, cast.alice)
        clock.shift(timedelta(minutes=30))
        family.comes(cast.mina)
        clock.shift(seconds(1))
        family.comes(cast.omar, cast.alice)
        assert [(one.name, one.late) for one in family.view(cast.mina).waiting] == [
            ("Omar Haddad", False),
            ("Alice Haddad", True),
        ]
        family.does(cast.mina, AdmitAll())
        assert [family.place(one) for one in (cast.omar, cast.alice)] == [Place.MAIN, Place.WAITING]

    def test_changes_no_minutes(self, late: Evening, cast: Cast, clock: time_machine.Traveller) -> None:
        """Presence begins as ever with the admission, whatever its reason."""
        late.does(cast.mina, Admit(cast.alice.pk, "told-us"))
        late.lets_in(cast.mina, cast.bruno)
        clock.shift(seconds(20))
        late.hears(cast.mina, cast.alice, cast.bruno)
        alice, bruno = (late.stays(cast.mina)[name].stays for name in ("Alice Haddad", "Bruno Silva"))
        assert [(one.starts_at, one.ends_at) for one in alice] == [
            (one.starts_at, one.ends_at) for one in bruno
        ]


class TestLobbies:
    def test_families_wait_apart_and_are_admitted_apart(self, cast: Cast) -> None:
        family = Evening(cast.family)
        family.comes(cast.mina, cast.omar, cast.alice, cast.rosa, cast.bruno)
        view = family.view(cast.mina)
        assert view.meeting.lobbies == ("clients", "family")
        assert {(one.name, one.lobby) for one in view.waiting} == {
            ("Alice Haddad", "clients"),
            ("Bruno Silva", "clients"),
            ("Omar Haddad", "family"),
            ("Rosa Silva", "family"),
        }
        assert [family.view(one).you.position for one in (cast.omar, cast.alice, cast.rosa, cast.bruno)] == [
            1, 1, 2, 2,
        ]  # fmt: skip
        family.does(cast.mina, AdmitAll("family"))
        assert [family.place(one) for one in (cast.omar, cast.alice)] == [Place.MAIN, Place.WAITING]

    def test_elsewhere_there_is_one(self, evening: Evening, cast: Cast) -> None:
        assert evening.view(cast.mina).meeting.lobbies == ("clients",)


def test_who_waits_is_told_of_the_lock_and_nothing_else(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.theo, cast.bruno)
    evening.lets_in(cast.mina, cast.bruno)
    for command in (Spotlight(cast.bruno.pk), SetScreens("everyone"), StartBreak(timedelta(minutes=3))):
        evening.does(cast.mina, command)
    evening.does(cast.bruno, RaiseHand())
    evening.does(cast.mina, SetLock(True))
    evening.comes(cast.alice)
    assert evening.view(cast.alice).floor == type(evening.view(cast.alice).floor)(locked=True)
