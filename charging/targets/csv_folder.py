"""Files for a portal's importer, each written whole or not at all, and proven by being read back."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from charging.clock import Clock
from charging.identifiers import evse_id
from charging.targets.change import Action, Applied, Change, Difference, Plain
from charging.targets.compare import differing
from charging.targets.csv_cultures import TRAPS, Culture
from charging.targets.csv_keys import KEY, found_by, keyed
from charging.targets.csv_rows import rows_of
from charging.targets.target import Check, let_all_pass
from charging.targets.wanted import ENTITIES, Wanted, connector_key

_ENTITY = {"socket": "connector"}
_IDENTITY = frozenset({"token_uid", "station_id", "serial_number", "evse_id", "evse_uid", "contract_id", "location_id"})


class CsvTarget:
    """A folder of files. The same rows are the same bytes; a row that is there already is not written anew."""

    kind: Literal["csv"] = "csv"

    def __init__(self, folder: Path, culture: Culture, *, clock: Clock) -> None:
        self._folder, self._culture, self._clock = folder, culture, clock

    @property
    def entities(self) -> tuple[str, ...]:
        """What the importer has a file for."""
        taken = {_ENTITY.get(what, what) for what in self._culture.rows}
        return tuple(entity for entity in ENTITIES if entity in taken)

    def plan(self, wanted: Wanted, *, check: Check = let_all_pass) -> list[Change]:
        """Say of each row whether the files have it, have it otherwise, or cannot hold it."""
        changes = []
        for what, headers in self._culture.rows.items():
            entity = _ENTITY.get(what, what)
            rows = dict(rows_of(what, wanted, now=self._clock()))
            cells = {key: self._cells(fields, headers) for key, fields in rows.items()}
            held = self._read(what, cells)
            reasons = check(entity, rows)
            if what == "socket":
                known = {connector_key(one) for one in wanted.connectors}
                changes += [_refused(entity, key, "its EVSE is not loaded") for key in sorted(known - rows.keys())]
            for key, fields in rows.items():
                is_row = what != "socket" or key in known
                change = self._change(entity if is_row else "socket", key, fields, headers, cells[key], held.get(key))
                reason = reasons.get(key)
                changes.append(_refused(change.entity, key, reason) if reason else change)
        return changes

    def apply(self, changes: Sequence[Change]) -> Iterator[Applied]:
        """Write the files that need it, all rows of them."""
        for what in self._culture.rows:
            rows = self._meant(what, changes)
            is_other = len(rows) != len(self._read(what, _fields(rows))) or not self._has_header(what)
            if is_other or any(change.action.is_sent for change in rows):
                self._write(what, rows)
        for change in changes:
            error = change.reason if change.action is Action.REFUSE else None
            yield Applied(entity=change.entity, key=change.key, action=change.action, error=error)

    def verify(self, changes: Sequence[Change]) -> list[Difference]:
        """Read the files, and return each cell that reads otherwise than it should."""
        held = {what: self._read(what, _fields(self._meant(what, changes))) for what in self._culture.rows}
        by_entity = {_ENTITY.get(what, what): rows for what, rows in held.items()} | held
        return [
            difference
            for change in changes
            if change.action is not Action.REFUSE
            for difference in differing(change, by_entity[change.entity].get(change.key))
        ]

    @property
    def found_by(self) -> dict[str, str]:
        """By which column the rows of each file are found again, or that it takes all of their cells."""
        has_key = self._culture.has_key
        return {what: found_by(what, headers, has_key=has_key) for what, headers in self._culture.rows.items()}

    def _meant(self, what: str, changes: Sequence[Change]) -> list[Change]:
        names = {_ENTITY.get(what, what), what}
        return [change for change in changes if change.entity in names and change.action is not Action.REFUSE]

    def _cells(self, fields: Mapping[str, object], headers: Mapping[str, str]) -> dict[str, Plain]:
        return {header: self._culture.written(fields.get(name)) for name, header in headers.items()}

    def _change(  # noqa: PLR0917 - a row in its five forms
        self,
        entity: str,
        key: str,
        fields: Mapping[str, object],
        headers: Mapping[str, str],
        after: dict[str, Plain],
        held: Mapping[str, str] | None,
    ) -> Change:
        if obstacle := self._obstacle(key, fields, headers):
            return _refused(entity, key, obstacle)
        no_place = tuple(sorted(name for name, value in fields.items() if value is not None and name not in headers))
        if held is None:
            action, reason = Action.CREATE, "the files do not have it"
        else:
            is_same = all(held.get(header) == value for header, value in after.items())
            action, reason = (
                (Action.SAME, "the files have it") if is_same else (Action.UPDATE, "the files say otherwise")
            )
        return Change(
            entity=entity,
            key=key,
            action=action,
            reason=reason,
            before={header: held.get(header) for header in after} if held else {},
            after=after if action.is_sent else {},
            fields=after,
            no_place=no_place,
        )

    def _obstacle(self, key: str, fields: Mapping[str, object], headers: Mapping[str, str]) -> str | None:
        """Say why the importer cannot take a row."""
        for name, header in headers.items():
            value = str(fields.get(name) or "")
            if name in self._culture.required and not value.strip():
                whose = f"station {fields['station_id']}" if fields.get("station_id") else key
                return f"{header} is empty: the source has no {name.replace('_', ' ')} of {whose}"
            if name == "evse_id" and value and not _is_publishable(value):
                return f"its evse_id {value} is none that partners take: remap it first"
            if name in _IDENTITY and value.startswith(TRAPS):
                return f"its {name} begins like a formula, and an id is never changed"
        return None

    def _files(self, what: str) -> list[Path]:
        return sorted(self._folder.glob(f"{what}-[0-9][0-9][0-9].csv"))

    def _read(self, what: str, meant: Mapping[str, Mapping[str, Plain]]) -> dict[str, Mapping[str, str]]:
        return keyed(self._rows(what), meant, by=self.found_by[what])

    def _rows(self, what: str) -> Iterator[dict[str, str]]:
        for path in self._files(what):
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from csv.DictReader(file, delimiter=self._culture.delimiter)

    def _header(self, names: Iterable[str]) -> list[str]:
        return [*names, KEY] if self._culture.has_key else [*names]

    def _has_header(self, what: str) -> bool:
        """Whether every file there has the columns that it should have; where nothing is, nothing is amiss."""
        wanted = self._header(self._culture.rows[what].values())
        for path in self._files(what):
            with path.open(encoding="utf-8-sig", newline="") as file:
                if next(csv.reader(file, delimiter=self._culture.delimiter), wanted) != wanted:
                    return False
        return True

    def _write(self, what: str, rows: Sequence[Change]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        most = self._culture.max_rows or max(len(rows), 1)
        written = set()
        for number, start in enumerate(range(0, len(rows), most), start=1):
            path = self._folder / f"{what}-{number:03}.csv"
            _replace(path, self._text(rows[start : start + most]).encode(self._encoding))
            written.add(path)
        for path in self._files(what):
            if path not in written:
                path.unlink()  # its rows are in the others now

    def _text(self, rows: Sequence[Change]) -> str:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._culture.delimiter, lineterminator="\r\n")
        writer.writerow(self._header(rows[0].fields))
        keys = ([change.key] if self._culture.has_key else [] for change in rows)
        writer.writerows([*change.fields.values(), *key] for change, key in zip(rows, keys, strict=True))
        return text.getvalue()

    @property
    def _encoding(self) -> str:
        return "utf-8-sig" if self._culture.has_bom else "utf-8"


def _fields(changes: Sequence[Change]) -> dict[str, Mapping[str, Plain]]:
    return {change.key: change.fields for change in changes}


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _is_publishable(published: str) -> bool:
    parsed = evse_id.parse(published)
    return parsed is not None and parsed.is_publishable


def _refused(entity: str, key: str, reason: str) -> Change:
    return Change(entity=entity, key=key, action=Action.REFUSE, reason=reason)
