"""Breakout rooms, rooms aside and a room without staff: who is where, whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine

from sessions.attendance.observe import Observed
from sessions.core import clock as wall
from sessions.core.errors import IllegalMove, NotAllowed, NotFound, Refusal
from sessions.core.span import Span
from sessions.people.roles import RoomRole
from sessions.programs import service as programs
from sessions.programs.kinds import MeetingKind
from sessions.room import service
from sessions.room.commands import Admit, AdmitAll, Command, End, Leave, SendBack, TakeOver
from sessions.room.log import facts_of
from sessions.room.machine import Place
from sessions.room.side_commands import (
    AskHelp,
    Assign,
    CloseBreakouts,
    HelpDone,
    OpenBreakouts,
    PlanBreakouts,
    ProposeAtRandom,
    ProposeByHousehold,
    ReturnFromAside,
    RoomWish,
    SetBreakoutTimer,
    StepAside,
    Visit,
)
from sessions.room.sides import Phase
from tests.cast import Cast
from tests.service.breakouts import MAIN, ids, media_room, opened, plan, where
from tests.service.room import Evening, seconds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
MINUTE = timedelta(minutes=1)


def test_each_is_in_the_planned_room_and_sees_and_hears_nobody_else(inside: Evening, cast: Cast) -> None:
    blue, green = opened(inside, cast.mina, [cast.alice, cast.theo], [cast.bruno])
    assert where(inside, cast.alice) == (Place.BREAKOUT, blue)
    assert where(inside, cast.bruno) == (Place.BREAKOUT, green)
    assert where(inside, cast.mina) == MAIN
    assert [member.name for member in inside.view(cast.alice).members] == ["Theo O."]
    assert inside.view(cast.bruno).members == inside.view(cast.mina).members == ()
    assert media_room(inside, cast.alice) == media_room(inside, cast.theo)
    rooms = {media_room(inside, person) for person in (cast.alice, cast.bruno, cast.mina)}
    assert len(rooms) == 3


def test_clients_are_told_when_it_ends_and_staff_who_is_where(inside: Evening, cast: Cast) -> None:
    blue, _ = opened(inside, cast.mina, [cast.alice], [cast.bruno], length=10 * MINUTE)
    told = inside.view(cast.alice).breakouts
    assert told is not None
    assert (told.phase, told.rooms, told.unassigned) == (Phase.OPEN, (), ())
    assert told.ends_at == wall.now() + 10 * MINUTE
    assert inside.view(cast.alice).you.room_name == "Room 1"
    seen = inside.view(cast.mina).breakouts
    assert seen is not None
    assert [[one.name for one in room.members] for room in seen.rooms] == [["Alice Haddad"], ["Bruno Silva"]]
    assert seen.rooms[0].room_id == blue


def test_a_plan_is_made_before_anybody_has_come_and_only_staff_see_it(cast: Cast) -> None:
    evening = Evening(cast.group)
    plan(evening, cast.mina, [cast.alice], [cast.bruno])
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    assert evening.view(cast.alice).breakouts is None
    seen = evening.view(cast.theo).breakouts
    assert seen is not None
    assert seen.phase is Phase.PLANNED
    evening.does(cast.mina, OpenBreakouts())
    assert evening.place(cast.alice) is Place.BREAKOUT


def test_who_comes_late_lands_in_their_room(cast: Cast) -> None:
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    _, green = opened(evening, cast.mina, [cast.alice], [cast.bruno, cast.theo])
    evening.comes(cast.bruno, cast.theo)
    assert evening.place(cast.bruno) is Place.WAITING
    assert where(evening, cast.theo) == (Place.BREAKOUT, green)
    evening.does(cast.mina, AdmitAll())
    assert where(evening, cast.bruno) == (Place.BREAKOUT, green)


def test_who_was_gone_too_long_waits_and_then_lands_in_their_room_again(
    inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    blue, _ = opened(inside, cast.mina, [cast.alice], [cast.bruno])
    inside.loses(cast.alice)
    clock.shift(50)
    inside.hears(cast.mina)
    inside.connects(cast.alice)
    assert where(inside, cast.alice) == (Place.BREAKOUT, blue)
    inside.loses(cast.alice)
    clock.shift(61)
    inside.comes(cast.alice)
    assert inside.place(cast.alice) is Place.WAITING
    inside.lets_in(cast.mina, cast.alice)
    assert where(inside, cast.alice) == (Place.BREAKOUT, blue)


def test_recall_reaches_everybody_once_also_who_is_offline_and_who_still_waits(
    inside: Evening, cast: Cast
) -> None:
    opened(inside, cast.mina, [cast.alice, cast.mina], [cast.bruno])
    inside.loses(cast.alice)
    inside.does(cast.mina, SendBack(cast.bruno.pk))
    inside.does(cast.mina, CloseBreakouts())
    assert inside.kinds().count("recalled") == 2
    assert where(inside, cast.mina) == where(inside, cast.alice) == MAIN
    inside.connects(cast.alice)
    assert where(inside, cast.alice) == MAIN
    inside.lets_in(cast.mina, cast.bruno)
    assert where(inside, cast.bruno) == MAIN
    with pytest.raises(IllegalMove):
        inside.does(cast.mina, CloseBreakouts())


def test_notice_is_given_and_then_the_clock_closes_whoever_is_there(
    inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    opened(inside, cast.mina, [cast.alice], [cast.bruno])
    inside.does(cast.mina, CloseBreakouts(seconds(30)))
    told = inside.view(cast.alice).breakouts
    assert told is not None
    assert (told.phase, told.ends_at) == (Phase.CLOSING, wall.now() + seconds(30))
    assert service.next_change(cast.group.pk) == wall.now() + seconds(30)
    clock.shift(29)
    assert service.close_due(cast.group.pk, wall.now()) == 0
    assert inside.place(cast.alice) is Place.BREAKOUT
    clock.shift(1)
    assert service.close_due(cast.group.pk, wall.now()) == 3
    assert service.close_due(cast.group.pk, wall.now()) == 0
    assert where(inside, cast.alice) == MAIN


def test_the_timer_can_be_changed_and_taken_away_and_rests_on_no_process(
    inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    opened(inside, cast.mina, [cast.alice], [cast.bruno], length=5 * MINUTE)
    inside.does(cast.mina, SetBreakoutTimer(None))
    clock.shift(6 * MINUTE)
    service.sweep(wall.now())
    assert "breakouts_closed" not in inside.kinds()
    inside.comes(cast.mina, cast.alice, cast.bruno)
    inside.does(cast.mina, SetBreakoutTimer(MINUTE))
    clock.shift(MINUTE)
    service.sweep(wall.now())
    assert inside.kinds().count("breakouts_closed") == 1


def test_people_are_moved_while_the_rooms_are_open(inside: Evening, cast: Cast) -> None:
    blue, green = opened(inside, cast.mina, [cast.alice], [cast.bruno])
    inside.does(cast.mina, Assign(cast.bruno.pk, blue))
    assert where(inside, cast.bruno) == (Place.BREAKOUT, blue)
    inside.does(cast.mina, Assign(cast.bruno.pk, None))
    assert where(inside, cast.bruno) == MAIN
    seen = inside.view(cast.mina).breakouts
    assert seen is not None
    assert [one.name for one in seen.unassigned] == ["Bruno Silva"]
    inside.does(cast.mina, Assign(cast.bruno.pk, green))
    assert where(inside, cast.bruno) == (Place.BREAKOUT, green)


def test_rooms_open_again_as_they_were_planned(inside: Evening, cast: Cast) -> None:
    first = opened(inside, cast.mina, [cast.alice], [cast.bruno])
    before = media_room(inside, cast.alice)
    inside.does(cast.mina, CloseBreakouts())
    inside.does(cast.mina, OpenBreakouts())
    assert ids(inside, cast.mina) == first
    assert media_room(inside, cast.alice) == before


def test_help_is_asked_for_and_a_visit_answers_it(inside: Evening, cast: Cast) -> None:
    blue, _ = opened(inside, cast.mina, [cast.alice], [cast.bruno])
    inside.does(cast.alice, AskHelp())
    assert inside.view(cast.alice).help_since == wall.now()
    assert inside.view(cast.bruno).help_since is None
    seen = inside.view(cast.theo).breakouts
    assert seen is not None
    assert [room.help_since for room in seen.rooms] == [wall.now(), None]
    inside.does(cast.theo, Visit(blue))
    assert [member.name for member in inside.view(cast.alice).members] == ["Theo O."]
    assert inside.view(cast.alice).help_since is None
    inside.does(cast.theo, Visit(None))
    assert where(inside, cast.theo) == MAIN
    inside.does(cast.alice, AskHelp())
    inside.does(cast.alice, AskHelp(on=False))
    inside.does(cast.alice, AskHelp())
    inside.does(cast.mina, HelpDone(blue))
    assert inside.view(cast.alice).help_since is None


def test_one_person_steps_aside_and_the_group_goes_on(inside: Evening, cast: Cast) -> None:
    inside.does(cast.mina, StepAside(cast.alice.pk))
    (aside,) = inside.view(cast.theo).asides
    assert {one.name for one in aside.members} == {"Alice Haddad", "Mina Park"}
    assert where(inside, cast.alice) == where(inside, cast.mina) == (Place.ASIDE, aside.room_id)
    assert inside.view(cast.alice).you.room_name == "Room aside"
    assert [one.name for one in inside.view(cast.bruno).members] == ["Theo O."]
    assert inside.view(cast.alice).asides == ()
    inside.does(cast.mina, ReturnFromAside(aside.room_id))
    assert where(inside, cast.alice) == where(inside, cast.mina) == MAIN
    assert inside.view(cast.theo).asides == ()


@pytest.mark.parametrize("opens", ["before", "meanwhile"])
@pytest.mark.parametrize("closes", [True, False], ids=["and closed", "still open"])
def test_from_aside_both_return_where_they_belong_by_then(
    inside: Evening, cast: Cast, opens: str, closes: bool
) -> None:
    blue, _ = plan(inside, cast.mina, [cast.alice], [cast.bruno])
    if opens == "before":
        inside.does(cast.mina, OpenBreakouts())
        inside.does(cast.mina, Visit(blue))
    inside.does(cast.mina, StepAside(cast.alice.pk))
    (aside,) = inside.view(cast.theo).asides
    if opens == "meanwhile":
        inside.does(cast.theo, OpenBreakouts())
    if closes:
        inside.does(cast.theo, CloseBreakouts())
    assert inside.place(cast.alice) is Place.ASIDE
    inside.does(cast.theo, ReturnFromAside(aside.room_id))
    assert where(inside, cast.alice) == (MAIN if closes else (Place.BREAKOUT, blue))
    assert where(inside, cast.mina) == ((Place.BREAKOUT, blue) if opens == "before" and not closes else MAIN)


def test_nobody_stays_aside_without_staff(inside: Evening, cast: Cast) -> None:
    inside.does(cast.mina, StepAside(cast.alice.pk))
    inside.does(cast.mina, Leave())
    assert where(inside, cast.alice) == MAIN


# Families.


@pytest.fixture
def family(cast: Cast) -> Evening:
    evening = Evening(cast.family)
    evening.comes(cast.mina, cast.alice, cast.omar, cast.bruno, cast.rosa)
    evening.lets_in(cast.mina, cast.alice, cast.omar, cast.bruno, cast.rosa)
    return evening


def test_each_family_gets_a_room_under_its_clients_name(family: Evening, cast: Cast) -> None:
    family.does(cast.mina, ProposeByHousehold())
    family.does(cast.mina, OpenBreakouts())
    assert where(family, cast.alice) == where(family, cast.omar)
    assert where(family, cast.bruno) == where(family, cast.rosa) != where(family, cast.alice)
    assert family.view(cast.omar).you.room_name == "Alice H."
    assert [one.name for one in family.view(cast.omar).members] == ["Alice H."]
    assert "Silva" not in repr(family.view(cast.omar))


def test_families_are_never_divided_by_chance(family: Evening, cast: Cast) -> None:
    with pytest.raises(IllegalMove):
        family.does(cast.mina, ProposeAtRandom(2))


def test_a_client_without_family_is_left_to_staff(cast: Cast) -> None:
    meeting = programs.schedule(
        cast.north,
        MeetingKind.FAMILY_GROUP,
        Span(cast.family.ends_at + 60 * MINUTE, cast.family.ends_at + 120 * MINUTE),
        facilitators=[cast.mina],
        invitees=[
            (cast.alice, RoomRole.CLIENT),
            (cast.omar, RoomRole.FAMILY),
            (cast.bruno, RoomRole.CLIENT),
        ],
    )
    evening = Evening(meeting)
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice, cast.bruno)
    evening.does(cast.mina, ProposeByHousehold())
    seen = evening.view(cast.mina).breakouts
    assert seen is not None
    assert [one.name for one in seen.unassigned] == ["Bruno Silva"]
    assert [[one.name for one in room.assigned] for room in seen.rooms] == [["Alice Haddad", "Omar Haddad"]]


# Who may ask.

STAFF_ONLY: list[Command] = [
    PlanBreakouts(()),
    ProposeByHousehold(),
    ProposeAtRandom(3),
    OpenBreakouts(),
    SetBreakoutTimer(MINUTE),
    CloseBreakouts(),
    Assign(UUID(int=1), None),
    Visit(None),
    HelpDone(UUID(int=1)),
    StepAside(UUID(int=1)),
    ReturnFromAside(UUID(int=1)),
]


@pytest.mark.parametrize("command", STAFF_ONLY, ids=lambda command: type(command).__name__)
def test_only_a_facilitator_of_the_meeting(inside: Evening, cast: Cast, command: Command) -> None:
    before = service.head(cast.group.pk)
    for person, refusal in (
        (cast.alice, NotAllowed),
        (cast.carol, NotFound),
        (cast.chidi, NotFound),
        (cast.otto, NotFound),
    ):
        with pytest.raises(refusal):
            inside.does(person, command)
    assert service.head(cast.group.pk) == before


@pytest.mark.parametrize("command", [*STAFF_ONLY, AskHelp(), TakeOver()], ids=lambda c: type(c).__name__)
def test_over_is_over(inside: Evening, cast: Cast, command: Command) -> None:
    inside.does(cast.mina, End())
    with pytest.raises(Refusal):
        inside.does(cast.mina, command)


def test_a_plan_names_only_people_of_the_meeting_once(inside: Evening, cast: Cast) -> None:
    for named in ([cast.alice, cast.alice], [cast.chidi], [cast.sofia]):
        with pytest.raises(IllegalMove):
            plan(inside, cast.mina, named)
    with pytest.raises(IllegalMove):
        inside.does(cast.mina, PlanBreakouts((RoomWish(UUID(int=7), "", ()),)))
    with pytest.raises(IllegalMove):
        inside.does(cast.mina, Admit(cast.sofia.pk))


def test_main_breakout_and_aside_are_one_presence(
    inside: Evening, cast: Cast, clock: time_machine.Traveller
) -> None:
    """In the log's stays, and in attendance, which is told the rooms."""

    def ten_minutes() -> None:
        for _ in range(30):
            clock.shift(20)
            inside.hears(cast.mina, cast.theo, cast.alice, cast.bruno)

    ten_minutes()
    opened(inside, cast.mina, [cast.alice], [cast.bruno])
    ten_minutes()
    inside.does(cast.mina, StepAside(cast.alice.pk))
    ten_minutes()
    inside.does(cast.theo, CloseBreakouts())
    inside.does(cast.mina, End())
    (stay,) = inside.stays(cast.mina)["Alice Haddad"].stays
    assert stay.ends_at - stay.starts_at == 30 * MINUTE
    observed = Observed()
    for row, fact in facts_of(cast.group.pk):
        observed.read(row.seq, fact)
    lines = [line for line in observed.lines if line.person == cast.alice.pk]
    assert [line.room.split(":")[0] for line in lines] == ["waiting", "main", "breakout", "aside"]
    assert [line.until for line in lines[:-1]] == [line.since for line in lines[1:]]
