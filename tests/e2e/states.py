"""Every state of the room beside the plain group, as the server tells it and the steps that lead there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.stage import NOW, Stage, member, person, side, view, waiter, you

Steps = Callable[[Stage], Awaitable[None]]

MAYA: Final = member("Maya L.", "facilitator")
DANIEL, LUIS = member("Daniel K."), member("Luis O.")
GRACE, CARMEN = member("Grace K.", "family"), member("Carmen O.", "family")
GROUP: Final = [MAYA, DANIEL, LUIS, GRACE, CARMEN]
ENDS_AT: Final = "2026-11-22T18:31:35Z"
CONFIRMED: Final = {
    "address": "12 Elm Street, Apt 4",
    "city": "Albany",
    "state": "NY",
    "phone": "+1 212 555 0110",
    "emergencyName": "Grace Kim (mother)",
    "emergencyPhone": "+1 212 555 0199",
    "alone": True,
    "headphones": False,
    "confirmed": False,
}


def people(*members: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in ("personId", "name", "role")} for one in members]


def breakouts(state: str, rooms: list[Any], free: list[Any], ends_at: str | None = None) -> dict[str, Any]:
    return {"state": state, "endsAt": ends_at, "rooms": rooms, "unassigned": free}


PLANNED: Final = [side("b1", "Kim", people(DANIEL, GRACE)), side("b2", "Ortega", people(LUIS))]
RUNNING: Final = [
    side("b1", "Kim", people(DANIEL, GRACE), [DANIEL, GRACE], helpSince="2026-11-22T18:18:00Z"),
    side("b2", "Ortega", people(LUIS, CARMEN), [{**LUIS, "interrupted": True}]),
]
OPEN: Final = breakouts("open", [], [], ENDS_AT)
APART: Final = {"place": "breakout", "roomId": "b1", "roomName": "Kim"}
ASIDE: Final = {"place": "aside", "roomId": "a1", "roomName": "Aside"}
CRISIS: Final = {
    "personId": DANIEL["personId"],
    "name": DANIEL["name"],
    "arrival": {**CONFIRMED, "confirmed": True},
    "contacts": ["Peter Kim (brother), +1 212 555 0144"],
    "numbers": ["911", "988 Suicide & Crisis Lifeline"],
    "asideRoomId": "a1",
    "timeline": [
        {"at": NOW, "by": "Maya L.", "kind": "opened", "text": ""},
        {"at": NOW, "by": "", "kind": "paged", "text": ""},
        {"at": NOW, "by": "Samuel A.", "kind": "note", "text": "On the phone with the mother."},
    ],
    "closed": False,
}


async def nothing(stage: Stage) -> None:
    """The state is there by itself."""


def presses(*testids: str) -> Steps:
    async def steps(stage: Stage) -> None:
        for testid in testids:
            await stage.page.get_by_test_id(testid).first.click()

    return steps


async def is_written_to(stage: Stage) -> None:
    line = {
        "lineId": 1,
        "at": NOW,
        "personId": "maya",
        "name": "Maya",
        "to": "waiting",
        "text": "We begin in five minutes. Time for a glass of water.",
        "personName": "",
    }
    await stage.tell({"type": "chat", "lines": [line], "reset": True})
    await stage.page.get_by_text("glass of water").wait_for()


@dataclass(frozen=True)
class State:
    name: str
    told: dict[str, Any]
    steps: Steps = nothing
    inside: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)


def daniel(**where: Any) -> dict[str, Any]:
    return you("Daniel K.", "client", **where)


CLIENT: Final = {"role": "client", "personName": "Daniel Kim"}
AT_THE_DOOR: Final = daniel(place="outside")
CAME_BEFORE: Final = daniel(place="outside", arrival=CONFIRMED)
WAITING: Final = [
    waiter("Daniel K.", flags=["otherState", "notAlone"]),
    waiter("Luis O.", flags=["arrivalUnconfirmed"]),
    waiter("Grace K.", "family"),
    waiter("Carmen O.", "family", interrupted=True),
]
LATE: Final = [waiter("Daniel K.", late=True, minutesLate=22)]
AWAY: Final = [
    {**person("Hannah W."), "place": "outside", "reason": "", "until": None, "waited": False},
    {**person("Marcus B."), "place": "declined", "reason": "Call first", "until": NOW, "waited": True},
    {**person("Noor A."), "place": "left", "reason": "", "until": NOW, "waited": True},
    {**person("Priya S."), "place": "outside", "reason": "", "until": NOW, "waited": False},
]
HOLD: Final = {"since": NOW, "pausedAt": "2026-11-22T18:20:48Z", "paused": False}

ROOMS = presses("bar-people", "rail-rooms")
STATES: Final = [
    State("arrival-first-time", view(AT_THE_DOOR), presses("ask-neither", "join"), False, CLIENT),
    State(
        "arrival-something-missing",
        view(AT_THE_DOOR),
        presses("ask-neither", "join", "arrival-done"),
        False,
        CLIENT,
    ),
    State("arrival-again", view(CAME_BEFORE), presses("ask-neither", "join"), False, CLIENT),
    State("line-test", view(AT_THE_DOOR), presses("ask-neither", "line-test"), False, CLIENT),
    State("waiting-written-to", view(daniel(place="waiting")), is_written_to, True, CLIENT),
    State("waiting-locked", view(daniel(place="waiting"), locked=True), nothing, True, CLIENT),
    State("two-lobbies", view(you(), members=GROUP[:1], waiting=WAITING, away=AWAY), presses("bar-people")),
    State("waiting-late", view(daniel(place="waiting", late=True)), nothing, True, CLIENT),
    State("late-at-the-door", view(you(), members=GROUP[:1], waiting=LATE), presses("bar-people", "admit")),
    State("rooms-none-yet", view(you(), members=GROUP), ROOMS),
    State(
        "rooms-planned",
        view(you(), members=GROUP, breakouts=breakouts("planned", PLANNED, people(CARMEN))),
        ROOMS,
    ),
    State(
        "rooms-moving-somebody",
        view(you(), members=GROUP, breakouts=breakouts("planned", PLANNED, people(CARMEN))),
        presses("bar-people", "rail-rooms", "chip"),
    ),
    State(
        "rooms-open",
        view(you(), members=[MAYA], breakouts=breakouts("open", RUNNING, [], ENDS_AT)),
        ROOMS,
    ),
    State(
        "rooms-recall-question",
        view(you(), members=[MAYA], breakouts=breakouts("open", RUNNING, [], ENDS_AT)),
        presses("recall"),
    ),
    State("in-a-small-room", view(daniel(**APART), members=[DANIEL, GRACE], breakouts=OPEN), config=CLIENT),
    State(
        "help-asked",
        view(daniel(**APART), members=[DANIEL, GRACE], breakouts=OPEN, helpSince=NOW),
        config=CLIENT,
    ),
    State(
        "rooms-closing",
        view(
            daniel(**APART),
            members=[DANIEL, GRACE],
            breakouts=breakouts("closing", [], [], "2026-11-22T18:20:45Z"),
        ),
        config=CLIENT,
    ),
    State(
        "visiting-a-small-room",
        view(you(**APART), members=[MAYA, DANIEL, GRACE], breakouts=breakouts("open", RUNNING, [], ENDS_AT)),
    ),
    State("aside-client", view(daniel(**ASIDE), members=[DANIEL, MAYA]), config=CLIENT),
    State("aside-staff", view(you(**ASIDE), members=[DANIEL, MAYA])),
    State(
        "hold-soon",
        view(daniel(), members=GROUP[1:], staffPresent=False, hold=HOLD),
        config=CLIENT,
    ),
    State(
        "hold",
        view(daniel(), members=GROUP[1:], staffPresent=False, hold={**HOLD, "paused": True}),
        config=CLIENT,
    ),
    State(
        "take-over", view(you("Joan W.", place="outside"), mayTakeOver=True, staffPresent=False, hold=HOLD)
    ),
    State("take-over-crisis", view(you("Joan W.", place="outside"), mayTakeOver=True)),
    State("crisis-question", view(you(), members=GROUP), presses("tile-crisis")),
    State("crisis-note", view(you(), members=GROUP, crises=[CRISIS])),
    State("crisis", view(you(), members=GROUP, crises=[CRISIS]), presses("crisis-show")),
    State(
        "crisis-unknown-place",
        view(you(), members=GROUP, crises=[{**CRISIS, "arrival": None}]),
        presses("crisis-show"),
    ),
    State(
        "crisis-outcome",
        view(you(), members=GROUP, crises=[CRISIS]),
        presses("crisis-show", "crisis-end", "crisis-end-yes"),
    ),
]
