"""Which media engine this process uses."""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from signaling.embedded import EmbeddedEngine

_engines: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, EmbeddedEngine]] = WeakKeyDictionary()


def get_engine() -> EmbeddedEngine:
    """The engine of the running event loop, made at first use.

    Raises:
        ImproperlyConfigured: settings.MEDIA_ENGINE names no engine we have.
    """
    if settings.MEDIA_ENGINE != "embedded":
        raise ImproperlyConfigured(f"MEDIA_ENGINE is {settings.MEDIA_ENGINE!r}; known: 'embedded'")
    loop = asyncio.get_running_loop()
    engine = _engines.get(loop)
    if engine is None:
        engine = _engines[loop] = EmbeddedEngine(settings.MEDIA_RPC)
    return engine
