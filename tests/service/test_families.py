"""Family guests: the link does nothing by being looked at, a code by the other channel, one device, out at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sessions.audit.models import AuditEvent
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, RecipientKind, Scope
from sessions.core import encryption
from sessions.core.errors import Invalid, NotFound
from sessions.core.span import Span
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.families.service import Guest
from sessions.messages.models import Channel, Message
from sessions.people.models import HouseholdMember, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import bind_guest
from sessions.programs import episodes
from sessions.programs import series as calendar
from sessions.programs import service as programs
from sessions.programs.calendar_models import Busy, Series
from sessions.programs.episode_models import Episode
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import weekly
from sessions.room import service as room
from sessions.room.commands import Admit, Knock
from sessions.room.models import Placement, RoomFact
from tests.cast import HOUR, MORNING, Cast, assemble
from tests.service import papers

pytestmark = pytest.mark.django_db
WHO = Guest("Fatima", "Haddad", "mother", "fatima@example.org", "+12125550177")


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def of(cast: Cast) -> Episode:
    found = episodes.current(cast.alice, cast.north.pk)
    assert found is not None
    return found


def added(cast: Cast) -> Invitation:
    guest = families.add(of(cast), WHO, by=cast.carol)
    return Invitation.objects.get(guest=guest, revoked_at=None)


def said(template: str, word: str) -> str:
    """A value in the newest message of this kind."""
    row = Message.objects.filter(template=template).order_by("created_at").last()
    assert row is not None
    params = json.loads(encryption.decrypt(row.params, f"message params {row.key}"))
    return str(params[word])


def consent(cast: Cast, guest: Person) -> Consent:
    to = consents.guest_recipient(papers.file(cast), guest)
    return papers.signs(cast.alice, papers.offered(cast, Purpose.PRESENCE, to, [Scope.PRESENCE]))


def invited(cast: Cast) -> str:
    """A guest with the client's consent and a link. Returns the link's address."""
    one = added(cast)
    consent(cast, one.guest)
    families.invite(one, by=cast.carol)
    return said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))


def comes_in(client: Client, address: str) -> int:
    client.post(address)
    typed = {"code": said("code", "code"), "agreed": "on", "typed_name": "Fatima Haddad"}
    return client.post(address, typed).status_code


def test_without_the_clients_consent_no_link_is_sent(cast: Cast) -> None:
    one = added(cast)
    with pytest.raises(Invalid):
        families.invite(one, by=cast.carol)
    assert not Message.objects.exists()


def test_where_nobody_has_consented_yet_the_watch_finds_nothing(cast: Cast) -> None:
    assert not Consent.objects.filter(purpose=Purpose.PRESENCE.value).exists()
    assert families.watch(MORNING) == 0
    consents.guest_recipient(papers.file(cast), cast.omar)
    assert families.watch(MORNING) == 0


def test_looking_and_guessing_leave_an_invitation_unused(cast: Cast) -> None:
    address, scanner = invited(cast), Client()
    for _ in range(10):
        assert scanner.get(address).status_code == 200
        assert scanner.head(address).status_code == 200
    typed = {"code": "000000", "agreed": "on", "typed_name": "X Y"}
    for guess in (typed, {**typed, "code": ""}, {"code": "123456"}):
        assert scanner.post(address, guess).status_code == 422
    row = Invitation.objects.get(revoked_at=None)
    assert (row.accepted_at, row.device_hash, row.codes) == (None, "", 0)
    assert Message.objects.filter(template="code").count() == 0
    assert "_auth_user_id" not in scanner.session


def test_a_guest_comes_in_on_one_device_with_a_code_by_the_other_channel(cast: Cast) -> None:
    address, phone = invited(cast), Client()
    assert Message.objects.get(template="invitation.link").channel == Channel.EMAIL
    assert comes_in(phone, address) == 302
    assert Message.objects.get(template="code").channel == Channel.SMS
    home = phone.get("/")
    assert home.status_code == 200
    assert "Fatima" in home.content.decode()
    for hidden in ("/week/", reverse("census", args=[cast.north.pk]), f"/episodes/{of(cast).pk}/"):
        assert phone.get(hidden).status_code == 404
    with time_machine.travel(MORNING + timedelta(minutes=2), tick=False):
        assert comes_in(phone, address) == 302  # every visit has a code of its own
    assert Message.objects.filter(template="code").count() == 2
    with time_machine.travel(MORNING + timedelta(minutes=4), tick=False):
        assert comes_in(Client(), address) == 422  # another device


@pytest.mark.parametrize("by_email", [True, False], ids=["link by e-mail", "link by SMS"])
def test_the_link_goes_one_way_and_every_code_the_other(cast: Cast, client: Client, by_email: bool) -> None:
    """From the coordinator's form to the guest's page, on one device, whichever way the link goes."""
    client.force_login(cast.carol)
    row = of(cast)
    typed = {
        "which": "guest",
        "given_name": WHO.given_name,
        "family_name": WHO.family_name,
        "relationship": WHO.relationship,
        "email": WHO.email,
        "phone": WHO.phone,
        "by_email": "email" if by_email else "sms",
        "language": "en",
    }
    assert client.post(reverse("family", args=[row.pk]), typed).status_code == 302
    one = Invitation.objects.get(revoked_at=None)
    consent(cast, one.guest)
    assert client.post(reverse("family-invite", args=[row.pk, one.pk])).status_code == 302
    link, code = (Channel.EMAIL, Channel.SMS) if by_email else (Channel.SMS, Channel.EMAIL)
    to = {Channel.EMAIL: WHO.email, Channel.SMS: WHO.phone}
    assert sent("invitation.link") == [(link, to[link])]
    address = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))
    phone = Client()
    page = phone.get(address).content.decode()
    assert ("a code to your phone" if by_email else "a code to your e-mail address") in page
    assert WHO.email not in page  # whoever holds the link does not learn the other address
    assert WHO.phone not in page
    assert comes_in(phone, address) == 302
    assert sent("code") == [(code, to[code])]
    with time_machine.travel(MORNING + timedelta(minutes=2), tick=False):
        assert comes_in(Client(), address) == 422
    with time_machine.travel(MORNING + timedelta(minutes=4), tick=False):
        assert comes_in(phone, address) == 302
    assert sent("code") == [(code, to[code])] * 3
    assert said("invitation.link", "link") not in str(Message.objects.values_list("params", "address"))
    # A new link goes the same way and ends the device.
    families.invite(Invitation.objects.get(revoked_at=None), by=cast.carol)
    assert sent("invitation.link") == [(link, to[link])] * 2
    assert phone.get(address).status_code == 404


def sent(template: str) -> list[tuple[str, str]]:
    """Every message of this kind: by which channel, and to which address."""
    rows = Message.objects.filter(template=template)
    return [
        (row.channel, encryption.decrypt(bytes(row.address or b""), f"message {row.key}")) for row in rows
    ]


def test_codes_are_sent_one_a_minute_and_not_without_end(cast: Cast) -> None:
    """Who has the link cannot flood the other address; the team can send a new link."""
    address, client = invited(cast), Client()
    for minute in range(families.MOST_CODES + 3):
        with time_machine.travel(MORNING + timedelta(minutes=minute), tick=False):
            client.post(address)
            client.post(address)
    assert len(sent("code")) == families.MOST_CODES
    with time_machine.travel(MORNING + timedelta(minutes=30), tick=False):
        page = client.post(address, follow=True).content.decode()
        assert "Ask the team for a new link" in page
        assert len(sent("code")) == families.MOST_CODES
        families.invite(Invitation.objects.get(revoked_at=None), by=cast.carol)
        fresh = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))
        assert comes_in(client, fresh) == 302


def test_a_code_is_good_once_for_ten_minutes_and_five_tries(cast: Cast) -> None:
    address, client = invited(cast), Client()
    client.post(address)
    code = said("code", "code")
    typed = {"agreed": "on", "typed_name": "F"}
    wrong = "111111" if code != "111111" else "222222"
    for _ in range(5):
        assert client.post(address, {**typed, "code": wrong}).status_code == 422
    assert client.post(address, {**typed, "code": code}).status_code == 422
    assert AuditEvent.objects.filter(act="invitation.used", outcome="refused").count() == 6
    client.post(address)
    assert Message.objects.filter(template="code").count() == 1  # too soon for another
    with time_machine.travel(MORNING + timedelta(minutes=1), tick=False):
        client.post(address)
        code = said("code", "code")
    with time_machine.travel(MORNING + timedelta(minutes=12), tick=False):
        assert client.post(address, {**typed, "code": code}).status_code == 422
    with time_machine.travel(MORNING + timedelta(minutes=10), tick=False):
        assert client.post(address, {"code": code}).status_code == 422  # the agreement comes first
        assert client.post(address, {**typed, "code": code}).status_code == 302


def test_links_end_and_are_nowhere_in_clear(cast: Cast) -> None:
    address = invited(cast)
    token = address.rsplit("/", 1)[1]
    row = Invitation.objects.get(revoked_at=None)
    assert token not in row.token_hash
    assert b"fatima" not in bytes(row.link_to)
    assert Client().get(address[:-3] + "abc").status_code == 404
    with time_machine.travel(MORNING + timedelta(days=15), tick=False):
        assert Client().get(address).status_code == 404
    families.invite(row, by=cast.carol)
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_link_that_never_was_and_one_that_is_over_are_answered_alike(cast: Cast, method: str) -> None:
    address = invited(cast)
    families.revoke(Invitation.objects.get(revoked_at=None), by=cast.carol)
    never = f"{address[:-8]}abcdefgh"
    said = []
    for where in (address, never):
        answer = getattr(Client(), method)(where, {"code": "123456"})
        text = re.sub(r'(nonce-?=?"?|csrfmiddlewaretoken" value=")[\w+/=-]+', "", answer.content.decode())
        headers = {name: value for name, value in answer.headers.items() if "Security-Policy" not in name}
        said.append((answer.status_code, text.replace(where, "here"), headers))
    assert said[0] == said[1]
    assert said[0][0] == 404


def test_no_log_holds_a_link_that_works(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    address = invited(cast)
    assert Client().post(address, {"code": "000000"}).status_code == 422
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    assert caplog.text.count("/i/…") == 2
    assert address not in caplog.text


def test_the_guest_has_no_account_to_reset_a_password_of(cast: Cast) -> None:
    guest = added(cast).guest
    assert guest.email.endswith("@guest.invalid")
    assert not guest.has_usable_password()


@pytest.mark.parametrize("how", ["staff revokes it", "the client takes the consent back"])
def test_revoking_ends_the_room_everything_to_come_and_the_link(cast: Cast, how: str) -> None:
    one = added(cast)
    paper = consent(cast, one.guest)
    families.invite(one, by=cast.carol)
    address, client = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/")), Client()
    assert comes_in(client, address) == 302
    guest = one.guest
    now_there, later = (
        programs.schedule(
            cast.north,
            MeetingKind.FAMILY_GROUP,
            Span(MORNING + start, MORNING + start + HOUR),
            facilitators=[cast.mina],
            invitees=[(cast.alice, RoomRole.CLIENT), (guest, RoomRole.FAMILY)],
            drop_in=True,
        )
        for start in (-timedelta(minutes=5), timedelta(days=2))
    )
    room.handle(room.Actor(cast.mina.pk, now_there.pk), Knock())
    room.handle(room.Actor(guest.pk, now_there.pk), Knock())
    room.handle(room.Actor(cast.mina.pk, now_there.pk), Admit(guest.pk))
    assert room.seats([(now_there.pk, guest.pk)])[now_there.pk, guest.pk] is not None
    if how == "staff revokes it":
        families.revoke(Invitation.objects.get(guest=guest, revoked_at=None), by=cast.carol)
    else:
        assert families.watch(MORNING) == 0
        consents.end(cast.alice, paper)
        assert families.watch(MORNING) == 1
        assert families.watch(MORNING) == 0
    assert room.seats([(now_there.pk, guest.pk)])[now_there.pk, guest.pk] is None
    assert programs.role_in(later, guest) is None
    assert not guest.memberships.filter(role=Role.FAMILY, ended_at=None).exists()
    assert client.get(f"/meetings/{later.pk}/").status_code == 404
    assert Client().get(address).status_code == 404


def sessions_to_come(cast: Cast, guest: Person) -> tuple[Meeting, Series]:
    """One in two days, and every Friday."""
    invitees = [(cast.alice, RoomRole.CLIENT), (guest, RoomRole.FAMILY)]
    once = programs.schedule(
        cast.north,
        MeetingKind.FAMILY_GROUP,
        Span(MORNING + timedelta(days=2), MORNING + timedelta(days=2) + HOUR),
        facilitators=[cast.mina],
        invitees=invitees,
    )
    fridays = calendar.Draft(
        MeetingKind.FAMILY_THERAPY, weekly([4]), MORNING.date(), time(12), time(13), [cast.mina]
    )
    return once, calendar.create(cast.north, replace(fridays, invitees=invitees), cast.carol)


def test_what_staff_ended_by_mistake_is_as_it_was_with_one_press(cast: Cast, client: Client) -> None:
    one = added(cast)
    consent(cast, one.guest)
    families.invite(one, by=cast.carol)
    address, phone = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/")), Client()
    assert comes_in(phone, address) == 302
    once, fridays = sessions_to_come(cast, one.guest)
    booked = set(Busy.objects.filter(person=one.guest).values_list("meeting", flat=True))
    client.force_login(cast.carol)
    row = Invitation.objects.get(guest=one.guest, revoked_at=None)
    revoke = reverse("family-revoke", args=[of(cast).pk, row.pk])
    back = reverse("family-back", args=[of(cast).pk, row.pk])
    page = client.post(revoke, follow=True).content.decode()
    assert back in page
    assert "Fatima Haddad</strong>" not in page
    assert not Busy.objects.filter(person=one.guest).exists()
    assert Client().get(address).status_code == 404
    assert phone.get(f"/meetings/{once.pk}/").status_code == 404
    page = client.post(back, {"undo": "1"}, follow=True).content.decode()
    assert "Undone. Fatima Haddad is this client" in page
    assert "has come in with the link" in page
    assert programs.role_in(once, one.guest) == RoomRole.FAMILY
    assert fridays.invitee_rows.filter(person=one.guest, role=RoomRole.FAMILY).exists()
    assert set(Busy.objects.filter(person=one.guest).values_list("meeting", flat=True)) == booked
    assert phone.get(f"/meetings/{once.pk}/").status_code == 200  # the same device, no new code
    assert Client().get(address).status_code == 200
    client.post(back)  # a second press changes nothing
    assert Invitation.objects.filter(guest=one.guest, revoked_at=None).get().pk == row.pk


def test_what_the_client_ended_is_not_staffs_to_undo(cast: Cast, client: Client) -> None:
    one = added(cast)
    paper = consent(cast, one.guest)
    families.invite(one, by=cast.carol)
    row = Invitation.objects.get(guest=one.guest, revoked_at=None)
    once, _ = sessions_to_come(cast, one.guest)
    consents.end(cast.alice, paper)
    families.watch(MORNING)
    client.force_login(cast.carol)
    back = reverse("family-back", args=[of(cast).pk, row.pk])
    assert "cannot be undone" in client.post(back, follow=True).content.decode()
    assert programs.role_in(once, one.guest) is None
    assert not HouseholdMember.objects.filter(person=one.guest).exists()


def test_a_clock_that_is_set_back_puts_nobody_out_and_what_ends_by_it_has_ended(cast: Cast) -> None:
    one = added(cast)
    paper = consent(cast, one.guest)
    once, _ = sessions_to_come(cast, one.guest)
    earlier = MORNING - timedelta(hours=2)
    with time_machine.travel(earlier, tick=False):
        assert families.watch(earlier) == 0
        assert programs.role_in(once, one.guest) == RoomRole.FAMILY
        consents.end(cast.alice, paper)
        assert families.watch(earlier) == 1
        assert programs.role_in(once, one.guest) is None


def test_undone_without_consent_the_guest_is_bound_again_and_nothing_more(cast: Cast) -> None:
    one = added(cast)
    paper = consent(cast, one.guest)
    families.invite(one, by=cast.carol)
    address = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))
    once, _ = sessions_to_come(cast, one.guest)
    row = Invitation.objects.get(guest=one.guest, revoked_at=None)
    families.revoke(row, by=cast.carol)
    consents.end(cast.alice, paper)
    fresh = families.bring_back(row, by=cast.carol)
    assert fresh.pk != row.pk
    assert Client().get(address).status_code == 404
    assert programs.role_in(once, one.guest) is None
    with pytest.raises(Invalid):
        families.invite(fresh, by=cast.carol)


@pytest.mark.parametrize("name", ["mina", "alice", "otto", "ines", "nora"])
def test_only_who_keeps_families_ends_and_brings_back(cast: Cast, name: str) -> None:
    one = added(cast)
    for act in (families.revoke, families.bring_back):
        with pytest.raises(NotFound):
            act(one, by=getattr(cast, name))


def test_an_invitation_is_found_under_its_own_client_alone(cast: Cast, client: Client) -> None:
    one = added(cast)
    bruno = episodes.current(cast.bruno, cast.north.pk)
    assert bruno is not None
    client.force_login(cast.carol)
    for what in ("invite", "revoke", "back"):
        assert client.post(reverse(f"family-{what}", args=[bruno.pk, one.pk])).status_code == 404


def test_a_guest_of_two_clients_stays_with_the_one_who_says_nothing(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """The role goes on; the rooms that rested on the other do not."""
    one = added(cast)
    paper = consent(cast, one.guest)
    bind_guest(cast.bruno, one.guest, cast.north.pk, "aunt")
    with_alice, with_bruno = (
        programs.schedule(
            cast.north,
            MeetingKind.FAMILY_THERAPY,
            Span(MORNING, MORNING + HOUR),
            facilitators=[cast.mina],
            invitees=[(client, RoomRole.CLIENT), (one.guest, RoomRole.FAMILY)],
            drop_in=True,
        )
        for client in (cast.alice, cast.bruno)
    )
    for meeting in (with_alice, with_bruno):
        room.handle(room.Actor(cast.mina.pk, meeting.pk), Knock())
        room.handle(room.Actor(one.guest.pk, meeting.pk), Knock())
        room.handle(room.Actor(cast.mina.pk, meeting.pk), Admit(one.guest.pk))
    with django_capture_on_commit_callbacks(execute=True):
        consents.end(cast.alice, paper)
    where = {row.meeting_id: row.place for row in Placement.objects.filter(person=one.guest)}
    assert where == {with_alice.pk: "removed", with_bruno.pk: "main"}
    removed = RoomFact.objects.get(meeting=with_alice, kind="removed")
    assert removed.actor == cast.alice
    assert one.guest.memberships.filter(role=Role.FAMILY, ended_at=None).exists()


def test_a_guest_is_asked_to_sessions_from_the_form_and_out_of_series_with_the_consent(
    cast: Cast, client: Client
) -> None:
    client.force_login(cast.carol)
    address = reverse("series-new", args=[cast.north.pk])
    assert "Family guests" not in client.get(address).content.decode()
    guest = added(cast).guest
    paper = consent(cast, guest)
    (choice,) = HouseholdMember.objects.filter(person=guest)
    assert "Fatima Haddad, guest of Alice Haddad" in client.get(address).content.decode()
    typed = {
        "kind": "family_therapy",
        "clients": [str(cast.alice.pk)],
        "guests": [str(choice.pk)],
        "facilitators": [str(cast.mina.pk)],
        "weekdays": ["4"],
        "every": "1",
        "starts_on": "2026-03-02",
        "start": "12:00",
        "end": "13:00",
    }
    stranger = {**typed, "clients": [str(cast.bruno.pk)]}
    assert client.post(address, stranger).status_code == 422
    assert client.post(address, typed).status_code == 302
    row = Series.objects.get(kind="family_therapy")
    first = row.meetings.order_by("starts_at").first()
    assert first is not None
    assert programs.role_in(first, guest) == RoomRole.FAMILY
    consents.end(cast.alice, paper)
    assert families.watch(MORNING) == 1
    assert programs.role_in(first, guest) is None
    assert not Busy.objects.filter(person=guest).exists()
    later = MORNING + timedelta(weeks=1)
    with time_machine.travel(later, tick=False):
        assert calendar.extend_all(later) > 0  # the series goes on without the guest


def test_a_client_ends_it_on_their_own_page_and_the_guest_is_out_at_once(
    cast: Cast, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    one = added(cast)
    client.force_login(cast.alice)
    assert "Takes part in nothing now" in client.get(reverse("my-people")).content.decode()
    paper = consent(cast, one.guest)
    ask = papers.offered(
        cast,
        Purpose.CONTACT,
        papers.recipient(cast, RecipientKind.CONTACT, "Yusuf Haddad"),
        [Scope.WHEREABOUTS],
    )
    families.invite(one, by=cast.carol)
    shown = client.get(reverse("my-people")).content.decode()
    for word in (
        "Fatima Haddad",
        "mother",
        "May take part",
        "Until May 31, 2026",
        "Yusuf Haddad",
        "Mina Park",
    ):
        assert word in shown
    evening = programs.schedule(
        cast.north,
        MeetingKind.FAMILY_GROUP,
        Span(MORNING, MORNING + HOUR),
        facilitators=[cast.mina],
        invitees=[(cast.alice, RoomRole.CLIENT), (one.guest, RoomRole.FAMILY)],
        drop_in=True,
    )
    room.handle(room.Actor(cast.mina.pk, evening.pk), Knock())
    room.handle(room.Actor(one.guest.pk, evening.pk), Knock())
    room.handle(room.Actor(cast.mina.pk, evening.pk), Admit(one.guest.pk))
    for stranger in (cast.carol, cast.bruno, one.guest):
        other = Client()
        other.force_login(stranger)
        assert other.post(reverse("my-people-end", args=[paper.pk])).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("my-people-end", args=[paper.pk]))
    assert room.seats([(evening.pk, one.guest.pk)])[evening.pk, one.guest.pk] is None
    assert "Fatima" not in client.get(reverse("my-people")).content.decode()
    client.post(reverse("my-people-end", args=[ask.pk]))
    assert "Yusuf" not in client.get(reverse("my-people")).content.decode()


def test_keeping_apart_is_undone_and_ended_by_who_keeps_families(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    page = reverse("family", args=[of(cast).pk])
    end, keep = (reverse("family-apart", args=[of(cast).pk, cast.chidi.pk, what]) for what in ("end", "keep"))
    said_so = client.post(page, {"which": "apart", "other": str(cast.chidi.pk)}, follow=True)
    assert said_so.content.decode().count(f'action="{end}"') == 2  # beside what is said, and in the list
    after = client.post(end, {"undo": "1"}, follow=True).content.decode()
    assert "Undone. Chidi Eze and this client may meet again." in after
    assert f'action="{keep}"' in after
    assert families.apart_from(of(cast)) == []
    client.post(keep)
    assert families.apart_from(of(cast)) == [cast.chidi]
    assert AuditEvent.objects.filter(act="no-contact.ended").count() == 2
    stranger = reverse("family-apart", args=[of(cast).pk, cast.sofia.pk, "keep"])
    assert client.post(stranger).status_code == 404
    client.force_login(cast.mina)
    assert client.post(end).status_code == 404
    assert families.apart_from(of(cast)) == [cast.chidi]


def test_who_signs_in_for_another_programme_finds_no_family(cast: Cast) -> None:
    one = added(cast)
    with pytest.raises(NotFound):
        families.invite(one, by=cast.otto)
    with pytest.raises(NotFound):
        families.add(of(cast), WHO, by=cast.mina)
    with pytest.raises(NotFound):
        families.invitation(one.pk, cast.south.pk)


def test_a_coordinator_adds_invites_and_ends_from_the_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    page = reverse("family", args=[of(cast).pk])
    typed = {
        "which": "guest",
        "given_name": "Fatima",
        "family_name": "Haddad",
        "relationship": "mother",
        "email": "fatima@example.org",
        "phone": "+12125550177",
        "by_email": "email",
        "language": "es",
    }
    assert client.post(page, {**typed, "email": "nothing"}).status_code == 422
    assert client.post(page, typed).status_code == 302
    one = Invitation.objects.get(revoked_at=None)
    assert "no consent yet" in client.get(page).content.decode()
    client.post(reverse("family-invite", args=[of(cast).pk, one.pk]))
    assert not Message.objects.exists()
    consent(cast, one.guest)
    assert client.post(reverse("family-invite", args=[of(cast).pk, one.pk])).status_code == 302
    assert Message.objects.get().template == "invitation.link"
    two = Invitation.objects.get(revoked_at=None)
    link = said("invitation.link", "link").removeprefix(settings.PUBLIC_URL.rstrip("/"))
    assert "Le damos la bienvenida" in Client().get(link).content.decode()
    assert client.post(page, {"which": "apart", "other": str(cast.bruno.pk)}).status_code == 302
    assert "Bruno Silva" in client.get(page).content.decode()
    assert client.post(reverse("family-revoke", args=[of(cast).pk, two.pk])).status_code == 302
    assert "Fatima" not in client.get(page).content.decode()
