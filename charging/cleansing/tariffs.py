"""Rules for tariffs: `tariff.*`. Money is never corrected: what cannot be priced waits, what looks alike is listed."""

import json
from collections.abc import Sequence
from datetime import datetime

from charging.cleansing.case import Case, Rejection, all_open
from charging.cleansing.currencies import CURRENCIES
from charging.cleansing.references import judge_duplicates
from charging.cleansing.tariff_document import PRICES, Document, amounts, components, from_columns, from_text
from charging.cleansing.tariff_pairs import judge_alike, judge_validity
from charging.cleansing.texts import judge_texts, judge_truncated
from charging.cleansing.values import instant, number
from charging.cleansing.verdict import Context, Owner
from charging.network import Tariff
from charging.tariffs.parse import UnreadableTariff, parse

_NUMBERS = (*PRICES, "vat_percent")


def judge(cases: Sequence[Case], context: Context) -> list[Tariff]:
    """Merge, set aside and compare the tariffs among the cases; return those that are clean."""
    judge_duplicates(all_open(cases), "tariff.dup", owner=Owner.NETWORK_OWNER)
    drafts = []
    for case in all_open(cases):
        judge_texts(case, ("name",))
        tariff = _tariff(case, context)
        if tariff is not None and case.is_open:
            drafts.append((case, tariff))
    judge_truncated(all_open(cases), ("name",))
    judge_validity(drafts)
    judge_alike(drafts)
    return [tariff for case, tariff in drafts if case.is_open]


def _tariff(case: Case, context: Context) -> Tariff | None:
    """Return the tariff, or None after setting the row aside."""
    values = case.values
    document = _document(case)
    told = document or {}
    begins = _instant(case, "valid_from", told.get("start_date_time"), context)
    ends = _instant(case, "valid_until", told.get("end_date_time"), context)
    if document is None or not case.is_open:
        return None
    tariff_id = values.get("tariff_id") or ""
    currency = str(values.get("currency") or document.get("currency") or context.currency or "")
    whole: dict[str, object] = {**document, "id": tariff_id, "currency": currency}
    for name, moment in (("start_date_time", begins), ("end_date_time", ends)):
        if moment is not None:
            whole[name] = moment.isoformat().replace("+00:00", "Z")
    _lint(case, whole, begins, ends)
    return Tariff(
        tariff_id=tariff_id,
        name=values.get("name"),
        currency=currency,
        valid_from=begins,
        valid_until=ends,
        document=whole,
    )


def _document(case: Case) -> Document | None:
    """tariff.unreadable, tariff.no_price, tariff.price: the prices, from a document or from columns."""
    if (text := case.values.get("document")) is not None:
        document = from_text(text)
        if document is None:
            _reject(case, "tariff.unreadable", "its document is no JSON object")
        elif document.get("id") not in {None, case.key}:
            _reject(case, "tariff.unreadable", f"its document is that of tariff {document.get('id')}")
        return document
    for column in _NUMBERS:
        written = case.values.get(column)
        if written is not None and number(written) is None:
            _reject(case, "tariff.price", f"{column} is {written!r}")
    document = from_columns(case.values)
    if document is None:
        _reject(case, "tariff.no_price", "it has no price: is it free, or do its prices stand in an agreement?")
    return document


def _instant(case: Case, column: str, told: object, context: Context) -> datetime | None:
    """tariff.validity: it is valid from one instant to another."""
    written = case.values.get(column) or (str(told) if told else None)
    zone = context.time_zone if case.values.get(column) else "UTC"  # OCPI: a time without a zone is UTC
    moment = instant(written, zone)
    if written is not None and moment is None:
        _reject(case, "tariff.validity", f"{column} is {written!r}, which is no one instant")
    return moment


def _lint(case: Case, document: Document, begins: datetime | None, ends: datetime | None) -> None:
    """tariff.currency, tariff.no_price, tariff.price, tariff.negative, tariff.vat, tariff.validity."""
    currency = document.get("currency")
    if currency not in CURRENCIES:
        _reject(case, "tariff.currency", f"{currency!r} is no currency of ISO 4217")
    if not any(components(document)):
        _reject(case, "tariff.no_price", "it has no price: is it free, or do its prices stand in an agreement?")
    for name, amount in amounts(document):
        if amount is None:
            _reject(case, "tariff.price", f"its {name} is no number")
        elif amount < 0:
            _reject(case, "tariff.negative", f"its {name} is {amount}: is it a credit?")
        elif name == "vat" and amount > 100:
            _reject(case, "tariff.vat", f"its VAT is {amount} %")
    if begins is not None and ends is not None and ends <= begins:
        _reject(case, "tariff.validity", "it ends before it begins")
    try:
        parse(json.dumps(document))
    except UnreadableTariff as problem:
        _reject(case, "tariff.unreadable", str(problem))


def _reject(case: Case, rule: str, reason: str) -> None:
    case.reject(Rejection(rule=rule, reason=reason, owner=Owner.NETWORK_OWNER))
