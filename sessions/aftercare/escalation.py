"""What a HIGH or a CRISIS leads to: contact, a hand-off, a review by a person, more care if they decide
so."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta
from typing import Final

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from sessions.aftercare import booking, cadence, journal, notices, planning
from sessions.aftercare.due import Step, put, void
from sessions.aftercare.journal import unsafe
from sessions.aftercare.ladder import given_up_at
from sessions.aftercare.machine import (
    AHEAD,
    CALLED,
    UNDER_WAY,
    Call,
    CallEvent,
    Course,
    CourseEvent,
    HandOffNeeded,
)
from sessions.aftercare.models import AftercareCourse, CallNote, CheckIn, Why
from sessions.aftercare.plans import quiet_of
from sessions.aftercare.policies import policy_of
from sessions.aftercare.risk import Assessment, Effects, Tier
from sessions.aftercare.urgent_models import Escalation
from sessions.core import clock, encryption, zones
from sessions.core.daytime import at_local
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.access import Act, require
from sessions.people.models import Person

LONGEST: Final = 20_000
_EVENING: Final = time(17)  # of the last business day, in the programme's zone
_SAME_TALK: Final = timedelta(hours=1)  # who wrote the hand-off down first, and then that they had talked


class Review(models.TextChoices):
    KEEP = "keep", _("Go on as planned")
    CLOSER = "closer", _("Call more often")
    MORE_CARE = "more_care", _("More care: back into the programme")


def crisis(row: CheckIn, found: Assessment, now: datetime, *, heard: bool = False) -> None:
    """Somebody may be in danger: the call is due now, at whatever hour; staff are asked at once. Idempotent;
    the course is locked. `heard`: by the caller, in the talk."""
    known = open_of(row)
    if known is not None and heard:
        _hand_over_anew(known, row.reached_at or now, now)
    if known is None:
        _open(row, Tier.CRISIS, now, contact_by=now)
    elif known.handed_off_at is None:
        _open_again(known, now, contact_by=now)
        known.tier = Tier.CRISIS.value
        known.save(update_fields=["tier"])
    course = row.course
    if not unsafe(course):
        return
    if journal.can(course, CourseEvent.CRISIS) and course.state != "crisis":
        journal.move_course(
            course, CourseEvent.CRISIS, now, reason=found.reasons[0].value if found.reasons else ""
        )
    if Call(row.state) in AHEAD:
        void(row, now, (Step.DUE, Step.REMIND_EMAIL, Step.REMIND_SMS, Step.OFFER))
        fall_due(row, now, "crisis")
    elif Call(row.state) in CALLED and (row.next_try_at is None or row.next_try_at > now):
        row.next_try_at = now
        row.save(update_fields=["next_try_at"])
    notices.ask_staff(
        course,
        "aftercare-crisis",
        str(row.pk),
        kind="crisis.follow-up",
        check_in=row,
        due_at=now,
        urgent=True,
    )


def high(row: CheckIn, now: datetime) -> None:
    """The form says HIGH before the call: somebody is in touch within 48 hours. Idempotent; locked."""
    if open_of(row) is not None:
        return
    policy = policy_of(row.program_id)
    by = now + timedelta(hours=policy.contact_hours)
    _open(row, Tier.HIGH, now, contact_by=by)
    if Call(row.state) in AHEAD and (row.starts_at is None or row.starts_at > by):
        soon(row.course, now)


def closed_with(row: CheckIn, tier: Tier, effects: Effects, now: datetime) -> None:
    """The call ended with this tier: open or bring up to date what it leads to. The course is locked."""
    policy, course = policy_of(row.program_id), row.course
    if effects.denser:
        planning.set_denser(course, course.denser + 1, now)
    elif effects.back_to_plan:
        planning.set_denser(course, 0, now)
    if tier < Tier.HIGH:
        found = open_of(row)
        if found is not None and found.tier < Tier.CRISIS:
            # The form feared more than the talk showed; a person still looks at it.
            found.contacted_at = found.contacted_at or now
            found.save(update_fields=["contacted_at"])
        return
    by = now + timedelta(hours=policy.contact_hours)
    found = open_of(row) or _open(row, tier, now, contact_by=by)
    _open_again(found, now, contact_by=by)
    found.tier = max(found.tier, tier.value)
    found.reassess = effects.reassess
    zone = course.program.time_zone
    on = cadence.business_days_after(
        zones.local_date(now, zone), policy.review_business_days, frozenset(policy.holidays)
    )
    found.review_by = at_local(on, _EVENING, zone)
    found.save()
    put(Step.REVIEW, str(found.pk), found.review_by, course, row)
    notices.ask_staff(
        course,
        "aftercare-reassess" if effects.reassess else "aftercare-review",
        str(found.pk),
        kind="level.review" if effects.reassess else "clinical.review",
        check_in=row,
        due_at=found.review_by,
    )
    if effects.reassess and journal.can(course, CourseEvent.REVIEW_ASKED):
        journal.move_course(course, CourseEvent.REVIEW_ASKED, now)
    if row.why != Why.CONTACT:
        soon(course, now)
    if course.state == Course.REVOKED.value:  # in the talk, or before it was written down
        planning.tell_of_what_is_open(course, now)


def soon(course: AftercareCourse, now: datetime) -> CheckIn | None:
    """One more call within 48 hours, unless there is one already, or nobody may be called any more. The
    course is locked."""
    if Course(course.state) not in UNDER_WAY:
        return None
    by = now + timedelta(hours=policy_of(course.program_id).contact_hours)
    pending = CheckIn.objects.filter(course=course).ahead()
    if (
        pending.filter(starts_at__gt=now, starts_at__lte=by).exists()
        or pending.filter(why=Why.CONTACT).exists()
    ):
        return None
    on = zones.local_date(now, course.zone) + timedelta(days=1)
    row = planning.add(course, on, on, Why.CONTACT, now)
    if not booking.offer(row, now):
        notices.ask_staff(course, "aftercare-no-time", str(row.pk), check_in=row, due_at=by, urgent=True)
    return row


def contacted(course: AftercareCourse, now: datetime) -> None:
    """Somebody talked to them: what waited for that is met."""
    Escalation.objects.filter(course=course).open().filter(contacted_at=None).update(contacted_at=now)


def open_of(row: CheckIn) -> Escalation | None:
    return Escalation.objects.filter(check_in=row).first()


def hand_off(actor: Person, row: CheckIn, to_whom: str) -> None:
    """Record a live hand-off to a clinician: to whom, and how.

    Raises NotFound, NotAllowed; Invalid without words.
    """
    require(actor, Act.MAKE_CHECK_IN, row)
    if not to_whom.strip() or len(to_whom) > LONGEST:
        raise Invalid("Write down to whom you handed over, and how.")
    with transaction.atomic():
        now = clock.now()
        row = journal.locked(row.pk)
        found = open_of(row) or _open(row, Tier.CRISIS, now, contact_by=now)
        if found.handed_off_at is not None:
            return
        _open_again(found, now, contact_by=now)
        found.handed_off_at, found.handed_off_by = now, actor
        found.hand_off_ciphertext = encryption.encrypt(to_whom.strip(), _place(found, "hand-off"))
        found.contacted_at = found.contacted_at or now
        found.save()
        journal.record(actor, "check-in.handed-off", row)
        notices.all_settled(row.course, "aftercare-crisis", str(row.pk))
        if not unsafe(row.course) and journal.can(row.course, CourseEvent.HANDED_OFF):
            journal.move_course(row.course, CourseEvent.HANDED_OFF, now, actor)
            planning.go_on(row.course, now)  # also when it came in a pause
        put(
            Step.REVIEW,
            f"{found.pk}:hand-off",
            now + timedelta(days=policy_of(row.program_id).review_business_days),
            row.course,
            row,
        )


def review(actor: Person, found: Escalation, decision: Review, why: str) -> None:
    """A person has looked at it and decided; what was proposed stays on record beside it.

    Raises:
        NotFound: the actor is no staff of the programme.
        HandOffNeeded: a crisis without a hand-off.
        Invalid: no reason given. IllegalMove: decided already.
    """
    require(actor, Act.REVIEW_ESCALATION, found.course)
    if not why.strip() or len(why) > LONGEST:
        raise Invalid("Say why you decided so.")
    with transaction.atomic():
        now = clock.now()
        course = journal.locked_course(found.course_id)
        found = Escalation.objects.select_for_update().get(pk=found.pk)
        if found.closed_at is not None:
            raise IllegalMove
        if found.tier >= Tier.CRISIS and found.handed_off_at is None:
            raise HandOffNeeded
        found.reviewed_at, found.reviewed_by, found.decision = now, actor, decision.value
        found.review_ciphertext = encryption.encrypt(why.strip(), _place(found, "review"))
        found.closed_at = now
        found.save()
        journal.record_course(actor, Act.REVIEW_ESCALATION, course, decision.value)
        for reason in ("aftercare-review", "aftercare-reassess", "aftercare-review-late"):
            notices.settled(course, reason, str(found.pk))
        if decision is Review.CLOSER:
            planning.set_denser(course, course.denser + 1, now)
        waiting = Escalation.objects.filter(course=course).open().filter(reassess=True).exists()
        more_care = decision is Review.MORE_CARE  # stays in review until somebody readmits or keeps
        if not waiting and not more_care and journal.can(course, CourseEvent.REVIEWED):
            journal.move_course(course, CourseEvent.REVIEWED, now, actor)
        if more_care:
            if journal.can(course, CourseEvent.REVIEW_ASKED):
                journal.move_course(course, CourseEvent.REVIEW_ASKED, now, actor)
            notices.ask_staff(course, "aftercare-readmit", str(found.pk), kind="level.review")


def back_to_calls(actor: Person, course: AftercareCourse) -> None:
    """More care was weighed and is not needed now. Raises NotFound, NotAllowed, IllegalMove."""
    require(actor, Act.KEEP_COURSE, course)
    with transaction.atomic():
        course = journal.locked_course(course.pk)
        journal.move_course(course, CourseEvent.REVIEWED, clock.now(), actor)


def words_of(found: Escalation) -> tuple[str, str]:
    """To whom it was handed over, and why it was decided so, for who has been let in."""
    return (
        encryption.decrypt(found.hand_off_ciphertext, _place(found, "hand-off"))
        if found.hand_off_ciphertext
        else "",
        encryption.decrypt(found.review_ciphertext, _place(found, "review"))
        if found.review_ciphertext
        else "",
    )


def fall_due(row: CheckIn, now: datetime, reason: str = "") -> None:
    """Into the queue, now. What else follows from that the step of the engine puts down."""
    journal.move(row, CallEvent.FELL_DUE, now, reason=reason)
    row.fell_due_at, row.next_try_at = now, now
    row.save()
    since = row.starts_at if row.starts_at is not None and row.starts_at <= now else now
    end = given_up_at(since, row.course.zone, quiet_of(policy_of(row.program_id)))
    put(Step.GIVE_UP, str(row.pk), end, row.course, row)
    put(Step.OVERDUE, str(row.pk), now + timedelta(hours=2), row.course, row)


def _open(row: CheckIn, tier: Tier, now: datetime, contact_by: datetime) -> Escalation:
    found = Escalation(
        id=uuid.uuid4(),
        course=row.course,
        check_in=row,
        tier=tier.value,
        opened_at=now,
        contact_by=contact_by,
    )
    found.save(force_insert=True)
    put(Step.CONTACT, str(found.pk), contact_by, row.course, row)
    return found


def _hand_over_anew(found: Escalation, talked_at: datetime, now: datetime) -> None:
    """A hand-off from before the talk, about a form, does not answer for danger that is heard in it. Its
    words stay as a note of who handed over."""
    if found.handed_off_at is None or found.handed_off_at >= talked_at - _SAME_TALK:
        return
    if found.handed_off_by is not None:
        note = CallNote(
            id=uuid.uuid4(), check_in_id=found.check_in_id, by=found.handed_off_by, at=found.handed_off_at
        )
        note.ciphertext = encryption.encrypt(words_of(found)[0], f"call-note {note.pk}")
        note.save()
    _open_again(found, now, contact_by=now)
    found.handed_off_at, found.handed_off_by, found.hand_off_ciphertext = None, None, b""
    found.save()


def _open_again(found: Escalation, now: datetime, contact_by: datetime) -> None:
    """What was decided about a form before the call does not answer for what the call shows: it is to be
    looked at anew. The earlier decision's words stay as a note of who decided. Nothing for what is open."""
    if found.closed_at is None or found.reviewed_by is None or found.reviewed_at is None:
        return
    note = CallNote(
        id=uuid.uuid4(), check_in_id=found.check_in_id, by=found.reviewed_by, at=found.reviewed_at
    )
    _, why = words_of(found)
    note.ciphertext = encryption.encrypt(why, f"call-note {note.pk}")
    note.save()
    found.closed_at, found.reviewed_at, found.reviewed_by, found.decision = None, None, None, ""
    found.review_ciphertext = b""
    found.opened_at, found.contact_by, found.contacted_at = now, contact_by, None
    found.save()
    put(Step.CONTACT, f"{found.pk}:{now:%Y%m%d%H%M}", contact_by, found.course, found.check_in)


def _place(found: Escalation, what: str) -> str:
    return f"escalation {found.pk} {what}"
