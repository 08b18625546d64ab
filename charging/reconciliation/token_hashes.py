"""Tokens of which the wire carries a hash (OCHP): looked up among the uids that the other CDRs name."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import new

import polars as pl

_NAMES = {"sha-1": "sha1", "sha-256": "sha256"}


def resolved(ours: pl.LazyFrame, theirs: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return both sides with the uid in the place of each hash that one known uid alone explains."""
    sides = ours, theirs
    hashed = pl.concat([side.select(pl.col("token_hash").drop_nulls().unique()) for side in sides]).collect()
    if hashed.height == 0:
        return sides
    known = pl.concat([side.select(pl.col("token_uid").drop_nulls().unique()) for side in sides]).collect()
    uids = index(known["token_uid"].unique(), algorithms={text.partition(":")[0] for text in hashed["token_hash"]})
    found = {text: uids[text] for text in hashed["token_hash"] if text in uids}
    meant = pl.col("token_hash").replace_strict(found, default=None, return_dtype=pl.String)
    return (
        ours.with_columns(token_uid=pl.coalesce("token_uid", meant)),
        theirs.with_columns(token_uid=pl.coalesce("token_uid", meant)),
    )


def index(uids: Iterable[str], *, algorithms: Iterable[str]) -> dict[str, str]:
    """Return the uid behind each hash of a uid or of one of its variants, as far as only one uid explains it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    names = [name for name in algorithms if name in _NAMES]
    for uid in uids:
        for variant in _variants(uid):
            for name in names:
                digest = new(_NAMES[name], variant.encode(), usedforsecurity=False).hexdigest()
                found[f"{name}:{digest}"].add(uid)
    return {text: next(iter(meant)) for text, meant in found.items() if len(meant) == 1}


def _variants(uid: str) -> Iterator[str]:
    """Yield the forms in which peers hash a uid: either case, and without the zeros before it."""
    for form in dict.fromkeys((uid, uid.lstrip("0"))):
        yield from dict.fromkeys((form.upper(), form.lower()))
