"""HTML on standard input, a tagged PDF/UA on standard output. A program of its own: `python -m …printing`.

Drawing a hundred pages takes a processor for many seconds and much memory: here it takes neither from a
process that carries sockets, and its crash is nobody else's. Imports nothing of ours, asks the network for
nothing, and reads no file but the fonts named in its arguments.

Exit codes: 0 done; 3 the libraries that WeasyPrint draws with are not installed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

NOT_INSTALLED: Final = 3


def main(allowed: frozenset[Path]) -> int:
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        return NOT_INSTALLED

    class OnlyFonts(URLFetcher):  # type: ignore[misc] # WeasyPrint has no types
        """Refuses every address but the given files: what a name or a note says is never fetched."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            if parts.scheme != "file" or Path(unquote(parts.path)) not in allowed:
                raise ValueError("only fonts")
            return super().fetch(url, headers)

    page = HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=OnlyFonts(allowed_protocols=["file"]))
    sys.stdout.buffer.write(page.write_pdf(pdf_variant="pdf/ua-1"))
    return 0


if __name__ == "__main__":
    sys.exit(main(frozenset(map(Path, sys.argv[1:]))))
