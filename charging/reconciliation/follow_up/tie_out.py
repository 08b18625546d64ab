"""Tying an invoice out: the CDRs that it lists, summed, against its amount. Membership is by list, not by date."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Difference(StrEnum):
    """Why an invoice's amount and its CDRs do not agree, or cannot be compared."""

    UNKNOWN_CDR = "unknown_cdr"
    """It lists a CDR that we do not have."""
    LISTED_TWICE = "listed_twice"
    LISTED_ELSEWHERE = "listed_elsewhere"
    """Another invoice bills it, too."""
    LINE_AMOUNT = "line_amount"
    """The list states another amount than the CDR."""
    OTHER_CURRENCY = "other_currency"
    NO_AMOUNT = "no_amount"
    """The CDR, or the invoice itself, states none."""
    OPEN_CASE = "open_case"
    """A case about the CDR is open: it may be paid with reserve only."""
    REMAINDER = "remainder"
    """What is left of the invoice's amount when all CDRs are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice between a partner and us, and what it bills."""

    partner: str
    invoice_id: str
    issuer: str
    """`ours` or `theirs`."""
    currency: str | None
    net: Decimal | None
    gross: Decimal | None
    lines: tuple["Line", ...]
    period_from: date | None = None
    period_until: date | None = None
    issued_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A CDR that an invoice bills."""

    cdr_id: str
    net: Decimal | None = None
    gross: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A CDR as we have it, and what is open about it."""

    cdr_id: str
    currency: str
    net: Decimal | None
    case_key: str | None = None
    invoices: tuple[str, ...] = ()
    """Every invoice that lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One difference, in words and money."""

    difference: Difference
    cdr_id: str | None
    amount: Decimal
    """By how much the invoice states more than the CDRs make, without VAT; 0 where it changes nothing."""
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """Whether an invoice and its CDRs agree. What the differences amount to is what lies between the two sums."""

    partner: str
    invoice_id: str
    currency: str
    listed: int
    known: int
    stated: Decimal | None
    """The invoice's own amount, without VAT."""
    summed: Decimal
    """The amounts of the listed CDRs that we have, each once."""
    differences: tuple[Named, ...]

    @property
    def is_tied(self) -> bool:
        """Whether the sums agree and nothing is named but open cases."""
        return all(one.difference is Difference.OPEN_CASE for one in self.differences)


def tie_out(invoice: Invoice, known: Mapping[str, Billed], *, tolerance: Decimal = ZERO) -> TieOut:
    """Hold an invoice against the CDRs that it lists; `known` is by CDR id in capitals.

    The named amounts and the sum of the CDRs always make the invoice's amount. A remainder up to the tolerance is not
    named.
    """
    currency = invoice.currency or _currency(invoice, known)
    found: list[Named] = []
    summed = ZERO
    first = {line.cdr_id.upper(): line for line in reversed(invoice.lines)}
    for cdr_id, number in Counter(line.cdr_id.upper() for line in invoice.lines).items():
        line = first[cdr_id]
        cdr = known.get(cdr_id)
        if cdr is not None and cdr.currency == currency:
            summed += cdr.net or ZERO
        found.extend(_about(line, cdr, number=number, currency=currency, invoice=invoice))
    if invoice.net is None:
        found.append(_named(Difference.NO_AMOUNT, None, ZERO, "the invoice states no amount: import it with one"))
    else:
        left = invoice.net - summed - sum((one.amount for one in found), ZERO)
        if abs(left) > tolerance:
            said = f"{left} {currency} are left when every listed CDR is counted"
            found.append(_named(Difference.REMAINDER, None, left, said))
    return TieOut(
        partner=invoice.partner,
        invoice_id=invoice.invoice_id,
        currency=currency,
        listed=len(invoice.lines),
        known=sum(line.cdr_id.upper() in known for line in invoice.lines),
        stated=invoice.net,
        summed=summed,
        differences=tuple(found),
    )


def _about(line: Line, cdr: Billed | None, *, number: int, currency: str, invoice: Invoice) -> list[Named]:
    name = line.cdr_id
    if cdr is None:
        said = f"{name} is listed, and we have no such CDR"
        return [_named(Difference.UNKNOWN_CDR, name, (line.net or ZERO) * number, said)]
    found: list[Named] = []
    billed = cdr.net if line.net is None else line.net
    if cdr.currency != currency:
        said = f"{name} is in {cdr.currency}, the invoice in {currency}"
        found.append(_named(Difference.OTHER_CURRENCY, name, (line.net or ZERO) * number, said))
    elif cdr.net is None:
        found.append(_named(Difference.NO_AMOUNT, name, (line.net or ZERO) * number, f"{name} states no amount"))
    else:
        if line.net is not None and line.net != cdr.net:
            said = f"{name}: the invoice lists {line.net}, the CDR says {cdr.net}"
            found.append(_named(Difference.LINE_AMOUNT, name, line.net - cdr.net, said))
        if number > 1:
            said = f"{name} is listed {number} times"
            found.append(_named(Difference.LISTED_TWICE, name, (billed or ZERO) * (number - 1), said))
    others = sorted(set(cdr.invoices) - {invoice.invoice_id})
    if others:
        found.append(_named(Difference.LISTED_ELSEWHERE, name, ZERO, f"{name} is also on {', '.join(others)}"))
    if cdr.case_key:
        found.append(_named(Difference.OPEN_CASE, name, ZERO, f"{cdr.case_key} about {name} is open"))
    return found


def _named(difference: Difference, cdr_id: str | None, amount: Decimal, explanation: str) -> Named:
    return Named(difference=difference, cdr_id=cdr_id, amount=amount, explanation=explanation)


def _currency(invoice: Invoice, known: Mapping[str, Billed]) -> str:
    """Return the currency of most listed CDRs, for an invoice that names none."""
    named: Sequence[str] = [
        cdr.currency for line in invoice.lines if (cdr := known.get(line.cdr_id.upper())) is not None
    ]
    return Counter(named).most_common(1)[0][0] if named else ""
