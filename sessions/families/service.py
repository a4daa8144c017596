"""Family guests, for those who keep families: bound to a client, invited by link, out at once, kept apart.

    add ─► invite: link by one channel ─► the guest comes in with a code by the other (entering.py)
    revoke, or the client's consent ends (ending.py) ─► link dead, out of every room, off every coming session
    bring_back ─► what staff revoked is as it was; what the client ended is not staff's to undo

Looking at a link changes nothing: mail scanners do. Neither link nor code is kept in clear.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from sessions.consents import service as consents
from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid, NotFound
from sessions.families import ending, links
from sessions.families.models import Invitation
from sessions.messages import service as messages
from sessions.messages.models import Channel, Message, MessageState
from sessions.people import service as people
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import HouseholdMember, Membership, NoContact, Person
from sessions.people.service import bind_guest, keep_apart
from sessions.programs import joining
from sessions.programs.episode_models import Episode

GUEST_DOMAIN: Final = "guest.invalid"  # guests have no account of their own: no password, no reset


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom to invite. One of the two addresses gets the link, the other the codes."""

    given_name: str
    family_name: str
    relationship: str
    email: str
    phone: str
    by_email: bool = True  # the link
    language: str = "en"


@asked(Act.KEEP_FAMILY)
def add(episode: Episode, who: Guest, by: Person) -> Person:
    """Bind a guest to the client's household. They get nothing yet: the client's consent comes first.

    Raises Invalid for addresses that are none, and for who is there already: a button pressed twice.
    """
    if not who.given_name.strip() or not who.phone.strip():
        raise Invalid("A guest needs a name and a telephone number.")
    try:
        validate_email(who.email.strip())
    except ValidationError as wrong:
        raise Invalid("This is not an e-mail address.", about="email") from wrong
    Person.objects.select_for_update().get(pk=episode.person_id)  # of two at once the second finds the first
    if _is_there(episode, who):
        raise Invalid("They are in this family already.")
    guest = Person.objects.create_user(
        f"{uuid.uuid4()}@{GUEST_DOMAIN}",
        given_name=who.given_name.strip(),
        family_name=who.family_name.strip(),
        phone=who.phone.strip(),
        language=who.language,
        time_zone=episode.person.time_zone,
    )
    household = bind_guest(episode.person, guest, episode.program_id, who.relationship.strip(), by)
    links.prepare(household, guest, who.email.strip(), who.phone.strip(), who.by_email, by)
    return guest


def _is_there(episode: Episode, who: Guest) -> bool:
    """By name and both addresses; who was put out, or had another address, may be added anew."""
    rows = Invitation.objects.filter(
        household__client=episode.person,
        household__program=episode.program_id,
        guest__given_name=who.given_name.strip(),
        guest__family_name=who.family_name.strip(),
        revoked_at=None,
    )
    given = {who.email.strip(), who.phone.strip()}
    return any({links.address(row, "link"), links.address(row, "code")} == given for row in rows)


@asked(Act.KEEP_FAMILY, of=lambda invitation: invitation.household.program)
def invite(invitation: Invitation, by: Person) -> Invitation:
    """Send a link; an earlier one of this guest ends, and with it the device it was bound to.

    Raises Invalid without the client's live consent to this guest's presence.
    """
    household, guest, now = invitation.household, invitation.guest, clock.now()
    if (household.client_id, guest.pk) not in consents.present_for(household.program_id, [guest.pk], now):
        raise Invalid("First the client signs a consent to this guest's presence.")
    to, second = links.address(invitation, "link"), links.address(invitation, "code")
    email, phone = (to, second) if invitation.by_email else (second, to)
    fresh, token = links.prepare(household, guest, email, phone, invitation.by_email, by)
    messages.queue(
        "invitation.link",
        messages.Address(to, guest.language, guest.time_zone),
        Channel.EMAIL if fresh.by_email else Channel.SMS,
        key=f"invitation {fresh.pk}",
        params={"link": messages.link("invitation", token)},
        program_id=household.program_id,
        about=fresh.pk,
        urgent=True,
    )
    links.record(by, "invitation.sent", fresh)
    return fresh


@asked(Act.KEEP_FAMILY, of=lambda invitation: invitation.household.program)
def revoke(invitation: Invitation, by: Person) -> None:
    """The guest is out: of the room now, of everything to come, and the link is dead. Idempotent."""
    # Twice at once, the second would write down that there was nothing to bring back.
    Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    bound = HouseholdMember.objects.filter(household=invitation.household, person=invitation.guest).first()
    if bound is None:
        return
    ended = ending.dismiss(invitation.household, invitation.guest, by)
    Invitation.objects.filter(pk=invitation.pk).update(
        ended_with={"relationship": bound.relationship, **ended}
    )


@asked(Act.KEEP_FAMILY, of=lambda invitation: invitation.household.program)
def bring_back(invitation: Invitation, by: Person) -> Invitation:
    """Undo `revoke`: bound to the client again, asked to the same sessions to come. Idempotent.

    While the client consents, the same link works on the same device. Without that, and when the link had not
    gone out yet, it needs a new one. Raises IllegalMove when somebody has bound them anew, Booked when their
    time is taken by now.
    """
    household, guest, now = invitation.household, invitation.guest, clock.now()
    row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if row.revoked_at is None:
        return row
    if not row.ended_with or HouseholdMember.objects.filter(household=household, person=guest).exists():
        raise IllegalMove("This cannot be undone any more. Add them once more instead.")
    ended, row.ended_with = row.ended_with, {}
    row.save(update_fields=["ended_with"])
    bind_guest(household.client, guest, household.program_id, ended["relationship"], by)
    if (household.client_id, guest.pk) in consents.present_for(household.program_id, [guest.pk], now):
        joining.ask_back(guest, household.client, ended["meetings"], ended["series"])
        stopped = Message.objects.filter(about=row.pk, state=MessageState.CANCELLED)
        if row.accepted_at is not None or not stopped.filter(template="invitation.link").exists():
            row.revoked_at = None
            row.save(update_fields=["revoked_at"])
            links.record(by, "invitation.restored", row)
            return row
    to, second = links.address(row, "link"), links.address(row, "code")
    email, phone = (to, second) if row.by_email else (second, to)
    fresh, _ = links.prepare(household, guest, email, phone, row.by_email, by)
    links.record(by, "invitation.restored", fresh)
    return fresh


@asked(Act.KEEP_FAMILY)
def separate(episode: Episode, other: Person, by: Person) -> None:
    """The client and `other` are never to be in one room."""
    if not Membership.objects.filter(person=other, program=episode.program_id).active().exists():
        raise NotFound
    keep_apart(episode.person, other, episode.program_id, by)


@asked(Act.KEEP_FAMILY)
def let_meet(episode: Episode, other: Person, by: Person) -> None:
    """Undo `separate`. Idempotent."""
    people.let_meet(episode.person, other, episode.program_id, by)


def of_client(episode: Episode) -> list[tuple[HouseholdMember, Invitation | None, bool]]:
    """The client's guests: their latest invitation, and whether the client consents to them now."""
    rows = HouseholdMember.objects.filter(
        household__client=episode.person, household__program=episode.program_id
    ).select_related("person", "household")
    live = {
        one.guest_id: one
        for one in Invitation.objects.filter(
            household__in=[row.household_id for row in rows], revoked_at=None
        )
    }
    present = consents.present_for(episode.program_id, [row.person_id for row in rows], clock.now())
    return [(row, live.get(row.person_id), (episode.person_id, row.person_id) in present) for row in rows]


def invitation(invitation_id: UUID, program_id: UUID) -> Invitation:
    """Raises NotFound, also for one of another programme."""
    row = Invitation.objects.filter(pk=invitation_id, household__program=program_id, revoked_at=None)
    found = row.select_related("household__program", "household__client", "guest").first()
    if found is None:
        raise NotFound
    return found


def withdrawn(invitation_id: UUID, program_id: UUID) -> Invitation:
    """One that may be brought back, or has been. Raises NotFound, also for one of another programme."""
    row = Invitation.objects.filter(pk=invitation_id, household__program=program_id)
    found = row.select_related("household__program", "household__client", "guest").first()
    if found is None:
        raise NotFound
    return found


def apart_from(episode: Episode) -> list[Person]:
    """Those whom the client is never to meet."""
    pairs = NoContact.objects.filter(program=episode.program_id).filter(
        Q(lower=episode.person_id) | Q(higher=episode.person_id)
    )
    found = {pk for pair in pairs.values_list("lower", "higher") for pk in pair} - {episode.person_id}
    return list(Person.objects.filter(pk__in=found).order_by("given_name", "family_name"))
