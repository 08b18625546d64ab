"""Charges that stations of OCPP 2 ended at a CitrineOS where they never began: a station names its charges itself."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

_ACTION = "TransactionEvent"
_PAGE = 500


class Messages(Protocol):
    """Asks CitrineOS for frames of stations."""

    def __call__(
        self,
        station_ids: Sequence[str],
        *,
        columns: Sequence[str],
        after: int = 0,
        action: str = "",
        origin: str = "",
        order: str = "asc",
        limit: int = 0,
    ) -> list[dict[str, Any]]:
        """Return them."""
        ...


class StrangeEnds:
    """Counts them from each station's first look on: what is compared is how many there were before it went."""

    def __init__(self) -> None:
        self._upto: dict[str, int] = {}
        self._found: defaultdict[str, set[str]] = defaultdict(set)

    def look(self, station_ids: Sequence[str], messages: Messages, *, named: str) -> dict[str, int]:
        """Return how many charges each station has ended here that never began here."""
        if fresh := [station_id for station_id in station_ids if station_id not in self._upto]:
            newest = messages(fresh, columns=("id",), order="desc", limit=1)
            self._upto |= dict.fromkeys(fresh, int(newest[0]["id"]) if newest else 0)
        while station_ids:
            after = min(self._upto[station_id] for station_id in station_ids)
            rows = messages(
                station_ids, action=_ACTION, origin="cs", columns=("id", "message"), after=after, limit=_PAGE
            )
            for row in rows:
                station_id, number = row[named], int(row["id"])
                if number > self._upto[station_id]:
                    self._hear(station_id, row["message"], messages)
            if rows:
                reached = int(rows[-1]["id"])
                self._upto |= {each: max(self._upto[each], reached) for each in station_ids}
            if len(rows) < _PAGE:
                break
        return {station_id: len(self._found[station_id]) for station_id in station_ids}

    def _hear(self, station_id: str, message: object, messages: Messages) -> None:
        event, number = _charge(message)
        if event == "Ended" and number not in self._found[station_id]:
            told = messages([station_id], action=_ACTION, origin="cs", columns=("message",))
            if not any(known == number and was != "Ended" for was, known in (_charge(row["message"]) for row in told)):
                self._found[station_id].add(number)


def _charge(message: object) -> tuple[str, str]:
    match message:
        case [2, _, _, {"eventType": str(event), "transactionInfo": {"transactionId": str(number)}}, *_]:
            return event, number
    return "", ""
