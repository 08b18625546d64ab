"""Rules for what rows refer to, and for rows that say one thing twice: `cp.*`, `conn.number`, `tok.format`, `*.dup`."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from urllib.parse import unquote

from charging.cleansing.case import Case, Rejection, Repair
from charging.cleansing.values import whole
from charging.cleansing.verdict import Context, Owner
from charging.identifiers import token_uid


def judge_station(case: Case, context: Context) -> None:
    """cp.ghost, cp.case_space: it is about a station that the source lists, perhaps in other capitals or with space."""
    station_id = case.values.get("station_id") or ""
    if not station_id.strip():
        case.reject(Rejection(rule="cp.ghost", reason="it says no station"))
    elif context.station_ids is not None and station_id not in context.station_ids:
        alike = _by_folded(context.station_ids).get(_folded(station_id), ())
        if len(alike) == 1:
            case.repair(Repair(field="station_id", rule="cp.case_space", after=alike[0]))
            return
        reason = f"the source has no station {station_id!r}: import it, or confirm that it is gone"
        case.reject(Rejection(rule="cp.ghost", reason=reason))


@lru_cache(maxsize=4)
def _by_folded(station_ids: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Return the stations by how they are called but for capitals and space; their own spelling is never changed."""
    found: dict[str, tuple[str, ...]] = {}
    for station_id in station_ids:
        folded = _folded(station_id)
        found[folded] = (*found.get(folded, ()), station_id)
    return found


def _folded(station_id: str) -> str:
    return unquote(station_id).strip().casefold()


def judge_token(case: Case, context: Context) -> None:
    """tok.format: write the uid as its own row has it; an ambiguous one stays, since the token's row is set aside."""
    written = case.values.get("token_uid")
    if written is not None and case.values.get("token_kind") != "pseudonym":
        found = canonical_uid(written, context.known_token_uids)
        if found.canonical is not None:
            rule = found.rules[-1] if found.rules else "tok.format"
            case.repair(Repair(field="token_uid", rule=rule, after=found.canonical))


@lru_cache(maxsize=100_000)
def canonical_uid(written: str, known: frozenset[str]) -> token_uid.TokenUid:
    """Remember what a uid is: each is met in hundreds of sessions."""
    return token_uid.canonicalise(written, known=known)


def judge_number(case: Case, column: str) -> None:
    """conn.number: a connector has a number of one or two digits (OCPP 1.6: 1, 2, 3 and so on; 0 is the station)."""
    written = case.values.get(column)
    number = whole(written)
    if written is not None and (number is None or number >= 100):
        case.reject(Rejection(rule="conn.number", reason=f"{written!r} is no connector's number"))


def judge_duplicates(
    cases: Sequence[Case],
    rule: str,
    *,
    key: Callable[[Case], str] = lambda case: case.key,
    owner: Owner = Owner.DATA_TEAM,
) -> None:
    """One key, several rows: the same words merge; where they differ, nothing says which of them is right."""
    by_key: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_key[key(case)].append(case)
    for first, *others in by_key.values():
        if all(case.values == first.values for case in others):
            for case in others:
                case.merge_into(first, rule)
        else:
            reason = f"{len(others) + 1} rows have this id, and they differ"
            for case in (first, *others):
                case.reject(Rejection(rule=rule, reason=reason, owner=owner))
