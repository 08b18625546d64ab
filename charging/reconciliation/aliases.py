"""EVSE ids that have been replaced: CDRs on the old id still match, and after an agreed day it is said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from charging.identifiers import evse_id as evse_ids
from charging.identifiers.ledger import Ledger
from charging.roaming.cdr import Cdr


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """What an old compact EVSE id stands for, for sessions of a half-open time; later it may be another EVSE's."""

    evse_compact: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    expires_at: datetime | None = None
    """From when on nobody should be using the old id any more."""

    def holds(self, at: datetime) -> bool:
        """Whether it stands for that EVSE in a session that began then."""
        has_begun = self.valid_from is None or self.valid_from <= at
        return has_begun and (self.valid_until is None or at < self.valid_until)


Aliases = Mapping[str, Sequence[Alias]]
"""From an old compact id to what it stood for, one time after the other."""


def current_evse(cdr: Cdr, aliases: Aliases) -> str:
    """Return the compact id that the CDR's EVSE bears now."""
    alias = _alias(cdr, aliases)
    return alias.evse_compact if alias else cdr.evse_compact


def is_expired(cdr: Cdr, aliases: Aliases) -> bool:
    """Whether the CDR uses an old id for a session that began after the agreed day."""
    alias = _alias(cdr, aliases)
    return alias is not None and alias.expires_at is not None and cdr.started_at >= alias.expires_at


def _alias(cdr: Cdr, aliases: Aliases) -> Alias | None:
    return next((alias for alias in aliases.get(cdr.evse_compact, ()) if alias.holds(cdr.started_at)), None)


def of_ledger(ledger: Ledger) -> dict[str, tuple[Alias, ...]]:
    """Return the aliases that the ledger of names makes: every id but the one that its EVSE bears now, or bore last."""
    return {compact: found for compact in ledger.compacts() if (found := tuple(_stood_for(compact, ledger)))}


def _stood_for(compact: str, ledger: Ledger) -> Iterator[Alias]:
    bearers = ledger.bearers(compact)
    for name, later in zip_longest(bearers, bearers[1:]):
        now = ledger.names(name.evse_uid)[-1]
        until = None if later is None else later.valid_from
        if now.compact != compact:
            yield Alias(
                evse_compact=now.compact,
                valid_from=name.valid_from,
                valid_until=until,
                expires_at=name.answers_until,
            )


def former_ids(
    evse_ids_now: Iterable[str], *, former_operators: Iterable[str], expires_at: datetime | None = None
) -> dict[str, tuple[Alias, ...]]:
    """Return the aliases of EVSEs whose ids once began with another operator code (`NL*EVX`), all else being equal."""
    found: dict[str, tuple[Alias, ...]] = {}
    for now in evse_ids_now:
        compact = evse_ids.compact(now)
        if compact is None:
            continue
        for former in former_operators:
            before = former.replace("*", "").upper() + compact[5:]
            found[before] = (Alias(evse_compact=compact, expires_at=expires_at),)
    return found
