"""One person's way: referral, assessment, admission, steps that a clinician signs, pauses, the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine

from sessions.audit.models import AuditEvent
from sessions.core.errors import IllegalMove, Invalid, NotAllowed, NotFound
from sessions.people.models import Person
from sessions.people.roles import Role, RoomRole
from sessions.plan import service as plans
from sessions.programs import episodes, reopening, service, steps, stretches
from sessions.programs import series as calendar
from sessions.programs.calendar_models import Busy
from sessions.programs.episode_models import Episode, EpisodeFact, EpisodeFactKind, Stage
from sessions.programs.episodes import Newcomer
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Enrollment, EnrollmentStatus, LevelOfCare
from sessions.programs.recurrence import weekly
from sessions.programs.stretches import Hours
from sessions.worklist.models import StaffTask, TaskStatus
from tests.cast import MORNING, Cast, assemble

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NINE_HOURS = Hours(540, 3, 180)
SIX_HOURS = Hours(360, 2, 180)
OUTPATIENT = LevelOfCare.OUTPATIENT


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    with time_machine.travel(MORNING, tick=False):
        yield assemble(MORNING)


def referred(cast: Cast, email: str = "dora@example.org") -> Episode:
    who = Newcomer("Dora", "Yilmaz", email, "+12125550199")
    return episodes.refer(cast.north, who, "County hospital", TODAY, by=cast.carol)


def kinds(row: Episode) -> list[str]:
    return [fact.kind for fact in row.history.all()]


def of(person: Person) -> Episode:
    return Episode.objects.get(person=person)


def test_from_referral_to_discharge(cast: Cast) -> None:
    row = referred(cast)
    assert row.person.memberships.get().role == Role.CLIENT
    episodes.assess(row, by=cast.carol)
    episodes.admit(row, cast.evening, TODAY, NINE_HOURS, by=cast.carol, therapist=cast.mina)
    assert (row.stage, row.planned_end_on) == (Stage.ACTIVE, TODAY + timedelta(days=90))
    episodes.finish(row, EpisodeFactKind.COMPLETED, TODAY, "All goals reached.", by=cast.carol)
    assert kinds(row) == ["referred", "assessment", "enrolled", "started", "completed"]
    assert {m.role for m in row.person.memberships.filter(ended_at=None)} == {Role.CLIENT, Role.ALUMNUS}
    assert [e.status for e in row.enrollments.all()] == [EnrollmentStatus.COMPLETED]
    (ending,) = episodes.endings()
    assert (ending.person_id, ending.how, ending.on) == (row.person_id, "completed", TODAY)
    assert episodes.endings(ending.number) == []


def test_who_was_enrolled_directly_has_an_episode_too(cast: Cast) -> None:
    assert of(cast.alice).stage == Stage.ACTIVE
    assert of(cast.alice).enrollments.count() == 1


def test_a_later_start_comes_by_itself_on_its_day(cast: Cast) -> None:
    row = referred(cast)
    episodes.assess(row, by=cast.carol)
    episodes.admit(row, cast.evening, TODAY + timedelta(days=3), NINE_HOURS, by=cast.carol)
    assert row.stage == Stage.ENROLLED
    assert episodes.advance(MORNING) == 0
    with time_machine.travel(MORNING + timedelta(days=3), tick=False):
        assert episodes.advance(MORNING + timedelta(days=3)) == 1
        assert episodes.advance(MORNING + timedelta(days=3)) == 0
    assert of(row.person).stage == Stage.ACTIVE


def test_who_does_not_come_on_the_first_day_is_discharged_and_the_place_is_free(cast: Cast) -> None:
    row = referred(cast)
    episodes.assess(row, by=cast.carol)
    episodes.admit(row, cast.evening, TODAY + 3 * DAY, NINE_HOURS, by=cast.carol)
    for how in (EpisodeFactKind.COMPLETED, EpisodeFactKind.TRANSFERRED):
        with pytest.raises(Invalid):
            episodes.finish(row, how, TODAY, "x", by=cast.carol)
    for on in (TODAY - DAY, TODAY + DAY):
        with pytest.raises(Invalid):
            episodes.finish(row, EpisodeFactKind.DISCHARGED, on, "x", by=cast.carol)
    episodes.finish(row, EpisodeFactKind.DISCHARGED, TODAY, "Changed their mind.", by=cast.carol)
    assert (of(row.person).stage, row.enrollments.count()) == (Stage.DISCHARGED, 0)
    assert not row.person.memberships.filter(ended_at=None).exists(), "neither client nor alumnus"
    with time_machine.travel(MORNING + 4 * DAY, tick=False):
        assert episodes.advance(MORNING + 4 * DAY) == 0
    reopening.reopen(row, by=cast.carol)
    assert of(row.person).stage == Stage.ASSESSING
    episodes.admit(row, cast.evening, TODAY + 3 * DAY, NINE_HOURS, by=cast.carol)
    assert row.enrollments.count() == 1


def test_who_was_here_before_and_is_not_admitted_again_keeps_what_they_may_see(cast: Cast) -> None:
    episodes.finish(of(cast.alice), EpisodeFactKind.COMPLETED, TODAY, "Done.", by=cast.carol)
    row = referred(cast, email="alice@example.org")
    episodes.decline(row, "Not now.", by=cast.carol)
    assert {m.role for m in cast.alice.memberships.filter(ended_at=None)} == {Role.CLIENT, Role.ALUMNUS}


def test_a_step_holds_only_when_a_clinician_has_signed_it(cast: Cast) -> None:
    row = of(cast.alice)
    proposal = steps.propose(
        row, OUTPATIENT, cast.evening, SIX_HOURS, TODAY, "Stable for six weeks.", by=cast.carol
    )
    assert Enrollment.objects.get(person=cast.alice).weekly_target_minutes == 540
    with pytest.raises(NotAllowed):
        steps.sign(proposal, cast.carol, "Carol Reyes", agree=True)
    with pytest.raises(Invalid):
        steps.sign(proposal, cast.mina, "M. Park", agree=True)
    steps.sign(proposal, cast.mina, "mina  park", agree=True)
    before, after = Enrollment.objects.filter(person=cast.alice).order_by("starts_on")
    assert (before.status, before.ended_on) == (EnrollmentStatus.STEPPED, TODAY - timedelta(days=1))
    assert (after.level_of_care, after.weekly_target_minutes, after.starts_on) == ("outpatient", 360, TODAY)
    assert kinds(row)[-2:] == ["step_proposed", "stepped_down"]
    with pytest.raises(IllegalMove):
        steps.sign(proposal, cast.mina, "Mina Park", agree=False)


def test_a_signed_step_begins_on_its_day_and_keeps_what_was(cast: Cast) -> None:
    row, on = of(cast.alice), TODAY + timedelta(days=7)
    proposal = steps.propose(row, OUTPATIENT, cast.morning, SIX_HOURS, on, "Taper.", by=cast.mina)
    steps.sign(proposal, cast.mina, "Mina Park", agree=True)
    assert episodes.advance(MORNING) == 0
    now = MORNING + timedelta(days=8)
    with time_machine.travel(now, tick=False):
        assert episodes.advance(now) == 1
        assert episodes.advance(now) == 0
    assert service.role_in(cast.group, cast.alice) == "client"  # of last week's meeting
    assert stretches.open_stretch(row).cohort == cast.morning  # type: ignore[union-attr]


def test_a_step_that_finds_no_place_waits_and_is_shown(cast: Cast) -> None:
    cast.morning.capacity = 1
    cast.morning.save()
    proposal = steps.propose(of(cast.alice), OUTPATIENT, cast.morning, SIX_HOURS, TODAY, "x", by=cast.mina)
    with pytest.raises(service.Full):
        steps.sign(proposal, cast.mina, "Mina Park", agree=True)
    proposal.refresh_from_db()
    assert proposal.decided_at is None
    later = TODAY + timedelta(days=1)
    type(proposal).objects.filter(pk=proposal.pk).update(effective_on=later)
    proposal.refresh_from_db()
    steps.sign(proposal, cast.mina, "Mina Park", agree=True)
    now = MORNING + timedelta(days=1)
    assert episodes.advance(now) == 0
    assert [one.pk for one in steps.stuck(cast.north, now)] == [proposal.pk]


def test_a_step_signed_late_holds_from_the_day_of_the_signature(cast: Cast) -> None:
    proposal = steps.propose(
        of(cast.alice), OUTPATIENT, cast.morning, SIX_HOURS, TODAY + DAY, "x", by=cast.carol
    )
    with time_machine.travel(MORNING + 4 * DAY, tick=False):
        steps.sign(proposal, cast.mina, "Mina Park", agree=True)
    before, after = Enrollment.objects.filter(person=cast.alice).order_by("starts_on")
    assert (before.ended_on, after.starts_on) == (TODAY + 3 * DAY, TODAY + 4 * DAY), "what has been stays"


@pytest.mark.parametrize("signed_on", [0, 3])
def test_a_step_whose_day_comes_during_a_pause_holds_when_they_are_back(cast: Cast, signed_on: int) -> None:
    row = of(cast.alice)
    proposal = steps.propose(row, OUTPATIENT, cast.morning, SIX_HOURS, TODAY + 2 * DAY, "x", by=cast.carol)
    if signed_on == 0:
        steps.sign(proposal, cast.mina, "Mina Park", agree=True)
    episodes.pause(row, "Hospital.", by=cast.carol)
    with time_machine.travel(MORNING + 3 * DAY, tick=False) as at:
        if signed_on == 3:
            steps.sign(proposal, cast.mina, "Mina Park", agree=True)
        assert episodes.advance(MORNING + 3 * DAY) == 0
        assert steps.stuck(cast.north, MORNING + 3 * DAY) == []
        assert stretches.open_stretch(row) is None, "who pauses is in no group"
        at.move_to(MORNING + 5 * DAY)
        episodes.resume(row, by=cast.carol)
        assert episodes.advance(MORNING + 5 * DAY) == 0
    last = row.enrollments.get(ended_on=None)
    assert (last.cohort, last.weekly_target_minutes, last.starts_on) == (cast.morning, 360, TODAY + 5 * DAY)
    assert kinds(row)[-2:] == ["resumed", "stepped_down"]


@pytest.mark.parametrize("agree", [True, False])
def test_a_change_is_signed_no_more_once_the_episode_has_ended(cast: Cast, agree: bool) -> None:
    row = of(cast.alice)
    proposal = steps.propose(row, OUTPATIENT, cast.morning, SIX_HOURS, TODAY, "x", by=cast.carol)
    plans.watch(MORNING)
    task = StaffTask.objects.filter(kind="step.sign", person=cast.alice)
    assert [one.status for one in task.all()] == [TaskStatus.OPEN]
    episodes.finish(row, EpisodeFactKind.COMPLETED, TODAY, "", by=cast.carol)
    assert steps.undecided(row) is None
    with pytest.raises(IllegalMove):
        steps.sign(proposal, cast.mina, "Mina Park", agree=agree)
    assert Episode.objects.filter(person=cast.alice).count() == 1, "and nobody is admitted by it"
    plans.watch(MORNING)
    assert not task.all().exists()
    reopening.reopen(row, by=cast.carol)
    plans.watch(MORNING)
    assert steps.undecided(of(cast.alice)) == proposal
    assert [one.status for one in task.all()] == [TaskStatus.OPEN], "taken back, it is asked again"


def test_a_declined_step_changes_nothing_but_the_history(cast: Cast) -> None:
    row = of(cast.alice)
    proposal = steps.propose(row, OUTPATIENT, cast.evening, SIX_HOURS, TODAY, "x", by=cast.carol)
    with pytest.raises(IllegalMove):
        steps.propose(row, OUTPATIENT, cast.evening, SIX_HOURS, TODAY, "y", by=cast.carol)
    steps.sign(proposal, cast.mina, "Mina Park", agree=False)
    assert Enrollment.objects.get(person=cast.alice).weekly_target_minutes == 540
    assert kinds(row)[-1] == "step_declined"


def test_a_pause_frees_the_hours_and_coming_back_takes_them_again(cast: Cast) -> None:
    row = of(cast.alice)
    with time_machine.travel(MORNING - timedelta(hours=1), tick=False):
        episodes.pause(row, "Hospital.", by=cast.carol)
        service.rebook(cast.evening)
    assert of(cast.alice).stage == Stage.ON_HOLD
    assert service.role_in(cast.group, cast.alice) == "client"  # today is her last day
    with time_machine.travel(MORNING + timedelta(days=5), tick=False):
        episodes.resume(row, by=cast.carol)
    assert [e.starts_on for e in Enrollment.objects.filter(person=cast.alice).order_by("starts_on")][1:] == [
        TODAY + timedelta(days=5)
    ]


def test_the_end_cancels_individual_sessions_to_come(cast: Cast) -> None:
    episodes.finish(of(cast.alice), EpisodeFactKind.DISCHARGED, TODAY, "Moved away.", by=cast.carol)
    cast.individual.refresh_from_db()
    cast.family.refresh_from_db()
    assert cast.individual.cancelled_at is not None
    assert cast.family.cancelled_at is None
    assert not Busy.objects.filter(meeting=cast.individual).exists()


def test_the_end_also_ends_the_clients_own_series_and_nobody_elses(cast: Cast) -> None:
    alone, together = (
        calendar.create(
            cast.north,
            calendar.Draft(
                kind, weekly([3]), TODAY, start, time(start.hour + 1), [cast.theo], invitees=invited
            ),
        )
        for kind, start, invited in (
            (MeetingKind.INDIVIDUAL_THERAPY, time(10), [(cast.alice, RoomRole.CLIENT)]),
            (
                MeetingKind.FAMILY_GROUP,
                time(12),
                [(cast.alice, RoomRole.CLIENT), (cast.bruno, RoomRole.CLIENT)],
            ),
        )
    )
    episodes.finish(of(cast.alice), EpisodeFactKind.COMPLETED, TODAY, "", by=cast.carol)
    alone.refresh_from_db()
    together.refresh_from_db()
    assert (alone.ends_on, together.ends_on) == (TODAY, None)
    assert not alone.meetings.filter(cancelled_at=None).exists()
    assert together.meetings.filter(cancelled_at=None).exists()


@pytest.mark.parametrize("how", [EpisodeFactKind.ASSESSMENT, EpisodeFactKind.STARTED])
def test_only_an_ending_ends(cast: Cast, how: EpisodeFactKind) -> None:
    with pytest.raises(Invalid):
        episodes.finish(of(cast.alice), how, TODAY, "", by=cast.carol)


def test_not_admitted_ends_the_membership(cast: Cast) -> None:
    row = referred(cast)
    episodes.decline(row, "Needs detox first.", by=cast.carol)
    assert row.stage == Stage.DECLINED
    assert not row.person.memberships.filter(ended_at=None).exists()
    with pytest.raises(IllegalMove):
        episodes.assess(row, by=cast.carol)
    assert episodes.endings() == []


def test_one_open_episode_a_person(cast: Cast) -> None:
    referred(cast)
    with pytest.raises(Invalid):
        referred(cast)
    with pytest.raises(Invalid):
        referred(cast, email="mina@example.org")


@pytest.mark.parametrize("name", ["otto", "nora", "bruno", "chidi", "omar", "ines"])
def test_foreign_eyes_find_nothing(cast: Cast, name: str) -> None:
    person: Person = getattr(cast, name)
    with pytest.raises(NotFound):
        episodes.history(person, of(cast.alice))
    with pytest.raises(NotFound):
        episodes.refer(cast.north, Newcomer("A", "B", "a@example.org"), "", TODAY, by=person)
    assert AuditEvent.objects.filter(actor_id=person.pk, outcome="refused").count() == 2


def test_why_is_encrypted_and_read_by_those_who_may(cast: Cast) -> None:
    row = of(cast.alice)
    episodes.pause(row, "Surgery on her knee.", by=cast.carol)
    assert all(b"knee" not in bytes(text) for text in EpisodeFact.objects.values_list("text", flat=True))
    assert [why for _, why in episodes.history(cast.mina, row)][-1] == "Surgery on her knee."
    assert [why for _, why in episodes.history(cast.alice, row)][-1] == "Surgery on her knee."


def test_hours_must_reach_the_target() -> None:
    with pytest.raises(Invalid):
        Hours(540, 2, 180)
    with pytest.raises(Invalid):
        Hours(540, 8, 180)
