"""What the clinic does around a live room while people are in it: access given and ended, hours signed, calls due."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from sessions import tasks
from sessions.aftercare import booking, calls, engine, queue
from sessions.aftercare.machine import Call
from sessions.aftercare.models import CheckIn, TryOutcome
from sessions.aftercare.slots import Slot
from sessions.attendance import service as attendance
from sessions.attendance.models import AttendanceRecord, Proposal
from sessions.attendance.service import Change, Draft
from sessions.audit.models import AuditEvent
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import clock, encryption
from sessions.core.errors import NotFound, Refusal
from sessions.families import entering
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.families.service import Guest
from sessions.messages.models import Message
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.people.service import disable, keep_apart
from sessions.programs import episodes
from sessions.programs.models import MeetingInvitee
from sessions.room import service
from tests.cast import EVENING
from tests.service import papers
from tests.service.aftercare import Aftercare
from tests.service.room import Evening
from tests.service.walk import ANYBODY, GUEST, MEETINGS, STAFF, heard
from tests.service.walk_invariants import MustHold

MOST_GUESTS = 3
LINK = st.integers(0, MOST_GUESTS)


class Clinic(MustHold):
    kind: str  # of the other meeting
    consent: Consent

    def opens_the_other(self, kind: str) -> None:
        """The second meeting of the evening."""
        cast, self.kind = self.cast, kind
        if kind == "individual":
            self.meets("other", Evening(cast.individual), cast.mina, cast.alice)
        elif kind == "family":
            evening = Evening(cast.family)
            self.meets("other", evening, cast.mina, cast.alice, cast.omar, cast.bruno, cast.rosa)
            self.invite()
            self.use_the_link(0, "phone")
        else:
            self.ada = Aftercare(cast, self.traveller)
            self.ada.begins(channel="telephone")
            self.guest = cast.ada
            engine.run(clock.now())
            row = self.ada.calls()[0]
            booking.book(row, Slot(EVENING + timedelta(minutes=15), cast.mina.pk), clock.now())
            self.call = row.pk
            self.meets("other", Evening(calls.room_for(cast.mina, row)), cast.mina, cast.ada)

    # Access that ends.

    @precondition(lambda self: self.truth.elapsed > timedelta(minutes=2))
    @rule(who=st.sampled_from(["bruno", "theo", GUEST]), told=st.booleans())
    def disable(self, who: str, told: bool) -> None:
        """5, 25, 32: from that moment no place, no seat, no view, no command, whatever is still connected and
        whether or not anybody hears of it."""
        account = Person.objects.get(pk=self.person(who).pk)
        with heard(told):
            disable(account)
        self.is_out(account)

    def is_out(self, person: Person) -> None:
        self.truth.out.add(person.pk)
        self.checked.clear()
        for log in self.logs.values():
            assert person.pk not in log.read().inside()
            assert person.pk not in service.seats_in(log.evening.meeting.pk)

    @rule(pair=st.sampled_from([("alice", "bruno"), ("bruno", "theo"), ("bruno", GUEST)]))
    def set_apart(self, pair: tuple[str, str]) -> None:
        one, other = map(self.person, pair)
        keep_apart(one, other, self.cast.north.pk)
        service.sweep(clock.now())
        self.truth.apart.add(frozenset((one.pk, other.pk)))
        self.checked.clear()

    # Family guests, by a link.

    @precondition(lambda self: self.kind == "family" and len(self.truth.tokens) < MOST_GUESTS)
    @rule()
    def invite(self) -> None:
        """Asked to the family evening with the client's consent. Nobody can come in by that alone."""
        cast = self.cast
        episode = episodes.current(cast.alice, cast.north.pk)
        assert episode is not None
        email = f"fatima{len(self.truth.tokens)}@example.org"  # at one address she is added once
        who = Guest("Fatima", "Haddad", "mother", email, "+12125550177")
        guest = families.add(episode, who, by=cast.carol)
        to = consents.guest_recipient(papers.file(cast), guest)
        paper = papers.offered(cast, Purpose.PRESENCE, to, [Scope.PRESENCE])
        self.consent = papers.signs(cast.alice, paper)
        invitation = families.invite(Invitation.objects.get(guest=guest, revoked_at=None), by=cast.carol)
        meeting = self.evenings["other"].meeting
        MeetingInvitee.objects.create(meeting=meeting, person=guest, role=RoomRole.FAMILY)
        link = self.written("invitation.link", f"invitation {invitation.pk}", "link")
        self.truth.tokens[link.rsplit("/", 1)[1]] = guest.pk

    @precondition(lambda self: self.truth.tokens)
    @rule(which=LINK)
    def look_at_the_link(self, which: int) -> None:
        """12: looking and guessing use nothing up; a link that is over is none."""
        token, guest = self.link(which)
        if guest in self.truth.out:
            for door in (lambda: entering.look(token, clock.now()), lambda: entering.send_code(token)):
                with pytest.raises(NotFound):
                    door()
            return
        before = Invitation.objects.get(guest=guest, revoked_at=None)
        assert entering.look(token, clock.now()) == before
        with pytest.raises(Refusal):
            entering.come_in(token, "guess", device="scanner", typed_name="X", agreed=True)
        after = Invitation.objects.get(pk=before.pk)
        assert (after.accepted_at, after.device_hash) == (before.accepted_at, before.device_hash)

    @precondition(lambda self: self.truth.tokens)
    @rule(which=LINK, device=st.sampled_from(["phone", "laptop"]))
    def use_the_link(self, which: int, device: str) -> None:
        """12, 13: with the code of the other channel, on the device it was used on first, until it is revoked."""
        token, guest = self.link(which)
        try:
            entering.send_code(token)
            row = Invitation.objects.get(guest=guest, revoked_at=None)
            code = self.written("code", f"invitation code {row.pk}", "code")
            came = entering.come_in(token, code, device=device, typed_name="Fatima Haddad", agreed=True)
        except (entering.TooSoon, entering.TooMany):
            return
        except entering.OtherDevice:
            assert self.truth.at_home[guest] != device
            return
        except NotFound:
            assert guest in self.truth.out
            return
        assert came.pk == guest
        assert guest not in self.truth.out
        assert self.truth.at_home.setdefault(guest, device) == device
        self.guest = came
        self.parts["other"].add(guest)

    @precondition(lambda self: self.kind == "family" and self.truth.elapsed > timedelta(seconds=30))
    @rule(by_staff=st.booleans(), told=st.booleans())
    def revoke(self, by_staff: bool, told: bool) -> None:
        """13: the newest link dies, and its guest is in no room and comes into none."""
        guest = Person.objects.get(pk=list(self.truth.tokens.values())[-1])
        if guest.pk in self.truth.out:
            return
        with heard(told or not by_staff):
            if by_staff:
                families.revoke(Invitation.objects.get(guest=guest, revoked_at=None), by=self.cast.carol)
            elif self.consent.recipient.person_id == guest.pk:
                consents.end(self.cast.alice, self.consent)
        self.is_out(guest)

    def link(self, which: int) -> tuple[str, UUID]:
        sent = list(self.truth.tokens.items())
        return sent[which % len(sent)]

    def written(self, template: str, key: str, word: str) -> str:
        """In the one message of this kind that nobody has read yet."""
        unread = Message.objects.filter(template=template, key__startswith=key)
        row = unread.exclude(pk__in=self.truth.read).get()
        self.truth.read.add(row.pk)
        return str(json.loads(encryption.decrypt(row.params, f"message params {row.key}"))[word])

    # Hours.

    @rule()
    def attendance_follows(self) -> None:
        tasks.credit_meetings()
        for log in self.logs.values():
            self.no_minute_is_made_up(log, Proposal.objects.filter(meeting=log.evening.meeting))
        self.what_is_signed_stands()

    @rule(where=MEETINGS, who=ANYBODY)
    def sign(self, where: str, who: str) -> None:
        """9: by a facilitator of the meeting, when it is over and all evidence is in, once."""
        person, meeting = self.person(who), self.evenings[where].meeting
        try:
            attendance.attest(person, meeting, Draft(person.name))
        except Refusal:
            return
        assert person.pk in self.staff & self.parts[where]
        assert person.pk not in self.truth.out
        assert where not in self.truth.signed
        assert self.logs[where].read().ended_at is not None or clock.now() >= meeting.ends_at
        records = list(AttendanceRecord.objects.filter(meeting=meeting))
        self.no_minute_is_made_up(self.logs[where], records)
        self.truth.signed[where] = {row.person_id: row.credited_seconds for row in records}

    @precondition(lambda self: self.truth.signed)
    @rule(who=ANYBODY, whom=st.sampled_from(["alice", "bruno"]), minutes=st.integers(-1, 200))
    def amend(self, who: str, whom: str, minutes: int) -> None:
        """9, 22."""
        where, signed = next(iter(self.truth.signed.items()))
        person, meeting = self.person(who), self.evenings[where].meeting
        try:
            record = attendance.record_of(meeting, self.person(whom).pk)
            change = Change(credited_minutes=minutes)
            attendance.adjust(person, record, change, reason="Was on the phone.", typed_name=person.name)
        except Refusal:
            self.what_is_signed_stands()
            return
        assert person.pk in self.staff & self.parts[where]
        signed[record.person_id] = minutes * 60
        self.what_is_signed_stands()

    # An alumna's calls.

    @precondition(lambda self: self.kind == "call")
    @rule()
    def alumni_due(self) -> None:
        """26: whatever the clock does, and however often it is looked, nobody is told anything twice."""
        engine.run(clock.now())
        hers = Message.objects.filter(person=self.cast.ada).exclude(about=None)
        told = list(hers.values_list("about", "template", "channel"))
        assert len(told) == len(set(told))

    @precondition(lambda self: self.kind == "call")
    @rule(who=STAFF, reached=st.booleans())
    def ring(self, who: str, reached: bool) -> None:
        row = CheckIn.objects.get(pk=self.call)
        try:
            queue.take(self.person(who), row)
            if reached:
                calls.reached(self.person(who), row, "video", 20)
            else:
                calls.tried(self.person(who), row, "telephone", TryOutcome.NO_ANSWER)
        except Refusal:
            return
        assert not self.truth.uncalled  # 27
        assert self.person(who).pk not in self.truth.out

    @precondition(lambda self: self.kind == "call" and self.truth.elapsed > timedelta(minutes=2))
    @rule(told=st.booleans())
    def takes_her_consent_back(self, told: bool) -> None:
        if self.truth.uncalled or self.cast.ada.pk in self.truth.out:
            return
        with heard(told):
            consents.end(self.cast.ada, self.ada.paper)
        self.truth.uncalled = True  # the engine asks before every step, so that nothing rests on being told
        if told:
            assert not self.ada.calls(Call.PLANNED, Call.SCHEDULED, Call.DUE, Call.ATTEMPTING)

    def no_secret_is_in_clear(self) -> None:
        """13, 30."""
        if not self.truth.tokens:
            return
        rows = [row for model in (AuditEvent, Message, Invitation) for row in model.objects.values()]
        kept = [str(row) for row in rows]
        assert not any(token in text for token in self.truth.tokens for text in kept)
