"""What happens within one side before it is compared: credits cancel, and repetitions are set aside."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from charging.reconciliation.aliases import Aliases, current_evse
from charging.reconciliation.evidence import is_plausible
from charging.roaming.cdr import Cdr

_SAME_START = timedelta(seconds=2)
_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """A credit and the CDR that it takes back, if there is one and the amounts cancel."""

    credit: Cdr
    original: Cdr | None
    is_amount_wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A CDR that bills again what `first` bills."""

    cdr: Cdr
    first: Cdr


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One side, sorted: every CDR is in exactly one of the three."""

    live: tuple[Cdr, ...]
    credits: tuple[Credited, ...]
    repeated: tuple[Repeated, ...]


def correct(cdrs: Sequence[Cdr], *, aliases: Aliases) -> Corrected:
    """Pair credits with what they credit (OCPI 2.2.1 mod_cdrs), then set repetitions aside.

    Of several CDRs for one charge the first stated one lives: a CDR is immutable, so what came later is the mistake.
    """
    ordered = sorted(cdrs, key=lambda cdr: (cdr.last_updated, cdr.cdr_id, cdr.raw_sha256))
    originals: defaultdict[tuple[str, str], list[Cdr]] = defaultdict(list)
    for cdr in ordered:
        if not cdr.is_credit:
            originals[cdr.owner, cdr.cdr_id.upper()].append(cdr)
    credits_found = tuple(_pair(credit, originals) for credit in ordered if credit.is_credit)
    remaining = sorted(
        (cdr for group in originals.values() for cdr in group),
        key=lambda cdr: (cdr.last_updated, cdr.cdr_id, cdr.raw_sha256),
    )
    live, repeated = _set_aside(remaining, aliases)
    return Corrected(live=live, credits=credits_found, repeated=repeated)


def _pair(credit: Cdr, originals: dict[tuple[str, str], list[Cdr]]) -> Credited:
    named = credit.credits_cdr_id or credit.cdr_id.removesuffix("-C")
    candidates = originals.get((credit.owner, named.upper()), [])
    if not candidates:
        return Credited(credit=credit, original=None)
    original = candidates[0]
    if original.currency != credit.currency or (original.net or 0) + (credit.net or 0) != 0:
        return Credited(credit=credit, original=None, is_amount_wrong=True)
    return Credited(credit=credit, original=candidates.pop(0))


def _set_aside(cdrs: Sequence[Cdr], aliases: Aliases) -> tuple[tuple[Cdr, ...], tuple[Repeated, ...]]:
    live: list[Cdr] = []
    repeated: list[Repeated] = []
    by_key: defaultdict[tuple[object, ...], list[Cdr]] = defaultdict(list)
    for cdr in cdrs:
        keys = _keys(cdr, aliases)
        first = next(
            (other for key in keys for other in by_key.get(key, ()) if _is_repetition(cdr, other, aliases)), None
        )
        if first:
            repeated.append(Repeated(cdr=cdr, first=first))
            continue
        live.append(cdr)
        for key in keys:
            by_key[key].append(cdr)
    return tuple(live), tuple(repeated)


def _keys(cdr: Cdr, aliases: Aliases) -> tuple[tuple[object, ...], ...]:
    """Under which keys a repetition would be found; the start is in buckets, so that neighbours are found too."""
    keys: list[tuple[object, ...]] = [("cdr", cdr.owner, cdr.cdr_id.upper())]
    if cdr.session_id:
        keys.append(("session", cdr.owner, cdr.session_id.upper()))
    if cdr.token_uid:
        bucket = (cdr.started_at - _EPOCH) // _SAME_START
        evse = current_evse(cdr, aliases)
        keys.extend(("start", evse, cdr.token_uid, near) for near in (bucket - 1, bucket, bucket + 1))
    return tuple(keys)


def _is_repetition(cdr: Cdr, other: Cdr, aliases: Aliases) -> bool:
    has_same_id = cdr.owner == other.owner and (
        cdr.cdr_id.upper() == other.cdr_id.upper()
        or (cdr.session_id is not None and cdr.session_id.upper() == (other.session_id or "").upper())
    )
    if has_same_id:
        return is_plausible(cdr, other, aliases=aliases)
    has_same_place = cdr.token_uid == other.token_uid and current_evse(cdr, aliases) == current_evse(other, aliases)
    return has_same_place and abs(cdr.started_at - other.started_at) <= _SAME_START
