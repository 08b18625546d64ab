"""What an OCPI CDR brings along for its price: its version, the tariffs it says it was priced with, and a time zone."""

from decimal import Decimal

import msgspec

from charging.tariffs.parse import UnreadableTariff, is_plain, parse
from charging.tariffs.tariff import Dimension, Tariff

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Location(msgspec.Struct):
    time_zone: str | None = None


class _Amount(msgspec.Struct):
    excl_vat: Decimal | None = None
    before_taxes: Decimal | None = None


class _Cdr(msgspec.Struct):
    stop_date_time: msgspec.Raw = msgspec.Raw()
    tariffs: list[msgspec.Raw] | None = None
    location: _Location | None = None
    total_cost: Decimal | _Amount | None = None
    total_fixed_cost: _Amount | None = None
    total_energy_cost: _Amount | None = None
    total_time_cost: _Amount | None = None
    total_parking_cost: _Amount | None = None
    total_reservation_cost: _Amount | None = None


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """What a CDR brings along."""

    version: str
    tariffs: tuple[Tariff, ...]
    unreadable: tuple[str, ...]
    """Why a tariff of its own cannot be read."""
    time_zone: str | None
    """Of the location; only CDRs of 2.1.1 carry it."""
    parts: dict[Dimension, Decimal]
    """Its own sub-totals without VAT."""


def enclosed(raw: bytes, *, version: str | None = None) -> Enclosed:
    """Return what a CDR brings along; its version is told by its fields unless it is given.

    Raises:
        ValueError: if the record is no object, or a field of these is not what OCPI says.
    """
    try:
        cdr = msgspec.json.decode(raw, type=_Cdr)
    except _UNREADABLE as problem:
        raise ValueError(str(problem)) from problem
    told = version or _version(cdr)
    tariffs, unreadable = [], []
    for each in cdr.tariffs or ():
        try:
            tariffs.append(parse(bytes(each), version=told))
        except UnreadableTariff as problem:
            unreadable.append(str(problem))
    return Enclosed(
        version=told,
        tariffs=tuple(tariffs),
        unreadable=tuple(unreadable),
        time_zone=cdr.location.time_zone if cdr.location else None,
        parts={dimension: amount for dimension, price in _parts(cdr) if (amount := _net(price)) is not None},
    )


def _version(cdr: _Cdr) -> str:
    if bytes(cdr.stop_date_time):
        return "2.1.1"
    return "2.3.0" if isinstance(cdr.total_cost, _Amount) and cdr.total_cost.before_taxes is not None else "2.2.1"


def _parts(cdr: _Cdr) -> tuple[tuple[Dimension, _Amount | None], ...]:
    return (
        (Dimension.FLAT, cdr.total_fixed_cost),
        (Dimension.ENERGY, cdr.total_energy_cost),
        (Dimension.TIME, cdr.total_time_cost),
        (Dimension.PARKING_TIME, cdr.total_parking_cost),
        (Dimension.RESERVATION_TIME, cdr.total_reservation_cost),
    )


def _net(price: _Amount | None) -> Decimal | None:
    if price is None:
        return None
    amount = price.before_taxes if price.excl_vat is None else price.excl_vat
    return amount if amount is not None and is_plain(amount) else None
