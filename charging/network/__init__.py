"""The canonical model of a charging network: what every source is turned into and every target is filled from."""

from charging.network.model import Evse, Lane, Location, Session, Station, Token

__all__ = ["Evse", "Lane", "Location", "Session", "Station", "Token"]
