"""What rows are judged against: what the whole population says, what else the source has, and what is clean already."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from charging.cleansing import Context
from charging.cleansing.gather import LIGHT_COLUMNS, gather
from charging.cleansing.population import Facts
from charging.database import tables
from charging.database.columns import storable_values
from charging.database.operations.landing import Manifest
from charging.database.queries import landing as read
from charging.database.queries import neighbours, quarantine
from charging.legacy.source import LandedRow
from charging.settings import Settings
from expectations.expectation import Given
from tasks.kept_stops import kept_stops

_LONGEST = timedelta(days=4)
"""No rule compares sessions that lie further apart."""


class Surroundings:
    """Everything beside its own rows by which an extract is judged. It is read when it is first needed."""

    def __init__(
        self, connection: sa.Connection, settings: Settings, manifest: Manifest, told: Mapping[str, str]
    ) -> None:
        self._connection, self._manifest = connection, manifest
        self._chain = read.chain(connection, manifest)
        currency = told.get("currency") or settings.currency
        self._known = Context(
            as_of=manifest.extracted_at,
            time_zone=told.get("time_zone") or settings.time_zone,
            currency=currency,
            known_token_uids=self._token_uids(),
            own_parties=frozenset({settings.operator.replace("*", "-")}),
            facts=self._facts(),
        )
        self._given = Given(as_of=manifest.extracted_at, currencies=frozenset({currency}))

    @property
    def flags(self) -> list[str]:
        """What whole models do that is no error, with the count that proves it: rules have taken it into account."""
        return [f"{vote.rule}: {vote.sentence}" for vote in self._known.facts.flags()]

    def of(self, entity: str) -> tuple[Context, Given]:
        """Return what the rows of an entity are judged by, now that those before it are clean."""
        answers = quarantine.answers(
            self._connection, source=self._manifest.source, extract_id=self._manifest.extract_id, entity=entity
        )
        known, given = replace(self._known, answers=answers), self._given
        if entity in {"evse", "session", "connector", "reservation", "charging_profile"}:
            station_ids = neighbours.ids(self._connection, tables.station.c.station_id)
            known, given = replace(known, station_ids=station_ids), replace(given, station_ids=station_ids)
        if entity == "connector" and self._has("evse"):
            given = replace(given, evse_uids=neighbours.ids(self._connection, tables.evse.c.evse_uid))
        if entity == "session":
            known = replace(known, kept_stops=kept_stops(self._connection, self._manifest.source))
        if entity == "reservation" and self._has("token"):
            given = replace(given, token_uids=neighbours.ids(self._connection, tables.token.c.token_uid))
        if entity == "contract":
            known = replace(known, tariffs_valid_until=neighbours.tariffs_valid_until(self._connection))
            if self._has("customer"):
                known = replace(known, customer_ids=read.known_keys(self._connection, self._chain, entity="customer"))
            if self._has("tariff"):
                known = replace(known, tariff_ids=neighbours.ids(self._connection, tables.tariff.c.tariff_id))
            given = replace(given, customer_ids=known.customer_ids, tariff_ids=known.tariff_ids)
        return known, given

    def of_share(
        self, entity: str, rows: Sequence[LandedRow], parts: tuple[int, int] | None, known: Context
    ) -> tuple[Context, list[LandedRow]]:
        """Return by what else some rows of an entity are judged, and the rows beside them that are clean already."""
        if entity == "meter_value" and self._has("session"):
            named = {(row.values.get("session_id") or "").strip() for row in rows}
            known = replace(known, session_ids=neighbours.sessions_named(self._connection, self._chain, named))
        if len(self._chain) == 1 or parts is None:
            return known, []
        if entity == "session":
            return known, self._clean_sessions(rows)
        return known, self._earlier_samples(rows, parts)

    def _has(self, entity: str) -> bool:
        return entity in self._manifest.row_counts

    def _token_uids(self) -> frozenset[str]:
        found = (read.values_of(self._connection, each, entity="session", field="token_uid") for each in self._chain)
        return frozenset().union(*found)

    def _facts(self) -> Facts:
        facts = Facts()
        for entity in LIGHT_COLUMNS:
            for extract_id in reversed(read.holding(self._connection, self._manifest, entity=entity)):
                gather(self._rows(extract_id, entity), facts)
        return facts

    def _rows(self, extract_id: str, entity: str, *, parts: tuple[int, int] | None = None) -> Iterator[LandedRow]:
        for one in read.landed(self._connection, extract_id=extract_id, entity=entity, parts=parts):
            yield LandedRow(entity=entity, file=one.file, line=one.line, values=storable_values(one.values))

    def _clean_sessions(self, rows: Sequence[LandedRow]) -> list[LandedRow]:
        since = self._manifest.window_from
        found = neighbours.clean_sessions(
            self._connection,
            back_office=self._manifest.source,
            station_ids={row.values.get("station_id") or "" for row in rows},
            but_not={(row.values.get("session_id") or "").strip() for row in rows},
            since=None if since is None else since - _LONGEST,
        )
        return [
            LandedRow(entity="session", file="clean.session", line=line, values=values)
            for line, values in enumerate(found, start=1)
        ]

    def _earlier_samples(self, rows: Sequence[LandedRow], parts: tuple[int, int]) -> list[LandedRow]:
        """Return what earlier extracts have of the same sessions: samples are counted from each session's first."""
        sessions = {(row.values.get("session_id") or "").strip() for row in rows}
        seen = {row.row_hash for row in rows}
        earlier: list[LandedRow] = []
        for extract_id in reversed(self._chain[1:]):
            for row in self._rows(extract_id, "meter_value", parts=parts):
                if (row.values.get("session_id") or "").strip() in sessions and row.row_hash not in seen:
                    seen.add(row.row_hash)
                    earlier.append(row)
        return earlier
