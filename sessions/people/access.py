"""Who may do what. One table; everything not in it is refused.

The slice of people lies below that of programmes, so the rules know a meeting only as a `Subject`: something
of a programme in whose room a person has a part. `programs.models` has the two: Meeting and Program.
Each answer is read from the database, so that ended memberships and disabled accounts count at once, also for
a connection that has been open for hours. Being a superuser of Django's admin opens nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from sessions.audit import service as audit
from sessions.core.errors import NotAllowed, NotFound
from sessions.people import standing
from sessions.people.models import Person
from sessions.people.roles import LEADING, STAFF, Role, RoomRole

Asking: TypeAlias = Person | AnonymousUser


class Act(StrEnum):
    SEE_MEETING = "meeting.see"
    ENTER_ROOM = "meeting.enter"
    FACILITATE = "meeting.facilitate"  # admit, decline, send back, remove, mute, end
    SEE_ATTENDANCE = "meeting.attendance"  # everybody's stays
    SEE_OWN_ATTENDANCE = "meeting.own-attendance"
    ATTEST = "meeting.attest"  # sign everybody's attendance
    ADJUST_ATTENDANCE = "meeting.adjust"  # change what was signed
    KEEP_NOTES = "meeting.notes"  # write and read what was written about one client
    TAKE_OVER = "meeting.take-over"  # a live meeting that has no facilitator, or an open crisis
    SEE_WAITING = "meeting.waiting"  # how many wait and are there
    SEE_PROGRAM_MEETINGS = "program.meetings"
    SEE_PROGRAM_ATTENDANCE = "program.attendance"  # every client's hours
    SET_CREDIT_POLICY = "program.credit-policy"
    BOOK_MAKE_UP = "program.make-up"  # let a client join another meeting of the week
    SEE_CONSENTS = "client.consents"  # one client's papers
    KEEP_CONSENTS = "client.offer-consent"
    SEE_DISCLOSURES = "client.disclosures"  # what was told about one client
    DISCLOSE = "client.disclose"
    MAKE_REPORT = "client.report"
    OWN_REPORT = "client.own-report"  # the client's own copy
    SEE_CONSENT = "consent.see"
    SIGN_CONSENT = "consent.sign"
    END_CONSENT = "consent.end"
    SEE_MESSAGES = "program.messages"  # what was sent to whom, and what became of it
    SEE_TASKS = "program.tasks"  # which of them: worklist.service
    SCHEDULE = "program.schedule"  # series, meetings, holidays, substitutes
    OFFER_HOURS = "program.offer-hours"  # own hours, to be booked by clients
    SEE_CENSUS = "program.census"  # everybody from referral to discharge
    KEEP_EPISODES = "program.episodes"  # refer, admit, pause, discharge
    SEE_EPISODE = "episode.see"
    PROPOSE_STEP = "episode.propose"
    SIGN_STEP = "episode.sign"  # a clinician of this client
    KEEP_FAMILY = "program.family"  # households, invitations, who is kept apart
    SEE_PLAN = "episode.plan"
    KEEP_PLAN = "episode.keep-plan"  # assessments, goals, reviews
    PRESCRIBE = "episode.prescribe"  # a clinician of this client: what their week holds
    SIGN_PLAN = "episode.sign-plan"
    SEE_TESTS = "episode.tests"
    KEEP_TESTS = "episode.keep-tests"
    SET_PROGRAM = "program.settings"
    KEEP_COHORTS = "program.cohorts"  # groups, who leads them, how many they take
    KEEP_LICENCES = "program.licences"
    KEEP_STAFF = "program.staff"  # invite, give and end a role
    KEEP_ON_CALL = "program.on-call"  # who may be called to a session that needs staff
    KEEP_SYSTEMS = "program.systems"  # which systems may read its records
    IMPORT = "program.import"  # people, series and history from files
    SEARCH = "program.search"  # people by name; each finds only whom they may know
    SEE_CALLS = "program.calls"  # who is to be called, when and why now
    SEE_AFTERCARE = "program.aftercare"  # every course, the board, the export
    SET_AFTERCARE_POLICY = "program.aftercare-policy"
    SEE_COURSE = "aftercare.course"  # one alumnus's plan, answers, notes
    KEEP_COURSE = "aftercare.keep"  # sign and change the plan, pause, readmit
    OWN_COURSE = "aftercare.own"  # the alumnus's own plan and calls
    SEE_CHECK_IN = "check-in.see"  # answers, trend, notes, address
    MAKE_CHECK_IN = "check-in.make"  # try, talk, write down
    ANSWER_CHECK_IN = "check-in.answer"  # keep, move, decline, answer
    REVIEW_ESCALATION = "aftercare.review"


class Subject(Protocol):
    @property
    def pk(self) -> Any: ...

    @property
    def program_id(self) -> UUID: ...

    def role_of(self, person: Person) -> RoomRole | None: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """Enough is one of: such a part in the room, such a role in the programme."""

    room: frozenset[RoomRole] = frozenset()
    program: frozenset[Role] = frozenset()
    on_call: frozenset[Role] = frozenset()  # such a role, while its holder is on call
    seen_by: Act | None = None  # who may do this act at least knows that the thing exists


_ANYONE_IN_IT: Final = frozenset(RoomRole)
_LEADS: Final = frozenset({RoomRole.FACILITATOR})
_COORDINATES: Final = frozenset({Role.COORDINATOR})
_ADMINISTERS: Final = frozenset({Role.ADMINISTRATOR})
_RUN: Final = frozenset({Role.ADMINISTRATOR, Role.COORDINATOR})
_CREDITED: Final = frozenset({RoomRole.FACILITATOR, RoomRole.CLIENT})
_OWN: Final = frozenset({RoomRole.CLIENT})  # whose file or paper it is: ClientFile.role_of, Consent.role_of
_CLINICAL: Final = frozenset({RoomRole.FACILITATOR})  # of this client: Episode.role_of
_LEAD_SOMETHING: Final = frozenset({Role.FACILITATOR, Role.COORDINATOR})
_GUARDS: Final = frozenset({RoomRole.FAMILY})
_CALLS: Final = frozenset({Role.COORDINATOR, Role.FACILITATOR})
_CALLER: Final = frozenset({RoomRole.FACILITATOR})  # CheckIn.role_of, AftercareCourse.role_of
_ALUMNUS: Final = frozenset({RoomRole.ALUMNUS})

RULES: Final[dict[Act, Rule]] = {
    Act.SEE_MEETING: Rule(_ANYONE_IN_IT, _COORDINATES),
    Act.ENTER_ROOM: Rule(_ANYONE_IN_IT, seen_by=Act.SEE_MEETING),
    Act.FACILITATE: Rule(_LEADS, seen_by=Act.SEE_MEETING),
    Act.SEE_ATTENDANCE: Rule(_LEADS, _COORDINATES, seen_by=Act.SEE_MEETING),
    Act.SEE_OWN_ATTENDANCE: Rule(_CREDITED, seen_by=Act.SEE_MEETING),
    Act.ATTEST: Rule(_LEADS, seen_by=Act.SEE_MEETING),
    Act.ADJUST_ATTENDANCE: Rule(_LEADS, seen_by=Act.SEE_MEETING),
    Act.KEEP_NOTES: Rule(_LEADS, seen_by=Act.SEE_MEETING),
    Act.TAKE_OVER: Rule(on_call=LEADING),
    Act.SEE_WAITING: Rule(_LEADS, _COORDINATES, seen_by=Act.SEE_MEETING),
    Act.SEE_PROGRAM_MEETINGS: Rule(program=_COORDINATES),
    Act.SEE_PROGRAM_ATTENDANCE: Rule(program=_COORDINATES),
    Act.SET_CREDIT_POLICY: Rule(program=_ADMINISTERS),
    Act.BOOK_MAKE_UP: Rule(program=_COORDINATES),
    Act.SEE_CONSENTS: Rule(_OWN, _COORDINATES),
    Act.KEEP_CONSENTS: Rule(program=_COORDINATES, seen_by=Act.SEE_CONSENTS),
    Act.SEE_DISCLOSURES: Rule(_OWN, _COORDINATES),
    Act.DISCLOSE: Rule(program=_COORDINATES, seen_by=Act.SEE_DISCLOSURES),
    Act.MAKE_REPORT: Rule(program=_COORDINATES, seen_by=Act.OWN_REPORT),
    Act.OWN_REPORT: Rule(_OWN, _COORDINATES),
    Act.SEE_CONSENT: Rule(_OWN | _GUARDS, _COORDINATES),
    Act.SIGN_CONSENT: Rule(_OWN | _GUARDS, seen_by=Act.SEE_CONSENT),
    Act.END_CONSENT: Rule(_OWN | _GUARDS, _COORDINATES),
    Act.SEE_MESSAGES: Rule(program=_COORDINATES),
    Act.SEE_TASKS: Rule(program=_COORDINATES | {Role.FACILITATOR}),
    Act.SCHEDULE: Rule(program=_COORDINATES),
    Act.OFFER_HOURS: Rule(program=_LEAD_SOMETHING),
    Act.SEE_CENSUS: Rule(program=_COORDINATES),
    Act.KEEP_EPISODES: Rule(program=_COORDINATES, seen_by=Act.SEE_EPISODE),
    Act.SEE_EPISODE: Rule(_OWN | _CLINICAL, _COORDINATES),
    Act.PROPOSE_STEP: Rule(_CLINICAL, _COORDINATES, seen_by=Act.SEE_EPISODE),
    Act.SIGN_STEP: Rule(_CLINICAL, seen_by=Act.SEE_EPISODE),
    Act.KEEP_FAMILY: Rule(program=_COORDINATES),
    Act.SEE_PLAN: Rule(_OWN | _CLINICAL, _COORDINATES),
    Act.KEEP_PLAN: Rule(_CLINICAL, _COORDINATES, seen_by=Act.SEE_PLAN),
    Act.PRESCRIBE: Rule(_CLINICAL, seen_by=Act.SEE_PLAN),
    Act.SIGN_PLAN: Rule(_OWN | _CLINICAL, seen_by=Act.SEE_PLAN),
    Act.SEE_TESTS: Rule(_OWN | _CLINICAL, _COORDINATES),
    Act.KEEP_TESTS: Rule(_CLINICAL, _COORDINATES, seen_by=Act.SEE_TESTS),
    Act.SET_PROGRAM: Rule(program=_ADMINISTERS),
    Act.KEEP_COHORTS: Rule(program=_RUN),
    Act.KEEP_LICENCES: Rule(program=_RUN),
    Act.KEEP_STAFF: Rule(program=_ADMINISTERS),
    Act.KEEP_ON_CALL: Rule(program=_RUN),
    Act.KEEP_SYSTEMS: Rule(program=_ADMINISTERS),
    Act.IMPORT: Rule(program=_RUN),
    Act.SEARCH: Rule(program=STAFF),
    Act.SEE_CALLS: Rule(program=_CALLS),
    Act.SEE_AFTERCARE: Rule(program=_COORDINATES),
    Act.SET_AFTERCARE_POLICY: Rule(program=_ADMINISTERS),
    Act.SEE_COURSE: Rule(_CALLER, _COORDINATES),
    Act.KEEP_COURSE: Rule(program=_COORDINATES, seen_by=Act.SEE_COURSE),
    Act.OWN_COURSE: Rule(_ALUMNUS),
    Act.SEE_CHECK_IN: Rule(_CALLER, _COORDINATES),
    Act.MAKE_CHECK_IN: Rule(_CALLER, _COORDINATES, seen_by=Act.SEE_CHECK_IN),
    Act.ANSWER_CHECK_IN: Rule(_ALUMNUS),
    Act.REVIEW_ESCALATION: Rule(program=_CALLS),
}


def may(actor: Asking, act: Act, subject: Subject) -> bool:
    """Whether `actor` may do `act` to `subject` at this moment."""
    if not isinstance(actor, Person) or not actor.is_active:
        return False
    rule = RULES[act]
    if rule.room and subject.role_of(actor) in rule.room:
        return True
    if not rule.program and not rule.on_call:
        return False
    return any(
        row.role in rule.program or (row.on_call and row.role in rule.on_call)
        for row in standing.memberships(actor)
        if row.program_id == subject.program_id
    )


def wherever(actor: Person, act: Act) -> frozenset[UUID]:
    """The programmes in which the actor's role alone allows `act`, whatever it is about."""
    rule = RULES[act]
    if not actor.is_active:
        return frozenset()
    return frozenset(
        row.program_id
        for row in standing.memberships(actor)
        if row.role in rule.program or (row.on_call and row.role in rule.on_call)
    )


def require(actor: Asking, act: Act, subject: Subject) -> None:
    """Nothing when allowed. A refusal to somebody signed in leaves an audit row.

    Call it before opening a transaction: the refusal would roll that row back with everything else.

    Raises:
        NotFound: the actor may not even know of the subject. Same words as when there is none.
        NotAllowed: the actor may see it but not do this.
    """
    if may(actor, act, subject):
        return
    seen_by = RULES[act].seen_by
    refusal = NotAllowed if seen_by is not None and may(actor, seen_by, subject) else NotFound
    if isinstance(actor, Person):
        audit.record(
            actor_id=actor.pk,
            act=act,
            subject_type=type(subject).__name__.lower(),
            subject_id=subject.pk,
            scope=subject.program_id,
            outcome=audit.Outcome.REFUSED,
            reason=refusal.code,
        )
    raise refusal
