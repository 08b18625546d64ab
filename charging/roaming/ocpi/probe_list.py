"""The second part of a probe: how a partner's lists are cut into pages, and in which order."""

from collections.abc import Iterator

import httpx

from charging.roaming.deviation import Deviation
from charging.roaming.ocpi.probe_filters import filters
from charging.roaming.ocpi.probe_finding import Finding
from charging.roaming.ocpi.probe_page import Lister, Seen
from charging.roaming.partner import origin

FEW, MANY = 2, 1_000
"""How many records are asked for: few, to see whether they are counted; many, to see what fits on a page."""


def look(lister: Lister) -> Iterator[Finding]:
    """Yield how a list behaves; nothing where it holds too little to tell.

    Raises:
        PartnerRefused: if it says no.
        PartnerUnavailable: if it does not answer with a list.
    """
    whole = lister.page()
    yield Finding(
        topic=lister.module,
        found=f"{whole.total if whole.total is not None else len(whole.keys)} records in the period",
        evidence=f"{len(whole.keys)} on the first page{_said(whole)}",
    )
    if len(whole.keys) <= FEW:
        return
    yield from _totals(lister.module, whole)
    few = lister.page(limit=str(FEW))
    yield from _limit(lister, few)
    yield from _link(lister, few, whole)
    yield from _order(lister, few)
    yield from filters(lister, whole)


def _totals(module: str, whole: Seen) -> Iterator[Finding]:
    evidence = f"{len(whole.keys)} on the first page{_said(whole)}"
    yield Finding(
        topic=module,
        found="it sends no X-Total-Count" if whole.total is None else "it sends X-Total-Count",
        evidence=evidence,
        deviation=Deviation.TOTAL_MISSING,
        is_so=whole.total is None,
    )
    if whole.total is not None:
        is_wrong = whole.total < len(whole.keys)
        found = "X-Total-Count is less than what it sends" if is_wrong else "X-Total-Count can be right"
        yield Finding(topic=module, found=found, evidence=evidence, deviation=Deviation.TOTAL_WRONG, is_so=is_wrong)


def _limit(lister: Lister, few: Seen) -> Iterator[Finding]:
    is_ignored = len(few.keys) > FEW
    yield Finding(
        topic=lister.module,
        found="it does not keep to `limit`" if is_ignored else "it keeps to `limit`",
        evidence=f"limit={FEW} gave {len(few.keys)}{_said(few)}",
        deviation=Deviation.LIMIT_IGNORED,
        is_so=is_ignored,
    )
    many = lister.page(limit=str(MANY))
    largest = many.limit or len(many.keys)
    values: dict[str, object] = {"probed.largest_page": len(many.keys)}
    if not is_ignored and many.limit and many.limit < MANY:
        values["page_limit"] = many.limit
    yield Finding(
        topic=lister.module,
        found=f"{largest} records fit on a page" if largest < MANY else f"{MANY} records fit on a page",
        evidence=f"limit={MANY} gave {len(many.keys)}{_said(many)}",
        values=values,
    )


def _link(lister: Lister, few: Seen, whole: Seen) -> Iterator[Finding]:
    topic, known = lister.module, max(len(whole.keys), whole.total or 0)
    if len(few.keys) >= known:
        return
    evidence = f"limit={FEW}: Link {few.next_url or '(none)'}"
    is_foreign = bool(few.next_url) and _origin(few.next_url or "") not in lister.partner.origins
    if few.next_url:
        yield from _of_link(lister, few.next_url, evidence, is_foreign=is_foreign)
    if few.next_url and not is_foreign:
        second = lister.at(few.next_url)
    else:
        second = lister.page(limit=str(FEW), offset=str(len(few.keys)))
    is_second_last = len(few.keys) + len(second.keys) >= known
    missing = [
        name for name, has in (("first", few.next_url), ("second", second.next_url or is_second_last)) if not has
    ]
    yield Finding(
        topic=topic,
        found=f"no Link leads on from the {' and the '.join(missing)} page" if missing else "a Link leads on",
        evidence=f"{evidence}; then {second.next_url or '(none)'}",
        deviation=Deviation.LINK_MISSING,
        is_so=bool(missing),
    )
    both = set(few.keys) & set(second.keys)
    yield Finding(
        topic=topic,
        found="the second page repeats the first" if both else "the second page goes on from the first",
        evidence=f"{len(both)} of {len(second.keys)} records were on both",
        deviation=Deviation.PAGES_OVERLAP,
        is_so=bool(both),
    )


def _of_link(lister: Lister, link: str, evidence: str, *, is_foreign: bool) -> Iterator[Finding]:
    query = httpx.URL(link).params
    lost = [name for name in ("date_from", "date_to", "limit") if name not in query] if "offset" in query else []
    yield Finding(
        topic=lister.module,
        found=f"the Link is at {_origin(link)}" if is_foreign else "the Link is at its own address",
        evidence=evidence,
        deviation=Deviation.LINK_FOREIGN,
        is_so=is_foreign,
    )
    yield Finding(
        topic=lister.module,
        found=f"the Link has lost {', '.join(lost)}" if lost else "the Link keeps what was asked",
        evidence=evidence,
        deviation=Deviation.LINK_WITHOUT_FILTERS,
        is_so=bool(lost),
    )


def _order(lister: Lister, few: Seen) -> Iterator[Finding]:
    again = lister.page(limit=str(FEW))
    is_unstable = few.keys != again.keys
    yield Finding(
        topic=lister.module,
        found="asked again, it sends other records first" if is_unstable else "asked again, it sends the same",
        evidence=f"{', '.join(few.keys[:FEW])} and then {', '.join(again.keys[:FEW])}",
        deviation=Deviation.ORDER_UNSTABLE,
        is_so=is_unstable,
    )


def _origin(url: str) -> str:
    try:
        return origin(url)
    except ValueError:
        return url


def _said(page: Seen) -> str:
    said = {"X-Total-Count": page.total, "X-Limit": page.limit}
    return "".join(f", {name}: {value}" for name, value in said.items() if value is not None)
