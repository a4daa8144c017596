"""Janus' VideoRoom with the same members and the same load, for a ratio in the same run."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.leg import Leg
from tests.bench.load import Member
from tests.bench.ours import Room, offer, remote
from tests.servers import free_port

ROOM = 7
PLUGINS = next(iter(Path("/usr/lib").glob("*/janus/plugins")), Path("/usr/lib/janus/plugins"))
GENERAL = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{plugins}"
  transports_folder = "{transports}"
  events_folder = "{folder}"
  loggers_folder = "{folder}"
  debug_level = 2
  event_loops = 1
}}
nat: {{ ice_lite = false }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "libjanus_websockets.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_rabbitmq.so,libjanus_nanomsg.so" }}
"""
HTTP = 'general: {{ json = "compact" base_path = "/janus" http = true port = {port} ip = "127.0.0.1" https = false }}\n'


class Handle:
    """One session of the HTTP API with one VideoRoom handle."""

    numbers = itertools.count(1)

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self._session = self._handle = 0

    async def _post(self, path: str, **message: Any) -> dict[str, Any]:
        message["transaction"] = f"t{next(self.numbers)}"
        async with self._http.post(self._url + path, json=message) as answer:
            found: dict[str, Any] = await answer.json(content_type=None)
            return found

    async def open(self) -> Handle:
        self._session = (await self._post("", janus="create"))["data"]["id"]
        attached = await self._post(f"/{self._session}", janus="attach", plugin="janus.plugin.videoroom")
        self._handle = attached["data"]["id"]
        return self

    async def ask(
        self, want: str, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request and wait for the event that says `want`. Raises RuntimeError with Janus' words."""
        message: dict[str, Any] = {"janus": "message", "body": body}
        if jsep:
            message["jsep"] = jsep
        answer = await self._post(f"/{self._session}/{self._handle}", **message)
        if answer["janus"] == "success":
            return answer
        while True:
            async with self._http.get(f"{self._url}/{self._session}") as events:
                event: dict[str, Any] = await events.json(content_type=None)
            if event.get("janus") in ("error", "timeout"):
                raise RuntimeError(json.dumps(event))
            if event.get("janus") == "event":
                data = event["plugindata"]["data"]
                if "error" in data:
                    raise RuntimeError(data["error"])
                if data.get("videoroom") == want or want in data:
                    return event


def _taken(leg: Leg, text: str) -> str:
    """An answer that takes every stream offered."""
    head, *sections = re.split(r"(?=^m=)", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    bundle = next(line for line in head.splitlines() if line.startswith("a=group:BUNDLE"))
    lines = ["v=0", "o=- 2 1 IN IP4 127.0.0.1", "s=-", "t=0 0", bundle]
    keep = ("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:")
    for section in sections:
        offered = section.strip().splitlines()
        lines += [offered[0], "c=IN IP4 127.0.0.1", "a=recvonly", *leg.description("active")]
        lines += [line for line in offered if line.startswith(keep)]
    return "\r\n".join(lines) + "\r\n"


def _role(text: str) -> str:
    return "server" if "a=setup:active" in text else "client"


async def _publish(handle: Handle, number: int) -> tuple[Leg, int]:
    joined = await handle.ask("joined", {"request": "join", "ptype": "publisher", "room": ROOM})
    leg = Leg()
    jsep = {"type": "offer", "sdp": offer(leg, 10_000 + 2 * number, 10_001 + 2 * number)}
    configured = await handle.ask("configured", {"request": "publish"}, jsep)
    text = configured["jsep"]["sdp"]
    await leg.connect(*remote(text), _role(text))
    return leg, joined["plugindata"]["data"]["id"]


async def _subscribe(handle: Handle, feeds: list[int]) -> Leg:
    streams = [{"feed": feed} for feed in feeds]
    attached = await handle.ask(
        "attached", {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": streams}
    )
    text = attached["jsep"]["sdp"]
    leg = Leg(controlling=False)
    await handle.ask("started", {"request": "start"}, {"type": "answer", "sdp": _taken(leg, text)})
    await leg.connect(*remote(text), "client")
    return leg


def _configure(folder: Path, port: int) -> None:
    others = ",".join(sorted(p.name for p in PLUGINS.glob("libjanus_*.so") if "videoroom" not in p.name))
    general = GENERAL.format(
        folder=folder, plugins=PLUGINS, transports=PLUGINS.with_name("transports"), others=others
    )
    (folder / "janus.jcfg").write_text(general)
    (folder / "janus.transport.http.jcfg").write_text(HTTP.format(port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    source = Path(__file__).with_name("loopback_only.c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O2", "-o", folder / "loopback.so", source, "-ldl"], check=True
    )


def _loopback_only(pid: int) -> None:
    """Raises RuntimeError when the server listens anywhere but on loopback."""
    lines = subprocess.run(["ss", "-lntuHp"], capture_output=True, text=True, check=True).stdout.splitlines()
    open_to_all = [line for line in lines if f"pid={pid}," in line and " 127.0.0.1:" not in line]
    if open_to_all:
        raise RuntimeError(f"Janus listens beyond loopback: {open_to_all}")


@contextlib.asynccontextmanager
async def room(count: int) -> AsyncIterator[Room]:
    with tempfile.TemporaryDirectory(prefix="viop-janus-") as name:
        folder, port = Path(name), free_port()
        _configure(folder, port)
        process = await asyncio.create_subprocess_exec(
            *("janus", "-F", name, "-C", f"{name}/janus.jcfg"),
            env={**os.environ, "LD_PRELOAD": f"{name}/loopback.so"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}/janus"
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                await _listening(http, url)
                yield await _fill(http, url, count, process.pid)
        finally:
            process.kill()
            await process.wait()


async def _listening(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{url}/info") as answer:
                    await answer.read()
                    return
            await asyncio.sleep(0.1)  # the poll itself


async def _fill(http: aiohttp.ClientSession, url: str, count: int, pid: int) -> Room:
    owner = await Handle(http, url).open()
    await owner.ask(
        "created", {"request": "create", "room": ROOM, "publishers": 64, "bitrate": 0, "fir_freq": 0}
    )
    ups: list[Leg] = []
    feeds: list[int] = []
    took: list[float] = []
    for number in range(count):
        start = time.monotonic()
        leg, feed = await _publish(await Handle(http, url).open(), number)
        ups.append(leg)
        feeds.append(feed)
        took.append(time.monotonic() - start)
    members: list[Member] = []
    for number, up in enumerate(ups):
        start = time.monotonic()
        others = [feed for i, feed in enumerate(feeds) if i != number]
        down = await _subscribe(await Handle(http, url).open(), others)
        took[number] += time.monotonic() - start
        members.append(Member(up, down, 10_000 + 2 * number, 10_001 + 2 * number))
    _loopback_only(pid)
    for member in members:
        member.up.hand_over()
        member.down.hand_over()
    return Room(pid, members, took)
