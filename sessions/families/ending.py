"""What ends a family guest's way in: staff, the client, or the day on which the client's consent runs out.

Out of every room and off every coming session at once, and the link is dead.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose
from sessions.core import clock
from sessions.families import links
from sessions.families.models import Invitation
from sessions.messages import service as messages
from sessions.people.models import Household, HouseholdMember, Membership, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import end_membership, tell_of_the_end
from sessions.programs.calendar_models import Busy, SeriesInvitee
from sessions.programs.models import Meeting, MeetingInvitee


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
            dismiss(row.household, row.person, None)
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
def dismiss(household: Household, guest: Person, by: Person | None) -> dict[str, list[str]]:
    """The guest is this client's no more. Returns the sessions and series they are asked to no more."""
    now = clock.now()
    for one in Invitation.objects.filter(household=household, guest=guest, revoked_at=None):
        one.revoked_at = now
        one.save(update_fields=["revoked_at"])
        messages.cancel(one.pk)
        links.record(by, "invitation.revoked", one)
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
