"""From a paper to a report: offered, signed on a phone, made, downloaded, taken back. Readable by everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Come
from tests.e2e.test_pages import axe_clean, complaints, holds
from tests.e2e.visitor import DESKTOP, PHONE
from tests.site import Site

READ_COURT = re.compile("Read.*Kings County Drug Court")

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIGN = """
from sessions.attendance import service
from sessions.programs.models import Meeting
meeting = Meeting.objects.get(pk="{meeting}")
maya = meeting.facilitators.get(given_name="Maya")
service.attest(maya, meeting, service.Draft(typed_name=maya.name, topic="Saying no"))
"""


@dataclass(frozen=True)
class Signed:
    site: Site
    meeting: str


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    """A site with an evening that has been held and signed. The tests of this file are read in order."""
    site = Site(tmp_path_factory.mktemp("reports"))
    site.prepare()
    meeting = site.manage("shell", "-v0", "-c", "from tests.e2e.attended import hold; hold()").split()[-1]
    site.manage("shell", "-v0", "-c", SIGN.format(meeting=meeting))
    site.start()
    yield Signed(site, meeting)
    site.end()


async def looked_at(page: Page, name: str) -> None:
    """Axe in both themes; nothing wider than the page. VIOP_SCREENS names a folder for pictures to look at."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await axe_clean(page)
    size = page.viewport_size or DESKTOP
    if folder := os.environ.get("VIOP_SCREENS"):
        await page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)
    await holds(page)
    await page.set_viewport_size(size)  # type: ignore[arg-type]


async def test_the_coordinator_offers_a_paper(signed: Signed, come: Come) -> None:
    page = (await come(signed.site.logins("coordinator")[0], at=signed.site)).page
    heard = complaints(page)
    await page.get_by_role("link", name="Papers and reports").first.click()
    await looked_at(page, "files")
    await page.get_by_role("link", name="Daniel Kim").click()
    await expect(page.get_by_text("No consent is in force")).to_be_visible()
    await looked_at(page, "file-empty")
    await page.get_by_role("link", name="Offer a paper").click()
    await page.get_by_label("So that a court or my probation officer sees that I take part").check()
    await looked_at(page, "offer-purpose")
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_label("Who may be told?").fill("Kings County Drug Court")
    await page.get_by_label("Address").fill("320 Jay Street, Brooklyn")
    await looked_at(page, "offer")
    await page.get_by_role("button", name="Put it on the client's page").click()
    await expect(page.get_by_text("ready to be read and signed")).to_be_visible()
    await looked_at(page, "paper-offered")
    assert heard == []


async def test_the_client_reads_and_signs_it_on_a_phone(signed: Signed, come: Come) -> None:
    page = (await come(signed.site.logins("client")[0], viewport=PHONE, at=signed.site)).page
    heard = complaints(page)
    await page.get_by_role("link", name="1 paper for you to read").click()
    await looked_at(page, "papers")
    await page.get_by_role("link", name="Read and sign").click()
    await looked_at(page, "paper")
    await page.get_by_role("button", name="Sign", exact=True).click()
    await expect(page.get_by_text("Tick that you agree")).to_be_visible()
    await looked_at(page, "paper-errors")
    await page.get_by_label("my typed name is my signature").check()
    await page.get_by_label("Sign with your name").fill("Daniel Kim")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Your signature is on the paper")).to_be_visible()
    await looked_at(page, "paper-signed")
    assert [line for line in heard if "422" not in line] == []


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
async def test_the_coordinator_looks_makes_and_downloads_the_report(
    signed: Signed, come: Come, tmp_path: Path, viewport: dict[str, int] | None
) -> None:
    page = (await come(signed.site.logins("coordinator")[0], viewport=viewport, at=signed.site)).page
    heard = complaints(page)
    await page.goto(f"{signed.site.url}/files/")
    await page.get_by_role("link", name="Daniel Kim").click()
    await page.get_by_role("link", name="Make a report").click()
    await looked_at(page, "report")
    await page.get_by_label("Kings County Drug Court").check()
    await page.get_by_role("button", name="Look at the numbers").click()
    await expect(page.get_by_text("1 of 1")).to_be_visible()
    await page.get_by_text("Session by session").first.click()
    await looked_at(page, "report-numbers")
    await page.get_by_role("button", name="Make the report").click()
    await expect(page.get_by_role("heading", name="It is ready")).to_be_visible(timeout=90_000)
    await looked_at(page, "report-ready")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Download").click()
    path = tmp_path / "report.pdf"
    await (await coming.value).save_as(path)
    assert path.read_bytes().startswith(b"%PDF-")
    assert signed.site.manage("verify_report", str(path)).startswith("genuine: report ")
    assert heard == []


async def test_the_client_sees_who_was_told_and_takes_it_back(signed: Signed, come: Come) -> None:
    page = (await come(signed.site.logins("client")[0], viewport=PHONE, at=signed.site)).page
    heard = complaints(page)
    await page.goto(f"{signed.site.url}/papers/")
    await page.get_by_role("link", name="What was told about you").click()
    await expect(page.get_by_text("Kings County Drug Court").first).to_be_visible()
    await looked_at(page, "told")
    await page.get_by_role("link", name="Back to your papers").click()
    await page.get_by_role("link", name=READ_COURT).click()
    await page.get_by_text("Take this back", exact=True).click()
    await page.get_by_role("button", name="End it now").click()
    await expect(page.get_by_text("does not count any more")).to_be_visible()
    assert heard == []


async def test_then_the_report_is_closed(signed: Signed, come: Come) -> None:
    page = (await come(signed.site.logins("coordinator")[0], at=signed.site)).page
    await page.goto(f"{signed.site.url}/files/")
    await page.get_by_role("link", name="Daniel Kim").click()
    await expect(page.get_by_text("closed", exact=True).first).to_be_visible()
    await expect(page.get_by_role("link", name="Download")).to_have_count(0)
    await looked_at(page, "file-closed")
    await page.get_by_role("link", name="What was told to whom").click()
    await page.get_by_text("Record what was told by hand").click()
    await looked_at(page, "told-by-hand")
