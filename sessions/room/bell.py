"""The doorbell: tells sockets that a room's log grew. Never carries the mail; a lost ring is made good by the
next one, and by the seq in every pong.

Groups: `meeting.<uuid hex>` gets {"type": "log.grew", "seq": n}; `program.<uuid hex>` gets {"type":
"waiting.changed"}, for staff homes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

log = logging.getLogger(__name__)
PATIENCE_S: Final = 1.0  # a slow channel layer must not hold up the command that is already in the log


def meeting_group(meeting_id: UUID) -> str:
    return f"meeting.{meeting_id.hex}"


def program_group(program_id: UUID) -> str:
    return f"program.{program_id.hex}"


def ring(meeting_id: UUID, seq: int) -> None:
    """Call after commit. Never raises: the fact is in the log whether anybody hears of it or not."""
    _send(meeting_group(meeting_id), {"type": "log.grew", "seq": seq})


def ring_program(program_id: UUID) -> None:
    _send(program_group(program_id), {"type": "waiting.changed"})


def _send(group: str, message: dict[str, Any]) -> None:
    try:
        async_to_sync(_bounded)(group, message)
    except Exception as error:  # whatever the layer's backend raises
        log.warning("bell not rung: %s", type(error).__name__)


async def _bounded(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await asyncio.wait_for(layer.group_send(group, message), PATIENCE_S)
