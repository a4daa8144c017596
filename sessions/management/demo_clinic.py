"""A small clinic to look at: invented people of one evening programme, with meetings around the present.

Addresses end in .example, which no mail server will ever answer for (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from sessions.core import zones
from sessions.core.span import Span
from sessions.management import demo_aftercare, demo_papers, demo_programme
from sessions.people.models import Language, Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import bind_guest, join
from sessions.programs import service
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Enrollment, Meeting, Program
from sessions.room.service import ended_among

PROGRAM: Final = "Harbor Street Evening Program"
ZONE: Final = "America/New_York"
DOMAIN: Final = "harbor.example"
PASSWORD: Final = "tidewater-lantern-42"  # noqa: S105 - known to everybody, refused outside of demos

GROUP_LASTS: Final = timedelta(hours=3)
GROUP_BEGAN: Final = timedelta(minutes=5)
STILL_OPEN: Final = timedelta(minutes=30)  # a group with less left is followed by a fresh one


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody of the demo, as invented."""

    given_name: str
    family_name: str
    role: Role
    language: Language = Language.ENGLISH
    time_zone: str = ZONE
    phone: str = ""

    @property
    def email(self) -> str:
        return f"{self.given_name}@{DOMAIN}".lower()


COORDINATOR: Final = Part("Joan", "Whitaker", Role.COORDINATOR, phone="+1 212 555 0100")
MAYA: Final = Part("Maya", "Lindqvist", Role.FACILITATOR, phone="+1 212 555 0101")
SAMUEL: Final = Part("Samuel", "Adeyemi", Role.FACILITATOR, phone="+1 212 555 0102")
DANIEL: Final = Part("Daniel", "Kim", Role.CLIENT, phone="+1 212 555 0110")
LUIS: Final = Part("Luis", "Ortega", Role.CLIENT, Language.SPANISH, phone="+1 212 555 0111")
TESSA: Final = Part("Tessa", "Kowalczyk", Role.CLIENT, time_zone="America/Chicago", phone="+1 312 555 0116")
CLIENTS: Final = (
    DANIEL,
    LUIS,
    Part("Priya", "Raman", Role.CLIENT, phone="+1 212 555 0112"),
    Part("Marcus", "Bell", Role.CLIENT, phone="+1 212 555 0113"),
    Part("Hannah", "Weiss", Role.CLIENT, time_zone="America/Phoenix", phone="+1 602 555 0114"),
    Part("Noor", "Aziz", Role.CLIENT, phone="+1 212 555 0115"),
    TESSA,
    Part("Jamal", "Freeman", Role.CLIENT, phone="+1 212 555 0117"),
)
GUESTS: Final = (
    (DANIEL, Part("Grace", "Kim", Role.FAMILY), "mother"),
    (DANIEL, Part("Peter", "Kim", Role.FAMILY), "brother"),
    (LUIS, Part("Carmen", "Ortega", Role.FAMILY, Language.SPANISH), "wife"),
    (LUIS, Part("Elena", "Ortega", Role.FAMILY, Language.SPANISH), "daughter"),
)
ALUMNA: Final = Part("Wendy", "Sandoval", Role.ALUMNUS, phone="+1 212 555 0120")
ALUMNUS: Final = Part("Theodore", "Banks", Role.ALUMNUS, phone="+1 212 555 0122")
ADMINISTRATOR: Final = Part("Iris", "Chen", Role.ADMINISTRATOR)
EVERYBODY: Final = (
    COORDINATOR,
    MAYA,
    SAMUEL,
    *CLIENTS,
    *(guest for _, guest, _ in GUESTS),
    ALUMNA,
    ALUMNUS,
    ADMINISTRATOR,
)


@dataclass(frozen=True, slots=True)
class DemoClinic:
    program: Program
    people: tuple[tuple[Role, Person], ...]
    meetings: tuple[Meeting, ...]  # the open group first, then individual, family, check-in


@transaction.atomic
def prepare(now: datetime) -> DemoClinic:
    """Put the clinic into the database, or bring its meetings up to `now`. People and history stay.

    Passwords are put back each time, so that the printed logins work.
    """
    program, _ = Program.objects.get_or_create(name=PROGRAM, defaults={"time_zone": ZONE})
    if "door_minutes" not in program.settings:
        # The open group is for whoever comes, an hour after its start too.
        program.settings = {**program.settings, "door_minutes": 0}
        program.save(update_fields=["settings"])
    password = _password()
    cast = {part: _person(part, program, password) for part in EVERYBODY}
    for client, guest, relationship in GUESTS:
        bind_guest(cast[client], cast[guest], program.pk, relationship)
    cohort, _ = Cohort.objects.get_or_create(program=program, name="Evening Track A")
    cohort.facilitators.add(cast[MAYA], cast[SAMUEL])
    began_on = zones.local_date(now, ZONE) - timedelta(weeks=3)
    for part in CLIENTS:
        if not Enrollment.objects.filter(person=cast[part], cohort=cohort).exists():
            service.enroll(cast[part], cohort, began_on, planned_end_on=began_on + timedelta(weeks=12))

    lead = [cast[MAYA]]
    households = [(cast[part], RoomRole.CLIENT) for part in (DANIEL, LUIS)]
    households += [(cast[guest], RoomRole.FAMILY) for _, guest, _ in GUESTS]
    first, second, third = _later_today(now)
    hour = timedelta(hours=1)
    meetings = (
        _open_group(program, cohort, [cast[MAYA], cast[SAMUEL]], now),
        _upcoming(program, MeetingKind.INDIVIDUAL_THERAPY, first, hour, lead, [households[0]], now),
        _upcoming(program, MeetingKind.FAMILY_GROUP, second, 1.5 * hour, lead, households, now),
        _upcoming(
            program,
            MeetingKind.CHECK_IN_CALL,
            third,
            0.5 * hour,
            [cast[COORDINATOR]],
            [(cast[ALUMNA], RoomRole.ALUMNUS)],
            now,
        ),
    )
    demo_aftercare.prepare(program, cast[COORDINATOR], cast[MAYA], [cast[ALUMNA], cast[ALUMNUS]], now)
    demo_programme.prepare(program, cohort, {part.given_name: cast[part] for part in EVERYBODY}, now)
    demo_papers.prepare(program, cast[COORDINATOR], cast[MAYA], cast[TESSA], now)
    return DemoClinic(program, tuple((part.role, cast[part]) for part in EVERYBODY), meetings)


def _password() -> str:
    """As stored, the same for all: a slow hash each would make every start wait for nothing kept secret."""
    stored = Person.objects.filter(email=COORDINATOR.email).values_list("password", flat=True).first()
    return stored if stored and check_password(PASSWORD, stored) else make_password(PASSWORD)


def _person(part: Part, program: Program, password: str) -> Person:
    person = Person.objects.filter(email=part.email).first()
    if person is None:
        person = Person.objects.create_user(
            part.email,
            given_name=part.given_name,
            family_name=part.family_name,
            language=part.language,
            time_zone=part.time_zone,
            phone=part.phone,
        )
    person.password = password
    person.is_superuser = part.role == Role.ADMINISTRATOR
    person.is_active = True
    person.save()
    if part.role != Role.FAMILY:  # guests join with their household
        join(person, program.pk, part.role)
    return person


def _open_group(program: Program, cohort: Cohort, facilitators: Sequence[Person], now: datetime) -> Meeting:
    open_now = Meeting.objects.filter(
        cohort=cohort, starts_at__lte=now, ends_at__gte=now + STILL_OPEN, cancelled_at=None
    )
    over = ended_among(open_now.values_list("pk", flat=True))
    if meeting := open_now.exclude(pk__in=over).last():
        return meeting
    start = now.replace(second=0, microsecond=0) - GROUP_BEGAN
    middle = start + timedelta(minutes=85)
    return service.schedule(
        program,
        MeetingKind.PROCESS_GROUP,
        Span(start, start + GROUP_LASTS),
        facilitators=facilitators,
        cohort=cohort,
        title="Evening group",
        breaks=[Span(middle, middle + timedelta(minutes=10))],
        drop_in=True,  # always open, beside the day's other sessions
    )


def _upcoming(
    program: Program,
    kind: MeetingKind,
    starts_at: datetime,
    length: timedelta,
    facilitators: Sequence[Person],
    invitees: Iterable[tuple[Person, RoomRole]],
    now: datetime,
) -> Meeting:
    today = zones.day(zones.local_date(now, ZONE), ZONE)
    ahead = Meeting.objects.filter(
        program=program, kind=kind, starts_at__gte=now, starts_at__lt=today.end, cancelled_at=None
    )
    if meeting := ahead.first():
        return meeting
    span = Span(starts_at, starts_at + length)
    # drop-ins: the demo's day lies around the present, wherever its series lies
    return service.schedule(program, kind, span, facilitators=facilitators, invitees=invitees, drop_in=True)


def _later_today(now: datetime) -> tuple[datetime, datetime, datetime]:
    """Three starts before the programme's midnight: in about 1, 2½ and 4½ hours, closer together late."""
    midnight = zones.day(zones.local_date(now, ZONE), ZONE).end
    reach = min(midnight - now, timedelta(hours=6))
    first, second, third = (_on_the_clock(now + reach * share, midnight) for share in (0.2, 0.45, 0.75))
    return first, second, third


def _on_the_clock(moment: datetime, before: datetime) -> datetime:
    """The next full quarter of an hour; the moment itself when that would come too late."""
    past = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    quarter = moment - past + timedelta(minutes=15) if past else moment
    return quarter if quarter < before else moment
