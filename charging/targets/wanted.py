"""What a target should hold: the clean network under the ids that it carries from now on."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from charging.network import Connector, Evse, Location, Station, Tariff, Token

ENTITIES = ("tariff", "location", "station", "evse", "connector", "token")
"""In the order in which a target takes them."""
KEYS = {
    "tariff": "tariff_id",
    "location": "location_id",
    "station": "station_id",
    "evse": "evse_uid",
    "token": "token_uid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Everything that is loaded. EVSE 0 stands for a whole station and is none."""

    tariffs: Sequence[Tariff] = ()
    locations: Sequence[Location] = ()
    stations: Sequence[Station] = ()
    evses: Sequence[Evse] = ()
    connectors: Sequence[Connector] = ()
    tokens: Sequence[Token] = ()

    def of(self, entity: str) -> Sequence[object]:
        """Return the rows of an entity."""
        return {
            "tariff": self.tariffs,
            "location": self.locations,
            "station": self.stations,
            "evse": [evse for evse in self.evses if evse.connector_id],
            "connector": self.connectors,
            "token": self.tokens,
        }[entity]

    def keys(self, entity: str) -> list[str]:
        """Return the keys of an entity's rows."""
        return [key_of(entity, row) for row in self.of(entity)]


def key_of(entity: str, row: object) -> str:
    """Return the key by which a row is known in plans, outcomes and reports."""
    if isinstance(row, Connector):
        return connector_key(row)
    return str(getattr(row, KEYS[entity]))


def plain_fields(row: object) -> dict[str, object]:
    """Return a row's own fields."""
    return {field.name: getattr(row, field.name) for field in fields(row)}  # type: ignore[arg-type]


def connector_key(connector: Connector) -> str:
    """Return the key of a connector: its EVSE's and its number there."""
    return f"{connector.evse_uid}#{connector.connector_number}"
