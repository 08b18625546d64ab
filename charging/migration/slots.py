"""OCPP 2's numbered connection profiles: which slot the new address goes into, and in which order they are tried. Pure.

OCPP 2.0.1 part 2, B09 and B10: SetNetworkProfile fills a slot, NetworkConfigurationPriority orders the slots, and a
station that cannot connect with one, NetworkProfileConnectionAttempts times, tries the next.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from charging.migration.recipes import ReadBack, Recipe, Write

ACTIVE = "OCPPCommCtrlr.ActiveNetworkProfile"
PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"
ATTEMPTS = "OCPPCommCtrlr.NetworkProfileConnectionAttempts"
SECURITY = "SecurityCtrlr.SecurityProfile"
ASKED = (ACTIVE, PRIORITY, ATTEMPTS, SECURITY)
"""What is read of a station before anything is written."""
STEP = "slots"
"""The step under which the journal remembers what was found."""
_URL = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A station's slots, and what to do with them; or what speaks against it."""

    slot: int = 0
    """The free one."""
    priority: str = ""
    """The new order: the free slot first, the one in use as the fallback, then the others."""
    security_profile: int = 0
    problem: str = ""


def find(told: Mapping[str, str | None], recipe: Recipe) -> Found:
    """Return the slot for the new address, from what the station told of `ASKED`.

    The station's security profile is kept: it can be raised and never lowered (B09), so it is nothing to change on
    the way.
    """
    active, order = _number(told.get(ACTIVE)), _numbers(told.get(PRIORITY))
    profile = recipe.profile
    security = _number(told.get(SECURITY))
    security = profile.security_profile if profile and security is None else security
    places = profile.slots if profile else ()
    problem = _problem(active, order, places, attempts=_number(told.get(ATTEMPTS)), security=security)
    if problem or active is None or security is None:
        return Found(problem=problem)
    unused = [place for place in places if place not in order]
    slot = unused[0] if unused else [place for place in order if place != active and place in places][-1]
    rest = [place for place in order if place not in {slot, active}]
    return Found(slot=slot, priority=_written((slot, active, *rest)), security_profile=security)


def _problem(
    active: int | None, order: list[int], places: tuple[int, ...], *, attempts: int | None, security: int | None
) -> str:
    if active is None:
        return "it does not say which connection profile it uses"
    if not order:
        return "it does not say in which order it tries its connection profiles"
    if order[0] != active:
        return f"it uses profile {active} and prefers {order[0]}: it cannot reach that, or waits to restart"
    if active not in places:
        return f"it uses profile {active}, which is none of the recipe's slots {_written(places)}"
    if not attempts:
        return "it does not say how often it tries a connection profile before it falls back"
    return "" if security is not None else "it does not say its security profile, and neither does the recipe"


def filled(recipe: Recipe, found: Mapping[str, object] | None) -> Recipe:
    """Return the recipe with its writes for the slot that was found; a recipe without a profile as it is.

    What a slot held before cannot be read in OCPP 2.0.1: on the way back it is given the legacy's address.
    """
    if recipe.profile is None or found is None or found.get("problem"):
        return recipe
    slot, priority, security = found["slot"], found["priority"], found["security_profile"]
    data: dict[str, object] = {
        "ocppVersion": recipe.profile.ocpp_version,
        "ocppTransport": "JSON",
        "ocppCsmsUrl": _URL,
        "messageTimeout": recipe.profile.message_timeout,
        "securityProfile": security,
        "ocppInterface": recipe.profile.interface,
    }
    template = json.dumps(data).replace("{", "{{").replace("}", "}}").replace(json.dumps(_URL)[1:-1], "{url}")
    profile = Write(key=f"NetworkProfile.{slot}", template=template, read_back=ReadBack.NEVER, is_sensitive=False)
    switch = Write(key=PRIORITY, template=str(priority), read_back=ReadBack.EXACT, is_sensitive=False)
    return replace(recipe, writes=(profile, switch))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None


def _numbers(text: str | None) -> list[int]:
    parts = [_number(part) for part in (text or "").split(",")]
    return [part for part in parts if part is not None] if None not in parts else []


def _written(slots: tuple[int, ...]) -> str:
    return ",".join(map(str, slots))
