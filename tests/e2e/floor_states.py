"""States of the room's floor: chat, hands, questions, breaks, layouts, sheets, as the server tells them."""

from __future__ import annotations

from typing import Any, Final

from tests.e2e.stage import NOW, Stage, member, person, view, you
from tests.e2e.states import CLIENT, GROUP, MAYA, State, daniel, presses

LINES: Final = [
    ("Maya L.", "The worksheet is on your sessions page, under “Today”.", "room", ""),
    ("Luis O.", "Thank you!", "room", ""),
    ("Luis O.", "I could not open page two. Is it only me?", "room", ""),
    ("Daniel K.", "Same here.", "room", ""),
    ("Maya L.", "We go on in five minutes.", "everyone", ""),
    ("Maya L.", "Shall we talk after the group?", "person", "Daniel K."),
]
DANIEL_UP, LUIS_UP = member("Daniel K.", hand=2), member("Luis O.", hand=1)
HANDS: Final = [MAYA, DANIEL_UP, LUIS_UP, *GROUP[3:]]
PAUSE: Final = {"startedAt": "2026-11-22T18:15:00Z", "endsAt": "2026-11-22T18:25:00Z"}
SAMUEL: Final = member("Samuel A.", "facilitator")
PARTS: Final = [
    {"title": "How are you today?", "minutes": 20, "isBreak": False, "number": 1},
    {"title": "", "minutes": 10, "isBreak": True, "number": 2},
    {
        "title": "What a craving is, and what helps against it",
        "minutes": 60,
        "isBreak": False,
        "number": 3,
    },
]
AGENDA: Final = {"parts": PARTS, "now": 0, "since": "2026-11-22T18:05:00Z", "next": 1, "version": 3}


def lines() -> dict[str, Any]:
    said = [
        {
            "lineId": n,
            "at": f"2026-11-22T18:1{n}:00Z",
            "personId": person(name)["personId"],
            "name": name,
            "to": to,
            "text": text,
            "personName": for_whom,
        }
        for n, (name, text, to, for_whom) in enumerate(LINES, start=1)
    ]
    return {"type": "chat", "lines": said, "reset": True}


async def reads_the_chat(stage: Stage) -> None:
    await stage.tell(lines())
    await stage.page.get_by_test_id("bar-chat").click()
    await stage.page.get_by_test_id("chat-turn").last.wait_for()
    await stage.page.get_by_test_id("chat-text").fill("I would like that.")


async def has_unread_lines(stage: Stage) -> None:
    await stage.tell({"type": "chat", "lines": [], "reset": True})
    await stage.tell({**lines(), "reset": False})
    await stage.page.locator('[data-testid=bar-chat][data-tone="attention"]').wait_for()


async def opens_the_second_tile(stage: Stage) -> None:
    await stage.page.get_by_test_id("tile-open").nth(1).click()


async def opens_own_tile(stage: Stage) -> None:
    await stage.page.get_by_test_id("tile-open").last.click()


async def scrolls_to_the_group(stage: Stage) -> None:
    await stage.page.get_by_test_id("bar-people").click()
    await stage.page.get_by_test_id("floor").evaluate("floor => floor.scrollIntoView({block: 'end'})")


async def opens_everything_in_more(stage: Stage) -> None:
    await stage.page.get_by_test_id("bar-more").click()
    for part in ("more-self", "more-line"):
        await stage.page.get_by_test_id(part).locator("summary").click()


async def looks_at_the_keys(stage: Stage) -> None:
    await stage.page.get_by_test_id("bar-more").focus()
    await stage.page.keyboard.press("?")
    await stage.page.get_by_test_id("help").wait_for()


FLOOR_STATES: Final = [
    State("chat-empty", view(daniel(), members=GROUP), presses("bar-chat"), config=CLIENT),
    State("chat", view(daniel(), members=GROUP), reads_the_chat, config=CLIENT),
    State("chat-unread", view(daniel(), members=GROUP), has_unread_lines, config=CLIENT),
    State("chat-staff", view(you(), members=GROUP), presses("bar-chat")),
    State("asked-to-speak", view(daniel(ask="unmute"), members=GROUP), config=CLIENT),
    State("asked-for-camera-off", view(daniel(ask="cameraOff"), members=GROUP), config=CLIENT),
    State(
        "one-large",
        view(daniel(hand=2), members=HANDS, spotlight=MAYA["personId"], lead=MAYA["personId"]),
        config=CLIENT,
    ),
    State("hands", view(you(), members=HANDS), presses("bar-people")),
    State(
        "for-the-group",
        view(you(), members=[*GROUP, SAMUEL], lead=SAMUEL["personId"], locked=True, agenda=AGENDA),
        scrolls_to_the_group,
    ),
    State("break", view(daniel(), members=GROUP, pause=PAUSE), config=CLIENT),
    State("break-staff", view(you(), members=GROUP, pause=PAUSE), scrolls_to_the_group),
    State("person-sheet-staff", view(you(), members=GROUP), opens_the_second_tile),
    State("person-sheet", view(daniel(), members=GROUP), opens_the_second_tile, config=CLIENT),
    State("own-picture", view(daniel(), members=GROUP), opens_own_tile, config=CLIENT),
    State("reactions", view(daniel(), members=GROUP), presses("bar-react"), config=CLIENT),
    State("more", view(daniel(), members=GROUP, agenda=AGENDA), presses("bar-more"), config=CLIENT),
    State(
        "agenda-writing",
        view(you(), members=GROUP, agenda=AGENDA),
        presses("bar-people", "agenda-write", "agenda-add", "agenda-keep"),
    ),
    State(
        "more-open", view(daniel(mayShareScreen=True), members=GROUP), opens_everything_in_more, config=CLIENT
    ),
    State("keys", view(daniel(), members=GROUP), looks_at_the_keys, config=CLIENT),
    State(
        "interrupted",
        view(daniel(), members=[MAYA, member("Luis O.", interrupted=True), *GROUP[3:]], serverTime=NOW),
        config=CLIENT,
    ),
]
