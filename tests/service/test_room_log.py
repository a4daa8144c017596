"""The log of a room: gap-free, once, never changed, and the truth behind every table."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from sessions.core.errors import Refusal
from sessions.people.models import Person
from sessions.room import service
from sessions.room.commands import Admit, AdmitAll, Decline, Knock, MuteOther, Remove, SendBack
from sessions.room.events import CorruptLog, Left
from sessions.room.log import RoomLog, facts_of
from sessions.room.models import Connection, RoomFact
from tests import cast as people
from tests.cast import Cast
from tests.service.room import Evening, all_at_once


def seqs(evening: Evening) -> list[int]:
    rows = RoomFact.objects.filter(meeting=evening.meeting).order_by("seq")
    return list(rows.values_list("seq", flat=True))


def test_the_tables_are_what_the_log_says(evening: Evening, cast: Cast) -> None:
    """State and facts: replaying all facts gives the stored state."""
    evening.comes(cast.mina, cast.alice, cast.bruno)
    evening.does(cast.mina, AdmitAll())
    evening.does(cast.mina, SendBack(cast.bruno.pk))
    evening.loses(cast.alice)
    evening.does(cast.mina, Decline(cast.bruno.pk, "see you tomorrow"))
    assert evening.stored() == evening.replayed()
    assert seqs(evening) == list(range(1, len(seqs(evening)) + 1))


@pytest.mark.parametrize("statement", ["UPDATE iop_roomfact SET kind = 'left'", "DELETE FROM iop_roomfact"])
def test_the_database_itself_refuses_to_change_the_log(evening: Evening, cast: Cast, statement: str) -> None:
    evening.comes(cast.mina)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():  # noqa: SIM117
        with connection.cursor() as cursor:
            cursor.execute(statement)
    assert evening.kinds() == ["entered"]


def test_a_fact_is_not_saved_twice(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina)
    row = RoomFact.objects.latest("seq")
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_log_that_is_not_ours_is_refused_whole(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina)
    RoomFact.objects.create(
        meeting=cast.group, seq=99, kind="vanished", at=cast.group.starts_at, person=cast.alice
    )
    with pytest.raises(CorruptLog):
        facts_of(cast.group.pk)


def test_when_one_fact_of_several_is_illegal_none_is_written(evening: Evening, cast: Cast) -> None:
    evening.comes(cast.mina, cast.alice)
    before, stored = seqs(evening), evening.stored()
    twice = Left(at=cast.group.starts_at, person=cast.alice.pk)
    with pytest.raises(Refusal), transaction.atomic():
        RoomLog(cast.group).append([twice, twice])
    assert (seqs(evening), evening.stored()) == (before, stored)


def test_each_meeting_counts_for_itself(cast: Cast) -> None:
    for meeting, facilitator in ((cast.group, cast.mina), (cast.morning_group, cast.theo)):
        Evening(meeting).comes(facilitator)
        assert service.head(meeting.pk) == 2


# With real commits and real threads: on PostgreSQL they meet at the row lock, on SQLite at BEGIN IMMEDIATE.


@pytest.mark.django_db(transaction=True)
def test_two_facilitators_admit_at_once_and_it_happens_once() -> None:
    cast = people.assemble()
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.theo, cast.alice)
    answers = all_at_once(
        lambda: evening.does(cast.mina, Admit(cast.alice.pk)),
        lambda: evening.does(cast.theo, Admit(cast.alice.pk)),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadySo", "Outcome"]
    assert evening.kinds().count("admitted") == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_command_sent_over_two_sockets_at_once_is_carried_out_once() -> None:
    cast = people.assemble()
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.alice)
    evening.lets_in(cast.mina, cast.alice)
    mute = [lambda: evening.does(cast.mina, MuteOther(cast.alice.pk), "0123-abcd")] * 4
    answers = all_at_once(*mute)
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]
    assert len({answer.seq for answer in answers}) == 1
    assert evening.kinds().count("muted") == 1


@pytest.mark.django_db(transaction=True)
def test_everybody_comes_at_once_and_the_log_has_no_gap() -> None:
    """The room itself is made in this rush, too."""
    cast = people.assemble()
    evening = Evening(cast.family)
    everybody = (cast.mina, cast.alice, cast.bruno, cast.omar, cast.rosa)

    def comes(person: Person) -> None:
        for device in ("laptop", "phone"):
            service.connect(evening.actor(person), device, "web-1")
            service.handle(evening.actor(person), Knock())

    all_at_once(*(lambda person=person: comes(person) for person in everybody))
    assert seqs(evening) == list(range(1, 16))  # ten connections, four knocks, one entry
    assert evening.stored() == evening.replayed()
    assert [entry.name for entry in evening.view(cast.mina).waiting] != []


@pytest.mark.django_db(transaction=True)
def test_commands_and_evidence_do_not_stand_in_each_others_way() -> None:
    cast = people.assemble()
    evening = Evening(cast.group)
    evening.comes(cast.mina, cast.theo, cast.alice, cast.bruno)

    def facilitates(facilitator: Person, client: Person) -> None:
        for _ in range(5):
            evening.does(facilitator, Admit(client.pk))
            evening.does(facilitator, Remove(client.pk))
            evening.does(facilitator, SendBack(client.pk))

    def beats() -> None:
        for _ in range(10):
            assert evening.hears(cast.mina, cast.theo, cast.alice, cast.bruno) == frozenset()

    answers = all_at_once(
        lambda: facilitates(cast.mina, cast.alice), lambda: facilitates(cast.theo, cast.bruno), beats
    )
    assert answers == [None, None, None]
    assert seqs(evening) == list(range(1, 4 + 4 + 2 * 15 + 1))
    assert evening.stored() == evening.replayed()
    assert not Connection.objects.filter(closed_at__isnull=False).exists()
