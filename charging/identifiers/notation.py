"""How identifiers are written down: the clean-up that changes no meaning."""

import re

_INVISIBLE = dict.fromkeys(
    map(ord, "\ufeff\u200b\u200c\u200d\u2060")
)  # a BOM or zero-width space rides along in exports


def tidy(text: str) -> str | None:
    """Return the text in upper case without surrounding or invisible space, or None if it is not ASCII.

    Look-alikes are refused before the case is changed: the upper case of a dotless i is an ASCII `I`.
    """
    stripped = _visible(text)
    return stripped.upper() if stripped.isascii() else None


def notation_flags(text: str, tidied: str) -> tuple[str, ...]:
    """Name what `tidy` changed."""
    visible = _visible(text)
    flags = []
    if visible != text:
        flags.append("id.whitespace")
    if visible != tidied:
        flags.append("id.case")
    return tuple(flags)


def _visible(text: str) -> str:
    return text.strip() if text.isascii() else text.translate(_INVISIBLE).strip()


def letters_and_digits(text: str) -> str:
    """Return the ASCII letters and digits of a text, in upper case."""
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()
