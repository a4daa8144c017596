"""Everything is there in Spanish, and everybody reads their own language."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils.translation.template import templatize

from sessions.people.models import Person
from sessions.web import refusals
from tests.cast import Cast

ROOT = Path(__file__).resolve().parents[2]
CATALOG = ROOT / "sessions/web/locale/es/LC_MESSAGES"
FUNCTIONS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext"}


def said(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.strip().splitlines())


def catalog() -> dict[str, list[str]]:
    """Message -> its translations, from the .po file."""
    entries = {}
    text = (CATALOG / "django.po").read_text()
    for entry in text.split("\n\n")[1:]:
        (message,) = re.findall(r'^msgid ((?:".*"\n)+)', entry + "\n", re.MULTILINE)
        answers = re.findall(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', entry + "\n", re.MULTILINE)
        entries[said(message)] = [said(answer) for answer in answers]
    return entries


def source_messages() -> Iterator[tuple[str, str]]:
    """(file, message) for everything marked for translation."""
    for path in (ROOT / "sessions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
                first = 1 if node.func.id == "pgettext" else 0
                message = node.args[first]
                if isinstance(message, ast.Constant):
                    yield path.name, str(message.value)
    call = re.compile(r"""\b(?:n?gettext)\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
    for path in (ROOT / "sessions/web/templates").rglob("*.*"):
        for literal in call.findall(templatize(path.read_text())):
            yield path.name, ast.literal_eval(literal)


def test_every_message_has_a_spanish_translation() -> None:
    spanish = catalog()
    missing = {
        (where, message) for where, message in source_messages() if not all(spanish.get(message, [""]))
    }
    assert missing == set()


def test_every_number_has_its_form() -> None:
    """Spanish has three plural forms (the second for millions); a missing one would be shown in English."""
    text = (CATALOG / "django.po").read_text()
    assert "nplurals=3" in text
    for entry in text.split("\n\n"):
        if "msgid_plural" in entry:
            assert len(re.findall(r"^msgstr\[\d\]", entry, re.MULTILINE)) == 3, entry


def test_nothing_is_fuzzy() -> None:
    assert "fuzzy" not in (CATALOG / "django.po").read_text()


def test_the_compiled_catalogue_is_the_written_one() -> None:
    """`make messages` compiles it; machines without gettext use what is committed."""
    with (CATALOG / "django.mo").open("rb") as file:
        compiled: dict[object, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    answers = {answer for key, answer in compiled.items() if key != ""}
    assert answers == {answer for answers in catalog().values() for answer in answers}


def test_the_placeholders_survive_translation() -> None:
    for message, answers in catalog().items():
        wanted = set(re.findall(r"%\(\w+\)[sd]", message))
        for answer in answers:
            assert set(re.findall(r"%\(\w+\)[sd]", answer)) == wanted, message


def test_every_refusal_of_the_rules_can_be_translated() -> None:
    """Rules below the pages raise plain English; the list in refusals.py hands it to the translators."""
    raised = set()
    for path in (ROOT / "sessions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Raise(
                    exc=ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text))])
                ) if name in {"NotAllowed", "NotFound", "IllegalMove", "Invalid", "Refusal"}:
                    raised.add(text)
                case ast.ClassDef(bases=[ast.Name(id="IllegalMove" | "Refusal" | "Invalid" | "NotAllowed")]):
                    raised |= {
                        str(statement.value.value)
                        for statement in node.body
                        if isinstance(statement, ast.Assign)
                        and ast.unparse(statement.targets[0]) == "text"
                        and isinstance(statement.value, ast.Constant)
                    }
    assert raised - set(refusals.TEXTS) == set()


def test_a_person_reads_their_own_language_whatever_the_browser_asks_for(cast: Cast) -> None:
    Person.objects.filter(pk=cast.alice.pk).update(language="es")
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(Person.objects.get(pk=cast.alice.pk))
    page = client.get("/")
    assert '<html lang="es">' in page.content.decode()
    assert "Entrar a su sesión" in page.content.decode()
    assert page.headers["Content-Language"] == "es"


def test_a_stranger_reads_the_browsers_language(client: Client, db: None) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Language": "es-MX,es;q=0.9"}).content.decode()
    assert "Le damos la bienvenida" in page
    page = client.get("/accounts/login/", headers={"Accept-Language": "de"}).content.decode()
    assert "Welcome" in page


def test_the_switcher_keeps_the_choice_with_the_person_and_the_browser(cast: Cast, client: Client) -> None:
    client.force_login(cast.alice)
    answer = client.post("/language", {"language": "es", "next": "/"})
    assert answer.headers["Location"] == "/"
    cast.alice.refresh_from_db()
    assert cast.alice.language == "es"
    client.post("/accounts/logout/")
    assert "Le damos la bienvenida" in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    ("asked", "onward"),
    [
        ("de", "/"),
        ("", "/"),
        ("es", "https://evil.example/"),
        ("es", "//evil.example"),
        ("es", "javascript:1"),
    ],
)
def test_the_switcher_is_led_nowhere_foreign(client: Client, db: None, asked: str, onward: str) -> None:
    answer = client.post("/language", {"language": asked, "next": onward})
    assert answer.headers["Location"] == "/"
    assert ("django_language" in client.cookies) == (asked == "es")
