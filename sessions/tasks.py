"""Every periodic task, three lines each: ids in, a service called, safe to run twice.

The ignored types: Celery's decorator has none, but for who has installed its stubs.
"""

from __future__ import annotations

from celery import shared_task

from sessions.aftercare import engine
from sessions.attendance import proposals, seals, upkeep
from sessions.attendance.reports import making
from sessions.consents import reminders as consents
from sessions.core import clock
from sessions.families import ending
from sessions.messages import changes, places
from sessions.messages import service as messages
from sessions.plan import groups, weeks
from sessions.plan import service as plans
from sessions.programs import episodes, series, waitlist
from sessions.room import service as room
from sessions.toxicology import service as toxicology
from sessions.worklist import licences

# Celery's decorator has no types in some of its versions: hence the marks below.


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def sweep_presence() -> None:
    """Close silent connections at their last evidence; give up places that were lost too long ago."""
    room.sweep(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def end_overdue_meetings() -> None:
    """End meetings that everybody has left without ending them."""
    room.end_overdue(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def credit_meetings() -> None:
    """Bring the proposed minutes of running and just ended meetings up to date."""
    proposals.follow(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def forget_chat() -> None:
    """Erase what was written in meetings that are over, unless their programme keeps it for a while."""
    room.forget_chat(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def erase_arrivals() -> None:
    """Forget where people said they were once nobody needs it any more."""
    room.erase_arrivals(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def keep_daily_head() -> None:
    """Once a day, the heads of all chains in one row."""
    seals.keep_heads(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def send_messages() -> None:
    """Send what is due in the outbox, each message once."""
    messages.send_due()


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def watch_guests() -> None:
    """Family guests whose client's consent has ended are out at once."""
    ending.watch(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def advance_programs() -> None:
    """What a day brings: series, starts, signed steps, reviews that are due, samples that are asked for."""
    series.extend_all(clock.now())
    episodes.advance(clock.now())
    plans.watch(clock.now())
    weeks.watch(clock.now())
    groups.watch(clock.now())
    toxicology.select(clock.now())
    toxicology.watch(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def tell_changes() -> None:
    """Messages about what changed in the calendar."""
    changes.tell(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def offer_places() -> None:
    """A free place goes to who waits first; they are told, and staff hear who wants it."""
    waitlist.offer_free(clock.now())
    places.tell(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def make_reports() -> None:
    """Make the reports that were ordered, one after the other."""
    while making.make_next(clock.now()):
        pass


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def run_aftercare() -> None:
    """Do what is due in aftercare, each thing once."""
    engine.run(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def propose_aftercare() -> None:
    """A course to look at and sign for everybody who has just completed an episode."""
    engine.propose(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def remind_of_signatures() -> None:
    """Signatures overdue for a day and for three: each reminder once."""
    upkeep.remind_of_signatures(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def look_at_schedules() -> None:
    """Next week's schedules that hold less than the plan, while they can be mended."""
    upkeep.look_at_schedules(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def remind_of_consents() -> None:
    """Say that a consent is about to end, 30 and 7 days before."""
    consents.remind(clock.now())


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def watch_licences() -> None:
    """Ask coordinators to see to licences that end within sixty days: once for each."""
    licences.watch(clock.now())
