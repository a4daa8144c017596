"""The chain of what was signed about one meeting, and the heads of all chains, kept from day to day."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from sessions.attendance.models import (
    Adjustment,
    AttendanceRecord,
    Attestation,
    DailyHead,
    IndividualNote,
    Progress,
    Seal,
)
from sessions.core import chain
from sessions.room import feed

Signed: TypeAlias = Attestation | AttendanceRecord | Adjustment | IndividualNote

Digests: TypeAlias = dict[tuple[UUID, int], str]  # by meeting and seq

KINDS: Final[dict[str, type[Signed]]] = {
    "attestation": Attestation,
    "record": AttendanceRecord,
    "adjustment": Adjustment,
    "note": IndividualNote,
}
_NAMES: Final = {model: name for name, model in KINDS.items()}


def seal(progress: Progress, rows: list[Signed]) -> None:
    """Add stored rows to the chain of their meeting. `progress` is locked: proposals.locked."""
    for row in rows:
        progress.sealed += 1
        link = Seal(meeting_id=progress.pk, seq=progress.sealed, of=_NAMES[type(row)], row=row.pk)
        link.digest = chain.seal(settings.AUDIT_KEYS[0], progress.digest, _content(link, row))
        link.save()
        progress.digest = link.digest
    progress.save(update_fields=["sealed", "digest"])


def keep_heads(now: datetime) -> DailyHead | None:
    """The heads of all chains that are not in an earlier head, once a day (UTC). Safe to run twice."""
    kept = _kept()
    heads = {meeting: head for meeting, head in _heads().items() if kept.get(meeting) != head}
    last = DailyHead.objects.order_by("-on").first()
    if last is not None and last.on >= now.date():
        return None
    row = DailyHead(
        on=now.date(), taken_at=now, heads={str(meeting): head for meeting, head in heads.items()}
    )
    row.digest = chain.seal(settings.AUDIT_KEYS[0], last.digest if last else "", row.content())
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # somebody else took today's
        return None
    return row


def verify() -> list[str]:
    """Walk every chain. Empty when each row is the one that was written and none is missing; else one line
    for each that is not, naming it.

    A database put back as a whole to an earlier state, all heads included, is only seen by comparing the last
    daily head with a copy kept elsewhere.
    """
    days = [entry for heads in DailyHead.objects.values_list("heads", flat=True) for entry in _entries(heads)]
    signed = Attestation.objects.order_by("meeting_id")
    logs = list(signed.values_list("meeting_id", "fact_seq", "fact_digest"))
    wanted = {(meeting, seq) for meeting, seq, *_ in days} | {(meeting, seq) for meeting, seq, _ in logs}
    breaches, facts = feed.verify(wanted)
    seals: Digests = dict.fromkeys(((meeting, seq) for meeting, _, _, seq, _ in days), "")
    found = [f"fact {one.seq} of meeting {one.meeting}: {one.why}" for one in breaches]
    found += _verify_seals(seals)
    found += _verify_unsealed()
    for meeting, seq, digest in logs:
        if facts.get((meeting, seq), "") != digest:
            found.append(f"fact {seq} of meeting {meeting}: not the one that was signed")
    found += _verify_days(facts, seals)
    return found


def _verify_seals(wanted: Digests) -> Iterator[str]:
    """Fills in `wanted`."""
    ends: dict[UUID, tuple[int, str]] = {}
    for link in Seal.objects.order_by("meeting_id", "seq").iterator():
        last, previous = ends.get(link.meeting_id, (0, ""))
        what = f"{link.of} {link.row} of meeting {link.meeting_id}"
        row = KINDS[link.of].objects.filter(pk=link.row).first() if link.of in KINDS else None
        if link.seq != last + 1:
            yield f"seal {last + 1} of meeting {link.meeting_id}: missing"
        elif row is None:
            yield f"{what}: missing"
        elif not chain.holds(settings.AUDIT_KEYS, link.digest, previous, _content(link, row)):
            yield f"{what}: edited, or not what was signed"
        ends[link.meeting_id] = (link.seq, link.digest)
        if (link.meeting_id, link.seq) in wanted:
            wanted[link.meeting_id, link.seq] = link.digest
    heads = Progress.objects.order_by("pk").values_list("pk", "sealed", "digest")
    for meeting, sealed, digest in heads:
        if ends.get(meeting, (0, "")) != (sealed, digest):
            yield f"seal {sealed} of meeting {meeting}: the end differs from the head"


def _verify_unsealed() -> Iterator[str]:
    for name, model in KINDS.items():
        sealed = Seal.objects.filter(of=name).values("row")
        for pk in model.objects.exclude(pk__in=sealed).values_list("pk", flat=True):
            yield f"{name} {pk}: not sealed"


def _verify_days(facts: Digests, seals: Digests) -> Iterator[str]:
    previous = ""
    for day in DailyHead.objects.order_by("on"):
        if not chain.holds(settings.AUDIT_KEYS, day.digest, previous, day.content()):
            yield f"daily head {day.on}: edited, or one before it is missing"
        previous = day.digest
        for meeting, fact_seq, fact_digest, seal_seq, seal_digest in _entries(day.heads):
            if facts.get((meeting, fact_seq), "") != fact_digest:
                yield f"fact {fact_seq} of meeting {meeting}: not the one of {day.on}"
            if seals.get((meeting, seal_seq), "") != seal_digest:
                yield f"seal {seal_seq} of meeting {meeting}: not the one of {day.on}"


def _entries(heads: Any) -> Iterator[tuple[UUID, int, str, int, str]]:
    """What a daily head says of each meeting. Other forms were edited in: the chain of days says so."""
    if not isinstance(heads, dict):
        return
    for key, head in heads.items():
        match head:
            case [int(fact_seq), str(fact_digest), int(seal_seq), str(seal_digest)]:
                with contextlib.suppress(ValueError):
                    yield UUID(key), fact_seq, fact_digest, seal_seq, seal_digest


def _heads() -> dict[UUID, list[int | str]]:
    facts = feed.heads()
    seals = {
        pk: (sealed, digest)
        for pk, sealed, digest in Progress.objects.order_by("pk").values_list("pk", "sealed", "digest")
    }
    none = (0, "")
    return {
        meeting: [*facts.get(meeting, none), *seals.get(meeting, none)]
        for meeting in sorted(facts.keys() | seals.keys())
    }


def _kept() -> dict[UUID, list[int | str]]:
    kept: dict[UUID, list[int | str]] = {}
    for heads in DailyHead.objects.order_by("on").values_list("heads", flat=True):
        kept.update({UUID(meeting): head for meeting, head in heads.items()})
    return kept


def _content(link: Seal, row: Signed) -> list[object]:
    return [link.meeting_id, link.seq, link.of, link.row, row.content()]
