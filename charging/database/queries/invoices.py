"""Reading invoices, and the CDRs that they list as we have them."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.reconciliation.follow_up.lifecycle import CLOSED
from charging.reconciliation.follow_up.tie_out import Billed, Invoice, Line


def invoices(connection: sa.Connection, *, partner: str | None = None, invoice_id: str | None = None) -> list[Invoice]:
    """Return invoices with their lines, by partner and id."""
    head, line = tables.invoice, tables.invoice_line
    chosen = sa.select(head).order_by(head.c.partner, head.c.invoice_id)
    if partner is not None:
        chosen = chosen.where(head.c.partner == partner)
    if invoice_id is not None:
        chosen = chosen.where(head.c.invoice_id == invoice_id)
    lines: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    listed = sa.select(line).order_by(line.c.partner, line.c.invoice_id, line.c.line_number)
    for row in connection.execute(listed if partner is None else listed.where(line.c.partner == partner)).mappings():
        found = Line(cdr_id=row["cdr_id"], net=row["net"], gross=row["gross"])
        lines[row["partner"], row["invoice_id"]].append(found)
    names = ("partner", "invoice_id", "issuer", "currency", "net", "gross", "period_from", "period_until", "issued_on")
    return [
        Invoice(**{name: row[name] for name in names}, lines=tuple(lines[row["partner"], row["invoice_id"]]))
        for row in connection.execute(chosen).mappings()
    ]


def billed(connection: sa.Connection, partner: str, cdr_ids: Collection[str], *, issuer: str) -> dict[str, Billed]:
    """Return what the issuer's CDRs state, by id in capitals: theirs on their invoices, ours on ours.

    Where an id came with several contents the first that came counts, as in the night.
    """
    row, case, line = tables.cdr.c, tables.followed_case.c, tables.invoice_line.c
    wanted = sa.literal(sorted({cdr_id.upper() for cdr_id in cdr_ids}), ARRAY(sa.Text))
    name = sa.func.upper(row.cdr_id)
    found = connection.execute(
        sa.select(name.label("cdr_id"), row.currency, row.net)
        .where(row.partner == partner, row.side == issuer, name == sa.any_(wanted))
        .order_by(row.stored_at.desc(), row.cdr_key.desc())
    )
    stated: dict[str, tuple[str, Decimal | None]] = {each.cdr_id: (each.currency or "", each.net) for each in found}
    is_open = case.state.not_in([str(state) for state in CLOSED])
    about = case.ours_cdr_id if issuer == "ours" else case.theirs_cdr_id
    open_cases = connection.execute(
        sa.select(sa.func.upper(about), case.case_key).where(case.partner == partner, is_open)
    )
    cases = dict(open_cases.tuples().all())
    on: defaultdict[str, list[str]] = defaultdict(list)
    elsewhere = sa.select(sa.func.upper(line.cdr_id), line.invoice_id).where(
        line.partner == partner, sa.func.upper(line.cdr_id) == sa.any_(wanted)
    )
    for cdr_id, invoice_id in connection.execute(elsewhere.distinct()).tuples():
        on[cdr_id].append(invoice_id)
    return {
        cdr_id: Billed(
            cdr_id=cdr_id, currency=currency, net=net, case_key=cases.get(cdr_id), invoices=tuple(sorted(on[cdr_id]))
        )
        for cdr_id, (currency, net) in stated.items()
    }
