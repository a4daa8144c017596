"""The agenda of a meeting: its parts, which of them is on, and its breaks, which are the group's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from sessions.core.errors import IllegalMove, NotAllowed
from sessions.room.agenda import Agenda
from sessions.room.commands import End, SendBack
from sessions.room.facilitation import AgendaChanged, AlreadySo
from sessions.room.floor import Pause
from sessions.room.floor_commands import (
    BeginPart,
    EndBreak,
    SetAgenda,
)
from sessions.room.floor_facts import Part
from tests.cast import EVENING, Cast
from tests.service.room import Evening, seconds

pytestmark = pytest.mark.usefixtures("clock")

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
