"""A client takes back that somebody of the family may be there: socket and media end, and every door stays shut.

At the real boundary: the guest came in by link and code, holds a room socket and a media connection to a real
worker; the client presses the button of their own page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sessions.consents import service as consents
from sessions.consents.models import Consent
from sessions.consents.purposes import Purpose, Scope
from sessions.core import clock
from sessions.core.errors import NotFound
from sessions.core.span import Span
from sessions.families import service as families
from sessions.families.models import Invitation
from sessions.people.models import Person
from sessions.people.roles import RoomRole
from sessions.programs import episodes, service
from sessions.programs.kinds import MeetingKind
from sessions.programs.models import Meeting
from sessions.room import commands
from sessions.room import service as room
from signaling.engines import get_engine
from signaling.local import process
from tests.cast import HOUR, Cast
from tests.service import papers
from tests.service.guests import WHO, comes_in, said
from tests.service.signal_line import Media, carry_out, connect, seat_of, ticket
from tests.service.wire import Page, eventually, open_page, pages

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Evening:
    """Mina and the guest are in the room of a session that is going on; Alice is the client."""

    meeting: Meeting
    guest: Person
    paper: Consent
    link: str
    phone: Client
    cookie: str
    page: Page
    media: Media


def _prepared(cast: Cast) -> tuple[Meeting, Person, Consent, str, Client]:
    episode = episodes.current(cast.alice, cast.north.pk)
    assert episode is not None
    guest = families.add(episode, WHO, by=cast.carol)
    paper = papers.signs(
        cast.alice,
        papers.offered(
            cast,
            Purpose.PRESENCE,
            consents.guest_recipient(papers.file(cast), guest),
            [Scope.PRESENCE],
        ),
    )
    families.invite(Invitation.objects.get(guest=guest, revoked_at=None), by=cast.carol)
    link = said("invitation.link", "link").removeprefix(configured.PUBLIC_URL.rstrip("/"))
    phone = Client()
    assert comes_in(phone, link) == 302
    began = clock.now() - timedelta(minutes=5)
    meeting = service.schedule(
        cast.north,
        MeetingKind.FAMILY_GROUP,
        Span(began, began + HOUR),
        facilitators=[cast.mina],
        invitees=[(cast.alice, RoomRole.CLIENT), (guest, RoomRole.FAMILY)],
        drop_in=True,
    )
    return meeting, guest, paper, link, phone


@pytest_asyncio.fixture
async def evening(cast: Cast, rpc: Path, settings: Settings) -> AsyncIterator[Evening]:
    settings.MEDIA_RPC = str(rpc)
    meeting, guest, paper, link, phone = await database_sync_to_async(_prepared)(cast)
    name = configured.SESSION_COOKIE_NAME
    cookie = f"{name}={phone.cookies[name].value}"
    async with pages() as visit:
        page = await visit(guest, meeting.pk, cookie=cookie)
        await carry_out(cast.mina, meeting, commands.Knock())
        await page.say("knock")
        await page.comes_to("waiting")
        await carry_out(cast.mina, meeting, commands.Admit(guest.pk))
        await page.comes_to("main")
        media = await connect(ticket(await seat_of(guest, meeting)), cookie=cookie)
        assert media is not None
        await media.hears("join")
        yield Evening(meeting, guest, paper, link, phone, cookie, page, media)
        for held in {held.claims.room for held in process().held}:
            await get_engine().close_room(held)


async def taken_back(cast: Cast, evening: Evening) -> None:
    """Alice presses the button on *My people*. When her page answers, the guest's place has ended."""

    def press() -> None:
        alice = Client()
        alice.force_login(cast.alice)
        before = room.seats([(evening.meeting.pk, evening.guest.pk)])
        assert before[evening.meeting.pk, evening.guest.pk] is not None
        assert alice.post(reverse("my-people-end", args=[evening.paper.pk])).status_code == 302
        after = room.seats([(evening.meeting.pk, evening.guest.pk)])
        assert after[evening.meeting.pk, evening.guest.pk] is None

    await database_sync_to_async(press)()


async def nobody_has_media() -> bool:
    return bool((await get_engine().statistics())["participants"] == 0)


async def test_socket_and_media_end_and_every_door_stays_shut(cast: Cast, evening: Evening) -> None:
    old_ticket = ticket(await seat_of(evening.guest, evening.meeting))
    await taken_back(cast, evening)
    await evening.media.closes()
    assert evening.media.told("leave"), "a client told to leave does not try to come back"
    await eventually(nobody_has_media, "an empty media room")
    await eventually(
        lambda: evening.page.close_code is not None or evening.page.place not in ("main", "waiting"),
        "the guest's page hearing that it is over",
    )

    def by_page() -> None:
        meeting = evening.meeting.pk
        for browser in (evening.phone, Client()):
            assert browser.get(evening.link).status_code == 404
            assert browser.head(evening.link).status_code == 404
            assert browser.post(evening.link).status_code == 404  # no new code
            assert browser.post(evening.link, {"code": "123456"}).status_code == 404
        for page in (f"/meetings/{meeting}/", f"/meetings/{meeting}/room"):
            assert evening.phone.get(page).status_code == 404
        assert "Family" not in evening.phone.get("/").content.decode()
        with pytest.raises(NotFound):
            room.handle(room.Actor(evening.guest.pk, meeting), commands.Knock())

    await database_sync_to_async(by_page)()
    assert await connect(old_ticket, cookie=evening.cookie) is None
    again = await open_page(evening.meeting.pk, evening.cookie)
    if again is not None:  # a socket may open to say why it closes
        await again.closes()
        assert again.told("room") == []


async def test_with_every_bell_lost_it_ends_all_the_same(cast: Cast, evening: Evening) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()
    await taken_back(cast, evening)
    await evening.media.closes()
    await eventually(nobody_has_media, "an empty media room")
