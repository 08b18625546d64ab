"""EVSE ids that have been replaced: CDRs on the old id still match, and after an agreed day it is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from charging.identifiers import evse_id as evse_ids
from charging.roaming.cdr import Cdr


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """What an old compact EVSE id stands for."""

    evse_compact: str
    expires_at: datetime | None = None
    """From when on nobody should be using the old id any more."""


Aliases = Mapping[str, Alias]
"""From an old compact id to what it stands for now."""


def current_evse(cdr: Cdr, aliases: Aliases) -> str:
    """Return the compact id that the CDR's EVSE bears now."""
    alias = aliases.get(cdr.evse_compact)
    return alias.evse_compact if alias else cdr.evse_compact


def is_expired(cdr: Cdr, aliases: Aliases) -> bool:
    """Whether the CDR uses an old id for a session that began after the agreed day."""
    alias = aliases.get(cdr.evse_compact)
    return alias is not None and alias.expires_at is not None and cdr.started_at >= alias.expires_at


def former_ids(
    evse_ids_now: Iterable[str], *, former_operators: Iterable[str], expires_at: datetime | None = None
) -> dict[str, Alias]:
    """Return the aliases of EVSEs whose ids once began with another operator code (`NL*EVX`), all else being equal."""
    found: dict[str, Alias] = {}
    for now in evse_ids_now:
        compact = evse_ids.compact(now)
        if compact is None:
            continue
        for former in former_operators:
            before = former.replace("*", "").upper() + compact[5:]
            found[before] = Alias(evse_compact=compact, expires_at=expires_at)
    return found
