"""From order to file: gathered, written, frozen with its hash, chained, and logged as told."""

from __future__ import annotations

import hashlib
import logging
import uuid
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from sessions.attendance.reports import drawing, fhir, gather, tables
from sessions.attendance.reports.audiences import TO, Audience, Format
from sessions.attendance.reports.content import Content, Permission
from sessions.attendance.reports.models import Asked, Report, ReportChain, ReportOrder, State
from sessions.attendance.reports.units import Payer
from sessions.audit import service as audit
from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import chain, clock, encryption
from sessions.core.errors import Fault, Refusal
from sessions.people.access import Act, may
from sessions.people.models import Person
from sessions.programs.clients import ClientFile

LEASE: Final = timedelta(minutes=5)  # longer than drawing.DEADLINE_S
MOST_ATTEMPTS: Final = 3
_log = logging.getLogger(__name__)


class ConsentOver(Refusal):
    code = "no-consent"
    text = "There is no consent in force for this any more."


def make_next(now: datetime) -> bool:
    """Make the report that has waited longest. Whether there was one. Safe beside others that do the same."""
    lapsed = ReportOrder.objects.filter(
        state=State.MAKING, claimed_until__lt=now, attempts__gte=MOST_ATTEMPTS
    )
    lapsed.update(state=State.FAILED, why="fault", claimed_until=None)
    free = Q(state=State.WAITING) | Q(state=State.MAKING, claimed_until__lt=now)
    order = ReportOrder.objects.filter(free).order_by("ordered_at", "pk").first()
    if order is None:
        return False
    claimed = ReportOrder.objects.filter(free, pk=order.pk, attempts=order.attempts).update(
        state=State.MAKING, claimed_until=now + LEASE, attempts=F("attempts") + 1
    )
    if claimed:
        _make(order.pk)
    return True


def _make(pk: UUID) -> None:
    order = ReportOrder.objects.select_related(
        "program", "patient", "meeting__program", "consent__recipient__person", "ordered_by"
    ).get(pk=pk)
    try:
        _require_still(order)
        content, report = build(order), uuid.uuid4()
        made_at = clock.now()
        data = write(content, order, report, made_at)
        _freeze(order, report, content, data, made_at)
    except Refusal as refusal:
        _finish(pk, State.REFUSED, refusal.code)
    except Fault as fault:
        _log.error("a report could not be made: %s", type(fault).__name__)
        _finish(pk, State.FAILED if order.attempts >= MOST_ATTEMPTS else State.WAITING, "fault")


def _require_still(order: ReportOrder) -> None:
    """The right and the consent as they are now, not as they were when it was ordered. Raises ConsentOver."""
    if order.meeting is not None:
        allowed = may(order.ordered_by, Act.SEE_ATTENDANCE, order.meeting)
    else:
        if order.patient is None:
            raise Fault("a report about nothing")  # the table's own constraint rules it out
        own = order.audience == Audience.CLIENT
        act = Act.OWN_REPORT if own else Act.MAKE_REPORT
        allowed = may(order.ordered_by, act, ClientFile(order.program, order.patient))
    if not allowed:
        raise Refusal
    if order.consent is not None and not permits(order.consent, Audience(order.audience), clock.now()):
        raise ConsentOver


def permits(consent: Consent, audience: Audience, now: datetime) -> bool:
    """Whether this consent, at this moment, lets a report out to this audience."""
    purpose, _kinds = TO[audience]
    found = consents.live_consent(
        program_id=consent.program_id,
        patient=consent.patient_id,
        recipient=consent.recipient,
        purpose=purpose,
        scope=Scope.ATTENDANCE,
        at=now,
    )
    return found == consent


def build(asked: Asked) -> Content:
    """What stands in it at this moment."""
    if asked.meeting is not None:
        return gather.of_meeting(asked.meeting)
    if asked.patient is None or asked.from_on is None or asked.to_on is None:
        raise Fault("a report about nothing")  # the table's own constraint rules it out
    return gather.of_client(
        ClientFile(asked.program, asked.patient),
        asked.from_on,
        asked.to_on,
        Audience(asked.audience),
        payer=Payer(asked.payer) if asked.payer else None,
        permission=None if asked.consent is None else permission(asked.consent),
        now=clock.now(),
    )


def permission(consent: Consent) -> Permission:
    return Permission(
        recipient=consents.named(consent.recipient).line,
        purpose=Purpose(consent.purpose),
        signed_at=consents.signed_at(consent),
        expires_at=consent.expires_at,
    )


def write(content: Content, asked: Asked, report: UUID, made_at: datetime) -> bytes:
    """The file's bytes. Raises drawing.NoPdfHere, and faults."""
    outside = asked.consent is not None
    match Format(asked.format):
        case Format.PDF:
            return drawing.draw(
                content,
                report_id=str(report),
                made_at=made_at,
                made_by=asked.ordered_by.name,
                language=asked.language,
            )
        case Format.CSV:
            return tables.write(content, str(report), drawing.NOTICE if outside else "")
        case Format.FHIR:
            if asked.patient is None:
                raise Fault("a report about nothing")  # the table's own constraint rules it out
            staff = gather.staff_of({entry.meeting_id for entry in content.entries})
            notice = drawing.NOTICE if outside else ""
            return fhir.write(content, asked.patient, staff, report, made_at, notice)


def _freeze(order: ReportOrder, pk: UUID, content: Content, data: bytes, made_at: datetime) -> None:
    with transaction.atomic():
        held = ReportOrder.objects.select_for_update().get(pk=order.pk)
        if held.state != State.MAKING:
            return  # somebody else was faster while our claim had lapsed
        ReportChain.objects.get_or_create(program=order.program)
        head = ReportChain.objects.select_for_update().get(program=order.program)
        report = Report(
            id=pk,
            program=order.program,
            patient=order.patient,
            meeting=order.meeting,
            from_on=order.from_on,
            to_on=order.to_on,
            audience=order.audience,
            consent=order.consent,
            format=order.format,
            payer=order.payer,
            language=order.language,
            ordered_by=order.ordered_by,
            ordered_at=order.ordered_at,
            made_at=made_at,
            records=len(content.entries),
            changes=content.changes,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            ciphertext=encryption.encrypt_bytes(data, place(pk)),
            seq=head.length + 1,
        )
        report.digest = chain.seal(settings.AUDIT_KEYS[0], head.digest, report.content())
        report.save()
        head.length, head.digest = report.seq, report.digest
        head.save(update_fields=["length", "digest"])
        if order.consent is not None:
            consents.disclose(
                order.ordered_by,
                order.consent,
                scopes=[Scope.ATTENDANCE],
                via="report",
                reference=str(pk),
                sha256=report.sha256,
            )
        held.state, held.report, held.claimed_until = State.MADE, report, None
        held.save(update_fields=["state", "report", "claimed_until"])
        _record(order.ordered_by, report)


def _finish(pk: UUID, state: State, why: str) -> None:
    ReportOrder.objects.filter(pk=pk, state=State.MAKING).update(state=state, why=why, claimed_until=None)


def _record(actor: Person, report: Report) -> None:
    audit.record(
        actor_id=actor.pk,
        act="report.made",
        subject_type="report",
        subject_id=report.pk,
        scope=report.program_id,
        reason=report.sha256,
    )


def place(pk: UUID) -> str:
    """What its bytes are encrypted for."""
    return f"report {pk}"
