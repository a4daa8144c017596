"""What a mail provider says later about a letter (anymail's webhooks; on with VIOP_MAIL_WEBHOOK_SECRET)."""

from __future__ import annotations

from typing import Any, Final

from sessions.messages import consents, service
from sessions.messages.models import Channel

BAD: Final = frozenset({"bounced", "rejected", "failed"})
UNWANTED: Final = frozenset({"complained", "unsubscribed"})


def hear(sender: object, event: Any, **_: Any) -> None:
    """Receiver of anymail.signals.tracking."""
    if event.event_type == "delivered":
        service.told(event.message_id or "", delivered=True)
    elif event.event_type in BAD:
        service.told(event.message_id or "", delivered=False, code=str(event.reject_reason or "bounced"))
    elif event.event_type in UNWANTED and event.recipient:
        consents.stop(Channel.EMAIL, event.recipient, how="unsubscribe")
