"""What a suite found in all shares of a table together."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from expectations.check import suite
from expectations.expectation import Expectation, Given
from expectations.findings import Findings, Result
from tasks.judging import Share

_SHOWN = 4
"""So many keys are kept of an expectation that sets no rows aside: its sentence names three."""


class Together:
    """The findings of shares, added up: of each expectation only how many rows fail, of how many that were asked."""

    def __init__(self, entity: str, given: Given) -> None:
        self._name = f"{entity}s"
        self._expectations = {each.expectation_id: each for each in suite(self._name, given)}
        self._results: dict[str, Result] = {}
        self._asked: dict[str, int] = {}
        self._unasked: tuple[str, ...] = ("There is at least one row.",)
        self._rows = 0
        self._shares = 0

    def add(self, share: Share) -> None:
        """Add what the suite found in a share."""
        if share.findings is None:
            return
        self._rows += share.findings.rows
        self._shares += 1
        self._unasked = share.findings.unasked
        for result in share.findings.results:
            expectation = self._expectations[result.expectation_id]
            before = self._results.get(result.expectation_id)
            self._results[result.expectation_id] = result if before is None else _joined(before, result)
            asked = _asked(expectation, share.findings.rows, share.frame_counts)
            self._asked[result.expectation_id] = self._asked.get(result.expectation_id, 0) + asked

    def findings(self) -> Findings:
        """Return what was found in all of the table."""
        results = tuple(self._results.values())
        if self._shares > 1:
            results = tuple(replace(result, is_met=self._is_met(result)) for result in results)
        return Findings(suite=self._name, rows=self._rows, results=results, unasked=self._unasked)

    def _is_met(self, result: Result) -> bool:
        expectation = self._expectations[result.expectation_id]
        told: Mapping[str, Any] = expectation.arguments
        match expectation.asks:
            case "ExpectTableRowCountToBeBetween":
                return bool(told.get("min_value", 0) <= self._rows)
            case "ExpectTableRowCountToEqual":
                return bool(told["value"] == self._rows)
            case "ExpectColumnProportionOfNonNullValuesToBeBetween":
                return result.is_met
        asked = self._asked[result.expectation_id]
        allowed = asked * (1 - Decimal(str(told.get("mostly", 1))))
        return result.unexpected_count <= allowed


def told(findings: Findings) -> dict[str, object]:
    """Return findings as an account keeps them."""
    return {
        "suite": findings.suite,
        "rows": findings.rows,
        "unasked": list(findings.unasked),
        "results": [
            {
                "expectation": result.expectation_id,
                "column": result.column,
                "sentence": result.sentence,
                "consequence": str(result.consequence),
                "is_met": result.is_met,
                "unexpected": result.unexpected_count,
            }
            for result in findings.results
        ],
    }


def _joined(one: Result, other: Result) -> Result:
    keys = (*one.unexpected_keys[:_SHOWN], *other.unexpected_keys[:_SHOWN])
    return replace(
        one,
        is_met=one.is_met or other.is_met,  # of some value anywhere; all others are judged by their counts
        unexpected_count=one.unexpected_count + other.unexpected_count,
        unexpected_keys=keys[:_SHOWN],
    )


def _asked(expectation: Expectation, rows: int, filled: Mapping[str, int]) -> int:
    """Return of how many rows an expectation was asked: all, if it asks for a value, else those that have one."""
    if expectation.asks == "ExpectColumnValuesToNotBeNull":
        return rows
    return min((filled[column] for column in expectation.columns), default=rows)
