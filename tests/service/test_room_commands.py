"""What can be done to a room: once, by the right people, with a trace."""

from __future__ import annotations

from uuid import uuid4

import pytest

from sessions.audit.models import AuditEvent, Outcome
from sessions.core.errors import IllegalMove, NotAllowed, NotFound
from sessions.people.models import Membership
from sessions.programs import service as programs
from sessions.room import service
from sessions.room.commands import (
    Admit,
    AdmitAll,
    Decline,
    End,
    Knock,
    Leave,
    MuteOther,
    Remove,
    SendBack,
)
from sessions.room.machine import Place
from sessions.room.models import Room
from tests.cast import Cast
from tests.service.room import Evening


def test_a_client_waits_until_a_facilitator_lets_them_in(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    assert evening.place(cast.alice) is Place.WAITING
    evening.lets_in(cast.mina, cast.alice)
    assert evening.place(cast.alice) is Place.MAIN
    assert evening.kinds() == ["entered", "knocked", "admitted"]


def test_everybody_is_let_in_at_once(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.bruno, cast.alice)
    evening.does(cast.mina, AdmitAll())
    assert [evening.place(person) for person in (cast.alice, cast.bruno)] == [Place.MAIN, Place.MAIN]


def test_who_is_declined_stays_out_however_often_they_knock(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.does(cast.mina, Decline(cast.alice.pk, "please see the coordinator first"))
    evening.comes(cast.alice)
    assert evening.place(cast.alice) is Place.DECLINED
    assert service.seats([(cast.group.pk, cast.alice.pk)]) == {(cast.group.pk, cast.alice.pk): None}


def test_who_is_removed_stays_out_also_on_another_device(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    evening.does(cast.mina, Remove(cast.alice.pk))
    evening.connects(cast.alice, "phone")
    evening.does(cast.alice, Knock())
    assert evening.place(cast.alice) is Place.REMOVED


def test_a_mistake_is_taken_back_through_the_waiting_room(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.does(cast.mina, Decline(cast.alice.pk))
    evening.does(cast.mina, SendBack(cast.alice.pk))
    assert evening.place(cast.alice) is Place.WAITING


def test_a_command_is_carried_out_once_however_often_it_is_sent(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    first = evening.does(cast.mina, Admit(cast.alice.pk), "0123-abcd")
    evening.does(cast.mina, SendBack(cast.alice.pk))
    again = evening.does(cast.mina, Admit(cast.alice.pk), "0123-abcd")
    assert again == service.Outcome(first.seq, repeated=True)
    assert evening.place(cast.alice) is Place.WAITING


def test_the_same_id_of_another_person_is_another_command(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.theo, cast.alice, cast.bruno)
    evening.does(cast.mina, Admit(cast.alice.pk), "0123-abcd")
    assert not evening.does(cast.theo, Admit(cast.bruno.pk), "0123-abcd").repeated


def test_a_refused_command_may_be_tried_again_with_its_id(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina)
    with pytest.raises(IllegalMove):
        evening.does(cast.mina, Admit(cast.alice.pk), "0123-abcd")
    evening.comes(cast.alice)
    assert not evening.does(cast.mina, Admit(cast.alice.pk), "0123-abcd").repeated


STRANGERS = ["chidi", "omar", "ada", "carol", "ines", "otto", "sofia", "nora"]


@pytest.mark.parametrize("name", STRANGERS)
def test_without_a_part_in_the_meeting_there_is_no_meeting(evening: Evening, cast: Cast, name: str) -> None:
    """Guests, alumni, coordinators, other cohorts, other programmes: the same words as for no meeting at all."""
    evening.comes(cast.mina, cast.alice)
    before, stranger = evening.kinds(), getattr(cast, name)
    nowhere = service.Actor(stranger.pk, uuid4())
    with pytest.raises(NotFound) as unknown:
        service.handle(nowhere, Knock())
    for act in (
        lambda: evening.connects(stranger),
        lambda: evening.does(stranger, Knock()),
        lambda: evening.does(stranger, Admit(cast.alice.pk)),
        lambda: evening.does(stranger, End()),
        lambda: evening.view(stranger),
        lambda: service.seat(evening.actor(stranger)),
        lambda: service.facts_since(cast.group.pk, 0, evening.actor(stranger)),
    ):
        with pytest.raises(NotFound) as refused:
            act()
        assert (refused.value.code, refused.value.text) == (unknown.value.code, unknown.value.text)
    assert evening.kinds() == before


@pytest.mark.parametrize("name", ["alice", "bruno"])
def test_clients_decide_nothing_about_others(evening: Evening, cast: Cast, name: str) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice)
    before = evening.kinds()
    for target in (cast.alice.pk, cast.bruno.pk, cast.mina.pk):
        for command in (
            Admit(target),
            AdmitAll(),
            Decline(target),
            SendBack(target),
            Remove(target),
            MuteOther(target),
            End(),
        ):
            with pytest.raises(NotAllowed):
                evening.does(getattr(cast, name), command)
    assert evening.kinds() == before


def test_a_facilitator_of_another_meeting_is_nobody_here(cast: Cast) -> None:
    """Theo leads the morning group; Mina does not."""
    morning = Evening(cast.morning_group)
    morning.comes(cast.theo, cast.chidi)
    with pytest.raises(NotFound):
        morning.does(cast.mina, Admit(cast.chidi.pk))


def test_the_end_is_for_everybody_and_for_good(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.alice)
    evening.does(cast.mina, End())
    evening.comes(cast.alice, cast.mina)
    for person in (cast.mina, cast.alice, cast.bruno):
        assert evening.place(person) is Place.LEFT
        assert evening.view(person).meeting.ended
    with pytest.raises(service.MeetingEnded):
        evening.does(cast.mina, Admit(cast.alice.pk))


def test_who_leaves_and_comes_again_waits_again(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    evening.does(cast.alice, Leave())
    evening.does(cast.alice, Knock())
    assert evening.place(cast.alice) is Place.WAITING


def test_a_cancelled_meeting_lets_nobody_in(evening: Evening, cast: Cast) -> None:
    programs.cancel(cast.group)
    evening.comes(cast.alice, cast.mina)
    assert evening.kinds() == []
    assert evening.view(cast.alice).meeting.ended


@pytest.mark.parametrize("how", ["disabled", "membership ended"])
def test_access_ends_at_once(evening: Evening, cast: Cast, how: str) -> None:
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    if how == "disabled":
        cast.alice.is_active = False
        cast.alice.save(update_fields=["is_active"])
        assert service.seats([(cast.group.pk, cast.alice.pk)]) == {(cast.group.pk, cast.alice.pk): None}
    else:
        Membership.objects.filter(person=cast.alice).update(ended_at=cast.group.starts_at)
    with pytest.raises(NotFound):
        evening.view(cast.alice)
    with pytest.raises(NotFound):
        service.seat(evening.actor(cast.alice))


def test_every_change_and_every_refusal_is_on_record(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.does(cast.mina, AdmitAll())
    with pytest.raises(NotAllowed):
        evening.does(cast.alice, End())
    with pytest.raises(IllegalMove):
        evening.does(cast.mina, Admit(cast.alice.pk))
    evening.does(cast.mina, MuteOther(cast.alice.pk))
    rows = AuditEvent.objects.filter(act__startswith="room.").order_by("seq")
    assert [(row.act, row.outcome, row.reason) for row in rows] == [
        ("room.entered", Outcome.ALLOWED, ""),
        ("room.knocked", Outcome.ALLOWED, ""),
        ("room.knocked", Outcome.ALLOWED, ""),
        ("room.admitted", Outcome.ALLOWED, ""),
        ("room.admitted", Outcome.ALLOWED, ""),
        ("room.end", Outcome.REFUSED, "not-allowed"),
        ("room.admit", Outcome.REFUSED, "already-so"),
        ("room.muted", Outcome.ALLOWED, ""),
    ]
    assert {row.scope for row in rows} == {cast.north.pk}


def test_the_media_room_has_a_name_that_says_nothing(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina)
    seat = service.seat(evening.actor(cast.mina))
    told = f"{seat.media_room} {seat.identity}"
    for secret in (str(cast.group.pk), cast.group.pk.hex, str(cast.mina.pk), cast.mina.pk.hex, "Mina"):
        assert secret not in told
    assert Room.objects.get(pk=cast.group.pk).media_name == seat.media_room


def test_facts_are_for_staff_and_for_those_they_are_about(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.lets_in(cast.mina, cast.bruno)
    everything = service.facts_since(cast.group.pk, 0, evening.actor(cast.mina))
    assert [entry.seq for entry in everything] == list(range(1, service.head(cast.group.pk) + 1))
    own = service.facts_since(cast.group.pk, 0, evening.actor(cast.alice))
    assert [entry.fact.kind for entry in own] == ["connected", "knocked"]
