"""The room page without a clinic behind it: the test says what the server says. For looking at every state quickly.

Nothing is served over the network: the browser's requests are answered from frontend/dist, its room socket by
`tell`. There is no media engine, so faces stay initials.
"""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, Route, WebSocketRoute

from tests.site import ROOT

DIST: Final = ROOT / "frontend" / "dist"
ORIGIN: Final = "http://localhost:9"  # answered by us before anything is asked of the network
NOW: Final = "2026-11-22T18:20:00Z"

CONFIG: Final[dict[str, Any]] = {
    "meetingId": "m1",
    "socketPath": "/ws/rooms/m1",
    "title": "Family evening",
    "personName": "Maya L.",
    "role": "facilitator",
    "language": "en",
    "homePath": "/",
    "timeZone": "America/New_York",
    "testHooks": False,
}


def person(name: str, role: str = "client") -> dict[str, Any]:
    return {"personId": name.lower().replace(" ", "-").strip("."), "name": name, "role": role}


def member(name: str, role: str = "client", **more: Any) -> dict[str, Any]:
    who = person(name, role)
    return {
        **who,
        "identity": f"i-{who['personId']}",
        "interrupted": False,
        "hand": None,
        "flags": [],
        **more,
    }


def waiter(name: str, role: str = "client", **more: Any) -> dict[str, Any]:
    lobby = "family" if role == "family" else "clients"
    told = {"since": "2026-11-22T18:17:00Z", "interrupted": False, "lobby": lobby, "flags": []}
    told |= {"late": False, "minutesLate": 0}
    return {**person(name, role), **told, **more}


def you(name: str = "Maya L.", role: str = "facilitator", place: str = "main", **more: Any) -> dict[str, Any]:
    seated = place in ("main", "breakout", "aside")
    return {
        **person(name, role),
        "place": place,
        "identity": f"i-{name}" if seated else "",
        "position": 1 if place == "waiting" else None,
        "roomId": "",
        "roomName": "",
        "hand": None,
        "ask": None,
        "mayShareScreen": role == "facilitator",
        "arrival": None,
        "late": False,
        **more,
    }


def side(room_id: str, name: str, assigned: list[Any], members: list[Any] | None = None, **more: Any) -> Any:
    told = {"kind": "breakout", "helpSince": None}
    return {"roomId": room_id, "name": name, "assigned": assigned, "members": members or [], **told, **more}


def view(reader: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole view, as of NOW."""
    family = {"kind": "family_group", "lobbies": ["clients", "family"]}
    return {
        "type": "room",
        "seq": 1,
        "serverTime": NOW,
        "you": reader,
        "meeting": {
            "title": "Family evening",
            "startsAt": "2026-11-22T18:00:00Z",
            "endsAt": "2026-11-22T19:30:00Z",
            "ended": False,
            "facilitators": ["Maya", "Samuel"],
            "breaks": [],
            **family,
        },
        "members": [],
        "waiting": [],
        "staffPresent": True,
        "breakouts": None,
        "asides": [],
        "away": [],
        "locked": False,
        "autoAdmit": False,
        "screens": "staff",
        "spotlight": "",
        "lead": "",
        "pause": None,
        "agenda": None,
        "hold": None,
        "crises": [],
        "helpSince": None,
        "mayTakeOver": False,
        **more,
    }


def shown(told: dict[str, Any]) -> str:
    """What stands on the page, for who went in, once this has been told: a CSS selector."""
    place = told["you"]["place"]
    if place in ("main", "breakout", "aside"):
        return "[data-testid=room]"
    if place == "waiting":
        return "[data-testid=position]"
    return "[data-testid=may-take-over]" if told["mayTakeOver"] else "#room h1"


class Stage:
    """One page, with its server in the test's hands."""

    def __init__(self, page: Page, **config: Any) -> None:
        self.page = page
        self.config = {**CONFIG, **config}
        self.said: list[dict[str, Any]] = []  # what the page said
        self.answers = True  # commands are done at once; otherwise the test says when
        self.latest: dict[str, Any] | None = None
        self._sockets: list[WebSocketRoute] = []

    async def open(self, first: dict[str, Any], inside: bool = True) -> Stage:
        self.latest = first
        await self.page.route(f"{ORIGIN}/**", self._answer)
        await self.page.route_web_socket(lambda url: "/ws/rooms/" in url, self._connected)
        if inside:
            wish = json.dumps({"microphone": False, "camera": False})
            await self.page.add_init_script(f"sessionStorage.setItem('viop.in.m1', {json.dumps(wish)})")
        await self.page.goto(f"{ORIGIN}/room")
        await self.page.locator(shown(first) if inside else "#room h1").first.wait_for(state="attached")
        return self

    async def tell(self, message: dict[str, Any]) -> None:
        if message["type"] == "room":
            self.latest = message
        for socket in self._sockets:
            socket.send(json.dumps(message))

    def _connected(self, socket: WebSocketRoute) -> None:
        self._sockets.append(socket)
        socket.on_message(lambda frame: self._heard(socket, json.loads(frame)))
        if self.latest is not None:
            socket.send(json.dumps(self.latest))

    def _heard(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        self.said.append(message)
        if message["type"] == "ping":
            socket.send(json.dumps({"type": "pong", "seq": 1, "serverTime": NOW}))
        elif "commandId" in message and self.answers:
            socket.send(json.dumps({"type": "done", "commandId": message["commandId"], "seq": 1}))

    async def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/room":
            await route.fulfill(content_type="text/html; charset=utf-8", body=self._html())
            return
        file = DIST / path.removeprefix("/static/")
        kind = mimetypes.guess_type(Path(path).name)[0] or "application/octet-stream"
        await route.fulfill(path=file, content_type=kind) if file.is_file() else await route.fulfill(
            status=404
        )

    def _html(self) -> str:
        built = json.loads((DIST / ".vite" / "manifest.json").read_text())
        entry = built["src/room/main.tsx"]
        chunks = [entry, *(built[name] for name in entry.get("imports", []))]
        styles = dict.fromkeys(css for chunk in reversed(chunks) for css in chunk.get("css", []))
        links = "".join(f'<link rel="stylesheet" href="/static/{css}">' for css in styles)
        return (
            f'<!doctype html><html lang="{self.config["language"]}" data-theme="dark"><head>'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>Your session</title><link rel="icon" href="data:,">{links}'
            f'<script type="module" src="/static/{entry["file"]}"></script></head>'
            f'<body class="room-page"><div id="room"></div><script type="application/json" id="room-config">'
            f"{json.dumps(self.config)}</script></body></html>"
        )
