"""What a page's tables say."""

from __future__ import annotations

import re


def words(html: str) -> str:
    """The text of a piece of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows(html: str) -> list[list[str]]:
    """The cells of every row, headings too."""
    found = re.findall(r"<tr\b[^>]*>(.*?)</tr>", html, re.S)
    return [[words(cell) for cell in re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", row, re.S)] for row in found]
