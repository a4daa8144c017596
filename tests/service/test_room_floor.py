"""How a meeting is led: hands, questions, screens, spotlight, lead and break."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from sessions.core import clock as clocks
from sessions.core.errors import IllegalMove, NotAllowed, Refusal
from sessions.room import service, upkeep
from sessions.room.agenda import Agenda
from sessions.room.commands import Decline, End, Leave, Remove, SendBack
from sessions.room.facilitation import AgendaChanged, AlreadySo, NotInYourRoom
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


CHECK_IN, PAUSE, SKILL = Part("Check-in", 20), Part("", 10, is_break=True), Part("Skill", 30)


def numbered(*parts: Part, first: int = 1) -> tuple[Part, ...]:
    return tuple(replace(part, number=number) for number, part in enumerate(parts, first))


@pytest.fixture
def planned(inside: Evening, cast: Cast) -> Evening:
    """The group has an agenda: a part, a break, a part, with the numbers 1 to 3."""
    inside.does(cast.mina, SetAgenda((CHECK_IN, PAUSE, SKILL)))
    return inside


class TestAgenda:
    def test_is_seen_by_who_is_inside_and_by_nobody_at_the_door(self, planned: Evening, cast: Cast) -> None:
        planned.does(cast.theo, BeginPart(1))
        agenda = planned.view(cast.alice).floor.agenda
        assert (agenda.parts, agenda.version) == (numbered(CHECK_IN, PAUSE, SKILL), 3)
        assert (agenda.now, agenda.since, agenda.next) == (0, EVENING + seconds(1), 1)
        planned.does(cast.mina, SendBack(cast.alice.pk))
        assert planned.view(cast.alice).floor.agenda == Agenda()

    def test_its_break_is_the_groups_and_ends_with_the_next_part(
        self, planned: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        planned.does(cast.mina, BeginPart(2))
        began = EVENING + seconds(1)
        assert planned.view(cast.alice).floor.pause == Pause(began, began + timedelta(minutes=10))
        clock.shift(seconds(20))
        planned.does(cast.mina, BeginPart(3))
        assert planned.view(cast.alice).floor.pause is None
        assert planned.kinds()[-4:] == ["part_begun", "break_started", "part_begun", "break_ended"]

    def test_a_break_that_was_ended_may_begin_again_and_one_that_is_on_may_not(
        self, planned: Evening, cast: Cast
    ) -> None:
        planned.does(cast.mina, BeginPart(2))
        with pytest.raises(AlreadySo):
            planned.does(cast.theo, BeginPart(2))
        planned.does(cast.theo, EndBreak())
        planned.does(cast.mina, BeginPart(2))
        assert planned.view(cast.alice).floor.pause is not None

    @pytest.mark.parametrize(
        ("what", "anew", "now", "then"),
        [
            ("written in before", (Part("News", 5), CHECK_IN, PAUSE, SKILL), "Skill", None),
            ("another order", (SKILL, CHECK_IN, PAUSE), "Skill", "Check-in"),
            ("another name", (CHECK_IN, PAUSE, replace(SKILL, title="Cravings")), "Cravings", None),
            ("one before taken off", (SKILL,), "Skill", None),
            ("what is on taken off", (CHECK_IN, PAUSE), None, None),
            ("what is on taken off, more behind it", (CHECK_IN, PAUSE, Part("Close", 5)), None, "Close"),
            ("all taken off", (), None, None),
        ],
    )
    def test_changing_it_leaves_the_group_where_it_is(
        self,
        planned: Evening,
        cast: Cast,
        what: str,
        anew: tuple[Part, ...],
        now: str | None,
        then: str | None,
    ) -> None:
        own = {"Check-in": 1, "": 2, "Skill": 3, "Cravings": 3}
        planned.does(cast.mina, BeginPart(3))
        anew = tuple(replace(part, number=own.get(part.title, 0)) for part in anew)
        planned.does(cast.mina, SetAgenda(anew, version=3))
        agenda = planned.view(cast.alice).floor.agenda
        assert (agenda.on.title if agenda.on else None) == now, what
        assert (agenda.parts[agenda.next].title if agenda.next is not None else None) == then, what
        assert agenda.since == (None if now is None else EVENING + seconds(1))
        assert planned.stored() == planned.replayed()

    def test_after_its_last_part_nothing_is_on_and_nothing_comes(self, planned: Evening, cast: Cast) -> None:
        planned.does(cast.mina, BeginPart(3))
        planned.does(cast.mina, BeginPart(None))
        agenda = planned.view(cast.alice).floor.agenda
        assert (agenda.now, agenda.since, agenda.next) == (None, None, None)
        planned.does(cast.mina, BeginPart(1))
        assert planned.view(cast.alice).floor.agenda.next == 1

    @pytest.mark.parametrize(
        ("minutes", "ends_after"),
        [(15, timedelta(minutes=15)), (5, timedelta(minutes=5)), (1, None)],
        ids=["longer", "shorter", "over by now"],
    )
    def test_the_break_that_is_on_lasts_as_long_as_the_agenda_says_now(
        self,
        planned: Evening,
        cast: Cast,
        clock: time_machine.Traveller,
        minutes: int,
        ends_after: timedelta | None,
    ) -> None:
        planned.does(cast.mina, BeginPart(2))
        began = EVENING + seconds(1)
        clock.shift(seconds(120))
        check_in, pause, skill = numbered(CHECK_IN, PAUSE, SKILL)
        planned.does(cast.theo, SetAgenda((check_in, replace(pause, minutes=minutes), skill), version=3))
        left = planned.view(cast.alice).floor.pause
        assert (left and left.ends_at) == (began + ends_after if ends_after else None)

    def test_taking_the_break_that_is_on_off_calls_nobody_back(self, planned: Evening, cast: Cast) -> None:
        planned.does(cast.mina, BeginPart(2))
        check_in, _, skill = numbered(CHECK_IN, PAUSE, SKILL)
        planned.does(cast.mina, SetAgenda((check_in, skill), version=3))
        floor = planned.view(cast.alice).floor
        assert (floor.agenda.now, floor.agenda.next) == (None, 1)
        assert floor.pause is not None, "it was told to everybody, and runs to its end"

    def test_of_two_who_write_at_once_the_second_is_told(self, planned: Evening, cast: Cast) -> None:
        both = planned.view(cast.mina).floor.agenda
        planned.does(cast.mina, SetAgenda((*both.parts, Part("Close", 5)), both.version))
        with pytest.raises(AgendaChanged):
            planned.does(cast.theo, SetAgenda(both.parts[:1], both.version))
        with pytest.raises(AlreadySo):
            planned.does(cast.theo, SetAgenda((*both.parts, Part("Close", 5)), both.version))
        theirs = planned.view(cast.theo).floor.agenda
        assert [part.title for part in theirs.parts] == ["Check-in", "", "Skill", "Close"]
        planned.does(cast.theo, SetAgenda(both.parts[:1], theirs.version))

    def test_who_begins_a_part_that_was_taken_off_meanwhile_begins_no_other(
        self, planned: Evening, cast: Cast
    ) -> None:
        planned.does(cast.mina, SetAgenda((PAUSE,), version=3))
        for gone in (1, 3):
            with pytest.raises(IllegalMove) as refused:
                planned.does(cast.theo, BeginPart(gone))
            assert refused.value.text == "That part is no longer on the agenda."
        assert planned.view(cast.alice).floor.agenda.now is None

    @pytest.mark.parametrize(
        ("again", "refusal"),
        [
            (SetAgenda((CHECK_IN, PAUSE, SKILL), version=3), AlreadySo),
            (SetAgenda((Part("", 5),), version=3), IllegalMove),
            (SetAgenda((CHECK_IN,)), AgendaChanged),
            (BeginPart(None), AlreadySo),
            (BeginPart(4), IllegalMove),
            (BeginPart(0), IllegalMove),
        ],
        ids=[
            "the same",
            "a part without a name",
            "as if there were none",
            "none, as before",
            "no such",
            "nought",
        ],
    )
    def test_says_no(
        self, planned: Evening, cast: Cast, again: SetAgenda | BeginPart, refusal: type[IllegalMove]
    ) -> None:
        with pytest.raises(refusal):
            planned.does(cast.mina, again)
        assert planned.stored() == planned.replayed()

    def test_is_the_facilitators_alone(self, planned: Evening, cast: Cast) -> None:
        before = planned.kinds()
        for command in (SetAgenda((), version=3), BeginPart(1), BeginPart(None)):
            with pytest.raises(NotAllowed):
                planned.does(cast.alice, command)
        assert planned.kinds() == before

    def test_the_end_of_the_meeting_ends_its_break(self, planned: Evening, cast: Cast) -> None:
        planned.does(cast.mina, BeginPart(2))
        planned.does(cast.mina, End())
        floor = planned.view(cast.alice).floor
        assert (floor.pause, floor.agenda) == (None, Agenda())


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
