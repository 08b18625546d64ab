"""Forgetting: keyed hashes know again who is to stay forgotten; pseudonyms stand where the person stood (pure)."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from charging.identifiers import contract_id, token_uid
from charging.identifiers.check_digits import iso_check_digit
from charging.secret import Secret

_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
STAND_IN = "pseudonym"
"""What a row says of its token so that no rule judges how it is written; a doubt that there was stands behind it."""
_WORD = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z:*.@_+-]*[0-9A-Za-z])?")
SHORTEST_WORD = 8
"""A shorter word of a text is taken for nobody's name."""


class Kind(StrEnum):
    """By what a person is known."""

    CUSTOMER = "customer"
    CONTRACT = "contract"
    TOKEN = "token"  # noqa: S105 - a driver's token, no secret
    EMAIL = "email"


FIELDS: Mapping[str, Kind] = {
    "customer_id": Kind.CUSTOMER,
    "contract_id": Kind.CONTRACT,
    "token_uid": Kind.TOKEN,
    "parent_uid": Kind.TOKEN,
    "email": Kind.EMAIL,
}
PARTICULARS = ("name", "email", "phone", "note")
"""What is dropped of a person's rows."""


def compared(kind: Kind, text: str) -> str:
    """Return the form in which two writings of one name are the same."""
    match kind:
        case Kind.TOKEN:
            return token_uid.canonicalise(text).canonical or text.strip().upper()
        case Kind.CONTRACT:
            return contract_id.compact(text) or text.strip().upper()
        case Kind.EMAIL:
            return text.strip().casefold()
        case Kind.CUSTOMER:
            return text.strip()


def writings(kind: Kind, name: str) -> frozenset[str]:
    """Return the forms in which a name may stand somewhere: as it is written, compact, and by another standard."""
    parsed = contract_id.parse(name) if kind is Kind.CONTRACT else None
    if parsed is None:
        return frozenset({name, compared(kind, name)})
    bare = re.sub(r"[^0-9A-Za-z]", "", name)
    return frozenset({name, bare, parsed.text, parsed.compact, *contract_id.aliases(parsed)})


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Names that mean nobody: the same for the same person as long as the key is, and nothing without it."""

    key: Secret

    def hash_of(self, kind: Kind, text: str) -> str:
        """Return by what a name is known again."""
        return self._digest("hash", kind, text).hex()

    def of(self, kind: Kind, text: str) -> str:
        """Return what stands in the place of a name. A contract keeps country and party, by which partners bill."""
        digest = self._digest("pseudonym", kind, text)
        match kind:
            case Kind.TOKEN:
                return f"FF{digest.hex()[:12].upper()}"  # no maker of cards has this first byte
            case Kind.CONTRACT if parsed := contract_id.parse(text):
                instance = "".join(_DIGITS[byte % len(_DIGITS)] for byte in digest[:8])
                compact = f"{parsed.country}{parsed.provider}C{instance}"
                return f"{parsed.party}-C{instance}-{iso_check_digit(compact)}"
            case _:
                return f"forgotten-{digest.hex()[:12]}"

    def _digest(self, what: str, kind: Kind, text: str) -> bytes:
        message = f"forget/{what}/{kind}/{compared(kind, text)}".encode("utf-8", "replace")
        return hmac.new(self.key.reveal().encode(), message, sha256).digest()


class Redaction:
    """What is done to every row that lands: who was forgotten does not come back with the next extract."""

    def __init__(self, pseudonyms: Pseudonyms, known: Iterable[tuple[str, str]]) -> None:
        self._pseudonyms = pseudonyms
        self.known = frozenset(known)
        """Who was forgotten, as (kind, keyed hash)."""
        self.name = lru_cache(maxsize=100_000)(self._pseudonym)
        """What stands for a name of somebody who was forgotten; None for anybody else's."""

    def __call__(self, entity: str, values: Mapping[str, str | None]) -> Mapping[str, str | None]:
        """Return the row as it may be kept; the very same where it is of nobody who was forgotten."""
        changed: dict[str, str | None] = {}
        for field, kind in FIELDS.items():
            text = values.get(field)
            if text and (name := self.name(kind, text)) is not None:
                changed[field] = name
        if not changed:
            return values
        if entity != "customer" and "email" in changed:
            del changed["email"]
        if "token_uid" in changed:
            doubt = self._doubt(values) if entity == "token" else None
            changed["token_kind"] = f"{STAND_IN} {doubt}" if doubt else STAND_IN
            changed |= self._contract_in_note(values)
        if "email" in changed and "customer_id" not in changed and values.get("customer_id"):
            changed["customer_id"] = self._pseudonyms.of(Kind.CUSTOMER, values["customer_id"] or "")
        return dict(values) | changed | {field: None for field in PARTICULARS if field in values}

    def stand_in(self, kind: Kind, text: str) -> str:
        """Return what stands for a name beside which somebody who was forgotten is named."""
        return self._pseudonyms.of(kind, text)

    def text(self, written: str) -> str:
        """Return a text in which nobody is named who was forgotten; the very same where nobody was."""
        return _WORD.sub(lambda found: self._word(found[0]), written)

    def _word(self, word: str) -> str:
        if len(word) < SHORTEST_WORD:
            return word
        names = (self.name(kind, word) for kind in (Kind.TOKEN, Kind.CONTRACT, Kind.EMAIL))
        return next((name for name in names if name is not None), word)

    def _pseudonym(self, kind: Kind, text: str) -> str | None:
        if kind is Kind.TOKEN and (resolved := self._resolved(text)) is not None:
            return self._pseudonyms.of(kind, resolved)
        return self._pseudonyms.of(kind, text) if self._is_known(kind, text) else None

    def _is_known(self, kind: Kind, text: str) -> bool:
        return (str(kind), self._pseudonyms.hash_of(kind, text)) in self.known

    def _resolved(self, text: str) -> str | None:
        """Return the one uid for which a doubtful one can stand, as cleansing would find it among those it knows."""
        found = token_uid.canonicalise(text)
        known = [each for each in found.candidates if self._is_known(Kind.TOKEN, each)]
        is_sure = found.doubt not in {None, token_uid.Doubt.RANDOM_UID} and len(known) == 1
        return known[0] if is_sure else None

    def _doubt(self, values: Mapping[str, str | None]) -> str | None:
        """Return why a token waits. The doubt stays: a pseudonym does not tell which card it was."""
        text = values["token_uid"] or ""
        if (values.get("token_kind") or "") == STAND_IN or self._resolved(text) is not None:
            return None
        return token_uid.canonicalise(text).doubt

    def _contract_in_note(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """A contract that only the note names goes with the note; the token keeps that it has one."""
        if values.get("contract_id") or not values.get("note"):
            return {}
        words = (word.strip(",;()") for word in (values["note"] or "").split())
        named = next((word for word in words if contract_id.parse(word) is not None), None)
        return {} if named is None else {"contract_id": self._pseudonyms.of(Kind.CONTRACT, named)}
