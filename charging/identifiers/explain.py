"""Explain any identifier: what it is, by which standard, part by part; or why it is none. Ambiguity is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from charging.identifiers import contract_id, evse_id, group_id, token_uid
from charging.identifiers.countries import ALPHA_2, COUNTRY_OF_CALLING_CODE, OFTEN_WRITTEN_FOR
from charging.identifiers.reading import Asked, Kind, Reading, Remark, remarks
from charging.identifiers.token_uid import Doubt, TokenUid
from charging.identifiers.why_none import why_no_contract, why_no_evse, why_no_id

_NO_UID = frozenset({Doubt.EXCEL, Doubt.LENGTH, Doubt.NOT_ASCII, Doubt.CASCADE_TAG, Doubt.RANDOM_UID})
"""Doubts that no better source can resolve: the text names no card."""
_DAMAGED = frozenset({Doubt.ZEROS_DROPPED, Doubt.TRUNCATED})
_VIRTUAL = ("REMOTE", "VID:", "VIRTUAL", "APP:")
_GROUPS = {group_id.Group.POOL: Kind.POOL, group_id.Group.STATION: Kind.STATION}
_MOST_CANDIDATES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A text and every way to read it as an identifier; `reason` says why there is none, or more than one."""

    input: str
    readings: tuple[Reading, ...]
    reason: str | None = None

    @property
    def is_id(self) -> bool:
        """Whether it is an identifier at all."""
        return bool(self.readings)


def explain(text: str, *, kind: Asked = Asked.AUTO) -> Explained:
    """Read a text as an identifier of the kind that is meant, or of any."""
    if kind is Asked.AUTO:
        return _any(text)
    reading, reason = _BY_KIND[kind](text)
    return Explained(input=text, readings=(reading,) if reading else (), reason=reason)


def _any(text: str) -> Explained:
    evse, _ = _as_evse(text, is_explained=False)
    contract, _ = _as_contract(text, is_explained=False)
    token = _as_card(text, is_alone=evse is None and contract is None)
    readings = tuple(each for each in (evse, contract, token) if each is not None)
    if len(readings) > 1:
        kinds = " and as ".join(f"{each.kind} ({each.standard})" for each in readings)
        reason = f"it reads as {kinds}: say which is meant (--kind)"
        return Explained(input=text, readings=readings, reason=reason)
    return Explained(input=text, readings=readings, reason=None if readings else why_no_id(text))


def _as_evse(text: str, *, is_explained: bool = True) -> tuple[Reading | None, str | None]:
    if parsed := evse_id.parse(text):
        return _evse(parsed), None
    if group := group_id.parse(text):
        return _group(group), None
    return None, why_no_evse(text) if is_explained else None


def _evse(parsed: evse_id.EvseId) -> Reading:
    is_din = parsed.standard is evse_id.Standard.DIN
    country = COUNTRY_OF_CALLING_CODE.get(parsed.country, "") if is_din else parsed.country
    return Reading(
        kind=Kind.EVSE,
        standard="DIN SPEC 91286" if is_din else "ISO 15118 / eMI3",
        canonical=parsed.text,
        compact=parsed.compact,
        parts={
            ("calling code" if is_din else "country"): parsed.country,
            "operator": parsed.operator,
            "outlet": parsed.outlet,
        },
        warnings=remarks((*parsed.flags, *parsed.obstacles, *_country(country))),
    )


def _group(parsed: group_id.GroupId) -> Reading:
    return Reading(
        kind=_GROUPS[parsed.group],
        standard="ISO 15118 / eMI3",
        canonical=parsed.text,
        compact=parsed.compact,
        parts={"country": parsed.country, "operator": parsed.operator, "name": parsed.name},
        warnings=remarks((*parsed.flags, *parsed.obstacles, *_country(parsed.country))),
    )


def _country(country: str) -> tuple[str, ...]:
    return () if country in ALPHA_2 or country in OFTEN_WRITTEN_FOR else ("id.country_unknown",)


_CONTRACT_STANDARDS: Mapping[contract_id.Standard, str] = {
    contract_id.Standard.ISO: "ISO 15118",
    contract_id.Standard.EMI3: "eMI3",
    contract_id.Standard.DIN: "DIN SPEC 91286",
}


def _as_contract(text: str, *, is_explained: bool = True) -> tuple[Reading | None, str | None]:
    parsed = contract_id.parse(text)
    if parsed is None:
        return None, why_no_contract(text) if is_explained else None
    reading = Reading(
        kind=Kind.CONTRACT,
        standard=_CONTRACT_STANDARDS[parsed.standard],
        canonical=parsed.text,
        compact=parsed.compact,
        parts={"country": parsed.country, "provider": parsed.provider, "instance": parsed.instance},
        check_digit_given=parsed.check_digit,
        check_digit_computed=parsed.expected_check_digit,
        also=contract_id.conversions(parsed),
        warnings=remarks((*parsed.flags, *_country(parsed.country))),
    )
    return reading, None


def _as_token(text: str) -> tuple[Reading | None, str | None]:
    found = token_uid.canonicalise(text)
    if not text.strip():
        return None, "it is empty"
    if found.doubt in _NO_UID:
        return None, token_uid.REASONS[found.doubt]
    return _token(found), None


def _as_card(text: str, *, is_alone: bool) -> Reading | None:
    """Read a text as a token only where it looks like one: an idTag may be any text (OCPP 1.6 §3.9)."""
    found = token_uid.canonicalise(text)
    if found.is_virtual and not (is_alone and _is_marked_virtual(found)):
        return None
    if found.doubt in _NO_UID or (found.doubt in _DAMAGED and not is_alone):
        return None
    return _token(found)


def _is_marked_virtual(found: TokenUid) -> bool:
    written = (found.canonical or "").upper()
    return written.startswith(_VIRTUAL) or token_uid.is_uuid(written)


def _token(found: TokenUid) -> Reading:
    doubts = (Remark(rule=found.doubt.value, reason=token_uid.REASONS[found.doubt]),) if found.doubt else ()
    rules = (*found.rules, "tok.virtual") if found.is_virtual else found.rules
    length = len(found.canonical or "") // 2
    standard = "idTag (OCPP)" if found.is_virtual else "ISO 14443-3 uid"
    return Reading(
        kind=Kind.TOKEN,
        standard=standard if found.is_virtual or found.canonical is None else f"{standard}, {length} bytes",
        canonical=found.canonical,
        compact=found.canonical,
        candidates=found.candidates[:_MOST_CANDIDATES],
        warnings=(*remarks(rules), *doubts),
    )


_BY_KIND: Mapping[Asked, Callable[[str], tuple[Reading | None, str | None]]] = {
    Asked.EVSE: _as_evse,
    Asked.CONTRACT: _as_contract,
    Asked.TOKEN: _as_token,
}
