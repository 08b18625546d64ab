"""Rules for tariffs beside each other: `tariff.overlap` and `tariff.alike`. They are listed and never merged: money."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from charging.cleansing.case import Case
from charging.cleansing.tariff_document import prices, shape
from charging.cleansing.verdict import Owner
from charging.network import Tariff

_NEARLY = Decimal("0.01")
"""Prices that differ by no more than this part of the larger one are nearly the same."""
_LISTED = 10

Draft = tuple[Case, Tariff]
Vector = tuple[Decimal, ...]


def judge_validity(drafts: Iterable[Draft]) -> None:
    """tariff.overlap: two tariffs of one name are valid at the same time; which of them counts?"""
    by_name: defaultdict[str, list[Draft]] = defaultdict(list)
    for case, tariff in drafts:
        if case.is_open and tariff.name:
            by_name[tariff.name.casefold()].append((case, tariff))
    for group in by_name.values():
        overlapping: defaultdict[str, set[str]] = defaultdict(set)
        for (one, first), (_, second) in combinations(group, 2):
            if _is_before(first, second) and _is_before(second, first):
                overlapping[one.key].add(second.tariff_id)
        for case, _ in group:
            if others := overlapping.get(case.key):
                question = f"which counts? Of its name and valid at the same time: {_listed(sorted(others))}"
                case.ask("tariff.overlap", question, Owner.NETWORK_OWNER)


def _is_before(first: Tariff, second: Tariff) -> bool:
    """Whether the first begins before the second ends."""
    return first.valid_from is None or second.valid_until is None or first.valid_from < second.valid_until


def judge_alike(drafts: Iterable[Draft]) -> None:
    """tariff.alike: tariffs with the same prices under several ids, or nearly the same; the owner may make them one."""
    by_shape: defaultdict[str, dict[Vector, list[Case]]] = defaultdict(dict)
    for case, tariff in drafts:
        if case.is_open:
            by_shape[shape(tariff.document)].setdefault(prices(tariff.document), []).append(case)
    for groups in by_shape.values():
        for same in groups.values():
            first, *others = sorted(same, key=lambda case: case.key)
            if others:
                ids = _listed([case.key for case in others])
                question = f"are these {len(same)} tariffs one? The same prices have {ids}"
                first.ask("tariff.alike", question, Owner.NETWORK_OWNER)
        _ask_about_near(groups)


def _ask_about_near(groups: Mapping[Vector, Sequence[Case]]) -> None:
    vectors = sorted(groups)
    for place, vector in enumerate(vectors):
        near: list[str] = []
        for other in vectors[place + 1 :]:
            if not _is_near(vector[0], other[0]):
                break
            if all(map(_is_near, vector, other)):
                near += [case.key for case in groups[other]]
        if near:
            first = min(groups[vector], key=lambda case: case.key)
            question = f"are they meant to differ? Within 1 % of its prices are those of {_listed(sorted(near))}"
            first.ask("tariff.alike", question, Owner.NETWORK_OWNER)


def _is_near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= max(one, other) * _NEARLY


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return ", ".join(ids[:_LISTED]) + more
