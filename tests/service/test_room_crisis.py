"""A crisis in a room: what staff see at once and nobody else, who is paged, how it is closed and followed up."""

from __future__ import annotations

import pytest

from sessions.audit.models import AuditEvent
from sessions.consents import service as consents
from sessions.core.errors import IllegalMove, Invalid, NotAllowed
from sessions.messages.models import Message
from sessions.room.care_commands import Arrive, CloseCrisis, NoteCrisis, OpenCrisis
from sessions.room.commands import End, Leave
from sessions.room.crisis_models import CrisisStep
from sessions.room.facilitation import AlreadySo
from sessions.room.models import SideRoom
from sessions.room.side_commands import ReturnFromAside, StepAside
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import Cast
from tests.service.aftercare import names_contact
from tests.service.room import Evening
from tests.service.told import HOME, everything_stored, three_inside

pytestmark = pytest.mark.usefixtures("clock")
inside = three_inside


class TestCrisis:
    def test_shows_staff_everything_at_once_and_nobody_else_anything(
        self, inside: Evening, cast: Cast
    ) -> None:
        inside.does(cast.alice, Arrive(HOME))
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        (seen,) = inside.view(cast.mina).crises
        assert seen.name == "Alice Haddad"
        assert seen.told is not None
        assert seen.told.details == HOME
        assert seen.numbers[:2] == ("911", "988 Suicide & Crisis Lifeline")
        assert [(entry.kind, entry.by) for entry in seen.timeline] == [
            ("opened", "Mina Park"),
            ("paged", "Mina Park"),
        ]
        for reader in (cast.alice, cast.bruno):
            assert inside.view(reader).crises == ()

    def test_without_an_arrival_the_national_numbers_stand(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        (seen,) = inside.view(cast.mina).crises
        assert (seen.told, seen.numbers[0]) == (None, "911")

    def test_every_reading_of_something_new_is_on_record(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        for _ in range(3):
            inside.view(cast.mina)
        inside.does(cast.mina, NoteCrisis(cast.alice.pk, "called 911"))
        inside.view(cast.mina)
        inside.view(cast.theo)
        rows = AuditEvent.objects.filter(act="room.crisis-read").order_by("seq")
        assert [row.actor_id for row in rows] == [cast.mina.pk, cast.mina.pk, cast.theo.pk]
        assert {row.subject_id for row in rows} == {str(cast.alice.pk)}

    def test_pages_staff_without_a_name(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        task = StaffTask.objects.get(kind="crisis.respond")
        assert (task.urgent, task.person_id) == (True, cast.alice.pk)
        told = set(Message.objects.filter(template="staff.urgent").values_list("person_id", flat=True))
        assert told == {cast.theo.pk, cast.carol.pk}

    def test_another_facilitator_who_comes_has_answered(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        inside.comes(cast.theo)
        (seen,) = inside.view(cast.mina).crises
        assert [(entry.kind, entry.by) for entry in seen.timeline][-1] == ("answered", "Theo Okafor")

    def test_a_step_aside_belongs_to_its_timeline(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        inside.comes(cast.theo)
        inside.does(cast.theo, StepAside(cast.alice.pk))
        (seen,) = inside.view(cast.mina).crises
        assert [(entry.kind, entry.by) for entry in seen.timeline][-1] == ("aside", "Theo Okafor")

    def test_the_room_aside_is_ready_from_the_beginning_and_is_the_one_they_go_to(
        self, inside: Evening, cast: Cast
    ) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        (ready,) = inside.view(cast.mina).crises
        assert ready.aside is not None
        assert SideRoom.objects.get(pk=ready.aside).media_name
        assert inside.view(cast.mina).asides == ()  # nobody is there yet
        for _ in range(2):
            inside.does(cast.mina, StepAside(cast.alice.pk))
            assert inside.view(cast.alice).you.room_id == ready.aside
            inside.does(cast.mina, ReturnFromAside(ready.aside))
        inside.does(cast.mina, StepAside(cast.bruno.pk))
        assert inside.view(cast.bruno).you.room_id != ready.aside
        inside.does(cast.mina, CloseCrisis(cast.alice.pk, "with her sister"))
        (closed,) = inside.view(cast.mina).crises
        assert closed.aside is None

    def test_is_closed_with_an_outcome_and_followed_up(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        for empty in ("", "   "):
            with pytest.raises(Invalid):
                inside.does(cast.mina, CloseCrisis(cast.alice.pk, empty))
        inside.does(cast.mina, CloseCrisis(cast.alice.pk, "Her father is with her."))
        (seen,) = inside.view(cast.mina).crises
        assert (seen.closed, seen.timeline[-1].text) == (True, "Her father is with her.")
        assert StaffTask.objects.get(kind="crisis.respond").status == TaskStatus.DONE
        assert StaffTask.objects.get(kind="crisis.follow-up").status == TaskStatus.OPEN
        with pytest.raises(IllegalMove):
            inside.does(cast.mina, NoteCrisis(cast.alice.pk, "later"))

    def test_can_be_finished_after_the_meeting(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        inside.does(cast.mina, End())
        inside.does(cast.mina, NoteCrisis(cast.alice.pk, "ambulance arrived"))
        inside.does(cast.mina, CloseCrisis(cast.alice.pk, "in hospital"))
        assert inside.view(cast.mina).crises[0].closed

    def test_is_open_once_and_for_who_is_there(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        with pytest.raises(AlreadySo):
            inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        inside.does(cast.bruno, Leave())
        with pytest.raises(IllegalMove):
            inside.does(cast.mina, OpenCrisis(cast.bruno.pk))
        for command in (
            OpenCrisis(cast.bruno.pk),
            NoteCrisis(cast.alice.pk, "x"),
            CloseCrisis(cast.alice.pk, "x"),
        ):
            with pytest.raises(NotAllowed):
                inside.does(cast.alice, command)

    def test_further_people_are_shown_under_a_live_consent_only(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        assert inside.view(cast.mina).crises[0].contacts == ()
        paper = names_contact(cast, cast.alice)
        assert inside.view(cast.mina).crises[0].contacts == ("June, +1 212 555 0199",)
        consents.end(cast.alice, paper)
        assert inside.view(cast.mina).crises[0].contacts == ()

    def test_is_never_stored_in_clear(self, inside: Evening, cast: Cast) -> None:
        inside.does(cast.mina, OpenCrisis(cast.alice.pk))
        inside.does(cast.mina, NoteCrisis(cast.alice.pk, "took pills"))
        assert "pills" not in everything_stored()
        assert CrisisStep.objects.count() == 3
