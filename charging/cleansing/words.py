"""Rules for free text: broken encodings, HTML, and particulars of persons."""

import html
import re

_SUSPICIOUS = re.compile(
    "[\u00c2\u00c3\u00e2][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,5}|#x[0-9A-Fa-f]{1,4});")
_PARTICULARS = (
    re.compile(r"[\w.+-]+@[\w-]+\.\w{2,}"),
    re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),  # IBAN
    re.compile(r"(?<![\w-])(?:\+|0)\d[\d \-()]{7,}\d\b"),  # telephone
    re.compile(
        r"\b(?:[A-Z]{1,3}-[A-Z]{1,2} ?\d{1,4}|\d{1,2}-[A-Z]{2,3}-\d{1,2}|[A-Z]{1,2}-\d{2,3}-[A-Z]{1,2})\b"
    ),  # plate
)
_LEGAL_FORM = re.compile(r"\b(?:b\.?v|n\.?v|gmbh|ag|s\.?a|ltd|inc|sp\.? ?z ?o\.? ?o)\b\.?", re.IGNORECASE)
_LONGEST = 5


def without_mojibake(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1 or Windows-1252 (`txt.mojibake`).

    Only where the result is strictly better, and the damage done again gives back what was there: reversible.
    """
    best = text
    for _ in range(_LONGEST):  # some texts went through it twice
        better = _one_round(best)
        if better == best:
            return best
        best = better
    return best


def _one_round(text: str) -> str:
    for encoding in ("cp1252", "latin-1"):
        try:
            repaired = text.encode(encoding).decode("utf-8")
            is_reversible = repaired.encode("utf-8").decode(encoding) == text
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        if is_reversible and _suspicion(repaired) < _suspicion(text):
            return repaired
    return text


def _suspicion(text: str) -> int:
    return len(_SUSPICIOUS.findall(text))


def without_entities(text: str) -> str:
    """Unescape HTML (`txt.html`), as often as it was escaped: what is clean must stay as it is when cleansed again."""
    for _ in range(_LONGEST):
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return text


def is_lossy(text: str) -> bool:
    """Whether characters were lost for good: nobody can say which (`txt.mojibake`)."""
    return "\ufffd" in text


def has_particulars(text: str) -> bool:
    """Whether a free text holds a telephone number, an e-mail address, a plate or an IBAN (`pii.note`)."""
    return any(pattern.search(text) for pattern in _PARTICULARS)


def folded_name(text: str) -> str:
    """Return the name of a firm without its legal form, space, punctuation and capitals."""
    return re.sub(r"[\W_]", "", _LEGAL_FORM.sub("", text)).casefold()
