"""One episode from referral to aftercare, walked by the people whose work and life it is.

Joan coordinates, Samuel is the therapist: both at a desk. Ruth is referred, her sister Edie is her guest: both
on a phone. Every step hands the page it stands on to `look`. Nothing is prepared but the demo clinic.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Page, expect

from tests.e2e.visitor import DESKTOP, PHONE, WITHIN_S, Visitor, profile, until
from tests.site import Login, Site

NEW_YORK: Final = ZoneInfo("America/New_York")
EMAIL: Final = "ruth@harbor.example"
PASSWORD: Final = "copper-lantern-reef-9"
RUTH: Final = "Ruth Abara"
EDIE: Final = "Edie Abara"
SAMUEL: Final = "Samuel Adeyemi"
A_MINUTE_S: Final = 60.0  # for what a background task does every few seconds

FIVE_MINUTES_LATER: Final = "from sessions.tasks import propose_aftercare; propose_aftercare()"

Look = Callable[[Visitor, str], Awaitable[None]]


@dataclass
class Walk:
    site: Site
    browser: Browser
    look: Look
    present: dict[str, Visitor] = field(default_factory=dict)
    meeting: str = ""

    @property
    def steps(self) -> list[Callable[[], Awaitable[None]]]:
        """In order; each goes on where the one before stopped."""
        return [
            *(self.refer, self.assess, self.admit, self.plan, self.prescribe, self.first_day),
            *(self.invite, self.come_in, self.schedule, self.attend, self.attest),
            *(self.leave_and_return, self.step_down, self.discharge),
        ]

    async def by(self, name: str, login: Login, viewport: Any) -> Visitor:
        context = await profile(self.browser, viewport)
        visitor = Visitor(self.site, login, context, await context.new_page())
        visitor.listen()
        self.present[name] = visitor
        return visitor

    async def close(self) -> None:
        for visitor in self.present.values():
            await visitor.close()

    async def staff(self, name: str) -> Visitor:
        if name not in self.present:
            logins = [*self.site.logins("coordinator"), *self.site.logins("facilitator")]
            login = next(one for one in logins if one.name.startswith(name))
            await (await self.by(name, login, DESKTOP)).sign_in()
        return self.present[name]

    async def sent(self, what: str) -> str:
        """The newest match of `what` in the messages that the clinic has sent: they go to its console."""

        async def last() -> list[str]:
            log = quopri.decodestring(self.site.log().encode()).decode(errors="replace")
            return re.findall(what, log)

        found: list[str] = await until(last, bool, f"a message with {what}")
        return found[-1]

    # 1. Somebody is referred.

    async def refer(self) -> None:
        joan = await self.staff("Joan")
        page = joan.page
        await page.get_by_role("link", name="People", exact=True).click()
        await self.look(joan, "census")
        await page.get_by_role("link", name="Somebody is referred").click()
        await page.get_by_label("Given name").fill("Ruth")
        await page.get_by_label("Family name").fill("Abara")
        await page.get_by_label("E-mail address").fill(EMAIL)
        await page.get_by_label("Telephone").fill("+1 212 555 0140")
        await page.get_by_label("Referred by").fill("Riverside Hospital")
        await self.look(joan, "referral")
        await page.get_by_role("button", name="Note the referral").click()
        await expect(page.get_by_role("heading", name=RUTH)).to_be_visible()
        await page.get_by_role("button", name="Send the link to sign in").click()
        await expect(page.get_by_text(f"on its way to {EMAIL}")).to_be_visible()

    # 2. She is assessed; what is risky becomes somebody's task.

    async def assess(self) -> None:
        joan = await self.staff("Joan")
        page = joan.page
        await page.get_by_role("link", name="Begin the assessment").click()
        await page.get_by_role("button", name="Begin the assessment").click()
        await page.get_by_role("link", name="Can this programme work for them?").click()
        await answer(page, "yes")
        await self.look(joan, "assessment-form")
        await page.get_by_role("button", name="Keep these answers").click()
        await page.get_by_role("link", name="Is it safe to begin as an outpatient?").click()
        await answer(page, "no")
        await page.get_by_role("group", name="Ever had a seizure").get_by_label("yes").check()
        await page.get_by_role("button", name="Keep these answers").click()
        await expect(page.get_by_text("somebody should look")).to_be_visible()
        await self.look(joan, "episode-assessing")
        await page.get_by_role("link", name="To do").click()
        await expect(page.get_by_text("somebody should look today")).to_be_visible()
        await self.look(joan, "tasks")

    # 3. She is admitted.

    async def admit(self) -> None:
        joan = await self.staff("Joan")
        page = joan.page
        await self.open_episode(joan)
        await page.get_by_role("link", name="Admit", exact=True).click()
        await page.get_by_label("Group").select_option(label="Evening Track A")
        await page.get_by_label("Therapist").select_option(label=SAMUEL)
        await self.look(joan, "admission")
        await page.get_by_role("button", name="Admit", exact=True).click()
        await expect(page.get_by_text("Admitted.")).to_be_visible()
        await self.look(joan, "episode-active")

    # 4. Her therapist writes the plan with her; she signs on in for the first time and signs it.

    async def plan(self) -> None:
        samuel = await self.staff("Samuel")
        page = samuel.page
        await page.get_by_role("link", name="Groups").click()
        await self.look(samuel, "groups")
        await page.get_by_role("link", name=RUTH).click()
        await page.get_by_role("link", name="Plan and assessments").click()
        await page.get_by_role("link", name="Write the plan").click()
        await page.get_by_label("Where things stand").fill("Two weeks sober. Sleeps badly.")
        await page.get_by_label("Cognitive behavioural therapy").check()
        await page.get_by_label("Goal 1", exact=True).fill("Sleep through the night")
        await page.get_by_label("Steps towards goal 1").fill("No screens after ten.")
        await page.get_by_label("Goal 2", exact=True).fill("Tell my sister the truth")
        await self.look(samuel, "plan-writing")
        await page.get_by_role("button", name="Put it up for signing").click()
        await page.get_by_label("Sign with your name").fill(SAMUEL)
        await page.get_by_role("button", name="Sign the plan").click()
        await expect(page.get_by_text("Signed.", exact=True)).to_be_visible()
        await self.look(samuel, "plan-signed-once")

    async def prescribe(self) -> None:
        samuel = await self.staff("Samuel")
        page = samuel.page
        await page.get_by_role("link", name="Prescribe the week").click()
        first = datetime.now(NEW_YORK) + timedelta(days=7)
        await page.get_by_label("From this day on").fill(f"{first:%Y-%m-%d}")
        await page.get_by_label("A session of their own (1)").select_option(label="Individual session")
        await page.get_by_label("On", exact=True).first.select_option(label="Friday")
        await page.get_by_label("From", exact=True).first.fill("09:00")
        await page.get_by_label("To", exact=True).first.fill("09:50")
        await page.get_by_role("button", name="Prescribe this week").click()
        await expect(page.get_by_text("The week stands on the calendar")).to_be_visible()
        await expect(page.get_by_text("Individual session: Friday")).to_be_visible()
        await self.look(samuel, "week-prescribed")

    async def first_day(self) -> None:
        link = await self.sent(r"(/accounts/password/reset/key/\S+)")
        login = Login(EMAIL, PASSWORD, RUTH, "client", "")
        ruth = await self.by("Ruth", login, PHONE)
        page = ruth.page
        await page.goto(f"{self.site.url}{link}")
        await page.get_by_label("New password", exact=True).fill(PASSWORD)
        await page.get_by_label("New password, once more").fill(PASSWORD)
        await self.look(ruth, "first-password")
        await page.get_by_role("button", name="Save the new password").click()
        await page.wait_for_url("**/done/")
        await ruth.sign_in()
        await self.look(ruth, "first-home")
        await ruth.go("My plan")
        await page.get_by_label("Sign with your name").fill(RUTH)
        await self.look(ruth, "plan-own")
        await page.get_by_role("button", name="Sign the plan").click()
        await expect(page.get_by_text("Signed.", exact=True)).to_be_visible()

    # 5. Her sister is invited, because she agrees.

    async def invite(self) -> None:
        joan, ruth = await self.staff("Joan"), self.present["Ruth"]
        page = joan.page
        await self.open_episode(joan)
        await page.get_by_role("link", name="Family and whom they must not meet").click()
        await page.get_by_label("Given name").fill("Edie")
        await page.get_by_label("Family name").fill("Abara")
        await page.get_by_label("Who they are to the client").fill("sister")
        await page.get_by_label("E-mail address").fill("edie@mail.example")
        await page.get_by_label("Telephone").fill("+1 212 555 0141")
        await page.get_by_role("button", name="Add them").click()
        await expect(page.get_by_text("no consent yet")).to_be_visible()
        await self.look(joan, "family")
        await page.get_by_role("link", name="Offer the paper").click()
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("button", name="Put it on the client's page").click()
        await expect(page.get_by_text("ready to be read and signed")).to_be_visible()

        await ruth.page.goto(self.site.url)
        await ruth.page.get_by_role("link", name="1 paper for you to read").click()
        await ruth.page.get_by_role("link", name="Read and sign").click()
        await ruth.page.get_by_label("my typed name is my signature").check()
        await ruth.page.get_by_label("Sign with your name").fill(RUTH)
        await ruth.page.get_by_role("button", name="Sign", exact=True).click()
        await expect(ruth.page.get_by_text("Your signature is on the paper")).to_be_visible()
        await ruth.go("My people")
        await expect(ruth.page.get_by_text("May take part in sessions you share")).to_be_visible()
        await self.look(ruth, "my-people")

        await self.open_episode(joan)
        await page.get_by_role("link", name="Family and whom they must not meet").click()
        await page.get_by_role("button", name="Send the link").click()
        await expect(page.get_by_text("The link is on its way.")).to_be_visible()

    async def come_in(self) -> None:
        link = await self.sent(r"(/i/[\w-]{20,})")
        edie = await self.by("Edie", Login("", "", EDIE, "family", ""), PHONE)
        page = edie.page
        await page.goto(f"{self.site.url}{link}")
        await self.look(edie, "invitation")
        await page.get_by_role("button", name="Send me the code").click()
        await expect(page.get_by_text("We have sent you a code")).to_be_visible()
        await page.get_by_role("textbox", name="The code").fill(await self.sent(r"SMS to [^\n]*\b(\d{6})\b"))
        await page.get_by_label("I have read this and I agree").check()
        await page.get_by_label("Your full name").fill(EDIE)
        await page.get_by_role("button", name="Come in").click()
        await page.wait_for_url(f"{self.site.url}/")
        await self.look(edie, "home-guest-invited")

    # 6. A family session is put on the calendar, held, and signed.

    async def schedule(self) -> None:
        joan = await self.staff("Joan")
        page = joan.page
        await page.get_by_role("link", name="Schedule", exact=True).click()
        await page.get_by_role("link", name="Everything in").click()
        await self.look(joan, "schedule-of-program")
        await page.get_by_role("link", name="One session").click()
        begins = datetime.now(NEW_YORK).replace(second=0, microsecond=0) - timedelta(minutes=2)
        ends = begins + timedelta(minutes=110)  # past any hour that comes twice
        await page.get_by_label("Kind of session").select_option("family_therapy")
        await page.get_by_label(RUTH, exact=True).check()
        await page.get_by_label(f"{EDIE}, guest of {RUTH}").check()
        await page.get_by_label(SAMUEL).check()
        await page.get_by_label("Day", exact=True).fill(f"{begins:%Y-%m-%d}")
        await page.get_by_label("From", exact=True).fill(f"{begins:%H:%M}")
        await page.get_by_label("To", exact=True).fill(f"{ends:%H:%M}")
        await self.look(joan, "session-new")
        await page.get_by_role("button", name="Put it on the calendar").click()
        await expect(page.get_by_text("Everybody concerned is told")).to_be_visible()
        self.meeting = page.url.removeprefix(self.site.url)
        await page.get_by_role("link", name="Back to").first.wait_for()
        await self.look(joan, "session-planned")

    async def attend(self) -> None:
        samuel, ruth, edie = await self.staff("Samuel"), self.present["Ruth"], self.present["Edie"]
        place = {"path": self.meeting, "room_path": f"{self.meeting}room"}
        await (await samuel.open_room(place)).in_the_room()
        for guest in (ruth, edie):
            await guest.page.goto(self.site.url)
            await self.look(guest, f"home-before-session-{guest.login.role}")
            await (await guest.open_room(place)).waiting()
        await samuel.see("bar-people").click()
        await samuel.see("admit-all").click()
        for guest in (ruth, edie):
            await guest.in_the_room()
        await samuel.sees(2)
        await ruth.sees(2)

        second = await ruth.context.new_page()  # on the same phone: her people, while the session goes on
        await second.goto(f"{self.site.url}/my/people")
        await second.get_by_role("button", name="End it now").click()
        await expect(second.get_by_text("It has ended for them")).to_be_visible()
        await edie.page.locator('[data-testid^="ending-"]').wait_for(timeout=WITHIN_S * 1000)
        await second.close()
        await samuel.sees(1)

        await samuel.see("bar-leave").click()
        await samuel.see("end").click()
        await ruth.see("ending-ended").wait_for()
        gone = await edie.page.goto(f"{self.site.url}{self.meeting}")
        assert gone is not None
        assert gone.status == 404

    async def attest(self) -> None:
        samuel = await self.staff("Samuel")
        page = samuel.page

        async def ready() -> int:
            await page.goto(f"{self.site.url}{self.meeting}sign")
            return await page.get_by_label("Topic of the session").count()

        await until(ready, bool, "the attendance is ready to be signed", A_MINUTE_S)
        await page.get_by_label("Topic of the session").fill("What we never said")
        await page.get_by_label("Sign with your name").fill(SAMUEL)
        await self.look(samuel, "attendance-to-sign")
        await page.get_by_role("button", name="Sign 1 attendance").click()
        await expect(page.get_by_role("heading", name=f"Signed by {SAMUEL}")).to_be_visible()

    # 7. Out of the group by mistake, and back with one press.

    async def leave_and_return(self) -> None:
        joan = await self.staff("Joan")
        page = joan.page
        await self.open_episode(joan)
        await page.get_by_role("link", name="Take them out of the group").click()
        await page.get_by_label("Why").fill("Another group suits her better.")
        await self.look(joan, "group-leaving")
        await page.get_by_role("button", name="Take them out of the group").click()
        await expect(page.get_by_text("off their calendar")).to_be_visible()
        await expect(page.get_by_text("up to and including")).to_be_visible()
        await self.look(joan, "group-left")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Undone. They are back in their group.")).to_be_visible()

    # 8. Less is enough: proposed by one, signed by another.

    async def step_down(self) -> None:
        joan, samuel = await self.staff("Joan"), await self.staff("Samuel")
        page = joan.page
        await self.open_episode(joan)
        await page.get_by_role("link", name="Propose a change of level or hours").click()
        await page.get_by_label("Level of care").select_option(label="Outpatient")
        await page.get_by_label("Minutes a week").fill("180")
        await page.get_by_label("Days a week").fill("1")
        today = datetime.now(NEW_YORK)
        await page.get_by_label("From this day on").fill(f"{today:%Y-%m-%d}")
        await page.get_by_label("Why").fill("Steady, works again, sleeps.")
        await self.look(joan, "step-proposing")
        await page.get_by_role("button", name="Propose it").click()
        await expect(page.get_by_text("It holds when a clinician has signed it")).to_be_visible()
        await samuel.page.get_by_role("link", name="To do").click()
        row = samuel.page.get_by_role("listitem").filter(has_text="waits for a clinician's signature")
        await row.filter(has_text=RUTH).get_by_role("link").first.click()
        await samuel.page.get_by_role("link", name="Open what it is about").click()
        await samuel.page.get_by_label("Sign with your name").fill(SAMUEL)
        await self.look(samuel, "step-to-sign")
        await samuel.page.get_by_role("button", name="Sign it").click()
        await expect(samuel.page.get_by_text("Stepped down")).to_be_visible()
        await self.look(samuel, "episode-stepped-down")

    # 9. It ends well, and aftercare takes over.

    async def discharge(self) -> None:
        joan, ruth = await self.staff("Joan"), self.present["Ruth"]
        page = joan.page
        await self.open_episode(joan)
        await page.get_by_role("link", name="End the episode").click()
        await page.get_by_label("How it ended").select_option(label="Completed")
        await page.get_by_label("Why").fill("Goals reached.")
        await self.look(joan, "discharge")
        await page.get_by_role("button", name="End the episode").click()
        await expect(page.get_by_text("Aftercare takes over from here")).to_be_visible()
        await self.look(joan, "episode-completed")

        self.site.manage("shell", "-v0", "-c", FIVE_MINUTES_LATER)
        await page.get_by_role("link", name="To do").click()
        rows = page.get_by_role("listitem").filter(has_text=RUTH)
        await expect(rows.filter(has_text="Look at the aftercare plan")).to_be_visible()
        await ruth.page.goto(self.site.url)
        await self.look(ruth, "home-alumna-first-day")
        await ruth.go("Who saw my record")
        await expect(ruth.page.get_by_text(SAMUEL).first).to_be_visible()
        await self.look(ruth, "record-seen")

    async def open_episode(self, who: Visitor) -> None:
        """By search, as one does with sixty names."""
        await who.page.get_by_role("link", name="People", exact=True).click()
        await who.page.get_by_role("searchbox", name="Name").fill("Abara")
        await who.page.get_by_role("button", name="Search").click()
        await who.page.get_by_role("link", name=RUTH).click()


async def answer(page: Page, word: str) -> None:
    """The same to every question."""
    for question in await page.locator("form.card fieldset").all():
        await question.get_by_label(word, exact=True).check()
