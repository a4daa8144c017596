"""What happened to an episode, line by line: the one table of its stages, and its append-only history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sessions.audit import service as audit
from sessions.core import clock, encryption, zones
from sessions.core.errors import IllegalMove, Invalid
from sessions.people.models import Person
from sessions.programs.episode_models import IN_CARE, Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.models import LevelOfCare

MOVES: Final[dict[tuple[Stage, EpisodeFactKind], Stage]] = {
    (Stage.REFERRED, EpisodeFactKind.ASSESSMENT): Stage.ASSESSING,
    (Stage.REFERRED, EpisodeFactKind.DECLINED): Stage.DECLINED,
    (Stage.ASSESSING, EpisodeFactKind.ENROLLED): Stage.ENROLLED,
    (Stage.ASSESSING, EpisodeFactKind.DECLINED): Stage.DECLINED,
    (Stage.ENROLLED, EpisodeFactKind.STARTED): Stage.ACTIVE,
    (Stage.ENROLLED, EpisodeFactKind.DISCHARGED): Stage.DISCHARGED,
    (Stage.ACTIVE, EpisodeFactKind.PAUSED): Stage.ON_HOLD,
    (Stage.ON_HOLD, EpisodeFactKind.RESUMED): Stage.ACTIVE,
    **{
        (stage, kind): end
        for stage in IN_CARE
        for kind, end in (
            (EpisodeFactKind.COMPLETED, Stage.COMPLETED),
            (EpisodeFactKind.DISCHARGED, Stage.DISCHARGED),
            (EpisodeFactKind.TRANSFERRED, Stage.TRANSFERRED),
        )
    },
}
LONGEST: Final = 4_000


def today(row: Episode) -> date:
    """The day it is in the programme."""
    return zones.local_date(clock.now(), row.program.time_zone)


def move(
    row: Episode,
    kind: EpisodeFactKind,
    on: date,
    by: Person | None,
    why: str = "",
    *,
    level: LevelOfCare | None = None,
    target: int | None = None,
) -> None:
    """Raises IllegalMove unless the table has the row."""
    held = Episode.objects.select_for_update().get(pk=row.pk)
    following = MOVES.get((Stage(held.stage), kind))
    if following is None:
        raise IllegalMove
    row.stage = following
    row.save(update_fields=["stage", "ended_on"])
    fact(row, kind, on, by, why, level=level, target=target)


def fact(
    row: Episode,
    kind: EpisodeFactKind,
    on: date,
    by: Person | None,
    why: str = "",
    *,
    level: LevelOfCare | None = None,
    target: int | None = None,
) -> None:
    """One more line. Raises Invalid when `why` is too long."""
    if len(why) > LONGEST:
        raise Invalid("This text is too long.")
    at = clock.now()
    EpisodeFact.objects.create(
        episode=row,
        kind=kind,
        on=on,
        at=at,
        by=by,
        level_of_care=level or "",
        weekly_target_minutes=target,
        text=encryption.encrypt(why.strip(), _place(row, kind, at)) if why.strip() else b"",
    )
    record(by, f"episode.{kind.value}", row)


def words_of(line: EpisodeFact) -> str:
    """In clear, for who has been let in."""
    if not line.text:
        return ""
    return encryption.decrypt(line.text, _place(line.episode, EpisodeFactKind(line.kind), line.at))


def _place(row: Episode, kind: EpisodeFactKind, at: datetime) -> str:
    return f"episode {row.pk} {kind.value} {at.isoformat()}"


def record(by: Person | None, act: str, row: Episode) -> None:
    audit.record(
        actor_id=by.pk if by else None,
        act=act,
        subject_type="episode",
        subject_id=row.pk,
        scope=row.program_id,
    )
