"""What CitrineOS's database tells of stations: the frames that it has sent and received, and the charges that run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from charging.errors import BackOfficeUnavailable, PartnerRefused, PartnerUnavailable
from charging.migration.diagnostics import Said
from charging.migration.firmware.status import Happened
from charging.migration.ports import Sighting
from charging.ocpp.channels import citrineos_told
from charging.ocpp.channels.calls import LOG_SAID, Asked, Payload, log_said
from charging.ocpp.channels.citrineos_charges import StrangeEnds
from charging.ocpp.frames import CallError
from charging.targets.citrineos_client import GraphQl

_PAGE = 500
_AT_ONCE = 50
"""Of how many stations the latest frames are asked for in one question: three parts of it each."""
_REMEMBERED_LOOKS = 60
"""After so many looks that nobody asked for a station in, it is forgotten: each look would name it for nothing."""
_SHAPE = (
    'query Shape { messages: __type(name: "OCPPMessages") { fields { name } } '
    'stations: __type(name: "ChargingStations") { fields { name } } '
    'transactions: __type(name: "Transactions") { fields { name } } }'
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The column that holds a station's OCPP identity, in each table: releases differ."""

    message: str
    station: str
    transaction: str


class Records:
    """One CitrineOS's tables, read through Hasura. Its methods block; any thread may call them."""

    def __init__(self, name: str, data: GraphQl, *, tenant: int) -> None:
        self._name, self._data = name, data
        self._of = f"tenantId: {{_eq: {tenant}}}"
        self._names: _Names | None = None
        self._known: dict[str, Sighting] = {}
        self._looks = 0
        self._asked: dict[str, int] = {}
        """The look in which each of the known was asked for last."""
        self._upto = 0
        self._strange = StrangeEnds()
        self._turn = Lock()

    def protocol(self, station_id: str) -> tuple[str | None, int]:
        """Return the protocol that CitrineOS has written down for a station, and the number of its latest frame.

        The protocol is None where it has none, the number 0. Both are asked for at once: calls begin with both.
        """
        names = self._shape()
        query = (
            f"query Protocol($id: String!) {{ ChargingStations(where: {{{names.station}: {{_eq: $id}}, {self._of}}}) "
            f"{{ protocol }} OCPPMessages(where: {{{names.message}: {{_eq: $id}}, {self._of}}}, "
            "order_by: [{id: desc}], limit: 1) { id } }"
        )
        told = self._ask(query, {"id": station_id})
        stations, messages = told["ChargingStations"], told["OCPPMessages"]
        return stations[0]["protocol"] if stations else None, int(messages[0]["id"]) if messages else 0

    def last_message(self, station_id: str) -> int:
        """Return the number of the latest frame with a station, 0 where there is none."""
        rows = self._messages([station_id], columns=("id",), order="desc", limit=1)
        return int(rows[0]["id"]) if rows else 0

    def answer(self, station_id: str, asked: Asked, *, after: int) -> Payload | CallError | None:
        """Return the station's answer to a call that was sent after a certain frame, None while there is none."""
        frames = self._frames(station_id, after=after)
        for call in frames:
            match call:
                case ("csms", [2, str(number), action, payload, *_]) if (action, payload) == (
                    asked.action,
                    dict(asked.payload),
                ):
                    return citrineos_told.answer_to(number, frames)
        return None

    def report(self, station_id: str, number: int, *, after: int) -> list[Payload] | None:
        """Return the reportData of a base report once all of its parts have come, in their order."""
        parts: dict[int, Row] = {}
        for frame in self._frames(station_id, after=after):
            match frame:
                case ("cs", [2, _, "NotifyReport", dict(payload), *_]) if payload.get("requestId") == number:
                    parts[int(payload.get("seqNo", 0))] = payload
        ends = [part for part in parts.values() if not part.get("tbc", False)]
        if not ends or sorted(parts) != list(range(max(parts) + 1)):
            return None
        return [entry for place in sorted(parts) for entry in parts[place].get("reportData") or ()]

    def firmware_news(self, station_ids: Sequence[str], *, since: datetime) -> dict[str, list[Happened]]:
        """Return what stations have said of their firmware, and with what they have booted, in order."""
        found: dict[str, list[Happened]] = {}
        for station_id, at, payload in self._calls(station_ids, _FIRMWARE_SAID, since=since):
            found.setdefault(station_id, []).append(citrineos_told.said(payload, at=at))
        return found

    def log_news(self, station_ids: Sequence[str], *, since: datetime) -> dict[str, list[Said]]:
        """Return what stations have said of uploads of their logs, in order."""
        found: dict[str, list[Said]] = {}
        for station_id, at, payload in self._calls(station_ids, LOG_SAID, since=since):
            found.setdefault(station_id, []).append(log_said(payload, at=at))
        return found

    def sightings(self, station_ids: Sequence[str]) -> dict[str, Sighting]:
        """Return what is known of stations; those that CitrineOS does not have are absent."""
        names = self._shape()
        columns = ("isOnline", "firmwareVersion", "chargePointSerialNumber")
        stations = self._rows("ChargingStations", names.station, station_ids, columns=columns)
        charges = self._rows("Transactions", names.transaction, station_ids, where="isActive: {_eq: true}")
        running = [row[names.transaction] for row in charges]
        with self._turn:
            self._catch_up([row[names.station] for row in stations])
            strange = self._strange.look([row[names.station] for row in stations], self._messages, named=names.message)
            return {
                row[names.station]: replace(
                    self._known[row[names.station]],
                    is_connected=row["isOnline"],
                    firmware=row["firmwareVersion"],
                    serial_number=row["chargePointSerialNumber"],
                    open_transactions=running.count(row[names.station]),
                    unknown_stops=strange[row[names.station]],
                )
                for row in stations
            }

    def _catch_up(self, station_ids: Sequence[str]) -> None:
        """Take in the frames since the last time, and of stations not asked for lately their latest ones."""
        self._looks += 1
        self._asked |= dict.fromkeys(station_ids, self._looks)
        self._asked = {one: look for one, look in self._asked.items() if look > self._looks - _REMEMBERED_LOOKS}
        self._known = {one: sighting for one, sighting in self._known.items() if one in self._asked}
        is_more = bool(self._known)
        while is_more:
            rows = self._messages(sorted(self._known), after=self._upto, columns=_TOLD, limit=_PAGE)
            for row in rows:
                self._take(row)
            self._upto = int(rows[-1]["id"]) if rows else self._upto
            is_more = len(rows) == _PAGE
        fresh = [station_id for station_id in station_ids if station_id not in self._known]
        if fresh and not self._known:
            newest = self._messages(fresh, columns=("id",), order="desc", limit=1)
            self._upto = int(newest[0]["id"]) if newest else 0
        for first in range(0, len(fresh), _AT_ONCE):
            chosen = fresh[first : first + _AT_ONCE]
            latest = self._latest(chosen)
            self._known |= {station_id: citrineos_told.nothing(station_id) for station_id in chosen}
            for row in latest:
                self._take(row)

    def _latest(self, station_ids: Sequence[str]) -> list[Row]:
        """Return stations' latest frame, boot and status each. A question for each would take minutes for a fleet."""
        named = self._shape().message
        variables = ", ".join(f"$s{number}: String!" for number in range(len(station_ids)))
        parts = [
            f"m{number}_{place}: OCPPMessages(where: {{{named}: {{_eq: $s{number}}}, {self._of}, "
            f'origin: {{_eq: "cs"}}{action}}}, order_by: [{{id: desc}}], limit: 1) {{ {named} {" ".join(_TOLD)} }}'
            for number in range(len(station_ids))
            for place, action in enumerate(
                ("", ', action: {_eq: "BootNotification"}', ', action: {_eq: "StatusNotification"}')
            )
        ]
        asked = {f"s{number}": station_id for number, station_id in enumerate(station_ids)}
        told = self._ask(f"query Latest({variables}) {{ {' '.join(parts)} }}", asked)
        return [row for rows in told.values() for row in rows]

    def _take(self, row: Row) -> None:
        if row["origin"] != "cs":
            return
        station_id = row[self._shape().message]
        at, known = citrineos_told.instant(row["timestamp"]), self._known[station_id]
        if known.heard_at is None or at > known.heard_at:
            known = replace(known, heard_at=at)
        if row["action"] == "BootNotification" and (known.booted_at is None or at > known.booted_at):
            known = replace(known, booted_at=at)
        if row["action"] == "StatusNotification" and (known.status_at is None or at > known.status_at):
            known = replace(known, status_at=at)
        self._known[station_id] = known

    def _calls(
        self, station_ids: Sequence[str], actions: Sequence[str], *, since: datetime
    ) -> list[tuple[str, datetime, Payload]]:
        """Return stations' calls of some kinds since an instant: who, when, what; in order."""
        found: list[tuple[str, datetime, Payload]] = []
        columns = ("id", "origin", "action", "timestamp", "message")
        for action in actions:
            for row in self._messages(station_ids, action=action, origin="cs", columns=columns):
                at = citrineos_told.instant(row["timestamp"])
                match row["message"]:
                    case [2, _, _, dict(payload), *_] if at >= since:
                        found.append((row[self._shape().message], at, payload))
        return sorted(found, key=lambda one: one[1])

    def _frames(self, station_id: str, *, after: int) -> list[tuple[str, list[Any]]]:
        rows = self._messages([station_id], after=after, columns=("id", "origin", "message"))
        return [(row["origin"], row["message"]) for row in rows if isinstance(row["message"], list)]

    def _messages(
        self,
        station_ids: Sequence[str],
        *,
        columns: Sequence[str],
        after: int = 0,
        action: str = "",
        origin: str = "",
        order: str = "asc",
        limit: int = 0,
    ) -> list[Row]:
        named = self._shape().message
        conditions = [f"{named}: {{_in: $ids}}", self._of, "id: {_gt: $after}"]
        conditions += [f'action: {{_eq: "{action}"}}'] * bool(action) + [f'origin: {{_eq: "{origin}"}}'] * bool(origin)
        query = (  # the same text for every place, so that Hasura need not plan it anew
            f"query Messages($ids: [String!]!, $after: Int!) {{ OCPPMessages(where: {{{', '.join(conditions)}}}, "
            f"order_by: [{{id: {order}}}]{f', limit: {limit}' if limit else ''}) {{ {named} {' '.join(columns)} }} }}"
        )
        rows: list[Row] = self._ask(query, {"ids": list(station_ids), "after": after})["OCPPMessages"]
        return rows

    def _rows(
        self, table: str, named: str, station_ids: Sequence[str], *, columns: Sequence[str] = (), where: str = ""
    ) -> list[Row]:
        conditions = ", ".join(filter(None, (f"{named}: {{_in: $ids}}", self._of, where)))
        query = (
            f"query Known($ids: [String!]!) {{ {table}(where: {{{conditions}}}) {{ {named} {' '.join(columns)} }} }}"
        )
        rows: list[Row] = self._ask(query, {"ids": list(station_ids)})[table]
        return rows

    def _shape(self) -> _Names:
        if self._names is None:
            told = self._ask(_SHAPE, {})
            fields = {name: {one["name"] for one in (told[name] or {}).get("fields") or ()} for name in told}
            if missing := [name for name in ("messages", "stations", "transactions") if not fields[name]]:
                raise BackOfficeUnavailable(
                    self._name, f"its GraphQL API shows no table of {missing[0]}", "have Hasura track it"
                )
            new = "ocppConnectionName"
            self._names = _Names(
                message=new if new in fields["messages"] else "stationId",
                station=new if new in fields["stations"] else "id",
                transaction=new if new in fields["transactions"] else "stationId",
            )
        return self._names

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Row:
        try:
            return self._data.ask(query, variables)
        except PartnerRefused as error:
            raise BackOfficeUnavailable(self._name, f"its GraphQL API: {error.problem}", error.mend) from error
        except PartnerUnavailable as error:
            raise BackOfficeUnavailable(self._name, f"its GraphQL API: {error.problem}") from error


_FIRMWARE_SAID = ("FirmwareStatusNotification", "BootNotification")
_TOLD = ("id", "origin", "action", "timestamp")
