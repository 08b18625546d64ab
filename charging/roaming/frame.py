"""Canonical CDRs in columns, for a night of millions: the same facts as `Cdr`, numbers as scaled integers.

`…_micro` is a number times 1,000,000 as Int64: kWh, hours or units of the currency. A number with more decimals, or too
great for it, makes `is_exact` false for its row: the columns then hold nothing for it, and whoever needs the row takes
the `Cdr`, which is always exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from decimal import Context, Decimal
from typing import Any

import polars as pl

from charging.roaming.cdr import Cdr, CdrLine, CdrState, Cohort, Protocol, Side
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

INSTANT = pl.Datetime("us", "UTC")
LINE = pl.Struct({"measure": pl.String, "started_at": INSTANT, "volume_micro": pl.Int64, "tariff_id": pl.String})
NUMBERS = ("energy_kwh", "net", "gross", "total_hours", "parking_hours", "meter_start_kwh", "meter_end_kwh")
"""The fields of `Cdr` that stand in `…_micro` columns."""
_MICRO = 6
_EXACT = Context(prec=80)  # the usual 28 digits would round a long number silently to one that fits
_GREATEST = 2**63 - 1
_SCALED = pl.Decimal(38, _MICRO)
_OTHERS: dict[str, Any] = {
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "last_updated": INSTANT,
    "charging_started_at": INSTANT,
    "charging_ended_at": INSTANT,
    "is_credit": pl.Boolean,
    "is_cost_significant": pl.Boolean,
    "start_offset_minutes": pl.Int32,
    "quality": pl.List(pl.String),
    "session_aliases": pl.List(pl.String),
    "lines": pl.List(LINE),
}
SCHEMA = pl.Schema(
    {"cdr_key": pl.String}
    | {
        f"{field.name}_micro" if field.name in NUMBERS else field.name: (
            pl.Int64() if field.name in NUMBERS else _OTHERS.get(field.name, pl.String())
        )
        for field in fields(Cdr)
    }
    | {"is_exact": pl.Boolean}
)
"""One row a CDR: the fields of `Cdr` in their order, between its key and whether all of its numbers fit."""
_MEASURES: dict[str, Dimension | Extreme] = {
    **{measure.value: measure for measure in Dimension},
    **{measure.value: measure for measure in Extreme},
}


def micro(number: Decimal) -> int | None:
    """Return a number times a million, or None where that is no whole number of 64 bits."""
    scaled = _EXACT.scaleb(number, _MICRO)
    whole = int(scaled)
    return whole if scaled == whole and abs(whole) <= _GREATEST else None


def from_micro(scaled: int) -> Decimal:
    """Return the number that a column's integer stands for, with two decimals, or more where they say something."""
    hundredths, finer = divmod(scaled, 10_000)
    return Decimal(scaled).scaleb(-_MICRO).normalize() if finer else Decimal(hundredths).scaleb(-2)


def fits(text: pl.Expr) -> pl.Expr:
    """Return of a column of numbers, as PostgreSQL writes them, which are held by a `…_micro` column."""
    return text.str.contains(r"^-?[0-9]{1,12}(\.[0-9]{1,6}0*)?$")


def micro_column(text: pl.Expr) -> pl.Expr:
    """Return such numbers times a million; None for those that do not fit."""
    held = pl.when(fits(text)).then(text)
    return held.cast(_SCALED, strict=False).to_physical().cast(pl.Int64, strict=False)


def to_frame(cdrs: Iterable[Cdr]) -> pl.DataFrame:
    """Return CDRs in columns, one row each, in their order."""
    return pl.DataFrame([_row(cdr) for cdr in cdrs], schema=SCHEMA, orient="row")


def to_cdrs(frame: pl.DataFrame) -> list[Cdr]:
    """Return the CDRs of a frame, in its order.

    Raises:
        ValueError: if a row is not exact: its numbers are not in the columns.
    """
    if not frame["is_exact"].all():
        raise ValueError("a row is not exact: take its CDR from where the frame was made")
    return [_cdr(row) for row in frame.iter_rows(named=True)]


def _row(cdr: Cdr) -> tuple[object, ...]:
    numbers = {name: getattr(cdr, name) for name in NUMBERS}
    scaled = {name: None if number is None else micro(number) for name, number in numbers.items()}
    lines = [_line(line) for line in cdr.lines]
    is_exact = all(scaled[name] is not None or numbers[name] is None for name in NUMBERS) and all(
        line["volume_micro"] is not None for line in lines
    )
    return (
        cdr.cdr_key,
        *(
            scaled[field.name]
            if field.name in NUMBERS
            else lines
            if field.name == "lines"
            else _plain(getattr(cdr, field.name))
            for field in fields(Cdr)
        ),
        is_exact,
    )


def _line(line: CdrLine) -> dict[str, object]:
    return {
        "measure": str(line.measure),
        "started_at": line.started_at,
        "volume_micro": micro(line.volume),
        "tariff_id": line.tariff_id,
    }


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value


def _cdr(row: dict[str, Any]) -> Cdr:
    stated = {
        field.name: _number(row[f"{field.name}_micro"]) if field.name in NUMBERS else row[field.name]
        for field in fields(Cdr)
    }
    return Cdr(
        **stated
        | {
            "side": Side(row["side"]),
            "protocol": Protocol(row["protocol"]),
            "state": CdrState(row["state"]),
            "cohort": None if row["cohort"] is None else Cohort(row["cohort"]),
            "quality": tuple(row["quality"]),
            "session_aliases": tuple(row["session_aliases"]),
            "lines": _lines(row["lines"]),
        }
    )


def _lines(rows: Sequence[dict[str, Any]]) -> tuple[CdrLine, ...]:
    return tuple(
        CdrLine(
            measure=_MEASURES[row["measure"]],
            started_at=row["started_at"],
            volume=from_micro(row["volume_micro"]),
            tariff_id=row["tariff_id"],
        )
        for row in rows
    )


def _number(scaled: int | None) -> Decimal | None:
    return None if scaled is None else from_micro(scaled)
