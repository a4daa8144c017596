"""All rooms of this worker: who opens, resumes, moves and ends. The `Desk` of the RPC server."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from livekit.protocol import models as lk
from livekit.protocol import rtc

from signaling.media import join, moves, rpc, signals
from signaling.media.participant import RESUME_S, SILENT_LINE_S, Line, Participant
from signaling.media.room import Reason, Room, farewell
from signaling.media.rpc_server import Command
from signaling.media.sdp import SdpError
from signaling.media.signals import Verdict
from signaling.media.udp import UdpMux

log = logging.getLogger(__name__)

STALE_OPEN_S: Final = 5.0  # how long a ticket checked before a move may still arrive after it

BAD_REQUEST: Final = 4400  # WebSocket close codes
TOO_MANY: Final = 4429
TOO_BIG: Final = 1009
SILENT: Final = 4408

HANG_UPS: Final = {Verdict.OVERSIZE: TOO_BIG, Verdict.FLOOD: TOO_MANY}


class Registry:
    def __init__(self, mux: UdpMux, publish: Callable[[rpc.Event], None]) -> None:
        self.rooms: dict[str, Room] = {}
        self.handled: Counter[str] = Counter()  # signal messages by name
        self.verdicts: Counter[Verdict] = Counter()
        self._mux = mux
        self._publish = publish
        self._by_sid: dict[str, Participant] = {}  # whatever room it is in now
        self._by_line: dict[Line, Participant] = {}
        # Old room and identity: new room, its ticket, and when.
        self._moved: dict[tuple[str, str], tuple[str, str, float]] = {}

    # What the RPC server asks. See rpc_server.Desk.

    def opened(self, line: Line, request: rpc.Open) -> None:
        try:
            wish = join.parse(request.query)
        except join.JoinError:
            self.verdicts[Verdict.UNDECODABLE] += 1
            line.send(rtc.SignalResponse(leave=farewell(Reason.JOIN_FAILURE)).SerializeToString())
            line.hang_up(BAD_REQUEST)
            return
        participant = self._resume(line, request, wish) if wish.reconnect else self._join(line, request, wish)
        if participant is None:
            return
        if request.token and participant.room.name == request.room:
            participant.send(refresh_token=request.token)
        for add_track in wish.add_tracks:
            participant.add_track(add_track)
        if wish.publisher_offer is not None:
            try:
                participant.take_offer(wish.publisher_offer)
            except SdpError:
                self.verdicts[Verdict.BAD_SDP] += 1

    def heard(self, line: Line, data: bytes) -> None:
        participant = self._by_line.get(line)
        if participant is None:
            return
        verdict = signals.handle(participant, data, self, self.handled, time.monotonic())
        self.verdicts[verdict] += 1
        if verdict in HANG_UPS:
            log.warning("line hung up cause=%s participant=%s", verdict, participant.sid)
            line.hang_up(HANG_UPS[verdict])
            self.lost(line)

    def refreshed(self, line: Line, token: str) -> None:
        participant = self._by_line.get(line)
        if participant is not None:
            participant.token = token
            participant.send(refresh_token=token)

    def lost(self, line: Line) -> None:
        participant = self._by_line.pop(line, None)
        if participant is not None and participant.line is line and not participant.closed:
            participant.line_lost(time.monotonic())

    def asked(self, command: Command) -> rpc.Reply:
        match command:
            case rpc.Move():
                error = self._move(command)
            case rpc.Eject():
                error = self._eject(command)
            case rpc.Mute():
                error = self._mute(command)
            case rpc.Regrant():
                error = self._regrant(command)
            case rpc.CloseRoom():
                error = self._close_room(command)
            case rpc.Stats():
                return rpc.Reply(command.call, data=self.statistics())
        return rpc.Reply(command.call, error=error)

    # Joining and resuming.

    def _room(self, name: str) -> Room:
        if name not in self.rooms:
            self.rooms[name] = Room(name, self._publish, self._removed)
        return self.rooms[name]

    def _seat(self, participant: Participant, line: Line) -> None:
        self._by_line[line] = participant
        self._by_sid[participant.sid] = participant

    def _join(self, line: Line, request: rpc.Open, wish: join.Wish) -> Participant:
        now_s = time.monotonic()
        name, token = self._whereabouts(request, now_s)
        room = self._room(name)
        participant = Participant(request, wish, line, room, self._mux, now_s=now_s)
        participant.token = token
        self._seat(participant, line)
        room.enter(participant)
        self._close_empty_rooms()
        if name != request.room and token:
            participant.send(refresh_token=token)
        log.info("joined room=%s participant=%s single=%s", room.sid, participant.sid, participant.single)
        return participant

    def _whereabouts(self, request: rpc.Open, now_s: float) -> tuple[str, str]:
        """Room and ticket for one who opens: not the room it was moved out of a moment ago."""
        name, token = request.room, request.token
        for _ in range(len(self._moved)):
            target, newer, at_s = self._moved.get((name, request.identity), ("", "", 0.0))
            if not target or target == name or now_s - at_s > STALE_OPEN_S:
                break
            name, token = target, newer
        return name, token

    def _resume(self, line: Line, request: rpc.Open, wish: join.Wish) -> Participant | None:
        sid = wish.participant_sid
        participant = self._by_sid.get(sid) if sid else self._member(request.room, request.identity)
        if (
            participant is None
            or participant.closed
            or participant.identity != request.identity
            or participant.single != request.single
        ):
            action = rtc.LeaveRequest.Action.RECONNECT
            leave = farewell(Reason.STATE_MISMATCH, action)
            line.send(rtc.SignalResponse(leave=leave).SerializeToString())
            line.hang_up()
            return None
        self._by_line.pop(participant.line, None)
        participant.resumed(line, time.monotonic())
        self._by_line[line] = participant
        participant.ice_servers = request.ice_servers
        room = self.rooms[participant.room.name]
        if room.name == request.room:
            participant.token = request.token or participant.token
        room.resume(participant)
        participant.regrant(request.grants)
        if room.name == request.room:
            pass
        elif request.room == participant.came_from:  # room_moved was lost with the old line
            moves.send_moved(participant, room)
        else:  # the ticket is newer than what we were told
            moves.move([moves.Step(participant, room, self._room(request.room), request.token)])
            self._close_empty_rooms()
        if wish.sync_state is not None:
            signals.HANDLERS["sync_state"](participant, wish.sync_state, self)
        log.info("resumed room=%s participant=%s", room.sid, participant.sid)
        return participant

    def _removed(self, participant: Participant) -> None:
        self._by_sid.pop(participant.sid, None)
        if self._by_line.get(participant.line) is participant:
            del self._by_line[participant.line]

    def _close_empty_rooms(self) -> None:
        for name in [name for name, room in self.rooms.items() if not room.members]:
            del self.rooms[name]

    # Commands.

    def _move(self, command: rpc.Move) -> str:
        now_s = time.monotonic()
        self._moved = {k: v for k, v in self._moved.items() if now_s - v[2] < STALE_OPEN_S}
        steps: dict[str, moves.Step] = {}
        missing = False
        for relocation in command.moves:
            self._moved.pop((relocation.target, relocation.identity), None)
            self._moved[relocation.source, relocation.identity] = (relocation.target, relocation.token, now_s)
            participant = self._member(relocation.source, relocation.identity)
            newer = self._member(relocation.target, relocation.identity)
            if participant is not None and newer not in (None, participant):
                self._remove(participant, Reason.DUPLICATE_IDENTITY)  # joined there anew meanwhile
            elif participant is not None:
                source, target = self.rooms[relocation.source], self._room(relocation.target)
                steps[participant.sid] = moves.Step(participant, source, target, relocation.token)
            elif newer is None:
                missing = True
        moves.move(steps.values())
        self._close_empty_rooms()
        log.info("moved participants=%d", len(steps))
        return "no-such-participant" if missing else ""

    def _member(self, room: str, identity: str) -> Participant | None:
        found = self.rooms.get(room)
        return found.members.get(identity) if found is not None else None

    def _eject(self, command: rpc.Eject) -> str:
        participant = self._member(command.room, command.identity)
        if participant is None:
            return "no-such-participant"
        self._remove(participant, Reason.PARTICIPANT_REMOVED)
        return ""

    def _mute(self, command: rpc.Mute) -> str:
        participant = self._member(command.room, command.identity)
        if participant is None:
            return "no-such-participant"
        participant.silence(command.source)
        return ""

    def _regrant(self, command: rpc.Regrant) -> str:
        participant = self._member(command.room, command.identity)
        if participant is None:
            return "no-such-participant"
        participant.regrant(command.grants)
        return ""

    def _close_room(self, command: rpc.CloseRoom) -> str:
        room = self.rooms.get(command.room)
        if room is None:
            return "no-such-room"
        for participant in list(room.members.values()):
            self._remove(participant, Reason.ROOM_DELETED)
        return ""

    def _remove(
        self,
        participant: Participant,
        reason: lk.DisconnectReason,
        action: rtc.LeaveRequest.Action = rtc.LeaveRequest.Action.DISCONNECT,
    ) -> None:
        room = self.rooms[participant.room.name]
        room.remove(participant, reason, action=action)
        log.info("left room=%s participant=%s reason=%d", room.sid, participant.sid, reason)
        self._close_empty_rooms()

    # What signal messages ask. See signals.Hall.

    def leave(self, participant: Participant) -> None:
        self._remove(participant, Reason.CLIENT_INITIATED)

    def permitted(self, participant: Participant) -> None:
        self.rooms[participant.room.name].permitted(participant)

    # Time.

    def tick(self, now_s: float) -> None:
        """Give up seats nobody came back to, and lines nothing is heard on. Call every second."""
        self._close_empty_rooms()
        for participant in list(self._by_sid.values()):
            lost_at_s = participant.line_lost_at_s
            if lost_at_s is not None and now_s - lost_at_s > RESUME_S:
                self._remove(participant, Reason.SIGNAL_CLOSE)
            elif lost_at_s is None and now_s - participant.heard_at_s > SILENT_LINE_S:
                line = participant.line
                line.hang_up(SILENT)
                self.lost(line)
            else:
                participant.downlink.nudge(now_s)

    def participants(self) -> list[Participant]:
        return list(self._by_sid.values())

    def shut_down(self) -> None:
        """The worker ends: everybody is asked to come back, to whatever worker is there then."""
        for participant in self.participants():
            self._remove(participant, Reason.SERVER_SHUTDOWN, rtc.LeaveRequest.Action.RECONNECT)

    def statistics(self) -> dict[str, object]:
        participants = self.participants()
        return {
            "rooms": len(self.rooms),
            "participants": len(participants),
            "lines": len(self._by_line),
            "publications": sum(len(p.published) for p in participants),
            "subscriptions": sum(len(p.downlink.subscriptions) for p in participants),
            "signals": dict(self.handled),
            "verdicts": {str(verdict): count for verdict, count in self.verdicts.items()},
        }
