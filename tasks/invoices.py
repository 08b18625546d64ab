"""Holding invoices against the CDRs that they list."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.database.queries import invoices as read
from charging.reconciliation.follow_up.tie_out import tie_out
from tasks import opening


@task
def tie_out_all(tolerance: Decimal) -> dict[str, Any]:
    """Hold every invoice against the CDRs that it lists, as they are now."""
    with opening.engine(configuration.load()) as engine, engine.connect() as connection:
        return tied_out(connection, tolerance=tolerance)


def tied_out(
    connection: sa.Connection, *, tolerance: Decimal, partner: str | None = None, invoice_id: str | None = None
) -> dict[str, Any]:
    """Hold invoices against the CDRs that they list, and sum them up per partner, issuer, month and currency."""
    results = []
    totals: dict[tuple[str, str, str, str], list[Decimal]] = {}
    for one in read.invoices(connection, partner=partner, invoice_id=invoice_id):
        ids = {line.cdr_id for line in one.lines}
        tied = tie_out(one, read.billed(connection, one.partner, ids, issuer=one.issuer), tolerance=tolerance)
        results.append({"issuer": one.issuer, "is_tied": tied.is_tied, "tie_out": tied})
        period = f"{one.period_from or one.issued_on or ''}"[:7] or "no period"
        sums = totals.setdefault((one.partner, one.issuer, period, tied.currency), [Decimal(0), Decimal(0)])
        sums[0] += tied.stated or Decimal(0)
        sums[1] += tied.summed
    names = ("partner", "issuer", "period", "currency")
    return {
        "is_tied": all(each["is_tied"] for each in results),
        "invoices": results,
        "totals": [
            dict(zip(names, key, strict=True)) | {"stated": sums[0], "summed": sums[1], "difference": sums[0] - sums[1]}
            for key, sums in sorted(totals.items())
        ],
    }
