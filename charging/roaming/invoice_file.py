"""Invoices by file: JSON of ours, the records of OCPI 2.3.0's invoice reconciliation, or a CSV of what is billed."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from charging.errors import SourceNotFound, UnreadableSource
from charging.reconciliation.follow_up.listed import Line
from charging.reconciliation.follow_up.tie_out import Invoice

MEND = "see the README's section on invoices for the three forms"
_DATES = ("period_from", "period_until", "issued_on")
ISSUERS = ("ours", "theirs")


def read(path: Path, *, partner: str, issuer: str) -> list[Invoice]:
    """Return the invoices of a file, in its order; `issuer` (ours or theirs) is who sent them.

    JSON: an invoice or a list of them, each `{"invoice_id", "currency", "net", "lines": [{"cdr_id", "net"}]}` or the
    record of OCPI 2.3.0 ed2, `{"invoice_id", "cdrs": […]}`, which states no amount. CSV: a line for each CDR, with the
    columns invoice_id and cdr_id, and where they are known currency, net, gross and invoice_net.

    Raises:
        SourceNotFound: if it is not there.
        UnreadableSource: if it is none of these.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as problem:
        raise SourceNotFound(str(path)) from problem
    except UnicodeDecodeError as problem:
        raise UnreadableSource(str(path), str(problem), "write it in UTF-8") from problem
    try:
        found = _of_csv(text, partner) if path.suffix.lower() == ".csv" else _of_json(text, partner)
    except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError) as problem:
        said = f"it has no {problem.args[0]}" if isinstance(problem, KeyError) else str(problem) or "a number is none"
        raise UnreadableSource(str(path), said, MEND) from problem
    return [replace(invoice, issuer=issuer) for invoice in found]


def _of_json(text: str, partner: str) -> list[Invoice]:
    stated = json.loads(text, parse_float=Decimal)
    if isinstance(stated, dict) and isinstance(stated.get("data"), list):
        stated = stated["data"]
    records = stated if isinstance(stated, list) else [stated]
    merged: dict[str, Invoice] = {}
    for record in records:
        one = _invoice(record, partner)
        before = merged.get(one.invoice_id)  # 2.3.0: several records may list the CDRs of one invoice
        merged[one.invoice_id] = one if before is None else replace(before, lines=(*before.lines, *one.lines))
    return list(merged.values())


def _invoice(record: Mapping[str, Any], partner: str) -> Invoice:
    if "cdrs" in record:
        lines = tuple(Line(cdr_id=_text(cdr_id)) for cdr_id in record["cdrs"])
    else:
        lines = tuple(
            Line(cdr_id=_text(each["cdr_id"]), net=_amount(each.get("net")), gross=_amount(each.get("gross")))
            for each in record["lines"]
        )
    if not lines:
        raise ValueError(f"invoice {record['invoice_id']} lists no CDR")
    return Invoice(
        partner=partner,
        invoice_id=_text(record["invoice_id"]),
        issuer="theirs",
        currency=_currency(record.get("currency")),
        net=_amount(record.get("net")),
        gross=_amount(record.get("gross")),
        lines=lines,
        **{name: date.fromisoformat(record[name]) for name in _DATES if record.get(name)},
    )


def _of_csv(text: str, partner: str) -> list[Invoice]:
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows:
        raise ValueError("it lists no CDR")
    return [_grouped(partner, name, rows) for name in dict.fromkeys(_text(row["invoice_id"]) for row in rows)]


def _grouped(partner: str, invoice_id: str, rows: Iterable[Mapping[str, str]]) -> Invoice:
    here = [row for row in rows if row["invoice_id"].strip() == invoice_id]
    lines = tuple(
        Line(cdr_id=_text(row["cdr_id"]), net=_amount(row.get("net")), gross=_amount(row.get("gross"))) for row in here
    )
    stated = {_amount(row.get("invoice_net")) for row in here} - {None}
    currencies = {_currency(row.get("currency")) for row in here} - {None}
    if len(stated) > 1 or len(currencies) > 1:
        raise ValueError(f"invoice {invoice_id} states more than one amount or currency")
    listed = [line.net for line in lines if line.net is not None]
    summed = sum(listed, Decimal(0)) if len(listed) == len(lines) else None
    return Invoice(
        partner=partner,
        invoice_id=invoice_id,
        issuer="theirs",
        currency=next(iter(currencies), None),
        net=next(iter(stated), summed),
        gross=None,
        lines=lines,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"an id is {value!r}")
    return value.strip()


def _currency(value: object) -> str | None:
    return _text(value).upper() if value else None


def _amount(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(f"an amount is {value!r}")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"an amount is {value!r}")
    return number
