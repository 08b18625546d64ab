"""What judging a night again has changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from charging.reconciliation.follow_up.case import subject
from charging.reconciliation.verdict import Judged, Verdict

MOST_LISTED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A CDR that is in another verdict, or at another amount, than when the night was judged before."""

    subject: str
    before: Verdict | None
    """None: the night did not have it."""
    after: Verdict | None
    currency: str
    at_risk_before: Decimal
    at_risk_after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that changed, counted; and the changes that move most money."""

    counts: Mapping[str, int]
    """By `before > after`, such as `late > equal`."""
    at_risk: Mapping[str, Decimal]
    """By currency: how much more is at risk than before."""
    listed: tuple[Change, ...]


def changes(before: Sequence[Judged], after: Sequence[Judged]) -> Changes:
    """Return what lies between two judgements of a night, the greatest movements of money first."""
    found = sorted(_changes(before, after), key=lambda one: (-abs(one.at_risk_after - one.at_risk_before), one.subject))
    moved: Counter[str] = Counter()
    at_risk: dict[str, Decimal] = {}
    for one in found:
        moved[f"{one.before or 'not there'} > {one.after or 'not there'}"] += 1
        at_risk[one.currency] = at_risk.get(one.currency, Decimal(0)) + one.at_risk_after - one.at_risk_before
    return Changes(counts=dict(sorted(moved.items())), at_risk=at_risk, listed=tuple(found[:MOST_LISTED]))


def _changes(before: Sequence[Judged], after: Sequence[Judged]) -> Iterator[Change]:
    was, now = ({subject(one): one for one in each} for each in (before, after))
    for name in sorted(was.keys() | now.keys()):
        old, new = was.get(name), now.get(name)
        if old is not None and new is not None and _said(old) == _said(new):
            continue
        either = new or old
        assert either is not None  # noqa: S101 - the name is of one of the two
        yield Change(
            subject=name,
            before=old.verdict if old else None,
            after=new.verdict if new else None,
            currency=either.currency,
            at_risk_before=old.money_at_risk if old else Decimal(0),
            at_risk_after=new.money_at_risk if new else Decimal(0),
        )


def _said(one: Judged) -> tuple[object, ...]:
    return (one.verdict, one.kinds, one.ours_key, one.theirs_key, one.difference, one.money_at_risk, one.currency)
