"""What stands on the desks of a day, and on the phones of alumni, for the pictures: whose page, at which address.

`{of}` in an address is the programme. Nothing is prepared but the demo clinic and what PREPARED tells.
"""

from __future__ import annotations

from typing import Final

from playwright.async_api import expect

from tests.e2e.episode import Look
from tests.e2e.visitor import Visitor

# Somebody is on call; two wait for a group, and the first is asked; Marcus steps down to six hours a week.
PREPARED: Final = """
from sessions.people.models import Membership, Person
from sessions.people.roles import Role
from sessions.programs import steps, waitlist
from sessions.programs.episode_facts import today
from sessions.programs.episode_models import Episode
from sessions.programs.models import Cohort, LevelOfCare
from sessions.programs.stretches import Hours
joan = Person.objects.get(email="joan@harbor.example")
Membership.objects.filter(person__email="samuel@harbor.example", role=Role.FACILITATOR).update(on_call=True)
morning = Cohort.objects.create(program=Cohort.objects.get().program, name="Morning group", capacity=1)
rows = [waitlist.join(morning, Person.objects.get(email=f"{name}@harbor.example"), by=joan) for name in ("noor", "hannah")]
waitlist.offer(rows[0], by=joan)
marcus, maya = Episode.objects.get(person__email="marcus@harbor.example"), Person.objects.get(email="maya@harbor.example")
evening = Cohort.objects.exclude(pk=morning.pk).get()
step = steps.propose(marcus, LevelOfCare.OUTPATIENT, evening, Hours(360, 2, 180), today(marcus), "Six good weeks.", by=joan)
steps.sign(step, maya, "Maya Lindqvist", agree=True)
"""
# Two rows fit and two do not.
TABLE: Final = b"""given_name,family_name,email,role
Ada,Moreno,ada@harbor.example,client
Jo,,jo@harbor.example,friend
Sam,Rivers,not an address,client
Lee,Okafor,lee@harbor.example,client
"""

ON_A_DESK: Final = (
    ("coordinator", "/", "home-coordinator-whole"),
    ("coordinator", "/programs/{of}/people", "desk-census"),
    ("coordinator", "/programs/{of}/on-call", "desk-on-call"),
    ("coordinator", "/programs/{of}/waitlist", "desk-waitlist"),
    ("coordinator", "/programs/{of}/groups", "desk-cohorts"),
    ("coordinator", "/programs/{of}/holidays", "desk-holidays"),
    ("coordinator", "/programs/{of}/licences", "desk-licences"),
    ("coordinator", "/programs/{of}/schedule", "desk-schedule"),
    ("coordinator", "/week/", "desk-week"),
    ("coordinator", "/tasks/", "desk-tasks"),
    ("coordinator", "/messages/", "desk-messages"),
    ("coordinator", "/find/", "desk-find"),
    ("coordinator", "/files/", "desk-files"),
    ("coordinator", "/programs/{of}/import", "desk-import"),
    ("administrator", "/", "home-administrator"),
    ("administrator", "/programs/{of}/systems", "desk-systems"),
    ("administrator", "/programs/{of}/staff", "desk-staff"),
    ("administrator", "/programs/{of}/settings", "desk-rules"),
    ("administrator", "/programs/{of}/counting", "desk-counted-minutes"),
    ("administrator", "/programs/{of}/calling", "desk-calling-rules"),
    ("administrator", "/programs/{of}/tracks", "desk-tracks"),
    ("administrator", "/programs/{of}/kinds", "desk-kinds"),
    ("facilitator", "/", "home-facilitator-whole"),
    ("facilitator", "/programs/{of}/hours", "desk-hours"),
    ("facilitator", "/calls/hours", "desk-call-hours"),
    ("client", "/", "home-client-whole"),
    ("client", "/schedule/", "own-schedule"),
    ("client", "/book/", "own-booking"),
    ("client", "/calendar/", "own-calendar"),
    ("client", "/papers/", "own-papers"),
    ("client", "/messages/mine", "own-reminders"),
)


async def wrong_file(iris: Visitor, look: Look) -> None:
    """A file is tried; what does not fit stands by row and column."""
    page = iris.page
    await page.get_by_label("File", exact=True).set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": TABLE}
    )
    await page.locator("main form button[type=submit]").last.click()
    await expect(page.get_by_text("This is not an e-mail address.")).to_be_visible()
    await look(iris, "desk-import-tried")


async def offered(noor: Visitor, look: Look) -> None:
    """A place is kept for somebody who waited for one."""
    await noor.page.goto(f"{noor.site.url}/my/places")
    await look(noor, "own-place-offered")


async def tapered(marcus: Visitor, look: Look) -> None:
    """Fewer hours are the plan now, and every page says so."""
    await expect(marcus.page.get_by_text("fewer hours are your plan now")).to_be_visible()
    await look(marcus, "home-tapered")


async def alumna(wendy: Visitor, look: Look) -> None:
    """Keep or move, the other times, and the first question."""
    page = wendy.page
    await page.goto(f"{wendy.site.url}/check-in/")
    await look(wendy, "aftercare-keep-or-move")
    await page.get_by_role("link", name="Move").click()
    await expect(page.get_by_role("heading", name="Choose another time")).to_be_visible()
    await look(wendy, "aftercare-times")
    await page.goto(f"{wendy.site.url}/check-in/questions")
    await expect(page.get_by_text("1 of ")).to_be_visible()
    await look(wendy, "aftercare-question")


async def caller(maya: Visitor, look: Look) -> None:
    """From the queue to a call in which somebody is in danger."""
    page = maya.page
    await page.goto(f"{maya.site.url}/calls/")
    await look(maya, "aftercare-queue")
    await page.get_by_role("button", name="Call next").click()
    await expect(page.get_by_role("heading", level=1, name="Theodore Banks")).to_be_visible()
    await look(maya, "aftercare-call")
    await page.get_by_role("radio", name="telephone").check()
    await page.get_by_role("button", name="We are talking").click()
    danger = page.get_by_role("group", name="Are you in danger right now?")
    await danger.get_by_label("Yes").check()
    await look(maya, "aftercare-talking")
    await page.get_by_role("button", name="Keep what you heard").click()
    await expect(page.get_by_role("heading", name="May be in danger")).to_be_visible()
    await look(maya, "aftercare-danger")


async def board(joan: Visitor, look: Look) -> None:
    """The weeks of a group, who needs a call, and the course of one who was tried in vain."""
    page = joan.page
    await page.goto(f"{joan.site.url}/week/")
    await page.locator("main a[href*='/week/cohort/']").first.click()
    await expect(page.get_by_text("stepping down").first).to_be_visible()
    await look(joan, "desk-weeks-of-a-group")
    await page.goto(f"{joan.site.url}/aftercare/")
    await look(joan, "aftercare-board")
    await page.get_by_role("link", name="Wendy Sandoval").first.click()
    await expect(page.get_by_role("heading", level=1, name="Wendy Sandoval")).to_be_visible()
    await look(joan, "aftercare-course")
