"""The people of the tests, and what ties them together.

North is a programme in New York. Its evening group is led by Mina, with Theo as co-facilitator; Alice and
Bruno are its clients, Chidi is a client of the morning group. Omar is Alice's father and Rosa Bruno's sister:
family guests. Ada finished last year: an alumna. Carol coordinates North, Ines administers it. South is
another programme: Otto facilitates there, Sofia is his client. Nora may sign in and belongs nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sessions.core import clock
from sessions.core.span import Span
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.people.service import bind_guest, join
from sessions.programs import service
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Cohort, Meeting, Program
from tests.replay import Recording

HOUR: Final = timedelta(hours=1)
# A Monday, 9:00 and 18:00 in New York, for tests that set the clock: `time_machine.travel(MORNING, tick=False)`,
# then `assemble()`. All meetings of a cast assembled at MORNING are on that day; around the real present they may
# cross a midnight.
MORNING: Final = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
EVENING: Final = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    north: Program
    south: Program
    evening: Cohort
    morning: Cohort
    mina: Person
    theo: Person
    alice: Person
    bruno: Person
    chidi: Person
    omar: Person
    rosa: Person
    ada: Person
    carol: Person
    ines: Person
    otto: Person
    sofia: Person
    nora: Person
    group: Meeting  # the evening group's, began five minutes ago: Mina, Theo on call; Alice, Bruno
    morning_group: Meeting  # at the same time: Theo; Chidi
    individual: Meeting  # in four hours: Mina; Alice
    family: Meeting  # in five hours: Mina; Alice and Omar, Bruno and Rosa
    check_in: Meeting  # in six hours: Mina; Ada
    southern: Meeting  # South's, at the same time as `group`: Otto; Sofia

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(value for value in vars(self).values() if isinstance(value, Person))


def person(given_name: str, family_name: str, **fields: str) -> Person:
    """Without a usable password: tests sign in with `client.force_login`."""
    return Person.objects.create_user(
        f"{given_name.lower()}@example.org", given_name=given_name, family_name=family_name, **fields
    )


def assemble(now: datetime | None = None) -> Cast:
    """Put the whole cast into the database, its meetings around `now` (default: the clock's)."""
    now = now or clock.now()
    # Within these five minutes every date of the cast is the same, in every zone.
    minutes = int((now - _EPOCH) / timedelta(minutes=5))
    if (recording := _recordings.get(minutes)) is None:
        recording = _recordings[minutes] = Recording.of(lambda: _assemble(now), now)
        return recording.situation
    return recording.put(now)


_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_recordings: dict[int, Recording[Cast]] = {}


def _assemble(now: datetime) -> Cast:
    north = Program.objects.create(name="North", time_zone="America/New_York")
    south = Program.objects.create(name="South", time_zone="America/Chicago")
    evening = Cohort.objects.create(program=north, name="Evening")
    morning = Cohort.objects.create(program=north, name="Morning")
    southern = Cohort.objects.create(program=south, name="Evening")

    def member(given: str, family: str, role: Role, program: Program = north) -> Person:
        someone = person(given, family)
        join(someone, program.pk, role)
        return someone

    mina, theo = member("Mina", "Park", Role.FACILITATOR), member("Theo", "Okafor", Role.FACILITATOR)
    alice, bruno = member("Alice", "Haddad", Role.CLIENT), member("Bruno", "Silva", Role.CLIENT)
    chidi, ada = member("Chidi", "Eze", Role.CLIENT), member("Ada", "Novak", Role.ALUMNUS)
    carol, ines = member("Carol", "Reyes", Role.COORDINATOR), member("Ines", "Costa", Role.ADMINISTRATOR)
    otto = member("Otto", "Lind", Role.FACILITATOR, south)
    sofia = member("Sofia", "Marin", Role.CLIENT, south)
    omar, rosa, nora = person("Omar", "Haddad"), person("Rosa", "Silva"), person("Nora", "Quist")
    bind_guest(alice, omar, north.pk, "father")
    bind_guest(bruno, rosa, north.pk, "sister")
    evening.facilitators.add(mina, theo)
    morning.facilitators.add(theo)
    southern.facilitators.add(otto)
    start = (now - timedelta(days=30)).date()
    for someone, cohort in ((alice, evening), (bruno, evening), (chidi, morning), (sofia, southern)):
        service.enroll(someone, cohort, start)

    began = now - timedelta(minutes=5)
    live = Span(began, began + 3 * HOUR)
    households = [
        (alice, RoomRole.CLIENT),
        (omar, RoomRole.FAMILY),
        (bruno, RoomRole.CLIENT),
        (rosa, RoomRole.FAMILY),
    ]
    return Cast(
        north=north,
        south=south,
        evening=evening,
        morning=morning,
        mina=mina,
        theo=theo,
        alice=alice,
        bruno=bruno,
        chidi=chidi,
        omar=omar,
        rosa=rosa,
        ada=ada,
        carol=carol,
        ines=ines,
        otto=otto,
        sofia=sofia,
        nora=nora,
        group=service.schedule(
            north,
            MeetingKind.PROCESS_GROUP,
            live,
            facilitators=[mina],
            on_call=[theo],
            cohort=evening,
            title="Evening",
        ),
        morning_group=service.schedule(
            north, MeetingKind.PROCESS_GROUP, live, facilitators=[theo], cohort=morning, title="Morning"
        ),
        individual=service.schedule(
            north,
            MeetingKind.INDIVIDUAL_THERAPY,
            Span(now + 4 * HOUR, now + 5 * HOUR),
            facilitators=[mina],
            invitees=[(alice, RoomRole.CLIENT)],
        ),
        family=service.schedule(
            north,
            MeetingKind.FAMILY_GROUP,
            Span(now + 5 * HOUR, now + 6 * HOUR),
            facilitators=[mina],
            invitees=households,
        ),
        check_in=service.schedule(
            north,
            MeetingKind.CHECK_IN_CALL,
            Span(now + 6 * HOUR, now + 6.5 * HOUR),
            facilitators=[mina],
            invitees=[(ada, RoomRole.ALUMNUS)],
        ),
        southern=service.schedule(
            south, MeetingKind.PROCESS_GROUP, live, facilitators=[otto], cohort=southern, title="Southern"
        ),
    )
