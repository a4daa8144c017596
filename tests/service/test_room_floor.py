"""How a meeting is led: hands, questions, screens, spotlight, lead, breaks, and who is not here."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from sessions.core import clock as clocks
from sessions.core.errors import NotAllowed, Refusal
from sessions.room import service, upkeep
from sessions.room.agenda import Agenda
from sessions.room.commands import Decline, End, Leave, Remove, SendBack
from sessions.room.facilitation import AlreadySo, NotInYourRoom
from sessions.room.floor import Pause
from sessions.room.floor_commands import (
    AnswerAsk,
    AskOf,
    BeginPart,
    EndBreak,
    HandOver,
    LowerHand,
    MuteAll,
    RaiseHand,
    SetAgenda,
    SetAutoAdmit,
    SetLock,
    SetScreens,
    Spotlight,
    StartBreak,
)
from sessions.room.floor_facts import Part
from sessions.room.machine import Place
from tests.cast import EVENING, Cast
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.usefixtures("clock")


class TestHands:
    def test_are_in_the_order_in_which_they_went_up_on_every_screen(
        self, inside: Evening, cast: Cast
    ) -> None:
        inside.does(cast.bruno, RaiseHand())
        inside.does(cast.alice, RaiseHand())
        order = {cast.bruno.pk: 1, cast.alice.pk: 2}
        assert [inside.view(one).floor.hands for one in (cast.alice, cast.mina)] == [order, order]
        inside.does(cast.bruno, LowerHand())
        assert inside.view(cast.alice).floor.hands == {cast.alice.pk: 1}

    def test_go_down_with_whoever_leaves_or_is_sent_out(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, RaiseHand())
        inside.does(cast.bruno, RaiseHand())
        inside.does(cast.alice, Leave())
        inside.does(cast.mina, SendBack(cast.bruno.pk))
        assert inside.view(cast.mina).floor.hands == {}
        inside.lets_in(cast.mina, cast.bruno)
        assert inside.view(cast.bruno).floor.hands == {}

    def test_survive_a_lost_connection(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, RaiseHand())
        inside.loses(cast.alice)
        inside.connects(cast.alice, "phone")
        assert inside.view(cast.alice).floor.hands == {cast.alice.pk: 1}

    def test_of_others_are_lowered_by_staff_only(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, RaiseHand())
        with pytest.raises(NotAllowed):
            inside.does(cast.bruno, LowerHand(cast.alice.pk))
        inside.does(cast.mina, LowerHand(cast.alice.pk))
        assert inside.view(cast.alice).floor.hands == {}

    def test_already_up_are_up(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, RaiseHand())
        with pytest.raises(AlreadySo):
            inside.does(cast.alice, RaiseHand())

    def test_are_raised_inside_only(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.alice)
        with pytest.raises(Refusal):
            evening.does(cast.alice, RaiseHand())


class TestQuestions:
    def test_are_shown_to_the_one_who_is_asked_until_answered(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, AskOf(cast.alice.pk, "unmute"))
        assert inside.view(cast.alice).floor.ask == "unmute"
        assert inside.view(cast.bruno).floor.ask is None
        inside.does(cast.alice, AnswerAsk())
        assert inside.view(cast.alice).floor.ask is None

    def test_nothing_switches_anybody_on(self, inside: Evening, cast: Cast) -> None:
        before = service.head(cast.group.pk)
        inside.does(cast.mina, AskOf(cast.alice.pk, "cameraOn"))
        assert service.effects_since(cast.group.pk, before)[1] == ()

    def test_end_when_the_person_goes(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, AskOf(cast.alice.pk, "unmute"))
        inside.does(cast.alice, Leave())
        evening_again = inside
        evening_again.comes(cast.alice)
        evening_again.lets_in(cast.mina, cast.alice)
        assert evening_again.view(cast.alice).floor.ask is None


class TestMuteAll:
    def test_silences_everybody_but_staff(self, inside: Evening, cast: Cast) -> None:
        before = service.head(cast.group.pk)
        inside.does(cast.mina, MuteAll())
        _, effects = service.effects_since(cast.group.pk, before)
        muted = {effect.identity for effect in effects if isinstance(effect, service.Mute)}
        assert muted == {inside.view(one).you.identity for one in (cast.alice, cast.bruno)}


class TestScreens:
    def test_are_for_staff_unless_opened(self, inside: Evening, cast: Cast) -> None:
        def may() -> list[bool]:
            return [service.seat(inside.actor(one)).may_share_screen for one in (cast.mina, cast.alice)]

        assert may() == [True, False]
        inside.does(cast.mina, SetScreens("everyone"))
        assert may() == [True, True]
        assert inside.view(cast.alice).floor.may_share_screen
        inside.does(cast.mina, SetScreens("staff"))
        assert may() == [True, False]


class TestSpotlight:
    def test_is_seen_by_everybody_and_ends_with_the_person(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, Spotlight(cast.alice.pk))
        assert inside.view(cast.bruno).floor.spotlight == cast.alice.pk
        inside.does(cast.alice, Leave())
        assert inside.view(cast.bruno).floor.spotlight is None

    def test_is_for_somebody_there(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina, cast.alice)
        with pytest.raises(NotInYourRoom):
            evening.does(cast.mina, Spotlight(cast.alice.pk))


class TestLead:
    def test_is_with_who_came_first_until_handed_over_and_back(self, inside: Evening, cast: Cast) -> None:
        assert inside.view(cast.alice).floor.lead == cast.mina.pk
        inside.does(cast.mina, HandOver(cast.theo.pk))
        assert inside.view(cast.alice).floor.lead == cast.theo.pk
        inside.does(cast.mina, HandOver(cast.mina.pk))
        assert inside.view(cast.alice).floor.lead == cast.mina.pk

    def test_falls_to_who_is_left(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, HandOver(cast.theo.pk))
        inside.does(cast.theo, Leave())
        assert inside.view(cast.alice).floor.lead == cast.mina.pk

    def test_is_never_given_to_who_is_no_facilitator(self, inside: Evening, cast: Cast) -> None:
        with pytest.raises(NotAllowed):
            inside.does(cast.mina, HandOver(cast.alice.pk))


class TestBreak:
    def test_runs_until_its_time(self, inside: Evening, cast: Cast, clock: time_machine.Traveller) -> None:
        inside.does(cast.mina, StartBreak(timedelta(minutes=10)))
        began = EVENING + seconds(1)
        until = began + timedelta(minutes=10)
        assert inside.view(cast.alice).floor.pause == Pause(began, until)
        for _ in range(61):
            clock.shift(seconds(10))
            inside.hears(cast.mina, cast.theo, cast.alice, cast.bruno)
        assert inside.view(cast.alice).floor.pause is None
        service.sweep(until + seconds(10))
        assert inside.kinds()[-2:] == ["break_started", "break_ended"]
        last = service.facts_since(cast.group.pk, 0, inside.actor(cast.mina))[-1].fact
        assert last.at == until  # by the clock, not by the moment somebody looked

    def test_ends_early_or_is_set_anew(
        self, inside: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        inside.does(cast.mina, StartBreak(timedelta(minutes=10)))
        clock.shift(seconds(20))
        inside.does(cast.mina, StartBreak(timedelta(minutes=5)))
        assert inside.view(cast.alice).floor.pause == Pause(EVENING + seconds(21), EVENING + seconds(321))
        inside.does(cast.theo, EndBreak())
        assert inside.view(cast.alice).floor.pause is None
        with pytest.raises(AlreadySo):
            inside.does(cast.mina, EndBreak())


class TestAway:
    def test_staff_see_who_is_not_here_and_why(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina, cast.alice)
        evening.does(cast.mina, Decline(cast.alice.pk, "please come tomorrow"))
        away = {one.name: (one.place, one.reason, one.until) for one in evening.view(cast.mina).away}
        assert away == {
            "Alice Haddad": (Place.DECLINED, "please come tomorrow", EVENING),
            "Bruno Silva": (Place.OUTSIDE, "", None),
            "Theo Okafor": (Place.OUTSIDE, "", None),
        }
        assert evening.view(cast.alice).away == ()

    def test_who_left_is_not_said_to_be_still_to_come(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        evening.comes(cast.mina, cast.theo, cast.alice, cast.bruno)
        evening.lets_in(cast.mina, cast.alice)
        clock.shift(seconds(20))
        evening.does(cast.alice, Leave())
        evening.does(cast.bruno, Leave())
        gone = {one.name: (one.place, one.until, one.waited) for one in evening.view(cast.mina).away}
        assert gone == {
            "Alice Haddad": (Place.LEFT, EVENING + seconds(20), False),
            "Bruno Silva": (Place.LEFT, EVENING + seconds(20), True),
        }
        evening.comes(cast.bruno)
        assert [one.name for one in evening.view(cast.mina).away] == ["Alice Haddad"]

    def test_who_was_lost_was_here_until_they_were_last_heard_of(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        evening.comes(cast.mina, cast.alice, cast.bruno)
        evening.lets_in(cast.mina, cast.alice)
        clock.shift(seconds(30))
        evening.loses(cast.alice)
        evening.loses(cast.bruno)
        assert [one.name for one in evening.view(cast.mina).away] == ["Theo Okafor"], "they keep their place"
        clock.shift(seconds(61))
        upkeep.sweep(clocks.now())
        gone = {one.name: (one.place, one.until, one.waited) for one in evening.view(cast.mina).away}
        assert gone == {
            "Alice Haddad": (Place.OUTSIDE, EVENING + seconds(30), False),
            "Bruno Silva": (Place.OUTSIDE, EVENING + seconds(30), True),
            "Theo Okafor": (Place.OUTSIDE, None, False),
        }
        assert [evening.view(one).away for one in (cast.alice, cast.bruno)] == [(), ()]


def test_the_end_clears_the_floor(inside: Evening, cast: Cast) -> None:
    inside.does(cast.alice, RaiseHand())
    inside.does(cast.mina, SetLock(True))
    inside.does(cast.mina, SetAgenda((Part("Check-in", 20),)))
    inside.does(cast.mina, StartBreak(timedelta(minutes=10)))
    inside.does(cast.mina, End())
    floor = inside.view(cast.mina).floor
    assert (floor.locked, floor.pause, floor.hands, floor.agenda) == (False, None, {}, Agenda())


def test_the_tables_are_what_the_log_says(inside: Evening, cast: Cast) -> None:
    for own in (RaiseHand(), LowerHand(), RaiseHand()):
        inside.does(cast.alice, own)
    for command in (
        AskOf(cast.bruno.pk, "unmute"),
        SetLock(True),
        SetAutoAdmit(True),
        SetScreens("everyone"),
        Spotlight(cast.bruno.pk),
        HandOver(cast.theo.pk),
        StartBreak(timedelta(minutes=3)),
        SetAgenda((Part("Check-in", 20), Part("", 10, is_break=True))),
        BeginPart(2),
    ):
        inside.does(cast.mina, command)
    inside.does(cast.mina, Remove(cast.alice.pk))
    assert inside.stored() == inside.replayed()
