"""The ASGI application: pages to Django, sockets to the wire."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vIOP.settings")
_pages = get_asgi_application()  # sets Django up; the imports below need it

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from signaling.routing import websocket_urlpatterns  # noqa: E402
from vIOP.checks import refuse_to_start_unsafe  # noqa: E402

refuse_to_start_unsafe()

application = ProtocolTypeRouter(
    {"http": _pages, "websocket": AuthMiddlewareStack(URLRouter(websocket_urlpatterns))}
)
