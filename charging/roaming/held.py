"""CDRs of one side of a night, in columns: in memory while they are few, and in files where they are many."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from charging.roaming.cdr import Cdr
from charging.roaming.frame import SCHEMA, from_micro, to_cdrs

FEW = 100_000
"""So many CDRs take some hundred megabytes."""
_IN_A_FILE = 25_000
"""About: whoever goes through all of them has one file in memory at a time."""


class HeldCdrs:
    """CDRs as they come, and afterwards as often as they are wanted: whole or column by column."""

    def __init__(self, folder: Path, *, few: int = FEW) -> None:
        """Hold CDRs; beyond a few of them in files of this folder, which is there and is nobody else's."""
        self._folder, self._few = folder, few
        self._frames: list[pl.DataFrame] = []
        self._files: list[Path] = []
        self._in_memory = 0
        self.height = 0
        """How many there are."""
        self.exact: dict[str, Cdr] = {}
        """Those of the rows that are not exact, by their key."""

    def add(self, frame: pl.DataFrame, *, cdrs: Iterable[Cdr] = ()) -> None:
        """Hold a frame (`SCHEMA`), and those of its CDRs whose rows are not exact."""
        self._frames.append(frame)
        self._in_memory += frame.height
        self.height += frame.height
        self.exact.update((cdr.cdr_key, cdr) for cdr in cdrs)
        if self._in_memory > (min(self._few, _IN_A_FILE) if self._files else self._few):
            self._write()

    def _write(self) -> None:
        for part in pl.concat(self._frames).iter_slices(_IN_A_FILE + _IN_A_FILE // 2):
            path = self._folder / f"{len(self._files):06d}.parquet"
            part.write_parquet(path, compression="lz4", statistics=False)
            self._files.append(path)
        self._frames, self._in_memory = [], 0

    def scan(self) -> pl.LazyFrame:
        """Return all of them in the order in which they came, to be read as far as they are needed."""
        if self._files and self._frames:
            self._write()
        if self._files:
            return pl.scan_parquet(self._files, low_memory=True)
        return pl.concat([SCHEMA.to_frame(), *self._frames]).lazy()

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield all of them in the order in which they came."""
        for path in self._files:
            yield pl.read_parquet(path, memory_map=False)
        yield from self._frames

    def values(self, chosen: pl.LazyFrame) -> list[Cdr]:
        """Return some of them, chosen from the scan with all of its columns, as values."""
        frame = chosen.collect()
        fitting = iter(to_cdrs(frame.filter("is_exact")))
        return [
            next(fitting) if fits else self.exact[key] for key, fits in frame.select("cdr_key", "is_exact").iter_rows()
        ]

    def account(self, keys: pl.LazyFrame) -> "Account":
        """Return what some of them, named by a column cdr_key, add up to."""
        theirs = self.scan().join(keys, on="cdr_key", how="semi")
        fitting = pl.col("is_exact")
        sums = theirs.group_by("currency").agg(
            pl.len(),
            *(pl.col(name).filter(fitting).cast(pl.Int128).sum() for name in ("net_micro", "energy_kwh_micro")),
        )
        found = {
            currency: (number, net, kwh) for currency, number, net, kwh in sums.sort("currency").collect().iter_rows()
        }
        long = theirs.filter(~fitting).select("cdr_key").collect()["cdr_key"].to_list() if self.exact else []
        net = {currency: from_micro(total) for currency, (_, total, _) in found.items()}
        kwh = from_micro(sum(total for _, _, total in found.values()))
        for cdr in map(self.exact.__getitem__, long):
            net[cdr.currency] += cdr.net or Decimal(0)
            kwh += cdr.energy_kwh
        return Account(cdrs=sum(number for number, _, _ in found.values()), net=net, kwh=kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How many CDRs there are, what they state without VAT by currency, and their energy in kWh."""

    cdrs: int
    net: Mapping[str, Decimal]
    kwh: Decimal
