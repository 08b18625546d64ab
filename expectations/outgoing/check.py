"""Ask of what is about to be sent whether its target takes it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from charging.errors import MissingColumns, UnknownThing
from expectations.check import ask
from expectations.expectation import Expectation
from expectations.findings import Findings
from expectations.ocpi_words import VERSIONS
from expectations.outgoing import back_office, csv, ocpi

if TYPE_CHECKING:
    import pandas as pd

_OCPI = (ocpi.location, ocpi.evse, ocpi.connector, ocpi.token, ocpi.tariff)
SUITES: Mapping[str, Mapping[str, Callable[[], tuple[Expectation, ...]]]] = {
    **{f"ocpi-{version}": {suite.__name__: partial(suite, version) for suite in _OCPI} for version in VERSIONS},
    "steve": {
        "station": back_office.steve_station,
        "evse": back_office.steve_evse,
        "token": back_office.steve_token,
    },
    "citrineos": {
        "location": back_office.citrineos_location,
        "station": back_office.citrineos_station,
        "evse": back_office.citrineos_evse,
        "token": back_office.citrineos_token,
    },
}
"""Per kind of target, the suite of each entity. A CSV file has none of its own: its cells are what they are."""

CSV = "csv"


def check_outgoing(
    target_kind: str,
    entity: str,
    frame: "pd.DataFrame",
    *,
    key: str = "key",
    lengths: Mapping[str, int] | None = None,
) -> Findings:
    """Ask whether a target takes these rows; `quarantined_keys` of the answer are those that must not be sent.

    `frame` holds the fields as they are sent, named as the target names them; `key` is the column that tells rows
    apart. What a row must have must be a column of the frame; a column that it may have and the frame lacks is not
    asked about. `lengths` are the limits of a CSV importer's columns.

    Raises:
        UnknownThing: if there is no such kind of target, or nothing is expected of that entity there.
        MissingColumns: if the frame lacks a column that every row must have.
    """
    name = f"outgoing.{target_kind}.{entity}"
    expectations = _suite(target_kind, entity, [str(column) for column in frame.columns if column != key], lengths)
    columns = {str(column) for column in frame.columns}
    missing = sorted({each.columns[0] for each in expectations if _is_required(each)} - columns)
    if missing:
        raise MissingColumns(name, missing, sorted(columns))
    asked = [replace(each, is_asked=each.is_asked and columns.issuperset(each.columns)) for each in expectations]
    return ask(name, asked, frame, key=key)


def _suite(
    target_kind: str, entity: str, columns: list[str], lengths: Mapping[str, int] | None
) -> tuple[Expectation, ...]:
    if target_kind == CSV:
        return csv.cells(entity, columns, lengths or {})
    if target_kind not in SUITES:
        raise UnknownThing("kind of target", target_kind, f"choose one of {', '.join((*SUITES, CSV))}")
    if entity not in SUITES[target_kind]:
        raise UnknownThing(f"entity of {target_kind}", entity, f"choose one of {', '.join(SUITES[target_kind])}")
    return SUITES[target_kind][entity]()


def _is_required(expectation: Expectation) -> bool:
    return expectation.asks == "ExpectColumnValuesToNotBeNull"
