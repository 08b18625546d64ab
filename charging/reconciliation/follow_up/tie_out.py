"""Tying an invoice out: the CDRs that it lists, summed, against its amount. Membership is by list, not by date."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from charging.reconciliation.follow_up.listed import Billed, Line, Terms, assigned

ZERO = Decimal(0)


class Difference(StrEnum):
    """Why an invoice's amount and its CDRs do not agree, or cannot be compared."""

    UNKNOWN_CDR = "unknown_cdr"
    """It lists a CDR that we do not have."""
    LISTED_TWICE = "listed_twice"
    NOT_TOLD_APART = "not_told_apart"
    """Both our back-offices have a CDR of this id, and nothing says which of them is meant."""
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
    lines: tuple[Line, ...]
    period_from: date | None = None
    period_until: date | None = None
    issued_on: date | None = None


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
    """The amounts of the listed CDRs that we have, each once; what is not told apart is none of them."""
    differences: tuple[Named, ...]

    @property
    def is_tied(self) -> bool:
        """Whether the sums agree and nothing is named but open cases."""
        return all(one.difference is Difference.OPEN_CASE for one in self.differences)


def tie_out(invoice: Invoice, known: Mapping[str, Sequence[Billed]], *, tolerance: Decimal = ZERO) -> TieOut:
    """Hold an invoice against the CDRs that it lists; `known` is by CDR id in capitals, which two of ours may share.

    The named amounts and the sum of the CDRs always make the invoice's amount. A remainder up to the tolerance is not
    named.
    """
    currency = invoice.currency or _currency(invoice, known)
    terms = Terms(currency=currency, period_from=invoice.period_from, period_until=invoice.period_until)
    found: list[Named] = []
    summed = ZERO
    listed: dict[str, list[Line]] = {}
    for line in invoice.lines:
        listed.setdefault(line.cdr_id.upper(), []).append(line)
    for cdr_id, lines in listed.items():
        cdrs = known.get(cdr_id, ())
        if not cdrs:
            said = f"{lines[0].cdr_id} is listed, and we have no such CDR"
            amount = (lines[0].net or ZERO) * len(lines)
            found.append(_named(Difference.UNKNOWN_CDR, lines[0].cdr_id, amount, said))
            continue
        what = assigned(lines, cdrs, terms=terms)
        for cdr, its in what.told:
            summed += (cdr.net or ZERO) if cdr.currency == currency else ZERO
            name = its[0].cdr_id if len(cdrs) == 1 else _name(its[0], cdr, among=cdrs)
            found.extend(_about(its[0], cdr, name=name, number=len(its), currency=currency, invoice=invoice))
        if what.untold:
            found.extend(_untold(what.untold, cdrs, told=[cdr for cdr, _ in what.told], invoice=invoice))
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


def _about(line: Line, cdr: Billed, *, name: str, number: int, currency: str, invoice: Invoice) -> Iterable[Named]:
    billed = cdr.net if line.net is None else line.net
    if cdr.currency != currency:
        said = f"{name} is in {cdr.currency}, the invoice in {currency}"
        yield _named(Difference.OTHER_CURRENCY, line.cdr_id, (line.net or ZERO) * number, said)
    elif cdr.net is None:
        yield _named(Difference.NO_AMOUNT, line.cdr_id, (line.net or ZERO) * number, f"{name} states no amount")
    else:
        if line.net is not None and line.net != cdr.net:
            said = f"{name}: the invoice lists {line.net}, the CDR says {cdr.net}"
            yield _named(Difference.LINE_AMOUNT, line.cdr_id, line.net - cdr.net, said)
        if number > 1:
            said = f"{name} is listed {number} times"
            yield _named(Difference.LISTED_TWICE, line.cdr_id, (billed or ZERO) * (number - 1), said)
    yield from _besides(line, cdr, name=name, invoice=invoice)


def _besides(line: Line, cdr: Billed, *, name: str, invoice: Invoice) -> Iterable[Named]:
    others = sorted(set(cdr.invoices) - {invoice.invoice_id})
    if others:
        said = f"{name} is also on {', '.join(others)}"
        yield _named(Difference.LISTED_ELSEWHERE, line.cdr_id, ZERO, said)
    if cdr.case_key:
        yield _named(Difference.OPEN_CASE, line.cdr_id, ZERO, f"{cdr.case_key} about {name} is open")


def _untold(
    lines: Sequence[Line], cdrs: Sequence[Billed], *, told: Sequence[Billed], invoice: Invoice
) -> Iterable[Named]:
    """Name what a person must tell apart, and what is known besides of the CDRs that may be meant."""
    line = lines[0]
    listed = ", ".join("no amount" if one.net is None else str(one.net) for one in lines)
    held = ", ".join(
        f"{cdr.net if cdr.net is not None else 'no amount'} {cdr.currency} ({_office(cdr)})" for cdr in cdrs
    )
    said = f"{line.cdr_id} is listed with {listed}; we have {held}: say which of them is meant"
    yield _named(Difference.NOT_TOLD_APART, line.cdr_id, sum((one.net or ZERO for one in lines), ZERO), said)
    for cdr in cdrs:
        if cdr not in told:
            yield from _besides(line, cdr, name=f"{line.cdr_id} of {_office(cdr)}", invoice=invoice)


def _name(line: Line, cdr: Billed, *, among: Sequence[Billed]) -> str:
    """Return how one of several CDRs of an id is called; where all state the same, no line says which it is."""
    is_told = len({(one.net, one.currency) for one in among}) > 1
    return f"{line.cdr_id} of {_office(cdr)}" if is_told else f"one of the {len(among)} CDRs {line.cdr_id}"


def _office(cdr: Billed) -> str:
    return f"the {cdr.back_office}" if cdr.back_office else "an unknown back-office"


def _named(difference: Difference, cdr_id: str | None, amount: Decimal, explanation: str) -> Named:
    return Named(difference=difference, cdr_id=cdr_id, amount=amount, explanation=explanation)


def _currency(invoice: Invoice, known: Mapping[str, Sequence[Billed]]) -> str:
    """Return the currency of most listed CDRs, for an invoice that names none."""
    named = [cdr.currency for line in invoice.lines for cdr in known.get(line.cdr_id.upper(), ())]
    return Counter(named).most_common(1)[0][0] if named else ""
