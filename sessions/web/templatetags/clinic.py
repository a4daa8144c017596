"""Template words of the clinic. Loaded in every template (settings: TEMPLATES libraries)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_vite.core.asset_loader import DjangoViteAssetLoader
from django_vite.core.exceptions import DjangoViteAssetNotFoundError, DjangoViteManifestError

from sessions.people.models import Person
from sessions.web import places as place_list
from sessions.web import words

register = template.Library()
_log = logging.getLogger(__name__)


@register.simple_tag
def built(entry: str) -> SafeString:
    """The script and style tags of a frontend entry such as `src/pages/main.ts`.

    Nothing when the frontend was never built: every page but the room works without script and style, so a
    missing build is a warning in the log, never an error in front of somebody who wants to join.
    """
    try:
        tags: str = DjangoViteAssetLoader.instance().generate_vite_asset(entry, "default")
    except (DjangoViteManifestError, DjangoViteAssetNotFoundError):
        _log.warning("frontend build lacks %s; run make frontend", entry)
        return SafeString("")
    return mark_safe(tags)  # noqa: S308 - from the build's own manifest


@register.simple_tag(takes_context=True)
def page_address(context: Mapping[str, Any], number: int, kept: Mapping[str, str] | str = "") -> str:
    """The present address with another `page`; what else it asks for stays, but what `kept` says anew."""
    query = context["request"].GET.copy()
    if not isinstance(kept, str):  # a template says "" for what the page does not have
        for name, value in kept.items():
            query[name] = value
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.filter
def clock(moment: datetime) -> str:
    return words.clock(moment)


@register.filter
def day_and_clock(moment: datetime) -> str:
    return words.day_and_clock(moment)


@register.simple_tag
def time_tag(moment: datetime, zone: str = "") -> SafeString:
    """`<time>`: the words for people, ISO 8601 UTC for machines."""
    shown = words.clock(moment, ZoneInfo(zone) if zone else None)
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), shown)


@register.simple_tag(takes_context=True)
def places(context: Mapping[str, Any]) -> list[place_list.Place]:
    """Where the reader can go, and where they are; nothing for strangers."""
    request = context.get("request")
    user, match = getattr(request, "user", None), getattr(request, "resolver_match", None)
    open_page = getattr(match, "url_name", None) or ""
    return place_list.places(user, open_page) if isinstance(user, Person) else []


@register.filter
def and_list(names: Sequence[str]) -> str:
    return words.and_list(names)


@register.filter
def of(values: Mapping[Any, Any], key: object) -> Any:
    """The value under a key that is not written in the template; empty when there is none."""
    return values.get(key, "")


@register.filter
def undo_of(message: Any) -> str:
    """The address that takes back what this message says was done; empty when there is none."""
    word, _, address = str(message.extra_tags or "").partition(" ")
    return address if word == "undo" else ""
