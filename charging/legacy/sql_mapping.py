"""Mapping files for databases: which table and column of a legacy means what, and how its values are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from charging.errors import SourceNotFound
from charging.legacy import mapping_keys
from charging.legacy.mapping import DATE_ORDERS, DECIMALS, NAME_ENERGY, TOKEN_KINDS, has_energy
from charging.legacy.mapping_keys import Keys, Table
from charging.legacy.secret_words import is_secret, is_secret_table, named_in
from charging.legacy.source import COLUMNS, INSTANTS, REQUIRED, RIDE_ALONG

_CULTURE = ("time_zone", "date_order", "decimal", "century", "currency", "country")
_COLUMN = ("column", "constant", "unit", "time_zone", "values", "otherwise")
_ENTITY = ("table", "sql", "joins", "where", "key", "watermark", "columns")
ENERGY = ("kWh", "Wh", "MWh")
EPOCH = ("s", "ms")
UNITS: Mapping[str, tuple[str, ...]] = dict.fromkeys(INSTANTS, EPOCH) | {
    "energy_kwh": ENERGY,
    "meter_start_wh": ENERGY,
    "meter_stop_wh": ENERGY,
    "max_power_w": ("W", "kW"),
}
"""The units that a column may come in, per canonical column; an instant with a unit is a number since 1970."""


class Reference(NamedTuple):
    """A column of the legacy: the alias of its table (None: the entity's own), and its name."""

    alias: str | None
    name: str

    def __str__(self) -> str:
        """Return it as a mapping file writes it."""
        return self.name if self.alias is None else f"{self.alias}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlColumn:
    """Where a canonical column comes from: a column of the legacy, or the same text for every row."""

    reference: Reference | None
    constant: str | None = None
    unit: str | None = None
    time_zone: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    """The legacy's words, and ours for them."""
    otherwise: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    table: str
    alias: str
    on: Mapping[str, Reference]
    """The joined table's own column, and what it must equal."""
    is_inner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlEntity:
    """How one entity is read: from a table with joins, or from a statement of the mapping's own."""

    table: str | None
    statement: str | None
    joins: tuple[Join, ...]
    where: str | None
    key: tuple[Reference, ...]
    watermark: Reference | None
    columns: Mapping[str, SqlColumn]

    @property
    def alias(self) -> str:
        """What the entity's own table is called in the mapping."""
        return self.table.rpartition(".")[2] if self.table else "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlMapping:
    """How to read one make of database."""

    name: str
    entities: Mapping[str, SqlEntity]
    time_zone: str | None
    date_order: str
    decimal: str
    century: int | None
    currency: str | None
    country: str | None
    token_kind: str | None
    energy_unit: str
    meter_unit: str


def load(path: Path) -> SqlMapping:
    """Read a mapping file for a database.

    Raises:
        SourceNotFound: if there is none at that path.
        UnreadableSource: if it is not valid; the sentence names the file, the key and the mend.
    """
    if not path.is_file():
        raise SourceNotFound(str(path), "name a mapping file in TOML (--mapping)")
    return _Reader(path.name, mapping_keys.document(path)).mapping()


class _Reader:
    def __init__(self, file: str, said: Table) -> None:
        self._file, self._said, self._keys = file, said, Keys(file)

    def mapping(self) -> SqlMapping:
        keys, said = self._keys, self._said
        keys.only(said, ("name", "culture", "units", "tokens", "entities"), at="")
        culture, tokens = keys.table(said, "culture", _CULTURE), keys.table(said, "tokens", ("kind",))
        units, entities = keys.table(said, "units", ("energy", "meter")), keys.table(said, "entities", tuple(COLUMNS))
        if not entities:
            raise keys.refuse("entities", "is missing", "describe at least one: [entities.session]")
        return SqlMapping(
            name=keys.text(said, "name", at="") or Path(self._file).stem,
            entities={entity: self._entity(entities, entity) for entity in COLUMNS if entity in entities},
            time_zone=keys.zone(culture, "time_zone", at="culture."),
            date_order=keys.one_of(culture, "date_order", DATE_ORDERS, at="culture.") or "ymd",
            decimal=keys.one_of(culture, "decimal", DECIMALS, at="culture.") or ".",
            century=keys.century(culture),
            currency=keys.code(culture, "currency", length=3),
            country=keys.code(culture, "country", length=2),
            token_kind=keys.one_of(tokens, "kind", TOKEN_KINDS, at="tokens."),
            energy_unit=keys.one_of(units, "energy", ENERGY, at="units.") or "kWh",
            meter_unit=keys.one_of(units, "meter", ENERGY, at="units.") or "Wh",
        )

    def _entity(self, entities: Table, entity: str) -> SqlEntity:
        at, keys = f"entities.{entity}.", self._keys
        table = keys.table(entities, entity, _ENTITY, at="entities.")
        name, statement = keys.text(table, "table", at=at), keys.text(table, "sql", at=at)
        if (name is None) == (statement is None):
            raise keys.refuse(f"{at}table", "and sql: one of them is needed", "name a table, or write a SELECT in sql")
        if statement is not None and ("joins" in table or "where" in table):
            raise keys.refuse(f"{at}sql", "needs no joins and no where beside it", "write them into the SELECT")
        for key, text in (("sql", statement), ("where", keys.text(table, "where", at=at))):
            if text is not None and ((secret := named_in(text)) is not None):
                raise self._secret(f"{at}{key}", secret)
        columns = self._columns(table, entity)
        return SqlEntity(
            table=None if name is None else self._table(name, f"{at}table"),
            statement=None if statement is None else statement.strip().rstrip(";"),
            joins=tuple(self._joins(table, at)),
            where=keys.text(table, "where", at=at),
            key=self._key(table, entity, columns),
            watermark=self._reference(keys.text(table, "watermark", at=at), f"{at}watermark"),
            columns=columns,
        )

    def _joins(self, table: Table, at: str) -> list[Join]:
        keys, said = self._keys, table.get("joins", [])
        if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
            raise keys.refuse(f"{at}joins", "is no list of tables", f"write [[{at}joins]]")
        return [self._join(join, f"{at}joins[{number}].") for number, join in enumerate(said)]

    def _join(self, join: Table, at: str) -> Join:
        keys = self._keys
        keys.only(join, ("table", "as", "on", "kind"), at=at)
        name = keys.text(join, "table", at=at)
        on = join.get("on")
        if name is None or not isinstance(on, dict) or not on:
            raise keys.refuse(f"{at}on", "is missing", 'write table = "…" and on = { its_column = "other.column" }')
        references = {
            column: self._reference(keys.text(on, column, at=f"{at}on."), f"{at}on.{column}") for column in on
        }
        return Join(
            table=self._table(name, f"{at}table"),
            alias=keys.text(join, "as", at=at) or name.rpartition(".")[2],
            on={column: reference for column, reference in references.items() if reference is not None},
            is_inner=keys.one_of(join, "kind", ("left", "inner"), at=at) == "inner",
        )

    def _columns(self, table: Table, entity: str) -> dict[str, SqlColumn]:
        at, keys = f"entities.{entity}.columns.", self._keys
        said = keys.table(table, "columns", COLUMNS[entity] + RIDE_ALONG[entity], at=f"entities.{entity}.")
        columns = {name: self._column(said[name], name, f"{at}{name}") for name in said}
        for required in REQUIRED[entity]:
            if required not in columns:
                raise keys.refuse(f"{at}{required}", "is missing", "name the column of the database that holds it")
        if entity == "session" and not has_energy(columns):
            raise keys.refuse(f"{at}energy_kwh", "is missing", NAME_ENERGY.format(at.rstrip(".")))
        return columns

    def _column(self, said: Any, name: str, at: str) -> SqlColumn:
        keys = self._keys
        if isinstance(said, str) and said:
            return SqlColumn(reference=self._reference(said, at))
        if not isinstance(said, dict):
            raise keys.refuse(at, f"is {said!r}", 'write "column", "other.column" or { column = "…", unit = "…" }')
        keys.only(said, _COLUMN, at=f"{at}.")
        column, constant = (keys.text(said, key, at=f"{at}.") for key in ("column", "constant"))
        if (column is None) == (constant is None):
            raise keys.refuse(at, "needs a column or a constant", 'write { column = "…" } or { constant = "…" }')
        units = UNITS.get(name, ())
        if "unit" in said and not units:
            raise keys.refuse(f"{at}.unit", "has no meaning here", "leave it out")
        values = keys.table(said, "values", tuple(said.get("values", {})), at=f"{at}.")
        return SqlColumn(
            reference=self._reference(column, at),
            constant=constant,
            unit=keys.one_of(said, "unit", units, at=f"{at}."),
            time_zone=keys.zone(said, "time_zone", at=f"{at}."),
            values={word: keys.text(values, word, at=f"{at}.values.") or "" for word in values},
            otherwise=keys.text(said, "otherwise", at=f"{at}."),
        )

    def _key(self, table: Table, entity: str, columns: Mapping[str, SqlColumn]) -> tuple[Reference, ...]:
        at, said = f"entities.{entity}.key", table.get("key")
        names = [said] if isinstance(said, str) else said
        if names is None:
            required = [columns[name].reference for name in REQUIRED[entity]]
            return tuple(reference for reference in required if reference is not None)
        if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
            raise self._keys.refuse(at, f"is {said!r}", "name the column, or the columns, that tell rows apart")
        return tuple(reference for name in names if (reference := self._reference(name, at)) is not None)

    def _reference(self, said: str | None, at: str) -> Reference | None:
        if said is None:
            return None
        alias, _, name = said.rpartition(".")
        if not name:
            raise self._keys.refuse(at, f"is {said!r}", 'write "column" or "table.column"')
        if is_secret(name):
            raise self._secret(at, name)
        return Reference(alias or None, name)

    def _table(self, name: str, at: str) -> str:
        if is_secret_table(name):
            raise self._secret(at, name)
        return name

    def _secret(self, at: str, name: str) -> Exception:
        return self._keys.refuse(at, f"names {name!r}, and secrets are never read", "leave it out")
