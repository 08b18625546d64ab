"""The canonical model of a charging network: what every source is turned into and every target is filled from."""

from charging.network.model import (
    ChargingProfile,
    Connector,
    Contract,
    Customer,
    Evse,
    Lane,
    Location,
    MeterValue,
    Reservation,
    Session,
    Station,
    Tariff,
    Token,
)

__all__ = [
    "ChargingProfile",
    "Connector",
    "Contract",
    "Customer",
    "Evse",
    "Lane",
    "Location",
    "MeterValue",
    "Reservation",
    "Session",
    "Station",
    "Tariff",
    "Token",
]
