"""Goal 5: CDRs priced exactly from their tariffs, on one core, by shape of tariff.

    python benchmarks/price.py [--cdrs 200000] [--runs 3]

Each run prices every shape in three ways, one after the other: `price_frame` (columns), `recompute` (one CDR at a time,
exact fractions), and a naive pricer of Decimals, as one writes it for these shapes alone; the last two take a sample.
All three must state the same amounts. Times are those of the process's own CPU: the machine may be shared.
"""

import argparse
import os

os.environ |= {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}  # one core: the goal is a rate for each

import json
import platform
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from importlib.metadata import version
from zoneinfo import ZoneInfo

import polars as pl

from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.frame import from_micro, to_frame
from charging.roaming.terms import Terms
from charging.tariffs import columns
from charging.tariffs.columns import price_frame
from charging.tariffs.cost import NotPriceable
from charging.tariffs.parse import parse
from charging.tariffs.recompute import recompute
from charging.tariffs.tariff import Dimension, Tariff

TERMS = Terms(currency="EUR", time_zone="Europe/Amsterdam")
ZONE = ZoneInfo(TERMS.time_zone)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
DISTINCT = 20_000
"""CDRs that differ; the frame repeats them."""
SAMPLE = 2_000
Amounts = tuple[Decimal, Decimal] | None


def component(kind: str, price: float, step: int = 1) -> dict[str, object]:
    return {"type": kind, "price": price, "vat": 21, "step_size": step}


ENERGY, NIGHT = component("ENERGY", 0.35), component("ENERGY", 0.25)
SHAPES: dict[str, dict[str, object]] = {
    "start fee and energy": {"elements": [{"price_components": [component("FLAT", 0.5), ENERGY]}]},
    "energy and time": {"elements": [{"price_components": [ENERGY, component("TIME", 1.2, 60)]}]},
    "energy and parking, with steps": {
        "elements": [{"price_components": [component("ENERGY", 0.35, 100), component("PARKING_TIME", 2, 900)]}]
    },
    "day and night": {
        "elements": [
            {"price_components": [ENERGY], "restrictions": {"start_time": "07:00", "end_time": "21:00"}},
            {"price_components": [NIGHT]},
        ]
    },
    "least and most": {
        "elements": [{"price_components": [component("FLAT", 0.5), ENERGY]}],
        "min_price": {"excl_vat": 2, "incl_vat": 2.42},
        "max_price": {"excl_vat": 15, "incl_vat": 18.15},
    },
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cdrs", type=int, default=200_000)
    arguments.add_argument("--runs", type=int, default=3)
    told = arguments.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one core")
    print(", ".join(f"{name} {version(name)}" for name in ("polars", "numba", "numpy")))
    print(f"{told.cdrs} CDRs a shape, {told.runs} runs interleaved; CDRs a second, median (least to most)\n")
    distinct = sessions(min(DISTINCT, told.cdrs))
    frame = to_frame(distinct)
    frame = pl.concat([frame] * -(-told.cdrs // frame.height)).head(told.cdrs).rechunk()
    tariffs = {name: parse(json.dumps({"id": "T", "currency": "EUR"} | shape)) for name, shape in SHAPES.items()}
    rates: dict[tuple[str, str], list[float]] = {}
    for name, tariff in tariffs.items():
        agree(name, tariff, distinct)
    for _ in range(told.runs):
        for name, tariff in tariffs.items():
            for way, rate in measure(name, tariff, frame, distinct).items():
                rates.setdefault((name, way), []).append(rate)
    for name, tariff in tariffs.items():
        report(name, rates, share_alone(frame, tariff))


def sessions(count: int) -> list[Cdr]:
    """Sessions of a month, each with a period for charging on either side of a change of price, and some parking."""
    drawn = random.Random(5)
    return [session(number, drawn) for number in range(count)]


def session(number: int, drawn: random.Random) -> Cdr:
    at = started_at = NOVEMBER + timedelta(seconds=drawn.randrange(28 * 86_400))
    lines: list[CdrLine] = []
    until = at + timedelta(seconds=drawn.randrange(600, 6 * 3_600))
    for end in (*(edge for edge in edges(at) if edge < until), until):
        energy = Decimal(drawn.randrange(200, 20_000)) / 1000
        lines += [line(Dimension.ENERGY, at, energy, number), line(Dimension.TIME, at, hours(at, end), number)]
        at = end
    if drawn.random() < 0.4:
        end = at + timedelta(seconds=drawn.randrange(60, 7_200))
        lines.append(line(Dimension.PARKING_TIME, at, hours(at, end), number))
        at = end
    return Cdr(
        side=Side.THEIRS,
        partner="bench",
        owner="NL-EVN",
        cdr_id=str(number),
        session_id=None,
        authorization_reference=None,
        evse_raw="NL*EVN*E1",
        evse_compact="NLEVNE1",
        token_uid=None,
        contract_compact=None,
        started_at=started_at,
        ended_at=at,
        energy_kwh=Decimal(0),
        net=None,
        gross=None,
        currency="EUR",
        tariff_id="T",
        lines=tuple(lines),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=at,
        raw_sha256="ab" * 32,
    )


def edges(at: datetime) -> list[datetime]:
    """The next changes between day and night."""
    midnight = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    found = [midnight.replace(hour=hour) + timedelta(days=day) for day in (0, 1) for hour in (7, 21)]
    return [edge.astimezone(UTC) for edge in found if edge.astimezone(UTC) > at]


def hours(start: datetime, end: datetime) -> Decimal:
    return round(Decimal((end - start) // timedelta(seconds=1)) / 3600, 4)


def line(measure: Dimension, at: datetime, volume: Decimal, number: int) -> CdrLine:
    return CdrLine(measure=measure, started_at=at, volume=volume, tariff_id="T" if number % 2 else None)


def measure(name: str, tariff: Tariff, frame: pl.DataFrame, distinct: list[Cdr]) -> dict[str, float]:
    sample = distinct[:SAMPLE]
    return {
        "columns": rate(frame.height, lambda: price_frame(frame, tariffs=[tariff], terms=TERMS)),
        "fractions": rate(SAMPLE, lambda: [recompute(cdr, tariffs=[tariff], terms=TERMS) for cdr in sample]),
        "Decimals": rate(SAMPLE, lambda: [naive(cdr, name) for cdr in sample]),
    }


def rate(count: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


def agree(name: str, tariff: Tariff, distinct: list[Cdr]) -> None:
    """Refuse to measure what is not the same."""
    sample = distinct[:SAMPLE]
    priced = price_frame(to_frame(sample), tariffs=[tariff], terms=TERMS).select("net_micro", "gross_micro").rows()
    for cdr, scaled in zip(sample, priced, strict=True):
        alone = recompute(cdr, tariffs=[tariff], terms=TERMS)
        ours = None if isinstance(alone, NotPriceable) else (alone.net, alone.gross)
        stated = None if None in scaled else tuple(map(from_micro, scaled))
        if not (stated == ours == naive(cdr, name)):
            raise SystemExit(f"{name}, CDR {cdr.cdr_id}: {stated}, {ours} and {naive(cdr, name)} are not the same")


def naive(cdr: Cdr, name: str) -> Amounts:
    """Price these shapes, and nothing else, in Decimals of the usual 28 digits."""
    energy, charging, parking = Decimal(0), Decimal(0), Decimal(0)
    begins = sorted({each.started_at for each in cdr.lines})
    clock = dict(zip(begins, [*begins[1:], cdr.ended_at], strict=True))
    net = Decimal("0.5") if name in {"start fee and energy", "least and most"} else Decimal(0)
    for each in cdr.lines:
        lasted = Decimal((clock[each.started_at] - each.started_at) // timedelta(seconds=1))
        if each.measure is Dimension.ENERGY:
            is_night = not 7 <= each.started_at.astimezone(ZONE).hour < 21
            price = Decimal("0.25") if name == "day and night" and is_night else Decimal("0.35")
            net += each.volume * price
            energy += each.volume
        elif each.measure is Dimension.TIME:
            charging += lasted
        else:
            parking += lasted
    if name == "energy and time":
        net += steps(charging, 60) / 3600 * Decimal("1.2")
    if name == "energy and parking, with steps":
        net += (steps(energy * 1000, 100) / 1000 - energy) * Decimal("0.35")
        net += steps(parking, 900) / 3600 * 2
    gross = net * Decimal("1.21")
    if name == "least and most":
        net, gross = min(max(net, Decimal(2)), Decimal(15)), min(max(gross, Decimal("2.42")), Decimal("18.15"))
    cent = Decimal("0.01")
    return net.quantize(cent, ROUND_HALF_UP), gross.quantize(cent, ROUND_HALF_UP)


def steps(amount: Decimal, step: int) -> Decimal:
    return (amount / step).to_integral_value(ROUND_CEILING) * step


def share_alone(frame: pl.DataFrame, tariff: Tariff) -> float:
    """Return the share of rows that the columns left to the fractions."""
    taken: list[Cdr] = []

    def counted(cdr: Cdr, **agreed: object) -> object:
        taken.append(cdr)
        return recompute(cdr, **agreed)

    columns.recompute = counted
    price_frame(frame, tariffs=[tariff], terms=TERMS)
    columns.recompute = recompute
    return len(taken) / frame.height


def report(name: str, rates: dict[tuple[str, str], list[float]], alone: float) -> None:
    print(f"{name} ({alone:.2%} of the rows left to the fractions)")
    ours = rates[name, "columns"]
    for way in ("columns", "fractions", "Decimals"):
        each = rates[name, way]
        ratios = [one / other for one, other in zip(ours, each, strict=True)]
        beside = (
            ""
            if way == "columns"
            else f"   columns are {statistics.median(ratios):.1f}x ({min(ratios):.1f} to {max(ratios):.1f})"
        )
        print(f"  {way:<10} {statistics.median(each):>10,.0f} ({min(each):,.0f} to {max(each):,.0f}){beside}")


if __name__ == "__main__":
    main()
