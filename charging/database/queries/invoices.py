"""Reading invoices, and the CDRs that they list as we have them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from charging.database import tables
from charging.reconciliation.follow_up.lifecycle import CLOSED
from charging.reconciliation.follow_up.listed import Billed, Line
from charging.reconciliation.follow_up.tie_out import Invoice
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import BACK_OFFICES, Cohort, Side


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


def billed(
    connection: sa.Connection, partner: str, cdr_ids: Collection[str], *, issuer: str
) -> dict[str, list[Billed]]:
    """Return what the issuer's CDRs state, by id in capitals: theirs on their invoices, ours on ours.

    Where an id of theirs came with several contents the first that came counts, as in the night. Of ours the version
    counts that was judged last, one for each back-office that has numbered a charge so, and
    one for a charge that both hold.
    """
    wanted = sa.literal(sorted({cdr_id.upper() for cdr_id in cdr_ids}), ARRAY(sa.Text))
    stated = _stated(connection, partner, wanted, issuer=issuer)
    cases = _open_cases(connection, partner, wanted, issuer=issuer)
    listed = _listed(connection, partner, wanted)
    return {
        cdr_id: [
            Billed(
                cdr_id=cdr_id,
                currency=row["currency"] or "",
                net=row["net"],
                case_key=_case_key(row, cases[cdr_id], is_alone=len(rows) == 1),
                invoices=_invoices(row, listed[cdr_id], among=rows),
                back_office=BACK_OFFICES[Cohort(row["cohort"])] if issuer == Side.OURS and row["cohort"] else None,
                ended_at=row["ended_at"],
            )
            for row in rows
        ]
        for cdr_id, rows in stated.items()
    }


def _stated(
    connection: sa.Connection, partner: str, wanted: sa.ColumnElement[Any], *, issuer: str
) -> dict[str, list[sa.RowMapping]]:
    """Return the version that counts of each CDR, by id in capitals, the legacy's before the target's."""
    row, verdict, head = tables.cdr.c, tables.verdict.c, tables.reconciliation.c
    name = sa.func.upper(row.cdr_id)
    of_it = (row.partner == partner, row.side == issuer, name == sa.any_(wanted))
    columns = (row.cohort, row.currency, row.net, row.evse_compact, row.started_at, row.ended_at)
    chosen = sa.select(name.label("id"), *columns).where(*of_it)
    if issuer == Side.OURS:
        is_second = sa.and_(verdict.verdict == str(Verdict.DUPLICATE), verdict.kinds.contains([str(Kind.TWO_ROUTES)]))
        judged = (
            sa.select(
                verdict.ours_key,
                sa.func.max(head.reconciled_at).label("judged_at"),
                sa.func.bool_or(is_second).label("is_second"),
            )
            .join(tables.reconciliation, sa.and_(head.partner == verdict.partner, head.day == verdict.day))
            .where(verdict.partner == partner, verdict.ours_key.in_(sa.select(row.cdr_key).where(*of_it)))
            .group_by(verdict.ours_key)
            .subquery()
        )
        last = (judged.c.judged_at.desc().nulls_last(), row.stored_at.desc(), row.cdr_key.desc())
        chosen = (
            chosen.add_columns(judged.c.judged_at, judged.c.is_second)
            .join_from(tables.cdr, judged, judged.c.ours_key == row.cdr_key, isouter=True)
            .distinct(name, row.cohort)
            .order_by(name, row.cohort.desc(), *last)
        )
    else:
        chosen = chosen.distinct(name).order_by(name, row.stored_at, row.cdr_key)
    found: defaultdict[str, list[sa.RowMapping]] = defaultdict(list)
    for each in connection.execute(chosen).mappings():
        found[each["id"]].append(each)
    return {cdr_id: _that_count(rows) for cdr_id, rows in found.items()} if issuer == Side.OURS else found


def _that_count(rows: list[sa.RowMapping]) -> list[sa.RowMapping]:
    """Return our CDRs of an id without those that no night holds any more, and the second of a charge held twice."""
    judged = [row for row in rows if row["judged_at"] is not None] or rows
    return [row for row in judged if not (row["is_second"] and any(_is_one(row, other) for other in judged))]


def _is_one(second: sa.RowMapping, first: sa.RowMapping) -> bool:
    is_at_once = first["started_at"] < second["ended_at"] and second["started_at"] < first["ended_at"]
    return not first["is_second"] and is_at_once and first["evse_compact"] == second["evse_compact"]


def _open_cases(
    connection: sa.Connection, partner: str, wanted: sa.ColumnElement[Any], *, issuer: str
) -> defaultdict[str, dict[str | None, str]]:
    """Return the open cases about CDRs, by id in capitals and cohort."""
    case = tables.followed_case.c
    about = sa.func.upper(case.ours_cdr_id if issuer == Side.OURS else case.theirs_cdr_id)
    is_open = case.state.not_in([str(state) for state in CLOSED])
    chosen = sa.select(about, case.cohort, case.case_key).where(
        case.partner == partner, is_open, about == sa.any_(wanted)
    )
    found: defaultdict[str, dict[str | None, str]] = defaultdict(dict)
    for cdr_id, cohort, case_key in connection.execute(chosen.order_by(case.case_key)).tuples():
        found[cdr_id][cohort] = case_key
    return found


def _case_key(row: sa.RowMapping, cases: Mapping[str | None, str], *, is_alone: bool) -> str | None:
    """Return the open case about a CDR; where it has the id alone, every case about the id is."""
    found = cases.get(row["cohort"], cases.get(None))
    return next(iter(cases.values()), None) if found is None and is_alone else found


def _listed(
    connection: sa.Connection, partner: str, wanted: sa.ColumnElement[Any]
) -> defaultdict[str, list[tuple[str, Decimal | None]]]:
    """Return on which invoices CDRs are listed, and with which amount, by id in capitals."""
    line = tables.invoice_line.c
    name = sa.func.upper(line.cdr_id)
    chosen = sa.select(name, line.invoice_id, line.net).where(line.partner == partner, name == sa.any_(wanted))
    found: defaultdict[str, list[tuple[str, Decimal | None]]] = defaultdict(list)
    for cdr_id, invoice_id, net in connection.execute(chosen.distinct()).tuples():
        found[cdr_id].append((invoice_id, net))
    return found


def _invoices(
    row: sa.RowMapping, listed: Sequence[tuple[str, Decimal | None]], *, among: Sequence[sa.RowMapping]
) -> tuple[str, ...]:
    """Return the invoices that may list a CDR: not those that state the amount of another one of its id alone."""
    others = {one["net"] for one in among} - {row["net"], None}
    return tuple(sorted({invoice_id for invoice_id, net in listed if net not in others}))
