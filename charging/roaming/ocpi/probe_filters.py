"""Whether a partner's list keeps to a period, and whether the bounds belong to it."""

from collections.abc import Iterator
from datetime import datetime

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.deviation import Deviation
from charging.roaming.ocpi.probe_finding import Finding
from charging.roaming.ocpi.probe_page import Lister, Seen, stamp


def filters(lister: Lister, whole: Seen) -> Iterator[Finding]:
    """Yield whether the bounds of a period are kept, by a record in the middle whose second is whole."""
    whole_seconds = sorted({instant for instant in whole.instants if not instant.microsecond})
    inner = [one for one in whole_seconds if whole_seconds[0] < one < whole_seconds[-1]]
    if not inner:
        return
    pivot = inner[len(inner) // 2]
    try:
        later, earlier = lister.page(date_from=stamp(pivot)), lister.page(date_to=stamp(pivot))
    except (PartnerRefused, PartnerUnavailable) as problem:
        yield Finding(topic=lister.module, found="its filters cannot be tried", evidence=problem.problem)
        return
    older = [one for one in later.instants if one < pivot]
    younger = [one for one in earlier.instants if one > pivot]
    topic, at = lister.module, stamp(pivot)
    yield _kept(topic, "date_from", at, Deviation.DATE_FROM_IGNORED, others=older, how="older")
    yield _kept(topic, "date_to", at, Deviation.DATE_TO_IGNORED, others=younger, how="younger")
    if lister.partner.version == "2.1.1":  # which does not say whether the bounds belong to the period
        return
    is_first = later.is_all or list(later.instants) == sorted(later.instants)  # it would stand on this very page
    if not older and (is_first or pivot in later.instants):
        is_exclusive = pivot not in later.instants
        yield _bound(topic, "date_from", at, Deviation.DATE_FROM_EXCLUSIVE, is_so=is_exclusive, is_in=not is_exclusive)
    if not younger and (earlier.is_all or pivot in earlier.instants):
        is_inclusive = pivot in earlier.instants
        yield _bound(topic, "date_to", at, Deviation.DATE_TO_INCLUSIVE, is_so=is_inclusive, is_in=is_inclusive)


def _kept(topic: str, name: str, at: str, deviation: Deviation, *, others: list[datetime], how: str) -> Finding:
    return Finding(
        topic=topic,
        found=f"it does not keep to {name}" if others else f"it keeps to {name}",
        evidence=f"{name}={at} gave {len(others)} {how} records",
        deviation=deviation,
        is_so=bool(others),
    )


def _bound(topic: str, name: str, at: str, deviation: Deviation, *, is_so: bool, is_in: bool) -> Finding:
    return Finding(
        topic=topic,
        found=f"{name} is {'inclusive' if is_in else 'exclusive'}",
        evidence=f"{name}={at}: the record of that second is {'sent' if is_in else 'not sent'}",
        deviation=deviation,
        is_so=is_so,
    )
