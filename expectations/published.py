"""Ask of EVSE data, as they would be published by OCPI, how good they are."""

from collections.abc import Mapping, Sequence

import pandas as pd

from expectations.check import ask
from expectations.findings import Findings
from expectations.outgoing.check import SUITES
from expectations.score import Field, Score, fields_of

KIND = "ocpi-2.2.1"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "location": ("id", "name", "address", "city", "postal_code", "country", "latitude", "longitude", "time_zone"),
    "evse": ("uid", "evse_id", "connectors"),
    "connector": ("id", "standard", "format", "power_type", "max_voltage", "max_amperage", "max_electric_power"),
}
"""What is judged of each object: what drivers, maps and access points read."""


def judge_published(
    published: Mapping[str, Sequence[Mapping[str, object]]],
) -> tuple[tuple[Findings, ...], Score]:
    """Return what the suites of OCPI say of each object, and the score of all of them.

    `published` holds the objects of each entity, flat, with a `key` each; a field that nobody knows is absent or None.
    """
    found: list[Findings] = []
    fields: list[Field] = []
    for entity, names in FIELDS.items():
        findings, scored = _judge(entity, names, published.get(entity, ()))
        found.append(findings)
        fields += scored
    return tuple(found), Score(fields=tuple(fields))


def _judge(
    entity: str, names: Sequence[str], rows: Sequence[Mapping[str, object]]
) -> tuple[Findings, tuple[Field, ...]]:
    columns = ("key", *names)
    frame = pd.DataFrame({name: [row.get(name) for row in rows] for name in columns}, dtype=object)
    asked = [each for each in SUITES[KIND][entity]() if set(each.columns) <= set(columns)]
    findings = ask(f"published.{entity}", asked, frame, key="key")
    filled = {name: [str(row["key"]) for row in rows if row.get(name) is not None] for name in names}
    return findings, fields_of(entity, asked, findings, filled, rows=len(rows))
