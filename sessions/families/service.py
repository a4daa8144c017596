"""Family guests: invited by link, let in by a code, bound to one device, gone at once when the client says
so.

    invite ─► link by one channel ─► send_code ─► code by the other ─► accept (agreement signed, device bound)
                                                                        └─► come_back, with a new code each
                                                                        time
    revoke, or the client's consent ends ─► link dead, out of every room, off every coming session
    bring_back ─► what staff revoked is as it was; what the client ended is not staff's to undo

Looking at a link changes nothing: mail scanners do. Neither link nor code is kept in clear.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Max, Q

from sessions.audit import service as audit
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose
from sessions.core import clock, encryption, ids
from sessions.core.errors import IllegalMove, Invalid, NotFound, Refusal
from sessions.families.models import Invitation
from sessions.messages import service as messages
from sessions.messages.models import Channel, Message, MessageState
from sessions.people import service as people
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import Household, HouseholdMember, Membership, NoContact, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import bind_guest, end_membership, keep_apart, tell_of_the_end
from sessions.programs import joining
from sessions.programs.calendar_models import Busy, SeriesInvitee
from sessions.programs.episode_models import Episode
from sessions.programs.models import Meeting, MeetingInvitee

AGREEMENT: Final = "family.1"
CODE_LIVES: Final = timedelta(minutes=10)
CODE_EVERY: Final = timedelta(seconds=60)
MOST_TRIES: Final = 5
MOST_CODES: Final = 10
GUEST_DOMAIN: Final = "guest.invalid"  # guests have no account of their own: no password, no reset


class WrongCode(Refusal):
    code = "wrong-code"
    text = "This code is not right, or it is too old. You can have a new one."


class TooSoon(IllegalMove):
    text = "A code is on its way. You can ask for another in a minute."


class TooMany(IllegalMove):
    text = "We have sent many codes and none was used. Ask the team for a new link."


class OtherDevice(IllegalMove):
    text = "This invitation is bound to another phone or computer. Ask the team for a new one."


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


# Inviting.


@asked(Act.KEEP_FAMILY)
def add(episode: Episode, who: Guest, by: Person) -> Person:
    """Bind a guest to the client's household. They get nothing yet: the client's consent comes first."""
    if not who.given_name.strip() or not who.phone.strip():
        raise Invalid("A guest needs a name and a telephone number.")
    try:
        validate_email(who.email.strip())
    except ValidationError as wrong:
        raise Invalid("This is not an e-mail address.") from wrong
    guest = Person.objects.create_user(
        f"{uuid.uuid4()}@{GUEST_DOMAIN}",
        given_name=who.given_name.strip(),
        family_name=who.family_name.strip(),
        phone=who.phone.strip(),
        language=who.language,
        time_zone=episode.person.time_zone,
    )
    household = bind_guest(episode.person, guest, episode.program_id, who.relationship.strip(), by)
    _prepare(household, guest, who.email.strip(), who.phone.strip(), who.by_email, by)
    return guest


@asked(Act.KEEP_FAMILY, of=lambda invitation: invitation.household.program)
def invite(invitation: Invitation, by: Person) -> Invitation:
    """Send a link; an earlier one of this guest ends, and with it the device it was bound to.

    Raises Invalid without the client's live consent to this guest's presence.
    """
    household, guest, now = invitation.household, invitation.guest, clock.now()
    if (household.client_id, guest.pk) not in consents.present_for(household.program_id, [guest.pk], now):
        raise Invalid("First the client signs a consent to this guest's presence.")
    to, second = _open(invitation, "link"), _open(invitation, "code")
    email, phone = (to, second) if invitation.by_email else (second, to)
    fresh, token = _prepare(household, guest, email, phone, invitation.by_email, by)
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
    _record(by, "invitation.sent", fresh)
    return fresh


@asked(Act.KEEP_FAMILY, of=lambda invitation: invitation.household.program)
def revoke(invitation: Invitation, by: Person) -> None:
    """The guest is out: of the room now, of everything to come, and the link is dead. Idempotent."""
    # Twice at once, the second would write down that there was nothing to bring back.
    Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    bound = HouseholdMember.objects.filter(household=invitation.household, person=invitation.guest).first()
    if bound is None:
        return
    ended = _dismiss(invitation.household, invitation.guest, by)
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
            _record(by, "invitation.restored", row)
            return row
    to, second = _open(row, "link"), _open(row, "code")
    email, phone = (to, second) if row.by_email else (second, to)
    fresh, _ = _prepare(household, guest, email, phone, row.by_email, by)
    _record(by, "invitation.restored", fresh)
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


# Coming in.


def look(token: str, now: datetime) -> Invitation:
    """Behind a link that is good. Changes nothing. Raises NotFound."""
    found = (
        Invitation.objects.filter(
            token_hash=_hash(token), revoked_at=None, expires_at__gt=now, guest__is_active=True
        )
        .exclude(code_to=b"")
        .select_related("household__program", "household__client", "guest")
        .first()
    )
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def send_code(token: str) -> None:
    """A code by the other channel, good for ten minutes. Raises NotFound, TooSoon, TooMany."""
    now = clock.now()
    row = Invitation.objects.select_for_update().get(pk=look(token, now).pk)
    if row.codes >= MOST_CODES:
        raise TooMany
    if row.code_at is not None and now < row.code_at + CODE_EVERY:
        raise TooSoon
    code = f"{secrets.randbelow(1_000_000):06d}"
    row.code_hash, row.code_at, row.codes, row.tries = _proof(row, code), now, row.codes + 1, 0
    row.save(update_fields=["code_hash", "code_at", "codes", "tries"])
    guest = row.guest
    messages.queue(
        "code",
        messages.Address(_open(row, "code"), guest.language, guest.time_zone),
        Channel.SMS if row.by_email else Channel.EMAIL,
        key=f"invitation code {row.pk} {now.isoformat()}",  # the count begins anew with every visit
        params={"code": code},
        program_id=row.household.program_id,
        about=row.pk,
        not_after=now + CODE_LIVES,
        urgent=True,
    )


def come_in(token: str, code: str, *, device: str, typed_name: str = "", agreed: bool = False) -> Person:
    """The guest, when the code is right and this is their device (or their first).

    The first time the confidentiality agreement is signed with it. Raises NotFound, WrongCode, OtherDevice,
    Invalid.
    """
    now = clock.now()
    pk = look(token, now).pk
    wrong = False
    with transaction.atomic():
        row = (
            Invitation.objects.select_for_update(of=("self",)).select_related("household", "guest").get(pk=pk)
        )
        if row.accepted_at is not None and not hmac.compare_digest(row.device_hash, _hash(device)):
            raise OtherDevice
        if row.accepted_at is None and (not agreed or not typed_name.strip()):
            raise Invalid("Please read the agreement and sign it with your name.")
        fresh = row.code_at is not None and now < row.code_at + CODE_LIVES and row.tries < MOST_TRIES
        if not (fresh and row.code_hash and hmac.compare_digest(row.code_hash, _proof(row, code.strip()))):
            row.tries += 1
            row.save(update_fields=["tries"])
            wrong = True
        else:
            row.code_hash, row.codes = "", 0
            if row.accepted_at is None:
                row.accepted_at, row.agreement = now, AGREEMENT
                row.typed_name, row.device_hash = typed_name.strip()[:200], _hash(device)
            row.save()
            _record(row.guest, "invitation.used", row)
    if wrong:
        audit.record(
            actor_id=row.guest_id,
            act="invitation.used",
            subject_type="invitation",
            subject_id=row.pk,
            scope=row.household.program_id,
            outcome=audit.Outcome.REFUSED,
            reason=WrongCode.code,
        )
        raise WrongCode
    return row.guest


# What time and consent do.


def watch(now: datetime) -> int:
    """Dismiss guests whose client's consent has ended. Returns how many. Safe to repeat; runs every few
    seconds.
    """
    asked_for = Consent.objects.filter(purpose=Purpose.PRESENCE.value, recipient__person__isnull=False)
    signed = asked_for.filter(signatures__isnull=False)
    # A clock that was set back takes nothing back that was signed or ended by it before.
    known = asked_for.aggregate(signed=Max("signatures__signed_at"), ended=Max("end__at"))
    live = Consent.objects.live(max([now, *filter(None, known.values())])).filter(
        purpose=Purpose.PRESENCE.value
    )
    there = set(live.values_list("program_id", "patient_id", "recipient__person_id"))
    once = set(signed.values_list("program_id", "patient_id", "recipient__person_id"))
    gone = 0
    rows = HouseholdMember.objects.filter(person__in={guest for _, _, guest in once - there})
    for row in rows.select_related("household", "person"):
        key = (row.household.program_id, row.household.client_id, row.person_id)
        if key in once - there and _welcomed(row):
            _dismiss(row.household, row.person, None)
            gone += 1
    return gone


def consent_ended(sender: object, *, consent: Consent, **_: object) -> None:
    """Heard when a consent ends: the guest it was for is out before the client's page is there again."""
    if consent.purpose == Purpose.PRESENCE.value:
        watch(clock.now())


def _welcomed(row: HouseholdMember) -> bool:
    """Whether the guest has anything that could end: a used link, or a session to come."""
    return (
        Invitation.objects.filter(household=row.household, guest=row.person, revoked_at=None)
        .exclude(accepted_at=None)
        .exists()
        or MeetingInvitee.objects.filter(
            person=row.person, meeting__program=row.household.program_id, meeting__ends_at__gt=clock.now()
        ).exists()
    )


@transaction.atomic
def _dismiss(household: Household, guest: Person, by: Person | None) -> dict[str, list[str]]:
    """Returns the ids of the sessions and series they are asked to no more."""
    now = clock.now()
    for one in Invitation.objects.filter(household=household, guest=guest, revoked_at=None):
        one.revoked_at = now
        one.save(update_fields=["revoked_at"])
        messages.cancel(one.pk)
        _record(by, "invitation.revoked", one)
    others = HouseholdMember.objects.filter(person=guest, household__program=household.program_id).exclude(
        household=household
    )
    coming = MeetingInvitee.objects.filter(
        person=guest, role=RoomRole.FAMILY, meeting__program=household.program_id, meeting__ends_at__gt=now
    )
    kept = Meeting.objects.filter(
        invitee_rows__person__in=others.values("household__client"), invitee_rows__role=RoomRole.CLIENT
    )
    sessions = coming.exclude(meeting__in=kept)
    series = SeriesInvitee.objects.filter(
        person=guest, role=RoomRole.FAMILY, series__program=household.program_id
    ).exclude(
        series__invitee_rows__person__in=others.values("household__client"),
    )
    ended = {
        "meetings": [str(pk) for pk in sessions.values_list("meeting", flat=True)],
        "series": [str(pk) for pk in series.values_list("series", flat=True)],
    }
    sessions.delete()
    series.delete()
    Busy.objects.filter(person=guest, meeting__program=household.program_id, starts_at__gt=now).exclude(
        meeting__in=kept
    ).delete()
    HouseholdMember.objects.filter(household=household, person=guest).delete()
    # Before the role, which may go on: in the log it is the client, or staff, who ended it.
    tell_of_the_end(guest.pk, by.pk if by is not None else household.client_id)
    if not others.exists():
        for membership in Membership.objects.filter(
            person=guest, program=household.program_id, role=Role.FAMILY, ended_at=None
        ):
            end_membership(membership, by)
    return ended


def _prepare(
    household: Household, guest: Person, email: str, phone: str, by_email: bool, by: Person
) -> tuple[Invitation, str]:
    now = clock.now()
    Invitation.objects.filter(household=household, guest=guest, revoked_at=None).update(revoked_at=now)
    token = ids.token()
    row = Invitation(
        household=household,
        guest=guest,
        token_hash=_hash(token),
        by_email=by_email,
        created_by=by,
        expires_at=now + timedelta(days=household.program.rules.invitation_days),
    )
    row.link_to = encryption.encrypt(email if by_email else phone, f"invitation {row.pk} link")
    row.code_to = encryption.encrypt(phone if by_email else email, f"invitation {row.pk} code")
    row.save()
    return row, token


def _open(row: Invitation, which: str) -> str:
    return encryption.decrypt(row.link_to if which == "link" else row.code_to, f"invitation {row.pk} {which}")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _proof(row: Invitation, code: str) -> str:
    """Six digits are quickly tried against a hash alone: this one needs a key from outside the database."""
    return hmac.new(settings.SECRET_KEY.encode(), f"{row.pk} {code}".encode(), hashlib.sha256).hexdigest()


def _record(by: Person | None, act: str, row: Invitation) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="invitation",
        subject_id=row.pk,
        scope=row.household.program_id,
    )
