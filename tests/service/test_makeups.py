"""Make-ups: booked from the board, counted in the week delivered, linked to what was missed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions import tasks
from sessions.attendance import absences, makeups, service, week_service
from sessions.attendance.absence_models import MakeUp
from sessions.core import clock as clocks
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.core.span import Span
from sessions.messages import consents
from sessions.messages.models import Channel
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import join, keep_apart
from sessions.programs import service as programs
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Meeting, MeetingInvitee
from sessions.programs.service import enroll, schedule
from tests import cast as people
from tests.cast import EVENING, HOUR, Cast
from tests.service.attendance import Group

pytestmark = pytest.mark.usefixtures("clock")

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def morning(
    cast: Cast, days: float = 1, kind: MeetingKind = MeetingKind.PROCESS_GROUP, **more: object
) -> Meeting:
    """Of the other group, at 10 in the morning."""
    start = EVENING - 8 * HOUR + days * DAY
    return schedule(
        cast.north,
        kind,
        Span(start, start + 3 * HOUR),
        facilitators=[cast.theo],
        **{"cohort": cast.morning, **more},  # type: ignore[arg-type]
    )


def bookable(cast: Cast, person: Person) -> list[Meeting]:
    now = clocks.now()
    return [one.meeting for one in makeups.options(cast.carol, cast.north, person.pk, now).bookable]


def missed(cast: Cast, clock: time_machine.Traveller) -> Group:
    """Bruno misses Monday evening, and it is signed."""
    group = Group(cast, clock)
    group.begins(cast.alice)
    group.passes(MINUTE, cast.mina, cast.alice)
    group.is_ended()
    clock.shift(MINUTE)
    group.is_signed()
    return group


def test_bookable_is_what_is_free_this_week_and_fits(cast: Cast, clock: time_machine.Traveller) -> None:
    good = morning(cast)
    morning(cast, 8)  # next week
    morning(cast, 2, MeetingKind.TWELVE_STEP)  # does not count
    morning(cast, 3, MeetingKind.FAMILY_GROUP)  # families are in it
    full = morning(
        cast, 4, MeetingKind.INDIVIDUAL_THERAPY, cohort=None, invitees=[(cast.chidi, RoomRole.CLIENT)]
    )
    open_one = morning(cast, 5, MeetingKind.INDIVIDUAL_THERAPY, cohort=None)
    programs.cancel(morning(cast, 4.3))
    missed(cast, clock)
    assert bookable(cast, cast.bruno) == [good, open_one]
    assert full not in bookable(cast, cast.bruno)


def test_what_overlaps_anything_of_the_clients_is_not_bookable(cast: Cast) -> None:
    good = morning(cast)
    assert good in bookable(cast, cast.bruno)
    schedule(
        cast.north,
        MeetingKind.INDIVIDUAL_THERAPY,
        Span(good.ends_at - MINUTE, good.ends_at + HOUR),
        facilitators=[cast.mina],
        invitees=[(cast.bruno, RoomRole.CLIENT)],
    )
    assert good not in bookable(cast, cast.bruno)


def test_nobody_is_booked_into_a_room_with_somebody_they_are_not_to_meet(cast: Cast) -> None:
    good = morning(cast)
    keep_apart(cast.bruno, cast.chidi, cast.north.pk)
    assert good not in bookable(cast, cast.bruno)
    with pytest.raises(makeups.NotBookable):
        makeups.book(cast.carol, good, cast.bruno.pk)


def test_a_full_group_is_not_bookable(cast: Cast) -> None:
    good = morning(cast)
    for number in range(11):  # Chidi is the twelfth
        someone = people.person(f"Client{number}", "X")
        join(someone, cast.north.pk, Role.CLIENT)
        enroll(someone, cast.morning, EVENING.date())
    assert good not in bookable(cast, cast.bruno)


def test_a_make_up_counts_in_its_week_and_is_linked_to_what_was_missed(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    good = morning(cast)
    missed(cast, clock)
    before = week_service.own(cast.bruno, clocks.now())[0].client.week
    row = makeups.book(cast.carol, good, cast.bruno.pk, cast.group.pk)
    (own,) = week_service.own(cast.bruno, clocks.now())
    assert own.client.week.scheduled == before.scheduled + 180
    parts = {part.meeting.pk: part for part in own.client.parts}
    assert parts[good.pk].makes_up == cast.group
    assert parts[cast.group.pk].made_up == good
    clock.move_to(good.starts_at)
    group = Group(cast, clock)
    group.meeting = good
    group.comes(cast.theo, cast.bruno)
    group.lets_in(cast.theo, cast.bruno)
    group.passes(30 * MINUTE, cast.theo, cast.bruno)
    assert week_service.own(cast.bruno, clocks.now())[0].client.week.credited == 30
    (here,) = [one for one in service.sheet(cast.theo, good).rows if one.person == cast.bruno]
    assert here.makes_up == row
    (there,) = [one for one in service.sheet(cast.mina, cast.group).rows if one.person == cast.bruno]
    assert there.made_up == row
    client = Client()
    client.force_login(cast.theo)
    assert "Here to make up for Monday, March 2." in client.get(f"/meetings/{good.pk}/sign").content.decode()


def test_what_somebody_says_they_will_miss_is_to_be_made_up_for_in_time(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    clock.shift(-DAY)
    before = week_service.board(cast.carol, cast.north, clocks.now(), EVENING.date()).lines
    absences.give_notice(cast.bruno, cast.group, cast.bruno)
    after = week_service.board(cast.carol, cast.north, clocks.now(), EVENING.date()).lines
    lost = {one.name: one.week.reachable for one in before}
    for one in after:
        lost[one.name] -= one.week.reachable
    assert {name: minutes for name, minutes in lost.items() if minutes} == {"Bruno Silva": 180}
    found = makeups.options(cast.carol, cast.north, cast.bruno.pk, clocks.now(), EVENING.date())
    assert found.client.week == next(one.week for one in after if one.person_id == cast.bruno.pk)
    assert [(one.meeting, one.minutes) for one in found.missed] == [(cast.group, 180)]
    absences.withdraw_notice(cast.bruno, cast.group, cast.bruno)
    again = week_service.board(cast.carol, cast.north, clocks.now(), EVENING.date()).lines
    assert [one.week for one in again] == [one.week for one in before]


def test_what_was_missed_last_week_can_be_made_up_for_in_this_one(
    cast: Cast, clock: time_machine.Traveller
) -> None:
    missed(cast, clock)
    good = morning(cast, 8)
    clock.shift(timedelta(days=7))
    found = makeups.options(cast.carol, cast.north, cast.bruno.pk, clocks.now())
    assert cast.group in [one.meeting for one in found.missed]
    makeups.book(cast.carol, good, cast.bruno.pk, cast.group.pk)
    found = makeups.options(cast.carol, cast.north, cast.bruno.pk, clocks.now())
    assert cast.group not in [one.meeting for one in found.missed]
    assert {part.meeting: part.makes_up for part in found.client.parts}[good] == cast.group
    assert found.client.week.scheduled >= 180, "it counts in the week in which it is delivered"


def test_the_client_sees_it_and_is_told_if_they_want_to_be(cast: Cast) -> None:
    consents.give(cast.bruno, Channel.EMAIL)
    good = morning(cast)
    makeups.book(cast.carol, good, cast.bruno.pk)
    client = Client()
    client.force_login(cast.bruno)
    page = client.get(f"/meetings/{good.pk}/")
    assert page.status_code == 200
    assert "added for this week" in client.get("/").content.decode()
    tasks.send_messages()
    assert [letter.body.split("\n")[0] for letter in mail.outbox] == [
        "You have a new appointment: Tuesday, March 3, 10:00\u00a0AM.".replace("\u00a0", " ")
    ]


def test_taking_it_back_takes_the_client_out_again(cast: Cast, clock: time_machine.Traveller) -> None:
    consents.give(cast.bruno, Channel.EMAIL)
    good = morning(cast)
    row = makeups.book(cast.carol, good, cast.bruno.pk)
    makeups.cancel(cast.carol, row.pk)
    makeups.cancel(cast.carol, row.pk)
    assert good.role_of(cast.bruno) is None
    assert good in bookable(cast, cast.bruno)
    tasks.send_messages()
    assert ["does not take place" in str(letter.body) for letter in mail.outbox] == [True]
    again = makeups.book(cast.carol, good, cast.bruno.pk)
    clock.move_to(good.starts_at)
    with pytest.raises(IllegalMove):
        makeups.cancel(cast.carol, again.pk)


def test_an_individual_session_at_a_time_of_its_own(cast: Cast) -> None:
    start = EVENING + DAY - 2 * HOUR
    row = makeups.book_own(
        cast.carol, cast.north, cast.bruno.pk, Span(start, start + HOUR), cast.mina.pk, cast.group.pk
    )
    assert row.booked.role_of(cast.bruno) is RoomRole.CLIENT
    with pytest.raises(Invalid):  # Mina leads that one now
        makeups.book_own(cast.carol, cast.north, cast.alice.pk, Span(start, start + HOUR), cast.mina.pk)
    with pytest.raises(makeups.NotBookable):  # Bruno has the other one
        makeups.book_own(cast.carol, cast.north, cast.bruno.pk, Span(start, start + HOUR), cast.theo.pk)
    assert Meeting.objects.filter(starts_at=start).count() == 1
    with pytest.raises(Invalid):
        makeups.book_own(cast.carol, cast.north, cast.alice.pk, Span(EVENING - HOUR, EVENING), cast.mina.pk)


@pytest.mark.parametrize("who", ["mina", "theo", "alice", "bruno", "omar", "ada", "ines", "otto", "nora"])
def test_booking_is_for_coordinators(cast: Cast, who: str) -> None:
    good, person = morning(cast), getattr(cast, who)
    row = makeups.book(cast.carol, good, cast.bruno.pk)
    client = Client()
    client.force_login(person)
    address = f"/week/{cast.north.pk}/{cast.alice.pk}"
    assert client.get(address).status_code == 404
    assert client.post(address, {"meeting": str(good.pk)}).status_code == 404
    assert client.post(f"/make-ups/{row.pk}/cancel").status_code == 404
    assert client.get(f"/week/cohort/{cast.evening.pk}").status_code == 404
    assert MakeUp.objects.filter(cancelled_at=None).count() == 1


def test_no_client_or_session_of_another_programme(cast: Cast) -> None:
    good = morning(cast)
    for person in (cast.sofia, cast.nora, cast.mina):
        with pytest.raises(NotFound):
            makeups.book(cast.carol, good, person.pk)
        with pytest.raises(NotFound):
            makeups.options(cast.carol, cast.north, person.pk, EVENING)
    with pytest.raises(NotFound):
        makeups.book(cast.carol, cast.southern, cast.bruno.pk)
    with pytest.raises(NotFound):
        makeups.book(cast.carol, good, cast.bruno.pk, cast.southern.pk)


def test_the_page_books_with_one_tap_from_the_board(cast: Cast, clock: time_machine.Traveller) -> None:
    good = morning(cast)
    missed(cast, clock)
    client = Client()
    client.force_login(cast.carol)
    address = f"/week/{cast.north.pk}/{cast.bruno.pk}"
    assert f'href="{address}?of=2026-03-02"' in client.get("/week/").content.decode()
    page = " ".join(client.get(address).content.decode().split())
    assert f'name="missed" value="{cast.group.pk}" checked' in page
    assert f'href="{address}?' not in page, "no button that leads to where one is"
    answer = client.post(address, {"meeting": str(good.pk), "missed": str(cast.group.pk)}, follow=True)
    assert "Booked: Process group, Tuesday, March 3" in answer.content.decode()
    assert "1 make-up" in client.get("/week/").content.decode()
    again = client.post(address, {"meeting": str(good.pk)})
    assert again.status_code == 422
    assert "cannot be booked any more" in again.content.decode()
    row = MakeUp.objects.get()
    assert "Taken back." in client.post(f"/make-ups/{row.pk}/cancel", follow=True).content.decode()
    wrong = client.post(
        address, {"own": "1", "facilitator": str(cast.mina.pk), "on": "2026-03-04", "at": "", "minutes": 60}
    )
    assert wrong.status_code == 422
    own = {"own": "1", "facilitator": str(cast.mina.pk), "on": "2026-03-04", "at": "12:00", "minutes": "60"}
    assert client.post(address, own).status_code == 302
    assert MakeUp.objects.filter(cancelled_at=None).get().booked.starts_at.hour == 17


def test_the_number_of_queries_knows_no_size(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        cohort = Cohort.objects.create(program=cast.north, name=f"Track {number}")
        someone = people.person(f"Client{number}", "X")
        join(someone, cast.north.pk, Role.CLIENT)
        enroll(someone, cohort, EVENING.date())
        for days in (1, 2, 3):
            morning(cast, days + number / 100, cohort=cohort, drop_in=True)
    client = Client()
    client.force_login(cast.carol)
    with django_assert_max_num_queries(35):
        assert client.get(f"/week/{cast.north.pk}/{cast.bruno.pk}").status_code == 200


def test_eight_weeks_of_a_cohort_as_pictures_and_numbers(cast: Cast, clock: time_machine.Traveller) -> None:
    missed(cast, clock)
    client = Client()
    client.force_login(cast.carol)
    page = " ".join(client.get(f"/week/cohort/{cast.evening.pk}").content.decode().split())
    assert 'aria-label="Alice Haddad: all hours in 0 of 5 weeks"' in page
    row = page.split('<th scope="row">Alice Haddad</th>')[1].split("</tr>")[0]
    assert row.count("0 of 540") == 6 - row.count("1 of 540")
    assert "Sofia" not in page


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_given_once() -> None:
    cast = people.assemble()
    start = clocks.now() + 3 * HOUR
    last = schedule(
        cast.north, MeetingKind.INDIVIDUAL_THERAPY, Span(start, start + HOUR), facilitators=[cast.theo]
    )
    booked: list[Person] = []
    refused: list[IllegalMove] = []

    def work(person: Person) -> None:
        try:
            makeups.book(cast.carol, last, person.pk)
            booked.append(person)
        except IllegalMove as full:
            refused.append(full)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[person]) for person in (cast.bruno, cast.chidi)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert (len(booked), len(refused)) == (1, 1)
    assert MeetingInvitee.objects.filter(meeting=last).count() == 1
