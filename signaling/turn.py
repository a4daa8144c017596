"""Short-lived TURN credentials.

coturn's `use-auth-secret` form: the user name is an expiry and an opaque label, the password an HMAC over it,
so the TURN server needs the secret and no database. Source: draft-uberti-behave-turn-rest-00, 2.2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from signaling.media.rpc import IceServer

LIFETIME: Final = timedelta(minutes=10)


def ice_servers(label: str, now: datetime) -> tuple[IceServer, ...]:
    """The TURN servers of this clinic with credentials for LIFETIME; empty when none is set up.

    `label` is an opaque id of one media connection: TURN servers log user names.
    """
    if not settings.TURN_URLS or not settings.TURN_SECRET:
        return ()
    username, credential = credentials(label, now + LIFETIME, settings.TURN_SECRET)
    return (IceServer(urls=tuple(settings.TURN_URLS), username=username, credential=credential),)


def credentials(label: str, expires_at: datetime, secret: str) -> tuple[str, str]:
    """User name and password, worthless after `expires_at`."""
    username = f"{int(expires_at.timestamp())}:{label}"
    # SHA-1 is what the scheme prescribes; an HMAC does not rest on its collision resistance.
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
