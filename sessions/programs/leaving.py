"""Out of a group from a day on while the episode goes on, and back: what has been stays on record.

    in the group ─► take_out ─► in no group ─► put_back, or a signed step into another one

Sessions of the client's own and series of other groups stay. What comes instead is a clinician's decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sessions.core import clock
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.access import Act
from sessions.people.asking import asked
from sessions.people.models import HouseholdMember, Person
from sessions.people.roles import RoomRole
from sessions.programs import joining, service
from sessions.programs.calendar_models import SeriesInvitee
from sessions.programs.episode_facts import fact, today
from sessions.programs.episode_models import Episode, EpisodeFactKind, Stage
from sessions.programs.models import (
    Enrollment,
    EnrollmentStatus,
    LevelOfCare,
    Meeting,
    MeetingInvitee,
    MeetingQuerySet,
)
from sessions.programs.places import lock_places
from sessions.programs.stretches import begin, free_from, hours_of, open_stretch

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Changed:
    """What there is to tell: whose stretch, and from which session on. `None`: no session is concerned."""

    stretch: Enrollment
    first_at: datetime | None


def last_left(row: Episode) -> Enrollment | None:
    """The stretch the client was taken out of, while no other has begun and the episode goes on."""
    if row.stage != Stage.ACTIVE or open_stretch(row) is not None:
        return None
    last = row.enrollments.select_related("cohort__program").order_by("-starts_on", "-ended_on").first()
    return last if last is not None and last.status == EnrollmentStatus.LEFT else None


@asked(Act.KEEP_EPISODES)
def take_out(row: Episode, on: date, why: str, by: Person) -> Changed:
    """From `on` on the group's sessions no longer expect the client, nor the guests asked with them.

    Raises IllegalMove for who is in no group; Invalid without a reason, for a day that has passed, lies
    beyond the calendar or on which a session of the group has begun, and when they were not in it by then.
    """
    _lock(row)
    stretch = open_stretch(row)
    if row.stage != Stage.ACTIVE or stretch is None:
        raise IllegalMove("They are in no group now.")
    day = today(row)
    if not day <= on <= day + timedelta(weeks=row.program.rules.planning_weeks):
        raise Invalid("The first day lies between today and the last week on the calendar.", about="on")
    if not why.strip():
        raise Invalid("Say why in a few words.")
    if on <= stretch.starts_on:
        raise Invalid("They come into this group on that day or later. Choose a later day.", about="on")
    rows = Meeting.objects.filter(cohort=stretch.cohort, held_on__gte=on).standing()
    if rows.filter(starts_at__lte=clock.now()).exists():
        raise Invalid("A session of that day has begun. Choose the next day.", about="on")
    guests = _with_them(rows, row)
    stretch.ended_on, stretch.status = on - _DAY, EnrollmentStatus.LEFT
    stretch.left_with = {
        "guests": [[str(one.person_id), str(one.meeting_id)] for one in guests],
        "series": _leave_series(stretch, [one.person_id for one in guests]),
    }
    stretch.save(update_fields=["ended_on", "status", "left_with"])
    MeetingInvitee.objects.filter(pk__in=[one.pk for one in guests]).delete()
    service.rebook(stretch.cohort)
    fact(row, EpisodeFactKind.LEFT_GROUP, on, by, why)
    return Changed(stretch, _first(rows))


@asked(Act.KEEP_EPISODES)
def put_back(row: Episode, by: Person) -> Changed:
    """Undo `take_out`: as if nothing had been, when no day has passed without them; otherwise from today on.

    Raises IllegalMove when they have a group by now, Full and Booked.
    """
    _lock(row)
    last = last_left(row)
    if last is None:
        raise IllegalMove("They have a group by now.")
    day, cohort, on = today(row), last.cohort, free_from(last)
    if on < day:
        on = day
        begin(row, cohort, on, LevelOfCare(last.level_of_care), hours_of(last), by)
    else:
        lock_places(cohort)
        left = service.places(cohort, row.person)
        if left is not None and left <= service.kept_places(cohort, row.person):
            raise service.Full
        last.ended_on, last.status = None, EnrollmentStatus.ACTIVE
        last.save(update_fields=["ended_on", "status"])
        service.rebook(cohort)
    for guest in Person.objects.filter(pk__in=[pk for pk, _ in last.left_with.get("guests", ())]):
        if HouseholdMember.objects.filter(person=guest, household__client=row.person).exists():
            asked_to = [at for pk, at in last.left_with["guests"] if pk == str(guest.pk)]
            joining.ask_back(guest, row.person, asked_to, ())
    for series, guest_id in last.left_with.get("series", ()):
        if HouseholdMember.objects.filter(person=guest_id, household__client=row.person).exists():
            SeriesInvitee.objects.get_or_create(
                series_id=series, person_id=guest_id, defaults={"role": RoomRole.FAMILY}
            )
    fact(row, EpisodeFactKind.BACK_IN_GROUP, on, by)
    rows = Meeting.objects.filter(cohort=cohort, held_on__gte=on).standing()
    return Changed(last, _first(rows))


def _lock(row: Episode) -> None:
    """Of two that change where the client belongs, the second sees what the first has done."""
    row.stage = Episode.objects.select_for_update().get(pk=row.pk).stage


def _first(rows: MeetingQuerySet) -> datetime | None:
    coming = rows.filter(starts_at__gt=clock.now()).order_by("starts_at")
    return coming.values_list("starts_at", flat=True).first()


def _guests(row: Episode) -> list[Person]:
    """Those who are this client's guests and nobody else's."""
    own = HouseholdMember.objects.filter(household__program=row.program_id, household__client=row.person)
    others = HouseholdMember.objects.filter(household__program=row.program_id).exclude(
        household__client=row.person
    )
    return list(Person.objects.filter(pk__in=own.values("person")).exclude(pk__in=others.values("person")))


def _with_them(rows: MeetingQuerySet, row: Episode) -> list[MeetingInvitee]:
    return list(
        MeetingInvitee.objects.filter(meeting__in=rows, person__in=_guests(row), role=RoomRole.FAMILY)
    )


def _leave_series(stretch: Enrollment, guests: list[UUID]) -> list[list[str]]:
    rows = SeriesInvitee.objects.filter(
        series__cohort=stretch.cohort, person__in=guests, role=RoomRole.FAMILY
    )
    found = [[str(one.series_id), str(one.person_id)] for one in rows]
    rows.delete()
    return found
