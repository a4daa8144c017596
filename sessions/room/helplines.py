"""Whom to call in an emergency, by US state. Pure. Shown to staff as they are dialled.

911 from the clinician's own phone reaches the clinician's own county: say the client's address first and ask
to be put through to the dispatcher there (docs/facilitation.md).

Sources, read 2025: 911: 47 U.S.C. 251(e)(3). 988: 47 U.S.C. 251(e)(4), 988lifeline.org. Crisis Text Line:
crisistextline.org. Poison Control: 42 U.S.C. 300d-71, poisonhelp.hrsa.gov. State lines: the state's own
behavioral health department; only those that are state-wide and have a number of their own beside 988.
"""

from __future__ import annotations

from typing import Final

EVERYWHERE: Final = (
    "911",
    "988 Suicide & Crisis Lifeline",
    "741741 (text HOME) Crisis Text Line",
    "1-800-222-1222 Poison Control",
)
STATE_LINES: Final[dict[str, str]] = {
    "AK": "1-877-266-4357 Alaska Careline",
    "AZ": "1-844-534-4673 Arizona crisis line",
    "CO": "1-844-493-8255 Colorado Crisis Services",
    "GA": "1-800-715-4225 Georgia Crisis & Access Line",
    "MA": "1-833-773-2445 Massachusetts Behavioral Health Help Line",
    "ME": "1-888-568-1112 Maine Crisis Line",
    "NH": "1-833-710-6477 New Hampshire Rapid Response",
    "NM": "1-855-662-7474 New Mexico Crisis and Access Line",
}


def numbers(state: str) -> tuple[str, ...]:
    """In the order in which to think of them; what holds everywhere when the state is not known ("")."""
    own = STATE_LINES.get(state)
    return EVERYWHERE if own is None else (*EVERYWHERE[:2], own, *EVERYWHERE[2:])
