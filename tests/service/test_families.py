"""Family guests, for those who keep families: none without the client's consent, out at once, brought back, kept apart."""

from __future__ import annotations

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
from sessions.core.errors import Invalid, NotFound
from sessions.core.span import Span
from sessions.families import ending
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.messages.models import Message
from sessions.people.models import HouseholdMember, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import bind_guest
from sessions.programs import episodes
from sessions.programs import series as calendar
from sessions.programs import service as programs
from sessions.programs.calendar_models import Busy, Series
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.programs.recurrence import weekly
from sessions.room import service as room
from sessions.room.commands import Admit, Knock
from sessions.room.models import Placement, RoomFact
from tests.cast import HOUR, MORNING, Cast, assemble
from tests.service import papers
from tests.service.guests import WHO, added, comes_in, consent, of, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def test_without_the_clients_consent_no_link_is_sent(cast: Cast) -> None:
    one = added(cast)
    with pytest.raises(Invalid):
        families.invite(one, by=cast.carol)
    assert not Message.objects.exists()


def test_a_guest_is_added_once_however_often_the_button_is_pressed(cast: Cast) -> None:
    one = added(cast)
    with pytest.raises(Invalid, check=lambda refusal: refusal.text == "They are in this family already."):
        added(cast)
    assert HouseholdMember.objects.filter(household=one.household, relationship="mother").count() == 1
    families.add(of(cast), replace(WHO, email="fatima.haddad@example.org"), by=cast.carol)
    families.revoke(one, by=cast.carol)
    assert added(cast).guest != one.guest, "who was put out may be added anew"


def test_where_nobody_has_consented_yet_the_watch_finds_nothing(cast: Cast) -> None:
    assert not Consent.objects.filter(purpose=Purpose.PRESENCE.value).exists()
    assert ending.watch(MORNING) == 0
    consents.guest_recipient(papers.file(cast), cast.omar)
    assert ending.watch(MORNING) == 0


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
        assert ending.watch(MORNING) == 0
        consents.end(cast.alice, paper)
        assert ending.watch(MORNING) == 1
        assert ending.watch(MORNING) == 0
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
    ending.watch(MORNING)
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
        assert ending.watch(earlier) == 0
        assert programs.role_in(once, one.guest) == RoomRole.FAMILY
        consents.end(cast.alice, paper)
        assert ending.watch(earlier) == 1
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
    assert ending.watch(MORNING) == 1
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
