"""What must hold after every step of test_room_stateful. The numbers are those of SAFETY's invariants."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis.stateful import invariant

from sessions.attendance import proposals
from sessions.attendance.models import AttendanceRecord, Proposal
from sessions.attendance.records import effective, with_adjustments
from sessions.core import clock
from sessions.core.errors import NotFound
from sessions.room import presence, service
from sessions.room.events import Admitted, Entered
from sessions.room.machine import SEATED, Place, room_key
from sessions.room.models import Connection, RoomFact
from tests.service.walk import Reader, Walk


class MustHold(Walk):
    @invariant()
    def the_log_and_everything_read_from_it_is_sound(self) -> None:
        for name, log in self.logs.items():
            head = service.head(log.evening.meeting.pk)
            if self.checked.get(name) == head:  # nothing else that is read changes without a fact
                continue
            self.checked[name] = head
            log.read()
            assert len(log.facts) == head  # 23: gap-free
            self.the_tables_are_what_the_log_says(log)
            self.in_the_room_means_let_in_after_the_last_wait(log)
            self.everybody_is_in_one_room_and_outside_there_is_nothing(log)
            self.nobody_is_with_whom_they_must_not_meet(log)
            self.nobody_is_led_by_nobody_unnoticed(log)
            self.the_floor_is_about_who_is_there(log)

    def each_acknowledged_command_is_in_the_log_once(self) -> None:
        """23."""
        named = RoomFact.objects.exclude(command_id=None)
        in_log = list(named.values_list("meeting_id", "commanded_by_id", "command_id"))
        assert len(in_log) == len(set(in_log))
        assert set(in_log) == set(self.truth.acknowledged)

    def the_tables_are_what_the_log_says(self, log: Reader) -> None:
        """24."""
        if log.facts:
            assert log.evening.stored() == log.room

    def in_the_room_means_let_in_after_the_last_wait(self, log: Reader) -> None:
        """3."""
        for person in log.room.inside():
            last = log.entries[person]
            if person in self.staff:
                assert isinstance(last, Entered)
            else:
                assert isinstance(last, Admitted)
                assert last.actor in self.staff

    def everybody_is_in_one_room_and_outside_there_is_nothing(self, log: Reader) -> None:
        """1, 2, 4 and 6: one media room for each room; a view of one's own room and no other; outside no
        seat, no roster, no name."""
        room, evening = log.room, log.evening
        inside, seats = room.inside(), service.seats_in(evening.meeting.pk)
        paused = room.sides.hold is not None and room.sides.hold.paused_at <= clock.now()
        able = inside.keys() - self.truth.out
        assert seats.keys() == (able if room.ended_at is None else set())
        assert len({seat.identity for seat in seats.values()}) == len(seats)
        for one, here in inside.items():
            standing = room.of(one)
            assert (standing.place is Place.MAIN) == (here is None)
            assert here is None or room.sides.side(here) is not None
            assert standing.place is not Place.BREAKOUT or room.sides.running
            for other, there in inside.items():
                if other != one and not paused and {one, other} <= able:
                    assert (seats[one].media_room == seats[other].media_room) == (here == there)
        # A view is the dearest thing here: after each step one reader looks, in turn.
        everybody = self.everybody()
        for person in (everybody[len(log.facts) % len(everybody)],):
            try:
                view = evening.view(person)
            except NotFound:
                assert person.pk not in seats
                continue
            assert person.pk not in self.truth.out
            seat = seats.get(person.pk)
            assert (view.you.place in SEATED) == (seat is not None)
            assert view.you.identity == (seat.identity if seat else "")
            mates = {
                other
                for other, there in inside.items()
                if person.pk in inside and there == inside[person.pk] and other != person.pk
            }
            assert {member.person_id for member in view.members} == mates
            if person.pk not in self.staff:
                assert view.waiting == ()
                if person == self.guest:  # 11: of other families first names alone
                    assert "Silva" not in repr(view)
                if seat is None:
                    assert not any(word in repr(view) for word in ("Park", "Okafor", "Silva", "Haddad"))

    def nobody_is_with_whom_they_must_not_meet(self, log: Reader) -> None:
        """36."""
        inside = log.room.inside()
        for pair in self.truth.apart:
            one, other = pair
            assert not (pair <= inside.keys() and inside[one] == inside[other])

    def nobody_is_led_by_nobody_unnoticed(self, log: Reader) -> None:
        """35: without a connected facilitator there is a hold; when it pauses, each is in a media room alone."""
        room = log.room
        led = any(person in self.staff and room.of(person).connections for person in room.inside())
        others = room.inside().keys() - self.staff
        assert (room.sides.hold is not None) == (bool(others) and not led and room.ended_at is None)
        if room.sides.hold is not None and room.sides.hold.paused_at <= clock.now():
            seats = service.seats_in(log.evening.meeting.pk)
            names = [seat.media_room for seat in seats.values()]
            others -= self.truth.out
            assert all(names.count(seats[person].media_room) == 1 for person in others)

    def the_floor_is_about_who_is_there(self, log: Reader) -> None:
        """No hand, question or spotlight outlasts its owner's place in the room."""
        floor, inside = log.room.floor, log.room.inside()
        assert len(set(floor.hands)) == len(floor.hands)
        assert {*floor.hands, *floor.asks} <= inside.keys()
        for where, person in floor.spotlights.items():
            assert room_key(log.room.of(person)) == where

    @invariant()
    def presence_is_backed_by_evidence(self) -> None:
        """16, 19, 20, 21: no stay outlasts what was heard of its device, and nobody gains by a clock."""
        heads = [len(log.facts) for log in self.logs.values()]
        now = (self.truth.elapsed, self.truth.beats, *heads)
        if now == self.presence_checked:  # nothing that it rests on has changed
            return
        self.presence_checked = now
        opened = dict(Connection.objects.filter(closed_at=None).values_list("pk", "seen_at"))
        heard = {device.connection: device.latest for device in self.truth.devices}
        for log in self.logs.values():
            for stays in presence.stays_of(log.facts, opened).values():
                assert presence.time_present(stays) <= self.truth.elapsed
                for stay in stays:
                    assert stay.starts_at < stay.ends_at
                    if stay.connection in heard:
                        assert stay.ends_at <= max(heard[stay.connection], stay.starts_at)

    def what_is_signed_stands(self) -> None:
        """14, 22: minutes under a signature change by an adjustment alone."""
        for where, signed in self.truth.signed.items():
            records = with_adjustments(AttendanceRecord.objects.filter(meeting=self.evenings[where].meeting))
            assert {one.person_id: effective(one).credited_seconds for one in records} == signed

    def no_minute_is_made_up(self, log: Reader, rows: Iterable[AttendanceRecord | Proposal]) -> None:
        """16, 18: as soon as all evidence is in, nobody has more than was seen of them, or than was planned."""
        meeting = log.evening.meeting
        if not proposals.hear(meeting).complete:
            return
        log.read()
        opened = dict(Connection.objects.filter(closed_at=None).values_list("pk", "seen_at"))
        stays = presence.stays_of(log.facts, opened)
        for row in rows:
            present = presence.time_present(stays.get(row.person_id, ()))
            assert 0 <= row.raw_seconds <= present.total_seconds()
            assert row.credited_seconds == row.raw_seconds + row.bridged_seconds
            assert row.credited_seconds <= meeting.span.length.total_seconds()
