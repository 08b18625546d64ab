"""Candidates that bear the same id: hashes propose, the texts behind them decide."""

import numpy as np

from charging.loops.together import both
from charging.reconciliation.facts import Facts
from charging.reconciliation.kernels.evidence import Keys, Mask, Rows
from charging.reconciliation.kernels.joining import id_edges
from charging.roaming.terms import Tier

_COLUMNS = {
    Tier.CDR_ID: "cdr_id",
    Tier.SESSION_ID: "session_id",
    Tier.AUTHORIZATION_REFERENCE: "authorization_reference",
}


def id_edges_of(tier: Tier, ours: Facts, theirs: Facts, our_free: Mask, their_free: Mask) -> tuple[Rows, Rows]:
    """Return the candidates of a tier of ids, each an agreement of the texts."""
    our_keys, our_rows = _keys(tier, ours, our_free)
    their_keys, their_rows = _keys(tier, theirs, their_free)
    if our_rows.size == 0 or their_rows.size == 0:
        return our_rows[:0], their_rows[:0]
    left, right = id_edges(our_keys, our_rows, their_keys, their_rows, ours.evidence, theirs.evidence)
    if tier is Tier.SESSION_ID and any(side.session_aliases[0].size for side in (ours, theirs)):
        # An alias may lead to where the session's own id leads: two edges of one pair would be a tie with itself.
        pairs = np.unique(left.astype(np.int64) << 32 | right)
        left, right = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    is_same = _agree(_COLUMNS[tier], ours, theirs, left, right)
    if tier is Tier.SESSION_ID and not is_same.all():
        doubtful = np.flatnonzero(~is_same)
        is_same[doubtful] = _share_an_alias(ours, theirs, left[doubtful], right[doubtful])
    return left[is_same], right[is_same]


def _keys(tier: Tier, side: Facts, free: Mask) -> tuple[Keys, Rows]:
    keys = {
        Tier.CDR_ID: side.cdr,
        Tier.SESSION_ID: side.session,
        Tier.AUTHORIZATION_REFERENCE: side.authorization,
    }[tier]
    rows = np.flatnonzero(free & (keys != 0)).astype(np.int32)
    if tier is not Tier.SESSION_ID or side.session_aliases[0].size == 0:
        return keys[rows], rows
    more, of = side.session_aliases
    return np.concatenate([keys[rows], more[free[of]]]), np.concatenate([rows, of[free[of]]])


def _agree(column: str, ours: Facts, theirs: Facts, left: Rows, right: Rows) -> Mask:
    if left.size == 0:
        return np.empty(0, np.bool_)
    one, other = both(lambda side: side[0].texts(column)[column].gather(side[1]), (ours, left), (theirs, right))
    found: Mask = (one == other).fill_null(value=False).to_numpy().copy()
    if not found.all():  # ids are compared without regard to case, which few need
        unlike = np.flatnonzero(~found)
        is_same = one[unlike].str.to_uppercase() == other[unlike].str.to_uppercase()
        found[unlike] = is_same.fill_null(value=False).to_numpy()
    found &= ours.owner[left] == theirs.owner[right]
    return found


def _share_an_alias(ours: Facts, theirs: Facts, left: Rows, right: Rows) -> Mask:
    """Whether the session is known to both under one of its ids: its own, the hub's, the operator's, the provider's."""
    columns = ("owner", "session_id", "session_aliases")
    sides = (side.rows(rows, *columns).iter_rows() for side, rows in ((ours, left), (theirs, right)))
    return np.array([bool(_names(*one) & _names(*other)) for one, other in zip(*sides, strict=True)], np.bool_)


def _names(owner: str, session_id: str | None, aliases: list[str]) -> set[tuple[str, str]]:
    return {(owner, name.upper()) for name in (session_id, *aliases) if name}
