"""The yardstick: Janus 1.1.2 as Debian packages it, its VideoRoom plugin, one event loop, pinned to loopback.

Each member publishes on one connection and subscribes to all others on a second, as Janus works.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.leg import Leg
from tests.bench.ours import offer, remote_of, section
from tests.servers import free_port

BINARY = shutil.which("janus")
LIBRARIES = "/usr/lib/x86_64-linux-gnu/janus"
ROOM = 1234
WITHIN_S = 30.0

CONFIG = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  events_folder = "{libraries}/events"
  loggers_folder = "{libraries}/loggers"
  event_loops = 1
  session_timeout = 600
  debug_level = 3
}}
media: {{ }}
nat: {{ ice_enforce_list = "lo" }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
loggers: {{ }}
events: {{ broadcast = false }}
"""
HTTP = """
general: {{ json = "compact" base_path = "/janus" http = true port = {port} ip = "127.0.0.1" https = false }}
admin: {{ admin_http = false admin_https = false }}
cors: {{ }}
certificates: {{ }}
"""


class Handle:
    """One attachment to the VideoRoom plugin, in a session of its own."""

    _numbers = itertools.count()

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self._session = self._handle = 0

    async def attach(self) -> Handle:
        self._session = (await self._post("", janus="create"))["data"]["id"]
        attached = await self._post(f"/{self._session}", janus="attach", plugin="janus.plugin.videoroom")
        self._handle = attached["data"]["id"]
        return self

    async def message(self, jsep: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        """Ask the plugin; waits for its event when it answers with one. Raises RuntimeError on its errors."""
        more = {"jsep": jsep} if jsep else {}
        answer = await self._post(f"/{self._session}/{self._handle}", janus="message", body=body, **more)
        while answer["janus"] in ("ack", "webrtcup", "media", "keepalive", "slowlink"):
            async with self._http.get(f"{self._url}/{self._session}") as response:
                answer = await response.json(content_type=None)
        data = answer.get("plugindata", {}).get("data", {})
        if "error" in data or answer["janus"] not in ("success", "event"):
            raise RuntimeError(str(answer))
        return answer

    async def _post(self, path: str, **message: Any) -> dict[str, Any]:
        message["transaction"] = f"t{next(self._numbers)}"
        async with self._http.post(self._url + path, json=message) as response:
            found: dict[str, Any] = await response.json(content_type=None)
            return found


def answer_to(sdp: str, leg: Leg) -> str:
    """Our answer to a subscriber's offer: every section accepted as it is."""
    head, *parts = re.split(r"(?=^m=)", sdp.replace("\r\n", "\n"), flags=re.M)
    group = re.search(r"a=group:BUNDLE[^\n]*", head)
    assert group, sdp
    out = f"v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{group[0].strip()}\r\n"
    for part in parts:
        lines = part.strip().split("\n")
        kept = [
            line
            for line in lines
            if line.startswith(("a=rtpmap", "a=fmtp", "a=rtcp-fb", "a=extmap", "a=mid:"))
        ]
        out += f"{lines[0]}\r\nc=IN IP4 127.0.0.1\r\na=recvonly\r\n{leg.lines}" + "".join(
            f"{line}\r\n" for line in kept
        )
    return out


@contextlib.asynccontextmanager
async def server(folder: str, loopback: Path) -> AsyncIterator[tuple[int, str]]:
    """Janus itself; yields its process id and the URL of its API. Everything it opens is on 127.0.0.1, or it is stopped."""
    assert BINARY, "Janus is not installed"
    port = free_port()
    process = _start(BINARY, folder, loopback, port)
    try:
        url = f"http://127.0.0.1:{port}/janus"
        await _answers(url)
        yield process.pid, url
        _on_loopback(process.pid)
    finally:
        process.kill()
        process.wait()


def _start(binary: str, folder: str, loopback: Path, port: int) -> subprocess.Popen[bytes]:
    home = Path(folder)
    home.mkdir(exist_ok=True)
    plugins = [path.name for path in Path(LIBRARIES, "plugins").glob("*.so") if "videoroom" not in path.name]
    transports = [path.name for path in Path(LIBRARIES, "transports").glob("*.so") if "http" not in path.name]
    disabled = {"plugins": ",".join(plugins), "transports": ",".join(transports)}
    (home / "janus.jcfg").write_text(CONFIG.format(folder=folder, libraries=LIBRARIES, **disabled))
    (home / "janus.transport.http.jcfg").write_text(HTTP.format(port=port))
    (home / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    env = os.environ | {"LD_PRELOAD": str(loopback)}
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [binary, "-F", folder, "-C", f"{folder}/janus.jcfg"], env=env, stdout=log, stderr=log
        )


async def _answers(url: str) -> None:
    async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{url}/info") as response:
                    await response.read()
                return
            await asyncio.sleep(0.05)  # the poll itself


def _on_loopback(pid: int) -> None:
    found = subprocess.run(["ss", "-lntuHp"], capture_output=True, text=True, check=True).stdout.splitlines()
    mine = [line for line in found if f"pid={pid}," in line]
    assert mine, "no socket of Janus found"
    assert all(" 127.0.0.1:" in line for line in mine), mine


@contextlib.asynccontextmanager
async def room(url: str, size: int) -> AsyncIterator[tuple[list[tuple[Leg, Leg]], list[tuple[int, int]]]]:
    """`size` members in one room: their connections up and down, and their SSRCs."""
    ssrcs = [(1000 + 2 * number, 1001 + 2 * number) for number in range(size)]
    legs: list[tuple[Leg, Leg]] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        admin = await Handle(http, url).attach()
        await admin.message(
            request="create",
            room=ROOM,
            publishers=50,
            bitrate=0,
            audiocodec="opus",
            videocodec="vp8",
            fir_freq=0,
        )
        ups, feeds = [], []
        for number, (audio, video) in enumerate(ssrcs):
            handle, leg = await Handle(http, url).attach(), Leg()
            joined = await handle.message(request="join", ptype="publisher", room=ROOM, display=f"m{number}")
            feeds.append(joined["plugindata"]["data"]["id"])
            sections = [
                section(
                    kind,
                    mid,
                    "sendonly",
                    leg,
                    f"a=msid:s {kind}{number}\r\na=ssrc:{ssrc} cname:c{number}\r\n",
                )
                for mid, (kind, ssrc) in enumerate((("audio", audio), ("video", video)))
            ]
            answered = await handle.message(
                {"type": "offer", "sdp": offer(sections)},
                request="publish",
                audiocodec="opus",
                videocodec="vp8",
            )
            await leg.connect(remote_of(answered["jsep"]["sdp"]))
            ups.append(leg)
        for number, up in enumerate(ups):
            handle, leg = await Handle(http, url).attach(), Leg()
            streams = [{"feed": feed} for other, feed in enumerate(feeds) if other != number]
            offered = await handle.message(request="join", ptype="subscriber", room=ROOM, streams=streams)
            sdp = offered["jsep"]["sdp"]
            await handle.message({"type": "answer", "sdp": answer_to(sdp, leg)}, request="start")
            await leg.connect(remote_of(sdp), controlling=False)
            legs.append((up, leg))
        try:
            yield legs, ssrcs
        finally:
            for up, down in legs:
                up.socket.close()
                down.socket.close()
