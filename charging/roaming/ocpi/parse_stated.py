"""What a CDR states, whichever OCPI version it is written in: numbers and instants read, nothing judged yet. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from charging.identifiers import contract_id, evse_id
from charging.identifiers.countries import ALPHA_2
from charging.roaming.cdr import CdrLine
from charging.roaming.ocpi.parse_numbers import Numbers
from charging.roaming.ocpi.wire_cdr import (
    AnyCdr,
    Cdr211,
    Cdr221,
    Cdr230,
    Coordinates,
    Part221,
    Part230,
)
from charging.roaming.ocpi.wire_values import Instant, instant

NOT_AVAILABLE = "#NA"
"""Stands for an EVSE or connector that a reservation never came to have (OCPI 2.2.1 mod_cdrs, CdrLocation)."""
ADVENIR = "GIREVE2ADVENIR"
"""The contract of the anonymous copies that Gireve sends for French subsidies: nobody is billed for them."""
NOBODY = "??-???"
"""The owner where neither the record nor its EVSE id tells one."""
_CARD_LENGTHS = {8, 14, 20}
_HEX = frozenset("0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One CDR as stated. Ids are as written; an empty optional one is None."""

    owner: str
    has_own_owner: bool
    """False where the owner was told from the EVSE id, as 2.1.1 states none."""
    cdr_id: str
    session_id: str | None
    authorization_reference: str | None
    evse: str
    evse_uid: str | None
    connector_id: str | None
    evse_count: int
    country: str | None
    coordinates: Coordinates | None
    token_uid: str | None
    contract: str | None
    has_told_kind: bool
    """False where a 2.1.1 `auth_id` was taken for a uid or a contract by its form."""
    start: Instant
    end: Instant
    last_updated: Instant
    energy_kwh: Decimal
    total_hours: Decimal
    parking_hours: Decimal | None
    net: Decimal
    gross: Decimal | None
    parts: tuple[Decimal, ...]
    """The sub-totals without VAT."""
    currency: str
    tariffs: tuple[tuple[str, str], ...]
    """Id and currency of the enclosed ones."""
    lines: tuple[CdrLine, ...]
    credit: bool | None
    credits_cdr_id: str | None
    invoice_id: str | None
    remark: str
    as_text: tuple[str, ...]
    """Which numbers were sent as text."""


def stated_in_211(record: Cdr211, *, owner: str | None) -> Stated:
    """Return what a 2.1.1 CDR states. It names no owner: that is the party whose endpoint it came from.

    Raises:
        ValueError: if a number or an instant is none, or there is no EVSE.
    """
    if not record.location.evses:
        raise ValueError("`location.evses` is empty")
    evse = record.location.evses[0]
    written = evse.evse_id or evse.uid
    has_contract = is_contract(record.auth_id)
    numbers = Numbers()
    return _stated(
        record,
        numbers,
        owner=owner or owner_of(written),
        has_own_owner=owner is not None,
        authorization_reference=record.authorization_id,
        evse=written,
        evse_uid=evse.uid,
        connector_id=evse.connectors[0].id if evse.connectors else None,
        evse_count=len(record.location.evses),
        place=(record.location.country, record.location.coordinates),
        token_uid=None if has_contract else record.auth_id,
        contract=record.auth_id if has_contract else None,
        ended=("stop_date_time", record.stop_date_time),
        money=(numbers.required(record.total_cost, "total_cost"), None, ()),
        credit=(None, None, None),
    )


def stated_in_22(record: Cdr221 | Cdr230) -> Stated:
    """Return what a CDR of 2.2.1 or 2.3.0 states.

    Raises:
        ValueError: if a number or an instant is none.
    """
    numbers = Numbers()
    parts: dict[str, Part221 | Part230 | None] = {
        "total_fixed_cost": record.total_fixed_cost,
        "total_energy_cost": record.total_energy_cost,
        "total_time_cost": record.total_time_cost,
        "total_parking_cost": record.total_parking_cost,
        "total_reservation_cost": record.total_reservation_cost,
    }
    money = (
        numbers.net(record.total_cost, "total_cost"),
        numbers.gross(record.total_cost, "total_cost"),
        tuple(numbers.net(part, name) for name, part in parts.items() if part is not None),
    )
    return _stated(
        record,
        numbers,
        owner=f"{record.country_code.upper()}-{record.party_id.upper()}",
        has_own_owner=True,
        authorization_reference=record.authorization_reference,
        evse=record.cdr_location.evse_id,
        evse_uid=record.cdr_location.evse_uid,
        connector_id=record.cdr_location.connector_id,
        evse_count=1,
        place=(record.cdr_location.country, record.cdr_location.coordinates),
        token_uid=record.cdr_token.uid,
        contract=record.cdr_token.contract_id,
        ended=("end_date_time", record.end_date_time),
        money=money,
        credit=(record.credit, record.credit_reference_id, record.invoice_reference_id),
    )


def _stated(
    record: AnyCdr,
    numbers: Numbers,
    *,
    owner: str,
    has_own_owner: bool,
    authorization_reference: str | None,
    evse: str,
    evse_uid: str | None,
    connector_id: str | None,
    evse_count: int,
    place: tuple[str | None, Coordinates | None],
    token_uid: str | None,
    contract: str | None,
    ended: tuple[str, str],
    money: tuple[Decimal, Decimal | None, tuple[Decimal, ...]],
    credit: tuple[bool | None, str | None, str | None],
) -> Stated:
    return Stated(
        owner=owner,
        has_own_owner=has_own_owner,
        cdr_id=record.id,
        session_id=record.session_id or None,
        authorization_reference=authorization_reference or None,
        evse=evse,
        evse_uid=available(evse_uid),
        connector_id=available(connector_id),
        evse_count=evse_count,
        country=place[0] or None,
        coordinates=place[1],
        token_uid=token_uid,
        contract=contract,
        has_told_kind=not isinstance(record, Cdr211),
        start=instant(record.start_date_time, "start_date_time"),
        end=instant(ended[1], ended[0]),
        last_updated=instant(record.last_updated, "last_updated"),
        energy_kwh=numbers.required(record.total_energy, "total_energy"),
        total_hours=numbers.required(record.total_time, "total_time"),
        parking_hours=numbers.optional(record.total_parking_time, "total_parking_time"),
        net=money[0],
        gross=money[1],
        parts=money[2],
        currency=record.currency.upper(),
        tariffs=tuple((tariff.id, tariff.currency.upper()) for tariff in record.tariffs or ()),
        lines=tuple(numbers.lines(record.charging_periods)),
        credit=credit[0],
        credits_cdr_id=credit[1] or None,
        invoice_id=credit[2] or None,
        remark=record.remark or "",
        as_text=tuple(numbers.as_text),
    )


def available(text: str | None) -> str | None:
    """Return an id, None where it is missing or says that there is none."""
    return None if text in {None, "", NOT_AVAILABLE} else text


def is_contract(auth_id: str) -> bool:
    """Whether a 2.1.1 `auth_id` is a contract by its form. A seven-byte card can look like one: hex wins."""
    text = auth_id.strip()
    if len(text) in _CARD_LENGTHS and _HEX.issuperset(text):
        return False
    contract = contract_id.parse(text)
    return contract is not None and (contract.country in ALPHA_2 or text.upper() == ADVENIR)


def owner_of(evse: str) -> str:
    """Return country and operator of an EVSE id, as in `NL-EVN`."""
    parsed = evse_id.parse(evse)
    if parsed is None or parsed.standard is not evse_id.Standard.ISO:
        return NOBODY
    return f"{parsed.country}-{parsed.operator}"
