"""What a station says of a VPN that it builds itself. Pure.

OCPP 2.0.1 part 2, NetworkConnectionProfileType and VPNType (server, user, group, password, key, type); OCPP 2.1 shows
the same as variables of the component NetworkConfiguration, one instance for each slot. OCPP 1.6 has no key for it:
makers' own are known by their names.
"""

import re
from collections.abc import Mapping

from charging.migration.sims import StationVpn, is_up
from charging.migration.slots import ACTIVE

_SLOT = re.compile(r"\[(\d+)\]")
_STATES = ("enabled", "state", "status", "active", "connected", "up")
_GROUPS = ("group", "network", "name")
_SERVERS = ("server", "host", "gateway", "address")


def in_settings(values: Mapping[str, str | None]) -> StationVpn | None:
    """Return what a station's settings say, those of its connection profile in use before others; None if nothing."""
    active = values.get(ACTIVE)
    mine = {key: value for key, value in values.items() if "vpn" in key.casefold() and value}
    slots = {key: found.group(1) for key in mine if (found := _SLOT.search(key))}
    chosen = {key: value for key, value in mine.items() if active is None or slots.get(key, active) == active}
    if not chosen:
        return None
    name = _first(chosen, _GROUPS) or _first(chosen, _SERVERS)
    state = _first(chosen, _STATES)
    if not name and is_up(state) is None:
        return None
    return StationVpn(name=name, is_on=is_up(state), source="its settings")


def in_profile(slot: int, data: Mapping[str, object]) -> StationVpn | None:
    """Return what the connection profile says that a station was last given; None if it has no VPN."""
    vpn = data.get("vpn")
    if not isinstance(vpn, Mapping):
        return None
    return StationVpn(name=str(vpn.get("group") or vpn.get("server") or ""), is_on=None, source=f"profile {slot}")


def _first(values: Mapping[str, str | None], endings: tuple[str, ...]) -> str:
    """Return the value of the first key, by its name, that ends in one of these words."""
    return next((str(values[key]) for key in sorted(values) if key.casefold().endswith(endings)), "")
