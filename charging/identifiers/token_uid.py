"""Token uids: RFID numbers as readers, exports and people write them. What is ambiguous is named, never guessed."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from charging.identifiers.notation import tidy

_SEPARATED = re.compile(r"(?:0X)?[0-9A-F]+(?:[:\- ][0-9A-F]+)*")
_EXCEL = re.compile(r"[0-9]+(?:[.,][0-9]+E\+?[0-9]+|E\+[0-9]+|\.0)")
_UUID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_SHORTEST = 5  # fewer digits are a name or a PIN, and no card with its zeros gone
_FOUR_BYTES, _SEVEN_BYTES, _TEN_BYTES = 8, 14, 20
MAX_ID_TAG = 20
"""OCPP 1.6 §7.15: an idTag is a CiString20."""


class Doubt(StrEnum):
    """Why a uid cannot be taken for what it says. The value is the rule's id."""

    EXCEL = "tok.excel"
    DECIMAL = "tok.decimal"
    ZEROS_DROPPED = "tok.leading_zeros"
    REVERSED = "tok.reversed"
    TRUNCATED = "tok.truncated"
    CASCADE_TAG = "tok.cascade_tag"
    RANDOM_UID = "tok.random_uid"
    LENGTH = "tok.length"
    NOT_ASCII = "tok.not_ascii"


REASONS = {
    Doubt.EXCEL: "a spreadsheet has rounded it: export it again with the column as text",
    Doubt.DECIMAL: "it may be a decimal number or hexadecimal digits",
    Doubt.ZEROS_DROPPED: "it is too short: zeros were dropped at its front, or inside",
    Doubt.REVERSED: "its bytes seem to be in reverse: the maker's byte 04 stands last",
    Doubt.TRUNCATED: "it has six bytes, and cards have four, seven or ten",
    Doubt.CASCADE_TAG: "byte 88 is a cascade tag: this is the first half of a seven-byte uid",
    Doubt.RANDOM_UID: "byte 08 marks a uid that the card draws anew each time",
    Doubt.LENGTH: f"it is longer than the {MAX_ID_TAG} characters of an OCPP idTag",
    Doubt.NOT_ASCII: "it holds characters that no reader sends",
}
"""What a person is told about each doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUid:
    """A uid as it should be kept. `canonical` is None while `doubt` stands."""

    canonical: str | None
    doubt: Doubt | None = None
    rules: tuple[str, ...] = ()
    """Ids of the rules that changed the notation, or resolved a doubt by the issuer's list."""
    is_virtual: bool = False
    """Not a card: an app's or a remote start's identifier. Never put on an offline whitelist."""
    candidates: tuple[str, ...] = ()
    """What it might be, while it is doubtful."""


def canonicalise(text: str, *, known: Collection[str] = frozenset()) -> TokenUid:
    """Return the canonical form of a uid, or the doubt that forbids one.

    `known` holds canonical uids of another, better source (the issuer's export). A doubt is resolved when exactly one
    candidate is known; that is a join, not a guess.
    """
    tidied = tidy(text)
    if tidied is None:
        return TokenUid(canonical=None, doubt=Doubt.NOT_ASCII)
    if _EXCEL.fullmatch(tidied):
        return TokenUid(canonical=None, doubt=Doubt.EXCEL)
    digits = re.sub(r"[:\- ]", "", tidied.removeprefix("0X"))
    if _UUID.fullmatch(tidied) or not _SEPARATED.fullmatch(tidied) or len(digits) < _SHORTEST:
        return _free_text(text.strip())
    rules = () if digits == text else ("tok.format",)
    return _card(digits, known=known, rules=rules)


def is_uuid(text: str) -> bool:
    """Whether a text in capitals is a UUID: an app's own key, never an idTag."""
    return _UUID.fullmatch(text) is not None


def _free_text(text: str) -> TokenUid:
    """An idTag may be any text (OCPP 1.6 §3.9), so one that is no card number is kept as it is."""
    if len(text) > MAX_ID_TAG and not is_uuid(text.upper()):
        return TokenUid(canonical=None, doubt=Doubt.LENGTH)
    return TokenUid(canonical=text, is_virtual=True)


def _card(digits: str, *, known: Collection[str], rules: tuple[str, ...]) -> TokenUid:
    doubt, candidates = _doubt(digits)
    if doubt is None:
        canonical = candidates[0]
        if canonical not in known and _reversed(canonical) in known:
            return TokenUid(canonical=_reversed(canonical), rules=(*rules, Doubt.REVERSED.value))
        return TokenUid(canonical=canonical, rules=rules if canonical == digits else (*rules, "tok.bcc"))
    found = [] if doubt is Doubt.RANDOM_UID else [candidate for candidate in candidates if candidate in known]
    if len(found) == 1:
        resolved = rules if found[0] == digits else (*rules, doubt.value)
        return TokenUid(canonical=found[0], rules=resolved)
    return TokenUid(canonical=None, doubt=doubt, candidates=candidates)


def _doubt(digits: str) -> tuple[Doubt | None, tuple[str, ...]]:
    """Return what is doubtful about the digits of a card, and everything they might stand for."""
    if len(digits) > _TEN_BYTES:
        return Doubt.LENGTH, ()
    if decimal := tuple(_from_decimal(digits)):
        return Doubt.DECIMAL, tuple(dict.fromkeys((*_as_hex(digits), *decimal)))
    if len(digits) in {_FOUR_BYTES, _SEVEN_BYTES, _TEN_BYTES}:
        return _doubt_of_whole(digits)
    if _has_bcc(digits):
        return _doubt(digits[:_FOUR_BYTES])
    return _doubt_of_damaged(digits)


def _doubt_of_whole(digits: str) -> tuple[Doubt | None, tuple[str, ...]]:
    if len(digits) == _FOUR_BYTES and digits.startswith("88"):
        return Doubt.CASCADE_TAG, (digits,)
    if len(digits) == _FOUR_BYTES and digits.startswith("08"):
        return Doubt.RANDOM_UID, (digits,)
    if len(digits) == _SEVEN_BYTES and digits.endswith("04") and not digits.startswith("04"):
        return Doubt.REVERSED, (digits, _reversed(digits))
    return None, (digits,)


def _doubt_of_damaged(digits: str) -> tuple[Doubt, tuple[str, ...]]:
    length = len(digits)
    if length == 12:
        prefixes = (digits[:_FOUR_BYTES],) if digits.endswith("0000") else ()
        cut = (f"{digits}{last:02X}" for last in range(256))  # 1-wire readers drop the last of seven bytes
        return Doubt.TRUNCATED, (*prefixes, digits.zfill(_SEVEN_BYTES), *cut)
    if length in {_FOUR_BYTES - 1, _SEVEN_BYTES - 1}:
        return Doubt.ZEROS_DROPPED, _with_a_zero(digits)
    full = min(each for each in (_FOUR_BYTES, _SEVEN_BYTES, _TEN_BYTES) if each > length)
    return Doubt.ZEROS_DROPPED, (digits.zfill(full),)


def _as_hex(digits: str) -> Iterator[str]:
    if len(digits) in {_FOUR_BYTES, _SEVEN_BYTES, _TEN_BYTES}:
        yield digits
    if _has_bcc(digits):
        yield digits[:_FOUR_BYTES]


def _from_decimal(digits: str) -> Iterator[str]:
    """Yield the uids, byte 0 first and last, whose decimal value this may be: 4 bytes in 8-10 digits, 7 in 15-17."""
    if not digits.isdecimal():
        return
    for lengths, nibbles in ((range(8, 11), _FOUR_BYTES), (range(15, 18), _SEVEN_BYTES)):
        if len(digits) in lengths and int(digits) < 16**nibbles:
            uid = f"{int(digits):0{nibbles}X}"
            yield uid
            yield _reversed(uid)


def _reversed(digits: str) -> str:
    return bytes.fromhex(digits)[::-1].hex().upper()


def _has_bcc(digits: str) -> bool:
    """Whether the fifth byte is the XOR of the first four, which some readers append (block check character)."""
    if len(digits) != 10:
        return False
    a, b, c, d, check = bytes.fromhex(digits)
    return a ^ b ^ c ^ d == check


def _with_a_zero(digits: str) -> tuple[str, ...]:
    every = (digits[:position] + "0" + digits[position:] for position in range(len(digits) + 1))
    return tuple(dict.fromkeys(every))
