"""Work orders on the command line: listed, handed out, and closed by what a person reports and the target saw."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from charging import canonical
from charging import settings as configuration
from charging.clock import system_clock
from charging.database.operations import visits as write
from charging.database.queries import moves
from charging.database.queries import visits as read
from charging.deciders import is_named
from charging.errors import SettingsError, UnknownThing, UserError
from charging.migration import visits
from charging.migration.ports import Sighting
from charging.migration.visits import Outcome, Report, Ruling, State
from charging.settings import Settings
from charging.work_list import table, visit_answers, visit_sheet, workbook
from charging.work_list.visit_sheet import key_of
from console import workplace
from tasks import channels, opening, returns, work_lists


def listed(home: Path, plan: str, *, is_all: bool) -> dict[str, Any]:
    """Return the work orders of a plan that are not done, or all of them."""
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine, engine.connect() as connection:
        plan_id, found = _orders(connection, plan)
    shown = [order for order in found if is_all or order["state"] != State.DONE]
    return {"plan_id": plan_id, "states": dict(Counter(order["state"] for order in found)), "orders": shown}


def written(home: Path, plan: str, file: Path) -> dict[str, Any]:
    """Write the orders that are not done to a file, as .xlsx or .csv.

    Raises:
        UserError: if the file is there, or its name says another form.
    """
    if file.exists():
        raise UserError(f"{file} is there already: name a new file, or move it away")
    orders = listed(home, plan, is_all=False)["orders"]
    content = visit_sheet.as_xlsx(orders) if _form(file) == "xlsx" else visit_sheet.as_csv(orders)
    with file.open("xb") as target:
        target.write(content)
    return {"file": str(file), "orders": len(orders)}


def closed(home: Path, plan: str, report: Report, *, is_meant: bool) -> dict[str, Any]:
    """Take one report in.

    Raises:
        SettingsError: if nobody is named, or no reason given why it was not done.
        UnknownThing: if there is no such order.
    """
    if not is_named(report.by):
        raise SettingsError("--by", "names nobody", "say who was there; it is written down beside the order")
    if report.outcome is Outcome.NOT_DONE and not report.note.strip():
        raise SettingsError("--note", "gives no reason", "say why it could not be done")
    return _taken(home, plan, [report], is_meant=is_meant)


def taken_in(home: Path, plan: str, file: Path, *, is_meant: bool) -> dict[str, Any]:
    """Judge an answered list, and take all of it in, or nothing where a line is wrong.

    Raises:
        SourceError: if it cannot be read as a list of ours.
    """
    form, content = _form(file), work_lists.content_of(file)
    lines = list((workbook if form == "xlsx" else table).read(content, name=file.name))
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine, engine.connect() as connection:
        _, found = _orders(connection, plan)
    judged = visit_answers.judge(lines, {key_of(order): order for order in found}, name=file.name)
    reports = [] if judged.problems else judged.reports
    told = {"lines": judged.lines, "as_before": judged.as_before, "unanswered": judged.unanswered}
    return _taken(home, plan, reports, is_meant=is_meant) | told | {"problems": canonical.plain(judged.problems)}


def returned(
    home: Path, plan: str, stations: Sequence[str], *, is_all: bool, by: str, reason: str, is_meant: bool
) -> dict[str, Any]:
    """Open an order of return for each of these stations, or for all that a person moved.

    Raises:
        SettingsError: if nobody is named, or no reason given.
        UnknownThing: if one of them was not moved by hand, or none is named and not all are meant.
    """
    if not is_named(by):
        raise SettingsError("--by", "names nobody", "say who wants them back; it is written into their history")
    if not reason.strip():
        raise SettingsError("--reason", "gives no reason", "say why they are to come back")
    if not stations and not is_all:
        raise UnknownThing("station", "(none named)", "name the stations, or say --all for every one moved by hand")
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine, engine.begin() as connection:
        plan_id = plan or moves.latest_plan(connection)
        moves.require_plan(connection, plan_id)
        by_hand = read.moved_by_hand(connection, plan_id)
        if strangers := sorted(set(stations).difference(by_hand)):
            mend = "what the engine moved goes back by the flow roll_back; see rehome visit list --all"
            raise UnknownThing("station moved by hand", f"{strangers[0]} in {plan_id}", mend)
        chosen = sorted(by_hand) if is_all else stations
        orders = returns.proposed(connection, settings, plan_id, chosen, reason=f"{reason} ({by})")
        opened = write.send_back(connection, plan_id, orders, at=system_clock()) if is_meant else []
    return {"plan_id": plan_id, "orders": canonical.plain(orders), "opened": opened, "dry_run": not is_meant}


def list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each order."""
    for order in result["orders"]:
        where = order["location"] or order["address"] or "no known location"
        to = "" if order["leads_to"] == "target" else f" to the {order['leads_to']}"
        yield f"{order['station_id']:<20} {order['state']:<9} {order['owner']:<12} {where}{to}: {order['reason']}"
    counts = ", ".join(f"{number} {state}" for state, number in sorted(result["states"].items())) or "none"
    yield f"work orders of {result['plan_id']}: {counts}"


def written_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was written."""
    yield f"{result['orders']} work orders in {result['file']}; rehome visit import takes it back, answered"


def taken_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what became of each report."""
    for one in result["rulings"]:
        yield f"{one['station_id']:<20} {one['state']:<9} {one['reason']}"
    for one in result.get("problems", ()):
        yield f"row {one['row']}, {one['column']}: {one['problem']}; {one['mend']}"
    if result.get("problems"):
        yield "nothing was taken: mend these lines, or take them out"
    elif result["dry_run"]:
        yield "dry run: nothing was written; --yes writes it"


def returned_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what each order says, and whether it was opened."""
    for one in result["orders"]:
        yield f"{one['station_id']:<20} {one['owner']:<12} {one['reason']}"
        yield from (f"    {line}" for line in one["instructions"].splitlines())
    if result["dry_run"]:
        yield f"dry run: {len(result['orders'])} orders would be opened; --yes opens them"
    else:
        yield f"opened in {result['plan_id']}: {len(result['opened'])} orders; rehome visit export hands them out"


def _taken(home: Path, plan: str, reports: Sequence[Report], *, is_meant: bool) -> dict[str, Any]:
    settings = configuration.load(workplace.of(home))
    with opening.engine(settings) as engine:
        with engine.connect() as connection:
            plan_id, found = _orders(connection, plan)
        orders = {order["station_id"]: order for order in found}
        if unknown := [report.station_id for report in reports if report.station_id not in orders]:
            raise UnknownThing("work order", f"of {unknown[0]} in {plan_id}", "see rehome visit list")
        leads = {report.station_id: orders[report.station_id]["leads_to"] for report in reports}
        seen = asyncio.run(_seen(settings, leads)) if leads else {}
        rulings = [_ruled(report, orders[report.station_id], seen) for report in reports]
        if is_meant:
            with engine.begin() as connection:
                for report, ruling in zip(reports, rulings, strict=True):
                    write.write(connection, plan_id, ruling, report=report, at=system_clock())
    return {"plan_id": plan_id, "rulings": canonical.plain(rulings), "dry_run": not is_meant}


def _ruled(report: Report, order: Mapping[str, Any], seen: Mapping[str, Sighting]) -> Ruling:
    sighting = seen.get(report.station_id)
    return visits.rule(report, leads_to=order["leads_to"], opened_at=order["opened_at"], seen=sighting)


async def _seen(settings: Settings, leads: Mapping[str, visits.Side]) -> Mapping[str, Sighting]:
    """Return what the back-office that each station's order leads to has seen of it."""
    found: dict[str, Sighting] = {}
    for side in sorted(set(leads.values())):
        async with channels.office(settings, side) as office:
            found |= await office.sightings([station_id for station_id, each in leads.items() if each == side])
    return found


def _orders(connection: sa.Connection, plan: str) -> tuple[str, list[dict[str, Any]]]:
    plan_id = plan or moves.latest_plan(connection)
    moves.require_plan(connection, plan_id)
    return plan_id, read.orders(connection, plan_id)


def _form(file: Path) -> Literal["xlsx", "csv"]:
    match file.suffix.casefold():
        case ".xlsx":
            return "xlsx"
        case ".csv":
            return "csv"
    raise UserError(f"{file.name} is of no form that lists have: name it .xlsx or .csv")
