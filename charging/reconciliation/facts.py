"""One side of a night as columns of integers: ids as hashes, numbers scaled, the texts left where they came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.reconciliation.alias_columns import Aliased, aliased
from charging.reconciliation.aliases import Aliases
from charging.reconciliation.kernels.comparing import NONE, Bytes, Flag, Stated
from charging.reconciliation.kernels.evidence import Evidence, Ints, Keys, Rows
from charging.roaming.cdr import Cdr, CdrState, Protocol

Number = TypeVar("Number", bound=np.generic)
ADVENIR = "GIREVE2ADVENIR"
"""The contract of the anonymous copies that Gireve makes for a French subsidy, in its compact form."""
SPECIAL = {
    "is_credit": pl.col("is_credit"),
    "is_subsidy": pl.col("contract_compact") == ADVENIR,
    "is_mutable": pl.col("protocol") == Protocol.OCHP,
    "is_not_final": pl.col("state") != CdrState.FINAL,
}
"""What makes a CDR more than a final one of the usual kind."""
GREATEST = 2**55
"""Greater numbers are left to the object rules: a hundred times as much still fits into 64 bits."""
COHORTS = pl.Enum(["moved", "not_moved"])
SLICE = 1 << 17
"""CDRs that are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Currencies and owners of both sides by their code."""

    currencies: tuple[str, ...]
    owners: tuple[str, ...]

    @property
    def currency(self) -> pl.Enum:
        """The type of a column of currencies."""
        return pl.Enum(self.currencies)

    @property
    def owner(self) -> pl.Enum:
        """The type of a column of owners."""
        return pl.Enum(self.owners)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the rows of one side come from, and when their sessions ended: what verdicts are told from."""

    source: pl.LazyFrame
    end: Ints

    def keys(self, first: int = 0, count: int | None = None) -> pl.Series:
        """Return the keys of so many CDRs from a row on, or of all."""
        return _column(self.source.slice(first, count), "cdr_key")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One row a CDR, in the order of `source`. Hashes only propose: `texts` has what they stand for."""

    source: pl.LazyFrame
    cdr: Keys
    session: Keys
    evse: Keys
    token: Keys
    contract: Keys
    start: Ints
    end: Ints
    energy: Ints
    net: Ints
    gross: Ints
    tariff: Keys
    currency: Rows
    owner: Rows
    """The codes of currencies and owners."""
    flags: Bytes
    cohort: npt.NDArray[np.int8]
    aliases: Aliased
    session_aliases: tuple[Keys, Rows]
    """Further keys of sessions, and the rows that bear them."""
    exact: Mapping[int, Cdr] = field(default_factory=dict)
    """The CDRs of the rows whose numbers are unusual."""

    @property
    def height(self) -> int:
        """The number of CDRs."""
        return self.start.size

    @cached_property
    def evidence(self) -> Evidence:
        """What tells whether two rows may be of one session."""
        return self.start, self.end, self.energy, self.evse, self.token, self.contract

    @cached_property
    def stated(self) -> Stated:
        """What two rows of one session are compared by, beside the evidence."""
        return self.net, self.gross, self.tariff, self.currency, self.flags

    def texts(self, column: str) -> pl.Series:
        """Return a column of the source as it is, in its order."""
        return _column(self.source, column)

    def part(self, number: int, column: str) -> pl.Series:
        """Return a column of one slice of the source: of the `SLICE` rows from `number` times as many on."""
        return _column(self.source.slice(number * SLICE, SLICE), column)

    def rows(self, rows: npt.NDArray[np.integer], *columns: str | pl.Expr) -> pl.DataFrame:
        """Return some rows of the source, in the order of `rows`."""
        wanted, places = np.unique(rows, return_inverse=True)
        parts = [*self._slices(wanted, columns)] or [self.source.head(0).select(*columns).collect()]
        found: pl.DataFrame = pl.concat(parts, rechunk=True)[places]
        return found

    def authorization(self, rows: npt.NDArray[np.integer]) -> Keys:
        """Return the keys of authorisation references of ascending rows: few are left when these are asked for."""
        column = "authorization_reference"
        parts = (part.select(id_key(column)).to_series().to_numpy() for part in self._slices(rows, ("owner", column)))
        return np.concatenate([np.empty(0, np.uint64), *parts])

    def _slices(self, rows: npt.NDArray[np.integer], columns: Sequence[str | pl.Expr]) -> Iterator[pl.DataFrame]:
        """Yield ascending rows of the source, a slice of it at a time."""
        for first in (np.unique(rows // SLICE) * SLICE).tolist():
            begin, end = np.searchsorted(rows, [first, first + SLICE])
            yield self.source.slice(first, SLICE).select(*columns).collect()[rows[begin:end] - first]

    def current_evses(self, rows: npt.NDArray[np.integer]) -> pl.Series:
        """Return the compact ids that the EVSEs of some rows bear now."""
        return self.current(rows, self.rows(rows, "evse_compact").to_series())

    def current(self, rows: npt.NDArray[np.integer], stated: pl.Series) -> pl.Series:
        """Return the compact ids that EVSEs bear now, of some rows and what these state."""
        if self.aliases.rows.size == 0:
            return stated
        renamed = self.aliases.names.with_columns(row=pl.Series(self.aliases.rows, dtype=pl.Int64))
        both = pl.DataFrame({"row": pl.Series(rows, dtype=pl.Int64), "stated": stated})
        found = both.join(renamed, on="row", how="left", maintain_order="left")
        return found.select(pl.coalesce("current", "stated")).to_series()

    @property
    def origin(self) -> Origin:
        """What of a side is needed once it is judged."""
        return Origin(source=self.source, end=self.end)

    def without_ids(self) -> "Facts":
        """Return the same side without the keys of its ids: what is matched needs them no more."""
        none = self.cdr[:0]
        return replace(self, cdr=none, session=none)

    def shifted(self, by: Ints) -> "Facts":
        """Return the same side with its clock set back."""
        return replace(self, start=_fixed(self.start - by), end=_fixed(self.end - by))


def facts(source: pl.LazyFrame, *, aliases: Aliases, codes: Codes) -> Facts:
    """Return a side in columns of integers. `source` is a frame or a scan of files: it is read in slices."""
    columns = _read(source, _columns(codes))
    renamed = aliased(source, aliases)
    if renamed.rows.size:
        columns["evse"][renamed.rows] = renamed.names.select(_key("current")).to_series().to_numpy()
        columns["flags"][renamed.rows] |= np.where(
            renamed.are_expired, Flag.ALIASED | Flag.EXPIRED, Flag.ALIASED
        ).astype(np.uint8)
    fixed: dict[str, Any] = {name: _fixed(column) for name, column in columns.items()}
    return Facts(source=source, aliases=renamed, session_aliases=_session_aliases(source), **fixed)


def _column(source: pl.LazyFrame, name: str) -> pl.Series:
    """Return a column in one piece: to gather texts from several takes ten times as long."""
    return source.select(name).collect().to_series().rechunk()


def _read(source: pl.LazyFrame, wanted: list[pl.Expr]) -> dict[str, npt.NDArray[Any]]:
    """Return columns without nulls. A slice at a time: the texts that they are made of are never all in memory."""
    height = int(source.select(pl.len()).collect().item())
    columns: dict[str, npt.NDArray[Any]] = {}
    for first in range(0, max(height, 1), SLICE):
        found = source.slice(first, SLICE).select(*wanted).collect()
        for name in found.columns:
            part = found[name].to_numpy()
            whole = columns.setdefault(name, np.empty(height, part.dtype))
            whole[first : first + part.size] = part
    return columns


def _fixed(column: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return a column that cannot be written to: numba compiles its loops again for those that can."""
    column.flags.writeable = False
    return column


def _session_aliases(source: pl.LazyFrame) -> tuple[Keys, Rows]:
    found = (
        source.select("owner", "session_aliases")
        .with_row_index("row")
        .filter(pl.col("session_aliases").list.len() > 0)
        .explode("session_aliases")
        .select("row", key=id_key("session_aliases"))
        .filter(pl.col("key") != 0)
        .collect()
    )
    return found["key"].to_numpy(), found["row"].cast(pl.Int32).to_numpy()


def codes_of(*sources: pl.LazyFrame) -> Codes:
    """Return the currencies and owners that stand in the sources."""
    names = ("currency", "owner")
    found = [source.select(pl.col(name).unique().implode() for name in names).collect() for source in sources]
    currencies, owners = (tuple(sorted({text for side in found for text in side[name].item()})) for name in names)
    return Codes(currencies=currencies, owners=owners)


def _columns(codes: Codes) -> list[pl.Expr]:
    is_unusual = ~pl.col("is_exact") | pl.any_horizontal(
        pl.col(name).abs() > GREATEST for name in ("energy_kwh_micro", "net_micro", "gross_micro")
    ).fill_null(value=False)
    bits = {
        Flag.INSIGNIFICANT: ~pl.col("is_cost_significant"),
        Flag.UNUSUAL: is_unusual,
        Flag.SPECIAL: pl.any_horizontal(SPECIAL.values()),
    }
    flags = pl.sum_horizontal(is_set.fill_null(value=False).cast(pl.UInt8) * int(bit) for bit, is_set in bits.items())
    return [
        id_key("cdr_id").alias("cdr"),
        id_key("session_id").alias("session"),
        _key("evse_compact").alias("evse"),
        _key("token_uid").alias("token"),
        _key("contract_compact").alias("contract"),
        _key("tariff_id").alias("tariff"),
        pl.col("started_at").to_physical().alias("start"),
        pl.col("ended_at").to_physical().alias("end"),
        pl.col("energy_kwh_micro").fill_null(0).clip(-GREATEST, GREATEST).alias("energy"),
        *(
            pl.when(is_unusual).then(None).otherwise(pl.col(f"{name}_micro")).fill_null(NONE).alias(name)
            for name in ("net", "gross")
        ),
        *(
            pl.col(name).cast(dtype).to_physical().cast(pl.Int32).alias(name)
            for name, dtype in (("currency", codes.currency), ("owner", codes.owner))
        ),
        flags.cast(pl.UInt8).alias("flags"),
        pl.col("cohort").cast(COHORTS).to_physical().cast(pl.Int8).fill_null(-1).alias("cohort"),
    ]


def id_key(column: str) -> pl.Expr:
    """Return the key of a column of ids, which are compared without regard to case; 0 where none is stated."""
    return _present(pl.col(column), pl.col(column).str.to_uppercase().hash(1) ^ pl.col("owner").hash(2))


def _key(column: str) -> pl.Expr:
    return _present(pl.col(column), pl.col(column).hash(3))


def _present(stated: pl.Expr, hashed: pl.Expr) -> pl.Expr:
    """Return the hash, 0 where nothing is stated: an empty text is no id."""
    is_stated = stated.str.len_bytes() > 0  # of a null, too, this is not so
    return pl.when(is_stated).then(hashed.clip(lower_bound=1)).otherwise(pl.lit(0, pl.UInt64))
