"""Writing invoices and what they list."""

from datetime import datetime

import sqlalchemy as sa

from charging import canonical
from charging.database import tables
from charging.database.operations import rows
from charging.reconciliation.follow_up.tie_out import Invoice


def store(connection: sa.Connection, invoice: Invoice, *, source: str, at: datetime) -> None:
    """Make an invoice exactly this; an amount that is known already is kept where the new list states none."""
    row = tables.invoice.c
    of_it = (row.partner == invoice.partner, row.invoice_id == invoice.invoice_id)
    before = connection.execute(sa.select(row.net, row.gross, row.currency).where(*of_it)).one_or_none()
    head = {
        "partner": invoice.partner,
        "invoice_id": invoice.invoice_id,
        "issuer": invoice.issuer,
        "currency": invoice.currency or (before.currency if before else None),
        "net": invoice.net if invoice.net is not None or before is None else before.net,
        "gross": invoice.gross if invoice.gross is not None or before is None else before.gross,
        "period_from": invoice.period_from,
        "period_until": invoice.period_until,
        "issued_on": invoice.issued_on,
        "source": source,
        "content_sha256": canonical.digest(invoice),
        "imported_at": at,
    }
    rows.upsert(connection, tables.invoice, [head])
    rows.replace(
        connection,
        tables.invoice_line,
        {"partner": invoice.partner, "invoice_id": invoice.invoice_id},
        [
            {
                "partner": invoice.partner,
                "invoice_id": invoice.invoice_id,
                "line_number": number,
                "cdr_id": line.cdr_id,
                "net": line.net,
                "gross": line.gross,
            }
            for number, line in enumerate(invoice.lines, start=1)
        ],
    )
