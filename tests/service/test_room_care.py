"""What carries words about people: where they are, and what they write. Who reads it, and who never does."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from sessions import tasks
from sessions.core.errors import IllegalMove, Invalid, NotAllowed
from sessions.programs.licences import Licence
from sessions.room import chat, service
from sessions.room.arrival_models import Arrival
from sessions.room.care_commands import Arrive, Details, OpenCrisis, Say
from sessions.room.chat_models import ChatLine
from sessions.room.commands import End, Leave, SendBack
from sessions.room.floor_commands import VerifyIdentity
from sessions.room.models import RoomFact
from sessions.room.side_commands import StepAside
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import EVENING, Cast
from tests.service.room import Evening, seconds
from tests.service.told import AWAY, HOME, everything_stored, read, three_inside

pytestmark = pytest.mark.usefixtures("clock")
inside = three_inside


class TestArrival:
    def test_is_kept_for_the_meeting_and_offered_at_the_next(self, evening: Evening, cast: Cast) -> None:
        evening.does(cast.alice, Arrive(HOME))
        told = evening.view(cast.alice).arrival
        assert told is not None
        assert (told.details.address, told.confirmed) == ("12 Elm Street", True)
        later = Evening(cast.individual).view(cast.alice).arrival
        assert later is not None
        assert (later.details.address, later.confirmed) == ("12 Elm Street", False)

    def test_is_never_stored_in_clear_and_leaves_a_fact_without_content(
        self, evening: Evening, cast: Cast
    ) -> None:
        evening.does(cast.alice, Arrive(HOME))
        stored = everything_stored()
        assert not any(word in stored for word in ("Elm Street", "Albany", "555 0101", "Omar Haddad,"))
        fact = RoomFact.objects.get(kind="arrived")
        assert (fact.person_id, fact.data) == (cast.alice.pk, {})
        assert "Elm" not in repr(Arrive(HOME))

    def test_nobody_is_kept_out_without_it_but_staff_see_it(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina, cast.alice)
        assert evening.view(cast.mina).flags[cast.alice.pk] == ("arrivalUnconfirmed", "noIdentity")
        evening.lets_in(cast.mina, cast.alice)
        evening.does(cast.alice, Arrive(HOME))
        assert evening.view(cast.mina).flags[cast.alice.pk] == ("noIdentity",)
        assert evening.view(cast.alice).flags == {}

    def test_a_state_without_a_licence_is_flagged_never_refused(self, evening: Evening, cast: Cast) -> None:
        Licence.objects.create(person=cast.mina, state="NY", until=date(2027, 1, 1))
        Licence.objects.create(person=cast.theo, state="NJ", until=date(2026, 1, 1))  # over
        evening.comes(cast.mina, cast.alice)
        evening.does(cast.alice, Arrive(AWAY))
        assert evening.view(cast.mina).flags[cast.alice.pk] == ("otherState", "notAlone", "noIdentity")
        task = StaffTask.objects.get(kind="location.check")
        assert (task.person_id, task.params) == (cast.alice.pk, {"state": "NJ"})
        evening.does(cast.alice, Arrive(HOME))
        task.refresh_from_db()
        assert task.status == TaskStatus.DONE
        assert evening.view(cast.mina).flags[cast.alice.pk] == ("noIdentity",)

    def test_what_is_no_state_is_refused(self, evening: Evening, cast: Cast) -> None:
        with pytest.raises(Invalid):
            evening.does(cast.alice, Arrive(Details("1 A", "B", "XX", "", "", "", True, True)))

    def test_guests_are_not_asked(self, cast: Cast) -> None:
        family = Evening(cast.family)
        family.comes(cast.mina, cast.omar)
        assert family.view(cast.mina).flags == {}

    def test_details_are_erased_and_the_fact_stays(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        evening.does(cast.alice, Arrive(HOME))
        clock.shift(timedelta(days=8))
        Evening(cast.individual)
        tasks.erase_arrivals()
        assert evening.view(cast.alice).arrival is not None  # the latest is offered for a while
        clock.shift(timedelta(days=90))
        tasks.erase_arrivals()
        assert evening.view(cast.alice).arrival is None
        assert Arrival.objects.count() == 1
        assert RoomFact.objects.filter(kind="arrived").count() == 1

    def test_an_older_one_goes_a_week_after_a_newer(
        self, evening: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        evening.does(cast.alice, Arrive(HOME))
        clock.shift(timedelta(hours=4))
        Evening(cast.individual).does(cast.alice, Arrive(AWAY))
        clock.shift(timedelta(days=8))
        tasks.erase_arrivals()
        kept = Arrival.objects.filter(ciphertext__isnull=False).values_list("meeting_id", flat=True)
        assert list(kept) == [cast.individual.pk]


class TestIdentity:
    def test_is_asked_once_in_a_programme(self, inside: Evening, cast: Cast) -> None:
        with pytest.raises(NotAllowed):
            inside.does(cast.alice, VerifyIdentity(cast.bruno.pk))
        inside.does(cast.mina, VerifyIdentity(cast.alice.pk))
        assert inside.view(cast.mina).flags[cast.alice.pk] == ("arrivalUnconfirmed",)
        other = Evening(cast.individual)
        other.comes(cast.mina, cast.alice)
        assert "noIdentity" not in other.view(cast.mina).flags[cast.alice.pk]


class TestChat:
    def test_is_read_by_who_was_in_the_room_then(
        self, inside: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        """Invariant 2: neither who came later, nor who had left, nor who waits."""
        inside.does(cast.alice, Say("room", "first"))
        inside.does(cast.bruno, Leave())
        inside.does(cast.alice, Say("room", "second"))
        inside.comes(cast.theo, cast.bruno)
        assert read(inside, cast.alice, cast.mina, cast.bruno, cast.theo) == [
            ["first", "second"], ["first", "second"], ["first"], [],
        ]  # fmt: skip

    def test_a_line_to_staff_is_for_staff(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, Say("staff", "please help"))
        assert read(inside, cast.alice, cast.mina, cast.theo, cast.bruno) == [["please help"]] * 3 + [[]]

    def test_an_announcement_is_by_staff_to_everybody_inside(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, Say("everyone", "five minutes"))
        assert read(inside, cast.alice, cast.bruno) == [["five minutes"]] * 2
        with pytest.raises(NotAllowed):
            inside.does(cast.alice, Say("everyone", "hello"))

    def test_who_waits_reads_what_staff_write_to_them_and_may_answer(
        self, evening: Evening, cast: Cast
    ) -> None:
        evening.comes(cast.mina, cast.alice, cast.bruno)
        with pytest.raises(IllegalMove):
            evening.does(cast.alice, Say("staff", "hello?"))
        evening.does(cast.mina, Say("waiting", "we begin in two minutes"))
        evening.does(cast.mina, Say("person", "do you hear music?", cast.alice.pk))
        evening.does(cast.alice, Say("staff", "yes"))
        assert read(evening, cast.alice, cast.bruno, cast.theo) == [
            ["we begin in two minutes", "do you hear music?", "yes"],
            ["we begin in two minutes"],
            ["we begin in two minutes", "do you hear music?", "yes"],
        ]
        lines = service.lines_since(evening.actor(cast.alice), 0)
        assert {(line.person_id, line.name) for line in lines} == {
            (None, "Mina"),
            (cast.alice.pk, "Alice Haddad"),
        }

    def test_a_private_line_is_by_staff_only(self, inside: Evening, cast: Cast) -> None:
        with pytest.raises(NotAllowed):
            inside.does(cast.alice, Say("person", "psst", cast.bruno.pk))
        inside.does(cast.mina, Say("person", "are you well?", cast.alice.pk))
        assert read(inside, cast.alice, cast.bruno) == [["are you well?"], []]
        mine = service.lines_since(inside.actor(cast.mina), 0)[0]
        assert mine.person_name == "Alice Haddad"

    def test_to_nobody_is_refused(self, evening: Evening, cast: Cast) -> None:
        evening.comes(cast.mina)
        for command in (Say("waiting", "hello"), Say("everyone", "hello"), Say("person", "x", cast.alice.pk)):
            with pytest.raises(IllegalMove):
                evening.does(cast.mina, command)

    def test_is_given_once_and_incrementally(self, inside: Evening, cast: Cast) -> None:
        assert not inside.does(cast.alice, Say("room", "hello"), "command-chat-1").repeated
        assert inside.does(cast.alice, Say("room", "hello"), "command-chat-1").repeated
        inside.does(cast.bruno, Say("room", "hi"))
        lines = service.lines_since(inside.actor(cast.mina), 1)
        assert [(line.number, line.text) for line in lines] == [(2, "hi")]
        assert inside.view(cast.mina).lines == 2

    def test_nobody_floods_the_others(
        self, inside: Evening, cast: Cast, clock: time_machine.Traveller
    ) -> None:
        for number in range(chat.MOST):
            inside.does(cast.alice, Say("room", str(number)))
        with pytest.raises(chat.TooFast):
            inside.does(cast.alice, Say("room", "more"))
        inside.does(cast.bruno, Say("room", "still heard"))
        clock.shift(seconds(16))
        inside.does(cast.alice, Say("room", "more"))

    @pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
    def test_a_line_has_words_and_an_end(self, inside: Evening, cast: Cast, text: str) -> None:
        with pytest.raises(Invalid):
            inside.does(cast.alice, Say("room", text))

    def test_is_never_stored_in_clear(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, Say("room", "I relapsed on Sunday"))
        assert "relapsed" not in everything_stored()
        assert "relapsed" not in repr(Say("room", "I relapsed on Sunday"))

    def test_is_gone_when_the_meeting_is_over(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.alice, Say("room", "hello"))
        tasks.forget_chat()
        assert ChatLine.objects.count() == 1
        inside.does(cast.mina, End())
        tasks.forget_chat()
        assert ChatLine.objects.count() == 0
        assert inside.kinds()[-2:] == ["said", "ended"]

    @pytest.mark.parametrize(
        ("value", "days"), [(7, 7), (0, 0), (30, 30), (31, 0), (-1, 0), ("7", 0), (True, 0), (None, 0)]
    )
    def test_a_programme_may_keep_it_for_a_while(
        self, inside: Evening, cast: Cast, clock: time_machine.Traveller, value: object, days: int
    ) -> None:
        cast.north.settings = {"chat_keep_days": value}
        cast.north.save()
        inside.does(cast.alice, Say("room", "hello"))
        inside.does(cast.mina, End())
        if days:
            clock.shift(timedelta(days=days) - seconds(1))
            tasks.forget_chat()
            assert ChatLine.objects.count() == 1
            clock.shift(seconds(1))
        tasks.forget_chat()
        assert ChatLine.objects.count() == 0

    def test_after_being_sent_back_one_reads_only_what_was_before(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.bruno, Say("room", "before"))
        inside.does(cast.mina, SendBack(cast.alice.pk))
        inside.does(cast.bruno, Say("room", "behind the door"))
        assert read(inside, cast.alice) == [["before"]]
        assert [line.name for line in service.lines_since(inside.actor(cast.alice), 0)] == ["Bruno"]


def test_the_tables_are_what_the_log_says(inside: Evening, cast: Cast) -> None:
    inside.does(cast.alice, Arrive(HOME))
    inside.does(cast.alice, Say("room", "hello"))
    inside.does(cast.mina, OpenCrisis(cast.alice.pk))
    assert inside.stored() == inside.replayed()


class TestCameras:
    def test_are_facts_once_each_time(self, inside: Evening, cast: Cast) -> None:
        seat = service.seat(inside.actor(cast.alice))
        for on in (False, True, True, False, True):
            service.camera(seat.identity, on, EVENING)
        assert inside.kinds()[-3:] == ["camera_on", "camera_off", "camera_on"]
        service.camera("nobody", True, EVENING)

    def test_end_with_the_persons_presence_and_not_with_a_move(self, inside: Evening, cast: Cast) -> None:
        identity = service.seat(inside.actor(cast.alice)).identity
        service.camera(identity, True, EVENING)
        inside.comes(cast.theo)
        inside.does(cast.theo, StepAside(cast.alice.pk))
        service.camera(identity, True, EVENING)
        assert inside.kinds().count("camera_on") == 1
        inside.does(cast.alice, Leave())
        service.camera(identity, False, EVENING)  # it is nobody's any more
        inside.comes(cast.alice)
        inside.lets_in(cast.mina, cast.alice)
        service.camera(identity, True, EVENING)
        assert inside.kinds().count("camera_on") == 2
        assert inside.kinds().count("camera_off") == 0
