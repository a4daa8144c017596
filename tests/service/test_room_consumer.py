"""The room socket: what a browser may say and is told."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sessions.core import clock
from sessions.programs.models import Program
from sessions.room import service
from signaling import tickets
from signaling.protocol import Close
from tests.cast import Cast
from tests.service.wire import Page, Visit, eventually, open_page, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("visit")]


def interrupted(page: Page) -> list[bool]:
    """Of each of the others whom a page sees."""
    return [member["interrupted"] for member in page.room["members"]]


class TestTheDoor:
    async def test_a_client_waits_is_admitted_and_is_in(self, cast: Cast, mina: Page, alice: Page) -> None:
        await eventually(lambda: len(mina.room["waiting"]) == 1, "Mina hearing of Alice")
        assert mina.room["waiting"][0]["name"] == "Alice Haddad"
        assert alice.position == 1
        done = await mina.answer(await mina.say("admit", personId=str(cast.alice.pk)))
        assert done["type"] == "done"
        await alice.comes_to("main")
        await eventually(lambda: mina.room["waiting"] == [], "an empty waiting room")
        assert [member["personId"] for member in alice.room["members"]] == [str(cast.mina.pk)]

    async def test_declined_is_told_so_and_stays_out(self, cast: Cast, mina: Page, alice: Page) -> None:
        await mina.say("decline", personId=str(cast.alice.pk), reason="Not today.")
        await alice.comes_to("declined")
        await alice.say("knock")
        await alice.say("askSeat")
        assert (await alice.refusal())["code"] == "no-seat"
        assert alice.place == "declined"

    async def test_it_has_closed_to_who_comes_late(self, cast: Cast, visit: Visit) -> None:
        """The group began five minutes ago."""
        rules = Program.objects.filter(pk=cast.north.pk)
        await database_sync_to_async(rules.update)(settings={"door_minutes": 1})
        mina, alice = [await visit(one, cast.group.pk) for one in (cast.mina, cast.alice)]
        await mina.say("knock")
        await mina.comes_to("main")
        await alice.say("knock")
        await alice.comes_to("waiting")
        assert alice.room["you"]["late"]
        await eventually(lambda: len(mina.room["waiting"]) == 1, "Mina hearing of Alice")
        waiter = mina.room["waiting"][0]
        assert (waiter["late"], waiter["minutesLate"]) == (True, 5)
        about = {"personId": str(cast.alice.pk)}
        assert (await mina.answer(await mina.say("admit", **about)))["code"] == "late-door"
        done = await mina.answer(await mina.say("admit", **about, reason="technical"))
        assert done["type"] == "done"
        await alice.comes_to("main")

    async def test_a_reload_keeps_the_place(self, cast: Cast, mina: Page, alice: Page, visit: Visit) -> None:
        await mina.say("admitAll")
        await alice.comes_to("main")
        await alice.leave_page()
        await eventually(lambda: interrupted(mina) == [True], "Mina seeing the interruption")
        again = await visit(cast.alice, cast.group.pk)
        await again.say("knock")
        await again.comes_to("main")
        await eventually(lambda: interrupted(mina) == [False], "Mina seeing Alice back")

    async def test_the_whole_course_of_a_meeting(self, cast: Cast, mina: Page, alice: Page) -> None:
        await mina.say("admit", personId=str(cast.alice.pk))
        await alice.comes_to("main")
        await mina.say("sendBack", personId=str(cast.alice.pk))
        await alice.comes_to("waiting")
        assert alice.room["members"] == []
        await mina.say("admit", personId=str(cast.alice.pk))
        await alice.comes_to("main")
        await mina.say("remove", personId=str(cast.alice.pk))
        await alice.comes_to("removed")
        await mina.say("end")
        await eventually(lambda: mina.room["meeting"]["ended"] and alice.room["meeting"]["ended"], "the end")


def chat_of(page: Page) -> list[tuple[str, str, str]]:
    """Name, person and text of every line a page was told."""
    lines = [line for message in page.told("chat") for line in message["lines"]]
    return [(line["name"], line["personId"], line["text"]) for line in lines]


class TestChat:
    async def test_lines_come_once_and_all_of_ones_own_again_after_a_reload(
        self, cast: Cast, mina: Page, alice: Page, visit: Visit
    ) -> None:
        await mina.say("admitAll")
        await alice.comes_to("main")
        await alice.answer(await alice.say("say", to="room", text="one"))
        await mina.answer(await mina.say("say", to="room", text="two"))
        mine, theirs = str(cast.alice.pk), str(cast.mina.pk)
        heard = [("Alice Haddad", mine, "one"), ("Mina P.", theirs, "two")]
        await eventually(lambda: chat_of(alice) == heard, "both lines, once")
        again = await visit(cast.alice, cast.group.pk)
        await eventually(lambda: chat_of(again) == heard, "both lines after a reload")
        assert again.told("chat")[0]["reset"]

    async def test_a_refusal_comes_in_words(self, mina: Page, alice: Page) -> None:
        answer = await alice.answer(await alice.say("say", to="everyone", text="hello"))
        assert (answer["type"], answer["code"]) == ("refused", "not-allowed")


class TestWhatAWaiterReceives:
    async def test_no_name_no_seat_no_room(self, cast: Cast, mina: Page, alice: Page, visit: Visit) -> None:
        """Of all that happens around a waiting person their own frames show nothing (SAFETY, invariant 4)."""
        bruno, theo = await visit(cast.bruno, cast.group.pk), await visit(cast.theo, cast.group.pk)
        await theo.say("knock")
        await bruno.say("knock")
        await eventually(lambda: len(mina.room["waiting"]) == 2, "two in line")
        await mina.say("admit", personId=str(cast.bruno.pk))
        await bruno.comes_to("main")
        await bruno.say("askSeat")
        await eventually(lambda: bool(bruno.told("seat")), "Bruno's seat")
        await mina.say("muteOther", personId=str(cast.bruno.pk))
        told: dict[str, object] = {
            "address": "12 Elm Street",
            "city": "Albany",
            "state": "NY",
            "phone": "555 0101",
        }
        helper: dict[str, object] = {
            "emergencyName": "Zora",
            "emergencyPhone": "555 0102",
            "alone": True,
            "headphones": True,
        }
        about: dict[str, object] = {"personId": str(cast.bruno.pk)}
        said: list[tuple[Page, str, dict[str, object]]] = [
            (bruno, "arrive", told | helper),
            (bruno, "raiseHand", {}),
            (bruno, "say", {"to": "room", "text": "said inside"}),
            (bruno, "say", {"to": "staff", "text": "said to staff"}),
            (mina, "say", {"to": "everyone", "text": "announced"}),
            (mina, "say", {"to": "person", "text": "said in private"} | about),
            (mina, "spotlight", about),
            (mina, "askOf", {"ask": "unmute"} | about),
            (mina, "setAgenda", {"parts": [{"title": "planned inside", "minutes": 5}], "version": 0}),
            (mina, "beginPart", {"part": 1}),
            (mina, "startBreak", {"minutes": 5}),
            (mina, "setScreens", {"by": "everyone"}),
            (mina, "openCrisis", about),
            (mina, "noteCrisis", {"text": "what was done"} | about),
            (mina, "say", {"to": "waiting", "text": "we call you in soon"}),
        ]
        for page, kind, words in said:
            answer = await page.answer(await page.say(kind, **words))
            assert answer["type"] == "done", (kind, answer)
        await eventually(lambda: bool(chat_of(alice)), "the line for who waits")
        assert chat_of(alice) == [("Mina", "", "we call you in soon")]
        await alice.say("ping")
        await alice.say("askSeat")
        await alice.say("admit", personId=str(cast.bruno.pk))
        await eventually(lambda: len(alice.told("refused")) == 2, "Alice's refusals")
        await bruno.answer(await bruno.say("leave"))
        await alice.say("ping")
        await eventually(lambda: len(alice.told("pong")) == 2, "Alice's pongs")

        seat = bruno.told("seat")[0]
        media_room = tickets.verify(seat["token"], clock.now()).room
        everything = "\n".join(alice.frames)
        assert alice.told("seat") == []
        for view in alice.told("room"):
            assert view["members"] == []
            assert view["waiting"] == []
            assert view["you"]["identity"] == ""
            assert view["meeting"]["facilitators"] == ["Mina", "Theo"]
        for secret in (
            "Elm Street",
            "said inside",
            "planned inside",
            "said to staff",
            "announced",
            "said in private",
            "what was done",
            "Zora",
            media_room,
            seat["token"],
            seat["identity"],
            mina.room["you"]["identity"],
            "sdp",
            "v=0",
        ):
            assert secret not in everything
        for person in cast.people:
            if person != cast.alice:
                assert str(person.pk) not in everything
                assert person.family_name not in everything.replace("Haddad", "")
            if person not in (cast.alice, cast.mina, cast.theo):
                assert f'"{person.given_name}' not in everything

    async def test_the_line_moves_up(self, cast: Cast, mina: Page, alice: Page, visit: Visit) -> None:
        bruno = await visit(cast.bruno, cast.group.pk)
        await bruno.say("knock")
        await eventually(lambda: bruno.position == 2, "second in line")
        await mina.say("admit", personId=str(cast.alice.pk))
        await eventually(lambda: bruno.position == 1, "first in line")


class TestSeats:
    async def test_who_is_in_gets_a_ticket_for_their_own_seat(
        self, cast: Cast, mina: Page, alice: Page
    ) -> None:
        await mina.say("admitAll")
        await alice.comes_to("main")
        await alice.say("askSeat")
        await eventually(lambda: bool(alice.told("seat")), "a seat")
        seat = alice.told("seat")[0]
        claims = tickets.verify(seat["token"], clock.now())
        assert (claims.person_id, claims.meeting_id) == (cast.alice.pk, cast.group.pk)
        assert claims.identity == seat["identity"] == alice.room["you"]["identity"]
        assert claims.grants == tickets.grants_of(may_share_screen=False)
        assert seat["expiresIn"] == 60
        current = await database_sync_to_async(service.seats)([(cast.group.pk, cast.alice.pk)])
        standing = current[cast.group.pk, cast.alice.pk]
        assert standing is not None
        assert (standing.media_room, standing.version) == (claims.room, claims.version)

    async def test_a_facilitator_may_share_a_screen(self, mina: Page) -> None:
        await mina.say("askSeat")
        await eventually(lambda: bool(mina.told("seat")), "a seat")
        claims = tickets.verify(mina.told("seat")[0]["token"], clock.now())
        assert "screen_share" in claims.grants.sources


class TestWhoIsRefused:
    @pytest.mark.parametrize("name", ["nora", "chidi", "sofia", "otto", "omar", "carol", "ada"])
    async def test_who_has_no_part_in_it_is_told_what_an_unknown_meeting_tells(
        self, cast: Cast, visit: Visit, name: str
    ) -> None:
        person = getattr(cast, name)
        theirs = await visit(person, cast.group.pk)
        unknown = await visit(person, uuid4())
        assert (
            (await theirs.closes(), theirs.frames) == (await unknown.closes(), unknown.frames) == (4404, [])
        )

    async def test_without_a_login(self, cast: Cast) -> None:
        page = await open_page(cast.group.pk)
        assert page is not None
        assert (await page.closes(), page.frames) == (4401, [])

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "http://localhost:9999", "http://localhost.evil.example:8000", "null", ""],
    )
    async def test_a_page_of_another_site_and_no_page_at_all(self, cast: Cast, origin: str) -> None:
        cookie = await sign_in(cast.mina)
        assert await open_page(cast.group.pk, cookie, origin=origin) is None

    async def test_a_host_that_is_not_ours(self, cast: Cast) -> None:
        cookie = await sign_in(cast.mina)
        page = await open_page(cast.group.pk, cookie, host="rebound.example", origin="http://rebound.example")
        assert page is None

    @pytest.mark.parametrize("address", ["42", "../admin", "x" * 500])
    async def test_an_address_that_is_none(self, cast: Cast, address: str) -> None:
        cookie = await sign_in(cast.mina)
        assert await open_page(address, cookie) is None

    @pytest.mark.parametrize("offered", [(), ("viop.2",), ("chat", "viop.0")])
    async def test_a_page_of_another_version(self, cast: Cast, offered: tuple[str, ...]) -> None:
        page = await open_page(cast.group.pk, await sign_in(cast.mina), subprotocols=offered)
        assert page is not None
        assert (await page.closes(), page.frames) == (4406, [])

    @pytest.mark.parametrize(
        ("kind", "about"),
        [
            ("admit", True),
            ("admitAll", False),
            ("decline", True),
            ("sendBack", True),
            ("remove", True),
            ("muteOther", True),
            ("end", False),
        ],
    )
    async def test_a_client_commands_nobody(
        self, cast: Cast, mina: Page, alice: Page, kind: str, about: bool
    ) -> None:
        """And nothing in a message makes anybody else its sender."""
        fields = {"personId": str(cast.alice.pk)} if about else {}
        answer = await alice.answer(await alice.say(kind, **fields))
        assert (answer["type"], answer["code"]) == ("refused", "not-allowed")
        assert alice.place == "waiting"
        assert mina.place == "main"

    async def test_an_id_that_is_none_is_nobody(self, mina: Page) -> None:
        for nobody in ("alice", str(uuid4()), "'; DROP TABLE iop_placement; --"):
            answer = await mina.answer(await mina.say("admit", personId=nobody))
            assert answer["type"] == "refused"


class TestFrames:
    @pytest.mark.parametrize(
        ("what", "frame", "code"),
        [
            ("no JSON", "hello", 4400),
            ("empty", "", 4400),
            ("an unknown message", '{"type":"becomeFacilitator"}', 4400),
            ("an unknown field", '{"type":"ping","sender":"mina"}', 4400),
            ("bytes", b'{"type":"ping"}', 4400),
            ("deep nesting", "[" * 60_000, 4400),
            ("5 MiB", "x" * (5 << 20), Close.OVERSIZE),
            ("5 MiB of bytes", b"x" * (5 << 20), Close.OVERSIZE),
            ("64 KiB of three-byte characters", "€" * 30_000, Close.OVERSIZE),
        ],
    )
    async def test_what_is_outside_the_protocol_ends_that_socket_and_no_other(
        self, cast: Cast, mina: Page, visit: Visit, what: str, frame: str | bytes, code: int
    ) -> None:
        bad = await visit(cast.alice, cast.group.pk)
        await bad.send(frame)
        assert await bad.closes() == code
        await mina.say("ping")
        await eventually(lambda: bool(mina.told("pong")), "the next client's pong")

    @examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        frame=st.text(max_size=50)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["type", "commandId", "personId", "x"]), inner, max_size=3)
            ),
        ).map(json.dumps)
    )
    async def test_whatever_comes_is_answered_or_ends_with_one_code(
        self, cast: Cast, mina: Page, frame: str
    ) -> None:
        page = await open_page(cast.group.pk, await sign_in(cast.bruno))
        assert page is not None
        await page.send(frame)
        await page.say("ping")
        await eventually(lambda: page.close_code is not None or bool(page.told("pong")), "an answer")
        assert page.close_code in (None, 4400)
        await page.leave_page()

    async def test_more_than_anybody_needs(self, cast: Cast, mina: Page, visit: Visit) -> None:
        flood = await visit(cast.alice, cast.group.pk)
        for _ in range(1000):
            await flood.send('{"type":"ping"}')
        assert await flood.closes() == 4429
        assert 40 <= len(flood.told("pong")) < 200
        await mina.say("ping")
        await eventually(lambda: bool(mina.told("pong")), "the next client's pong")

    async def test_a_command_sent_twice_is_done_once(self, cast: Cast, mina: Page, alice: Page) -> None:
        command: dict[str, Any] = {"commandId": "the-same-id", "personId": str(cast.alice.pk)}
        await mina.say("admit", **command)
        await mina.say("admit", **command)
        await eventually(lambda: len(mina.told("done")) == 2, "both answers")
        one, two = mina.told("done")
        assert one == two
