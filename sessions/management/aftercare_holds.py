"""What must hold at the end of a simulated site's story, whatever died on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sessions.aftercare import journal, planning, plans
from sessions.aftercare.due import Step
from sessions.aftercare.due_models import Due
from sessions.aftercare.machine import AHEAD, CALLED, ENDED, OVER, UNDER_WAY, Call, CallEvent, call_after
from sessions.aftercare.models import AftercareCourse, AftercareFact, CallTry, CheckIn
from sessions.aftercare.policy import DEFAULT
from sessions.aftercare.risk import Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.core.daytime import Quiet, is_quiet
from sessions.messages.models import Channel, ChannelConsent, Message, MessageState
from sessions.worklist.models import StaffTask

ZoneAt = Callable[[UUID, datetime], str]  # where somebody lived at that time
HANDED_OVER: Final = (MessageState.SENT, MessageState.UNSURE)
_ALWAYS: Final = datetime.max.replace(tzinfo=UTC)


def must(holds: object, what: str) -> None:
    """Raises AssertionError with `what` otherwise; unlike assert also under -O."""
    if not holds:
        raise AssertionError(what)


def check(now: datetime, lately: timedelta, zone_at: ZoneAt, letters: Counter[str]) -> Counter[str]:
    """Returns the calls by state. Raises AssertionError for what does not hold.

    Args:
        lately: how long something may lie that is due.
        letters: Message-IDs of e-mails, as often as the mail server was handed each.
    """
    calls = _calls(now)
    _due(now, lately)
    _tries(zone_at)
    _messages(zone_at)
    _letters(letters)
    _escalations(now, lately)
    _courses()
    return calls


def _calls(now: datetime) -> Counter[str]:
    """Each planned call is completed, missed, called off or revoked, or somebody is asked to see to it."""
    long_ago = now - timedelta(days=9)
    facts: dict[UUID | None, list[AftercareFact]] = defaultdict(list)
    for fact in AftercareFact.objects.exclude(check_in=None).exclude(event="planned").order_by("pk"):
        facts[fact.check_in_id].append(fact)
    rows = list(CheckIn.objects.select_related("course__person"))
    for row in rows:
        _history(row, facts[row.pk])
        settled = Call(row.state) in OVER or row.due_on > long_ago.date() or _explained(row)
        must(settled, f"silent: {row.pk} {row.state}")
        if row.state == Call.MISSED.value:
            must((row.reason == "not_tried") == (row.tries == 0), f"missed how? {row.pk}")
    return Counter(row.state for row in rows)


def _history(row: CheckIn, facts: list[AftercareFact]) -> None:
    """The facts lead from planned to where the call stands, by the table."""
    state = Call.PLANNED
    for fact in facts:
        must(fact.before == state.value, f"a gap in the history of {row.pk}")
        state = call_after(state, CallEvent(fact.event))
    must(state.value == row.state, f"the history of {row.pk} ends elsewhere")


def _explained(row: CheckIn) -> bool:
    return row.state == Call.CONNECTED.value or journal.unsafe(row.course)


def _due(now: datetime, lately: timedelta) -> None:
    waiting = Due.objects.filter(done_at=None, at__lt=now - lately).count()
    must(not waiting, f"{waiting} due things were skipped")


def _courses() -> None:
    """Whose course is under way is looked after every night; whose is over has no call left."""
    nights = set(Due.objects.filter(done_at=None, step=Step.ROLL).values_list("course_id", flat=True))
    for course in AftercareCourse.objects.filter(state__in=UNDER_WAY):
        must(course.pk in nights, f"nobody plans for {course.pk} any more")
    left = CheckIn.objects.filter(course__state__in=ENDED, state__in=(*AHEAD, *CALLED))
    must(not left.exists(), "calls of a course that is over")


def _tries(zone_at: ZoneAt) -> None:
    """Nobody is called without consent, nor at night but while a crisis waits for its hand-off."""
    crises: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    for found in Escalation.objects.filter(tier=Tier.CRISIS.value):
        crises[found.course_id].append((found.opened_at, found.handed_off_at or _ALWAYS))
    quiet = plans.quiet_of(DEFAULT)
    for one in CallTry.objects.select_related("check_in__course__person"):
        course = one.check_in.course
        must(planning.consented(course, one.at), f"called without consent: {one.check_in_id}")
        night = is_quiet(one.at, zone_at(course.person_id, one.at), quiet)
        danger = any(start <= one.at <= end for start, end in crises[course.pk])
        must(not night or danger, f"called at night: {one.check_in_id}")


def _messages(zone_at: ZoneAt) -> None:
    """At most one notice for each step and channel; none without opt-in, after STOP, too late or at night."""
    about = Message.objects.exclude(about=None)
    said = Counter(
        about.exclude(state=MessageState.CANCELLED).values_list(
            "about", "not_after", "channel", "template", "due_at"
        )
    )
    must(max(said.values(), default=0) <= 1, "somebody was told twice about one appointment")
    wishes: dict[tuple[UUID, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for wish in ChannelConsent.objects.all():
        stretch = (wish.given_at, wish.withdrawn_at or _ALWAYS)
        wishes[wish.person_id, wish.channel].append(stretch)
    for one in about.filter(state__in=HANDED_OVER):
        at, person = one.handed_at, one.person_id
        if at is None or person is None:
            raise AssertionError(f"sent to whom and when? {one.pk}")
        wanted = any(start <= at <= end for start, end in wishes[person, one.channel])
        must(wanted, f"told without having asked for it: {one.pk}")
        must(one.not_after is None or at <= one.not_after, f"told too late: {one.pk}")
        must(one.urgent or not is_quiet(at, zone_at(person, at), Quiet()), f"told at night: {one.pk}")


def _letters(letters: Counter[str]) -> None:
    """No e-mail is handed over twice, none counts as sent that was not, and none as not sent that was."""
    must(max(letters.values(), default=0) <= 1, "a letter was handed over twice")
    handed = {word.strip("<>").partition("@")[0] for word in letters}
    rows = Message.objects.filter(channel=Channel.EMAIL)
    sent = {str(pk) for pk in rows.filter(state=MessageState.SENT).values_list("pk", flat=True)}
    unsure = {str(pk) for pk in rows.filter(state=MessageState.UNSURE).values_list("pk", flat=True)}
    must(sent <= handed, f"counted as sent, and was not: {sent - handed}")
    other = rows.filter(pk__in=handed - sent - unsure).values_list("pk", "state", "code", "template")
    must(not other, f"was sent, and is not counted so: {list(other)}")


def _escalations(now: datetime, lately: timedelta) -> None:
    for found in Escalation.objects.filter(closed_at__isnull=False, tier=Tier.CRISIS.value):
        must(found.handed_off_at is not None, f"a crisis without a hand-off: {found.pk}")
    late = Escalation.objects.filter(contacted_at=None, contact_by__lt=now - lately)
    for found in late.select_related("course"):
        asked = StaffTask.objects.filter(key=f"aftercare aftercare-contact-late {found.pk}").exists()
        done = found.closed_at is not None or found.course.state in ("revoked", "readmitted", "graduated")
        must(asked or done, f"nobody was told that contact is late: {found.pk}")
