"""Which socket goes where. Everything else is refused, with the same answer as a socket without a right."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from signaling.room_consumer import RoomConsumer
from signaling.rtc_consumer import RtcConsumer


class Nowhere(AsyncWebsocketConsumer):  # type: ignore[misc]
    """No such address: refused before the handshake."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns: list[Any] = [
    path("ws/rooms/<uuid:meeting_id>", RoomConsumer.as_asgi()),
    path("rtc", RtcConsumer.as_asgi()),
    path("rtc/v1", RtcConsumer.as_asgi()),
    re_path(r"", Nowhere.as_asgi()),
]
