"""The slow and obvious night: every rule of the engine once more, CDR by CDR, for properties to compare it with."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from charging.reconciliation.aliases import current_evse
from charging.reconciliation.judge import Pair, judge_pair
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import CdrState, Protocol, Side
from charging.roaming.terms import Tier

WINDOW, DAY, SAME_START = timedelta(seconds=120), timedelta(days=1), timedelta(seconds=2)
QUARTER = timedelta(minutes=15)
MISSING = {Side.OURS: Verdict.MISSING_AT_PARTNER, Side.THEIRS: Verdict.MISSING_AT_US}


def slow_night(ours, theirs, *, terms, tariffs, as_of, aliases=None, policy="credit_cdr"):
    """Return (ours key, theirs key, verdict, tier, kinds) of every verdict. No clock votes: too few CDRs."""
    aliases = aliases or {}
    found, live = [], []
    for side in (ours, theirs):
        told, rest = corrected(side, aliases, policy)
        found += told
        live.append(rest)
    pairs, tied, alone = matched(*live, aliases, terms.tiers, everything=ours)
    for our, their, tier in pairs:
        one = judge_pair(Pair(ours=our, theirs=their, tier=tier), terms=terms, tariffs=tariffs, aliases=aliases)
        found.append((one.ours_key, one.theirs_key, one.verdict, one.tier, frozenset(one.kinds)))
    found += [single(cdr, Verdict.AMBIGUOUS, Kind.TIE) for cdr in tied]
    for cdr in alone:
        is_late = as_of - cdr.ended_at < terms.lateness
        found.append(single(cdr, Verdict.LATE if is_late else MISSING[cdr.side]))
    return Counter(found)


def single(cdr, verdict, *kinds):
    ours, theirs = (cdr.cdr_key, None) if cdr.side is Side.OURS else (None, cdr.cdr_key)
    return ours, theirs, verdict, None, frozenset(kinds)


def order(cdr):
    return cdr.last_updated, cdr.cdr_id, cdr.raw_sha256


def corrected(side, aliases, policy):
    told, rest = [], []
    for step in (nothing_billed, last_states, named_credits, negative_credits, repetitions):
        rest = step(side if step is nothing_billed else rest, told, aliases, policy)
    return told, rest


def nothing_billed(side, told, aliases, policy):
    rest = []
    for cdr in sorted(side, key=order):
        if cdr.state is CdrState.INTERMEDIATE:
            told.append(single(cdr, Verdict.EXCLUDED, Kind.INTERMEDIATE))
        elif cdr.contract_compact == "GIREVE2ADVENIR":
            told.append(single(cdr, Verdict.EXCLUDED, Kind.SUBSIDY))
        else:
            rest.append(cdr)
    return rest


def last_states(rest, told, aliases, policy):
    last = {}
    for cdr in sorted(rest, key=lambda cdr: (cdr.last_updated, list(CdrState).index(cdr.state), cdr.raw_sha256)):
        last[record(cdr)] = cdr
    for cdr in [*rest]:
        is_mutable = policy == "resent_id" or cdr.protocol is Protocol.OCHP
        if is_mutable and last[record(cdr)] is not cdr:
            told.append(single(cdr, Verdict.SUPERSEDED))
            rest.remove(cdr)
        elif cdr.state is CdrState.REJECTED:
            told.append(single(cdr, Verdict.EXCLUDED, Kind.REFUSED))
            rest.remove(cdr)
    return rest


def named_credits(rest, told, aliases, policy):
    for credit in [cdr for cdr in rest if cdr.is_credit]:
        rest.remove(credit)
        named = (credit.credits_cdr_id or credit.cdr_id.removesuffix("-C")).upper()
        named_so = [
            cdr for cdr in rest if not cdr.is_credit and (cdr.owner, cdr.cdr_id.upper()) == (credit.owner, named)
        ]
        cancels = [
            cdr for cdr in named_so if cdr.currency == credit.currency and (cdr.net or 0) + (credit.net or 0) == 0
        ]
        same_start = [cdr for cdr in cancels if cdr.started_at == credit.started_at]
        original = next(iter([*same_start, *cancels, *named_so]), None)
        told += credited(credit, original, rest)
    return rest


def negative_credits(rest, told, aliases, policy):
    for credit in [cdr for cdr in rest if policy == "negative_cdr" and (cdr.net or 0) < 0]:
        rest.remove(credit)
        alike = [cdr for cdr in rest if (cdr.net or 0) > 0 and place(cdr, aliases) == place(credit, aliases)]
        original = next((cdr for cdr in alike if cdr.net + credit.net == 0), next(iter(alike), None))
        told += credited(credit, original, rest)
    return rest


def repetitions(rest, told, aliases, policy):
    live = []
    for cdr in rest:
        first = next((other for other in live if repeats(cdr, other, aliases)), None)
        if first is None:
            live.append(cdr)
    for cdr in rest:
        if not any(cdr is other for other in live):
            told.append(single(cdr, Verdict.DUPLICATE))
    return live


def record(cdr):
    within = cdr.evse_compact if cdr.protocol is Protocol.OCHP else None
    return cdr.owner, cdr.cdr_id.upper(), within, cdr.cohort if cdr.side is Side.OURS else None


def place(cdr, aliases):
    return current_evse(cdr, aliases), cdr.token_uid, cdr.contract_compact, cdr.started_at, cdr.currency


def credited(credit, original, rest):
    if original is None:
        return [single(credit, Verdict.CREDIT_UNPAIRED)]
    if original.currency != credit.currency or (original.net or 0) + (credit.net or 0) != 0:
        return [single(credit, Verdict.CREDIT_UNPAIRED, Kind.CREDIT_AMOUNT)]
    rest.remove(original)
    return [single(credit, Verdict.CREDIT_PAIRED), single(original, Verdict.CREDIT_PAIRED)]


def repeats(cdr, other, aliases):
    has_one_counter = cdr.side is Side.THEIRS or None in (cdr.cohort, other.cohort) or cdr.cohort is other.cohort
    has_same_id = (
        has_one_counter
        and cdr.owner == other.owner
        and (
            cdr.cdr_id.upper() == other.cdr_id.upper()
            or (cdr.session_id and cdr.session_id.upper() == (other.session_id or "").upper())
        )
    )
    if has_same_id and is_plausible(cdr, other, aliases):
        return True
    return (
        (cdr.token_uid or cdr.contract_compact) is not None
        and cdr.token_uid == other.token_uid
        and (cdr.token_uid is not None or cdr.contract_compact == other.contract_compact)
        and current_evse(cdr, aliases) == current_evse(other, aliases)
        and abs(cdr.started_at - other.started_at) <= SAME_START
    )


def is_plausible(one, other, aliases):
    apart = abs(one.started_at - other.started_at)
    if apart > DAY:
        return False
    has_evse = current_evse(one, aliases) == current_evse(other, aliases)
    has_token = one.token_uid is not None and one.token_uid == other.token_uid
    has_contract = one.contract_compact is not None and one.contract_compact == other.contract_compact
    if apart <= WINDOW or (has_evse and has_token):
        return True
    shares_time = min(one.ended_at, other.ended_at) > max(one.started_at, other.started_at)
    off = apart % QUARTER
    is_shifted = (
        abs(one.energy_kwh - other.energy_kwh) <= Decimal("0.010")
        and abs((one.ended_at - one.started_at) - (other.ended_at - other.started_at)) <= timedelta(minutes=1)
        and min(off, QUARTER - off) <= WINDOW
        and (
            min(one.energy_kwh, other.energy_kwh) >= Decimal("0.5")
            or min(one.ended_at - one.started_at, other.ended_at - other.started_at) >= timedelta(minutes=5)
        )
    )
    return (has_evse or has_token or has_contract) and (shares_time or is_shifted)


def has_same_energy(one, other):
    greater = max(one.energy_kwh, other.energy_kwh)
    return abs(one.energy_kwh - other.energy_kwh) <= max(Decimal("0.1"), greater / 100)


def overlaps(one, other):
    shared = min(one.ended_at, other.ended_at) - max(one.started_at, other.started_at)
    longer = max(one.ended_at - one.started_at, other.ended_at - other.started_at)
    return longer > timedelta(0) and shared * 5 >= longer * 4


def matched(ours, theirs, aliases, tiers, *, everything):
    left, right = list(ours), list(theirs)
    pairs, tied = [], []
    for tier in sorted(tiers):
        shared = {id(our) for our in left if is_in_both_offices(tier, our, everything)}
        edges = [
            (our, their)
            for our in left
            for their in right
            if is_candidate(tier, our, their, aliases) and (id(our) not in shared or is_there_then(our, their, aliases))
        ]
        take(edges, tier, pairs, left, right)
        if tier is Tier.EVSE_AND_TOKEN:
            rest = [edge for edge in edges if is_left(edge, left, right)]
            take([e for e in rest if has_same_energy(*e) and overlaps(*e)], tier, pairs, left, right)
        tied += edges
    ties = [edge for edge in tied if is_left(edge, left, right)]
    in_tie = {id(cdr): cdr for edge in ties for cdr in edge}
    return pairs, in_tie.values(), [cdr for cdr in (*left, *right) if id(cdr) not in in_tie]


def is_left(edge, left, right):
    return any(edge[0] is cdr for cdr in left) and any(edge[1] is cdr for cdr in right)


def take(edges, tier, pairs, left, right):
    ends = Counter(id(cdr) for edge in edges for cdr in edge)
    for our, their in edges:
        if ends[id(our)] == ends[id(their)] == 1:
            pairs.append((our, their, tier))
            left[:] = [cdr for cdr in left if cdr is not our]
            right[:] = [cdr for cdr in right if cdr is not their]


def is_candidate(tier, one, other, aliases):
    has_evse = current_evse(one, aliases) == current_evse(other, aliases)
    has_token = one.token_uid is not None and one.token_uid == other.token_uid
    has_contract = one.contract_compact is not None and one.contract_compact == other.contract_compact
    starts_near = abs(one.started_at - other.started_at) <= WINDOW
    has_owner = one.owner == other.owner
    stated, known = one.authorization_reference, other.authorization_reference
    has_reference = stated is not None and known is not None and stated.upper() == known.upper()
    evidence = {
        Tier.CDR_ID: has_owner and one.cdr_id.upper() == other.cdr_id.upper(),
        Tier.SESSION_ID: has_owner and bool(names(one) & names(other)),
        Tier.AUTHORIZATION_REFERENCE: has_owner and has_reference,
        Tier.EVSE_AND_TOKEN: has_evse
        and has_token
        and starts_near
        and (has_same_energy(one, other) or overlaps(one, other)),
        Tier.EVSE_AND_CONTRACT: has_evse and has_contract and overlaps(one, other) and has_same_energy(one, other),
        Tier.EVSE_AND_TIME: has_evse and (overlaps(one, other) or (has_token and starts_near)),
    }
    return evidence[tier] and (tier > Tier.AUTHORIZATION_REFERENCE or is_plausible(one, other, aliases))


def is_in_both_offices(tier, cdr, ours):
    ids = {Tier.CDR_ID: lambda one: {one.cdr_id.upper()}, Tier.SESSION_ID: names}.get(tier, lambda _: set())
    others = (one for one in ours if one.owner == cdr.owner and None not in (one.cohort, cdr.cohort))
    return any(ids(one) & ids(cdr) and one.cohort is not cdr.cohort for one in others)


def is_there_then(one, other, aliases):
    has_evse = current_evse(one, aliases) == current_evse(other, aliases)
    return has_evse and (abs(one.started_at - other.started_at) <= WINDOW or overlaps(one, other))


def names(cdr):
    return {name.upper() for name in (cdr.session_id, *cdr.session_aliases) if name}


def by_key(judged):
    """Return the engine's verdicts as the slow night tells its own: what repeats what does not say it changed."""
    return Counter(
        (one.ours_key, one.theirs_key, one.verdict, one.tier, frozenset(one.kinds) - {Kind.MUTATED}) for one in judged
    )
