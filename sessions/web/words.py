"""Time in plain words, in the language and zone of the reader.

A moment is always told in the reader's own zone; a programme's zone is added only when it differs. Nothing
here reads a clock: the caller says what time it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

SOON: Final = timedelta(minutes=60)  # nearer than this is told in minutes, farther by the clock


def clock(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """`6:00 PM`, in `zone` or the reader's own."""
    # Translators: a Django date format for the time of day, such as 6:00 PM.
    shown = dateformat.format(localtime(moment, zone), pgettext("format", "g:i A"))
    return shown.replace(" ", "\u00a0")  # a time is never torn over two lines


def day(moment: datetime | date, zone: ZoneInfo | None = None) -> str:
    """`Monday, November 23`."""
    local = localtime(moment, zone) if isinstance(moment, datetime) else moment
    # Translators: a Django date format for a day, such as Monday, November 23.
    return dateformat.format(local, pgettext("format", "l, F j"))


def weekday(on: date) -> str:
    """`Monday`."""
    return dateformat.format(on, "l")


def long_day(on: date) -> str:
    """`November 23, 2026`, where the year matters."""
    # Translators: a Django date format for a day with its year, such as November 23, 2026.
    return dateformat.format(on, pgettext("format", "F j, Y"))


def time_of_day(at: time) -> str:
    """`6:00 PM`, of no particular day."""
    return dateformat.time_format(at, pgettext("format", "g:i A")).replace(" ", "\u00a0")


def short_day(on: date) -> str:
    """`Nov 23`, for pictures."""
    # Translators: a Django date format for a short day, such as Nov 23.
    return dateformat.format(on, pgettext("format", "M j"))


def day_and_clock(moment: datetime) -> str:
    """`Monday, November 23, 6:00 PM`."""
    return f"{day(moment)}, {clock(moment)}"


def day_from(moment: datetime, now: datetime) -> str:
    """`Today`, `Tomorrow`, `Yesterday`, or the day's name, counted in the reader's own zone."""
    distance_days = (localtime(moment).date() - localtime(now).date()).days
    match distance_days:
        case 0:
            return _("Today")
        case 1:
            return _("Tomorrow")
        case -1:
            return _("Yesterday")
        case _other:
            return day(moment)


def on_day(moment: datetime, now: datetime) -> str:
    """As `day_from`, in the middle of a sentence: `today`."""
    match (localtime(moment).date() - localtime(now).date()).days:
        case 0:
            return _("today")
        case 1:
            return _("tomorrow")
        case -1:
            return _("yesterday")
        case _other:
            return day(moment)


def zone(zone_key: str) -> ZoneInfo:
    return ZoneInfo(zone_key)


def place_name(zone_key: str) -> str:
    """`New York` for `America/New_York`: a zone as people say it."""
    return zone_key.rsplit("/", 1)[-1].replace("_", " ")


def differs(moment: datetime, zone_key: str) -> bool:
    """Whether clocks in that zone show another time than the reader's at this moment."""
    here = localtime(moment)
    return here.utcoffset() != localtime(moment, ZoneInfo(zone_key)).utcoffset()


def minutes_left(moment: datetime, now: datetime) -> int:
    """Whole minutes until `moment`, rounded up: nobody is told `0 minutes` before it has come."""
    return -((now - moment) // timedelta(minutes=1))


def when(starts_at: datetime, ends_at: datetime, now: datetime) -> str:
    """A meeting's time as one phrase: `starts in 12 minutes`, `now, until 9:00 PM`, `ended at 9:00 PM`."""
    if now >= ends_at:
        return _("ended at %(time)s") % {"time": clock(ends_at)}
    if now >= starts_at:
        return _("now, until %(time)s") % {"time": clock(ends_at)}
    if starts_at - now < SOON:
        left = minutes_left(starts_at, now)
        return ngettext("starts in %(n)d minute", "starts in %(n)d minutes", left) % {"n": left}
    if localtime(starts_at).date() == localtime(now).date():
        return _("starts at %(time)s") % {"time": clock(starts_at)}
    return _("%(day)s at %(time)s") % {"day": day_from(starts_at, now), "time": clock(starts_at)}


def span(starts_at: datetime, ends_at: datetime, zone: ZoneInfo | None = None) -> str:
    """`6:00 PM to 9:00 PM`."""
    return _("%(start)s to %(end)s") % {"start": clock(starts_at, zone), "end": clock(ends_at, zone)}


def minutes(count: int) -> str:
    """`45 minutes`."""
    return ngettext("%(n)d minute", "%(n)d minutes", count) % {"n": count}


def and_list(words: Sequence[str]) -> str:
    """`Mina`, `Mina and Theo`, `Mina, Theo and Ada`."""
    if len(words) < 2:
        return "".join(words)
    return _("%(most)s and %(last)s") % {"most": ", ".join(words[:-1]), "last": words[-1]}
