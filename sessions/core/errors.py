"""What can go wrong, told apart by who must act. Translated once at the wire and once in a middleware.

Refusal            understood and declined; `code` is stable, `text` is safe to show to the one who asked
    NotFound       no such thing, or not for this person: the two are never told apart
    NotAllowed     this person may see the thing but not do this
    IllegalMove    not from the present state
    Invalid        the values contradict each other or a rule
Fault              our side broke; its text stays on the server

`text` is plain English and the key under which the pages find its translation. `about` names the value that
is wrong as the caller gave it; a form with a field of that name says the text there. This module is pure:
state machines raise these.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    code: ClassVar[str] = "refused"
    text: str = "This is not possible."
    about: str = ""

    def __init__(self, text: str | None = None, *, about: str = "") -> None:
        if text is not None:
            self.text = text
        self.about = about
        super().__init__(self.code)  # logs show the code; the text is for the person who asked


class NotFound(Refusal):
    code = "not-found"
    text = "There is nothing here, or it is not open to you."


class NotAllowed(Refusal):
    code = "not-allowed"
    text = "You are not allowed to do this."


class IllegalMove(Refusal):
    code = "illegal-move"
    text = "This is not possible right now."


class Invalid(Refusal):
    code = "invalid"
    text = "These values do not fit together."


class Fault(Exception):
    """Ours. Never shown."""
