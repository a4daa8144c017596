"""The worker's side of signaling/media/rpc.py: streams of web processes, and the signal connections on them.

Knows frames and sockets; what they mean is the business of a `Desk`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from signaling.media import rpc

log = logging.getLogger(__name__)

MAX_UNSENT_BYTES: Final = 16 << 20  # a web process that reads no more than this behind is given up
FAULT: Final = 1011  # WebSocket close code

Command = rpc.Move | rpc.Eject | rpc.Mute | rpc.Regrant | rpc.CloseRoom | rpc.Stats


class Line:
    """One browser's signal connection, as the worker sees it. After `hang_up` nothing is sent any more."""

    __slots__ = ("_stream", "number", "open")

    def __init__(self, stream: Stream, number: int) -> None:
        self._stream = stream
        self.number = number
        self.open = True

    def send(self, response: bytes) -> None:
        if self.open:
            self._stream.send(rpc.Frame(self.number, response))

    def hang_up(self, code: int = 1000) -> None:
        if self.open:
            self.open = False
            self._stream.forget(self)
            self._stream.send(rpc.Hangup(self.number, code))


class Desk(Protocol):
    """Who answers. No method raises for what a client sent; if one does, only that line ends."""

    def opened(self, line: Line, request: rpc.Open) -> None: ...

    def heard(self, line: Line, data: bytes) -> None: ...

    def refreshed(self, line: Line, token: str) -> None: ...

    def lost(self, line: Line) -> None:
        """The line is gone, by no doing of ours."""
        ...

    def asked(self, command: Command) -> rpc.Reply: ...


class Stream:
    """One web process."""

    def __init__(self, desk: Desk, writer: asyncio.StreamWriter) -> None:
        self._desk = desk
        self._writer = writer
        self._lines: dict[int, Line] = {}

    def send(self, message: rpc.FromWorker) -> None:
        """Never blocks. A web process that does not read loses its stream, not the worker its memory."""
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.error("stream aborted cause=unread")
            transport.abort()
            return
        try:
            self._writer.write(rpc.encode(message))
        except ValueError:
            log.exception("message not sent cause=size")

    def forget(self, line: Line) -> None:
        if self._lines.get(line.number) is line:
            del self._lines[line.number]

    def take(self, message: rpc.FromWeb) -> None:
        match message:
            case rpc.Open():
                stale = self._lines.get(message.session)
                if stale is not None:
                    log.error("session number used twice")
                    self._drop(stale)
                line = self._lines[message.session] = Line(self, message.session)
                self._guarded(line, lambda: self._desk.opened(line, message))
            case rpc.Frame() | rpc.Hangup() | rpc.Refresh():
                known = self._lines.get(message.session)
                if known is not None:
                    self._pass_on(known, message)
            case _:
                self.send(self._answer(message))

    def _pass_on(self, line: Line, message: rpc.Frame | rpc.Hangup | rpc.Refresh) -> None:
        match message:
            case rpc.Frame():
                self._guarded(line, lambda: self._desk.heard(line, message.data))
            case rpc.Refresh():
                self._guarded(line, lambda: self._desk.refreshed(line, message.token))
            case rpc.Hangup():
                self._drop(line)

    def _answer(self, command: Command) -> rpc.Reply:
        try:
            return self._desk.asked(command)
        except Exception:
            log.exception("command failed kind=%s", type(command).__name__)
            return rpc.Reply(command.call, error="fault")

    def _guarded(self, line: Line, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:
            log.exception("signal message failed")
            if line.open:
                line.hang_up(FAULT)
                self._guarded(line, lambda: self._desk.lost(line))

    def _drop(self, line: Line) -> None:
        line.open = False
        self.forget(line)
        self._guarded(line, lambda: self._desk.lost(line))

    def end(self) -> None:
        """The web process is gone, and with it every signal connection it carried."""
        for line in list(self._lines.values()):
            self._drop(line)


class RpcServer:
    """Serves a Unix socket only its owner may open."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams: dict[Stream, asyncio.StreamWriter] = {}
        self._readers: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def serve(self, path: Path) -> None:
        """Accept from now on. A socket file left over by a worker that died is replaced.

        Raises:
            OSError: another worker serves this path, or the path cannot be used.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, sock=listening_socket(path))

    def publish(self, event: rpc.Event) -> None:
        for stream in self._streams:
            stream.send(event)

    async def close(self, path: Path, *, drain_s: float) -> None:
        """Stop accepting, let what is written leave within `drain_s`, and end every stream."""
        if self._server is not None:
            self._server.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        drains = {asyncio.ensure_future(_flushed(writer)) for writer in self._streams.values()}
        if drains:
            await asyncio.wait(drains, timeout=drain_s)
        for drain in drains:
            drain.cancel()
        for writer in self._streams.values():
            writer.transport.abort()  # what left has left; the rest found nobody to read it
        if self._readers:
            await asyncio.wait(set(self._readers))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = Stream(self._desk, writer)
        self._streams[stream] = writer
        task = asyncio.current_task()
        if task is not None:
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(rpc.LENGTH_BYTES), "big")
                if size > rpc.MAX_FRAME_BYTES:
                    log.error("stream ended cause=oversize")
                    return
                stream.take(rpc.decode_from_web(await reader.readexactly(size)))
        except (asyncio.IncompleteReadError, ConnectionError):
            log.info("stream ended")
        except msgspec.DecodeError as error:
            log.error("stream ended cause=undecodable error=%s", type(error).__name__)
        finally:
            del self._streams[stream]
            stream.end()
            writer.close()


def listening_socket(path: Path) -> socket.socket:
    """A bound Unix socket, mode 0600 from its first moment (bound under a private name, then renamed).

    Raises:
        OSError: somebody answers at `path` already, or binding failed.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            pass
        else:
            raise OSError(f"another worker serves {path}")
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        listening.bind(str(fresh))
        fresh.chmod(0o600)
        listening.listen(64)
        fresh.replace(path)
    except OSError:
        listening.close()
        raise
    return listening


async def _flushed(writer: asyncio.StreamWriter) -> None:
    """Wait until all that was written has left this process."""
    writer.transport.set_write_buffer_limits(0)
    with contextlib.suppress(ConnectionError):
        await writer.drain()
