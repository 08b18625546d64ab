"""What the CDRs that an invoice covers amount to, to be held against the amount of the invoice. Pure and exact."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.invoice import LISTED_ID, InvoiceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The CDRs of an invoice, found by the list alone. Every listed id is in exactly one of the first four."""

    found: tuple[Cdr, ...]
    """Each once, however often it is listed."""
    missing: tuple[str, ...]
    """Listed, and we have none of that id."""
    ambiguous: tuple[str, ...]
    """We have several versions under the id, or several ids that begin with what is listed: a person must say which."""
    repeated: tuple[str, ...]
    """Listings beyond the first of a CDR: nothing is summed for them."""
    cut_off: Mapping[str, str]
    """Ids that were found by their first 36 characters, and the whole id (a list holds 36, a CDR's own id 39)."""
    unpriced: tuple[str, ...]
    """Found, but they state no amount."""
    net: Mapping[str, Decimal]
    """The sum without VAT in each currency. Credits count with their negative totals, as they state them."""

    def difference(self, stated: Decimal, *, currency: str) -> Decimal | None:
        """Return by how much an invoice states more than its CDRs make, or None where that cannot be known yet."""
        others = [other for other, amount in self.net.items() if other != currency and amount]
        if self.missing or self.ambiguous or self.unpriced or others:
            return None
        return stated - self.net.get(currency, Decimal(0))


def covered(record: InvoiceRecord, cdrs: Iterable[Cdr]) -> Covered:
    """Return what a record's list covers of the CDRs that we have. Ids are compared without regard to case."""
    by_id: dict[str, dict[str, Cdr]] = {}
    by_start: dict[str, dict[str, Cdr]] = {}
    for cdr in cdrs:
        name = cdr.cdr_id.upper()
        by_id.setdefault(name, {})[cdr.raw_sha256] = cdr
        if len(name) > LISTED_ID:
            by_start.setdefault(name[:LISTED_ID], {})[cdr.raw_sha256] = cdr
    found: dict[str, Cdr] = {}
    sorted_out: dict[str, list[str]] = {"missing": [], "ambiguous": [], "repeated": []}
    cut_off: dict[str, str] = {}
    listed: Counter[str] = Counter()
    for stated in record.cdr_ids:
        name = stated.upper()
        fitting = by_id.get(name) or (by_start.get(name, {}) if len(name) == LISTED_ID else {})
        listed[name] += 1
        chosen = next(iter(fitting.values())) if len(fitting) == 1 else None
        if listed[name] > 1 or (chosen and chosen.raw_sha256 in found):
            sorted_out["repeated"].append(stated)
        elif chosen is None:
            sorted_out["ambiguous" if fitting else "missing"].append(stated)
        else:
            found[chosen.raw_sha256] = chosen
            if chosen.cdr_id.upper() != name:
                cut_off[stated] = chosen.cdr_id
    return Covered(
        found=tuple(found.values()),
        missing=tuple(sorted_out["missing"]),
        ambiguous=tuple(sorted_out["ambiguous"]),
        repeated=tuple(sorted_out["repeated"]),
        cut_off=cut_off,
        unpriced=tuple(cdr.cdr_id for cdr in found.values() if cdr.net is None),
        net=_sums(found.values()),
    )


def _sums(cdrs: Iterable[Cdr]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for cdr in cdrs:
        sums[cdr.currency] = sums.get(cdr.currency, Decimal(0)) + (cdr.net or Decimal(0))
    return sums
