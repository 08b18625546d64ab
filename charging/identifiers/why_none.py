"""Why a text is no identifier, in one sentence that never repeats more of it than a character."""

import re
import unicodedata

from charging.identifiers import token_uid
from charging.identifiers.notation import tidy

_Rules = tuple[tuple[str, str], ...]

_ROUNDED = re.compile(r"[0-9][.,]?[0-9]*E\+[0-9]+$|[0-9][.,][0-9]+E[0-9]+$")
_LONGEST_EVSE = 56
_LONGEST_CONTRACT = 18
_FOREIGN = re.compile(r"[^A-Z0-9*+-]")
_OWNER = r"[A-Z]{2}[*-]?[A-Z0-9]{3}[*-]?"
_NO_COUNTRY = (r"(?![A-Z]{2}).*", "it does not begin with a country of two letters")
_NO_EVSE: _Rules = (
    (r"[+0-9].*", "DIN SPEC 91286 wants +, a calling code, *, an operator of 3 to 6 digits, *, and digits"),
    _NO_COUNTRY,
    (rf"(?!{_OWNER}).*", "no operator code of three letters or digits follows the country"),
    (rf"(?!{_OWNER}[EPS]).*", "no type letter (E an EVSE, P a pool, S a station) follows the operator code"),
    (rf"{_OWNER}[EPS][*-]*", "nothing follows its type letter"),
    (rf"{_OWNER}[EPS].*-.*", "a hyphen stands in the part after its type letter"),
)
_NO_CONTRACT: _Rules = (
    _NO_COUNTRY,
    (
        r"(?:[*-]*[A-Z0-9]){16}",
        "it has 16 letters and digits: an instance of ten, as some documents print it; the standard has nine",
    ),
)
_NO_CHECK: _Rules = ((r".{12}", "the check digit of DIN SPEC 91286 is a digit or X"),)
_LENGTHS = frozenset({11, 12, 14, 15})
_LENGTHS_SAY = "DIN has 11 or 12, ISO and eMI3 have 14 or 15"
_PLACES_SAY = "its separators stand at some places only: they belong at all of them, or at none"
_ROUNDED_SAYS = "a spreadsheet has rounded it: export it again with the column as text"


def why_no_id(text: str) -> str:
    """Say why a text is neither an EVSE id, nor a contract id, nor a token uid."""
    if problem := _unreadable(text):
        return problem
    found = token_uid.canonicalise(text)
    if found.doubt is not None and found.doubt is not token_uid.Doubt.LENGTH:
        return token_uid.REASONS[found.doubt]
    why_no_token = token_uid.REASONS[found.doubt] if found.doubt else "it is no card's number"
    return f"as an EVSE id, {why_no_evse(text)}; as a contract id, {why_no_contract(text)}; as a token, {why_no_token}"


def why_no_evse(text: str) -> str:
    """Say why a text is no EVSE, pool or station id."""
    if problem := _unreadable(text):
        return problem
    tidied = tidy(text) or ""
    if len(tidied) > _LONGEST_EVSE:
        return f"it has {len(tidied)} characters, and the longest has {_LONGEST_EVSE}"
    return _foreign(tidied) or _first(_NO_EVSE, tidied) or "the part after its type letter is too long"


def why_no_contract(text: str) -> str:
    """Say why a text is no contract id."""
    if problem := _unreadable(text):
        return problem
    tidied = tidy(text) or ""
    plain = re.sub(r"[*-]", "", tidied)
    if len(plain) > _LONGEST_CONTRACT:
        return f"it has {len(plain)} letters and digits, and the longest has 15"
    wrong_length = None if len(plain) in _LENGTHS else f"it has {len(plain)} letters and digits: {_LENGTHS_SAY}"
    return _foreign(tidied) or _first(_NO_CONTRACT, tidied) or wrong_length or _first(_NO_CHECK, plain) or _PLACES_SAY


def _unreadable(text: str) -> str | None:
    """Say what forbids any reading: nothing there, a character from another alphabet, a spreadsheet's rounding."""
    tidied = tidy(text)
    if tidied is None:
        return _stranger(text)
    if not tidied:
        return "it is empty"
    return _ROUNDED_SAYS if _ROUNDED.search(tidied[-40:]) else None


def _stranger(text: str) -> str:
    position, character = next((at, each) for at, each in enumerate(text.strip(), start=1) if not each.isascii())
    name = unicodedata.name(character, "no character")
    return f"character {position} is U+{ord(character):04X} ({name.lower()}), and only ASCII letters and digits count"


def _foreign(tidied: str) -> str | None:
    found = _FOREIGN.search(tidied)
    if found is None:
        return None
    return f"character {found.start() + 1} is {found[0]!r}, which no identifier has"


def _first(rules: _Rules, text: str) -> str | None:
    return next((reason for pattern, reason in rules if re.fullmatch(pattern, text)), None)
