"""Invoices at the command line: taken in, and held against the CDRs that they list."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from charging.clock import system_clock
from charging.database.operations import invoices as write
from charging.errors import SettingsError, UnknownThing
from charging.roaming import invoice_file
from console.casework import opened, require_partner
from tasks import invoices

_CURRENCY = re.compile("[A-Z]{3}")


def amount(text: str, option: str) -> Decimal:
    """Return an amount of the command line.

    Raises:
        SettingsError: if it is none.
    """
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise SettingsError(option, f"is {text!r}, which is no amount", "write it as 1234.50")
    return found


def take_in(
    home: Path, file: Path, *, partner: str, issuer: str, net: Decimal | None, currency: str | None
) -> dict[str, Any]:
    """Store the invoices of a file; `net` and `currency` are those of an invoice whose list states none.

    Raises:
        SettingsError: if the currency is none.
        SourceNotFound: if it is not there.
        UnknownThing: if there is no such partner, or no single invoice that `net` could be of.
        UnreadableSource: if it cannot be read.
    """
    if currency is not None and not _CURRENCY.fullmatch(currency):
        raise SettingsError("--currency", f"is {currency!r}, which is no currency", "write it as EUR")
    found = invoice_file.read(file, partner=partner, issuer=issuer)
    if net is not None and len(found) != 1:
        raise UnknownThing("single invoice", str(file), "--net is for a file of one invoice")
    found = [replace(one, net=one.net if net is None else net, currency=currency or one.currency) for one in found]
    with opened(home) as (engine, settings), engine.begin() as connection:
        require_partner(settings, partner)
        for one in found:
            write.store(connection, one, source=file.name, at=system_clock())
    return {
        "partner": partner,
        "invoices": [
            {"invoice_id": one.invoice_id, "net": one.net, "currency": one.currency, "lines": len(one.lines)}
            for one in found
        ],
    }


def tied_out(home: Path, *, partner: str | None, invoice_id: str | None, tolerance: Decimal) -> dict[str, Any]:
    """Hold invoices against the CDRs that they list, and sum them up per partner, month and currency.

    Raises:
        UnknownThing: if there is no such invoice.
    """
    with opened(home) as (engine, _), engine.connect() as connection:
        found = invoices.tied_out(connection, partner=partner, invoice_id=invoice_id, tolerance=tolerance)
    if not found["invoices"]:
        raise UnknownThing("invoice", invoice_id or partner or "of any partner", "rehome invoice import takes one in")
    return found


def import_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was taken in."""
    for one in result["invoices"]:
        amount = "no amount" if one["net"] is None else f"{one['net']} {one['currency'] or ''}".strip()
        yield f"{one['invoice_id']}: {amount}, {one['lines']} CDRs"


def tie_out_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield each invoice with its differences, then the sums."""
    for each in result["invoices"]:
        one = each["tie_out"]
        said = "ties out" if each["is_tied"] else "does NOT tie out"
        stated = "no amount" if one.stated is None else f"{one.stated} {one.currency}"
        yield f"{one.partner} {one.invoice_id} {said}: {stated} stated"
        yield f"  {one.summed} {one.currency} in the {one.known} of its {one.listed} CDRs that we have"
        for named in one.differences:
            yield f"  {named.difference:17} {named.amount:>12} {one.currency}  {named.explanation}"
    for total in result["totals"]:
        yield (
            f"{total['partner']} {total['period']}: {total['stated']} {total['currency']} stated, "
            f"{total['summed']} in CDRs, difference {total['difference']}"
        )
