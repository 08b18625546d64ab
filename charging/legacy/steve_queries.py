"""What is asked of SteVe's database, per entity."""

from collections.abc import Callable, Iterator, Mapping

from charging.legacy.steve_assets import connectors, evses, locations, stations
from charging.legacy.steve_drivers import customers, reservations, tokens
from charging.legacy.steve_profiles import charging_profiles
from charging.legacy.steve_reading import Reading
from charging.legacy.steve_schema import SteveSchema
from charging.legacy.steve_sessions import meter_values, sessions

QUERIES: Mapping[str, Callable[[SteveSchema], Iterator[Reading]]] = {
    "location": locations,
    "station": stations,
    "evse": evses,
    "connector": connectors,
    "customer": customers,
    "token": tokens,
    "session": sessions,
    "meter_value": meter_values,
    "reservation": reservations,
    "charging_profile": charging_profiles,
}
"""Per entity: the tables that it is read from, each with its statement. SteVe has neither tariffs nor contracts."""
