"""Goal 4: pages of OCPI CDRs to canonical columns with exact money, beside orjson and pydantic doing the same job.

    python benchmarks/parse.py [--cdrs 100000] [--page 100] [--runs 3] [--malformed 0.005]

Every contestant reads the same pages, one after the other in each run, to one frame of the same columns: ids as stated
and compact, instants, exact millionths, lines. A malformed record may cost itself only. The peers do less: they neither
hash the raw records nor look for anything odd in them. The frames are compared before anything is timed.
"""

import argparse
import gc
import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import orjson
import polars as pl
import pydantic
from polars.testing import assert_frame_equal

from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.frame import SCHEMA
from charging.roaming.ocpi.columns import parse_frame
from charging.roaming.ocpi.parse import parse_cdrs, read_envelope

COLUMNS = (
    "owner", "cdr_id", "session_id", "authorization_reference", "evse_raw", "evse_compact", "token_uid",
    "contract_compact", "started_at", "ended_at", "energy_kwh_micro", "net_micro", "gross_micro", "currency",
    "tariff_id", "lines", "is_credit", "credits_cdr_id", "last_updated", "evse_uid", "connector_id",
    "total_hours_micro",
)  # fmt: skip
WANTED = {name: SCHEMA[name] for name in COLUMNS}
MEASURES = frozenset(
    {"ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME", "MIN_CURRENT", "MAX_CURRENT", "MIN_POWER", "MAX_POWER"}
)
AT_ONCE = 5_000
"""Rows from which the peers make one frame."""
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
TARIFF = {
    "country_code": "NL",
    "party_id": "EVN",
    "id": "NL-EVN-T1",
    "currency": "EUR",
    "type": "REGULAR",
    "tariff_alt_text": [{"language": "nl", "text": "Start 0,50, daarna 0,42 per kWh"}],
    "elements": [
        {"price_components": [{"type": "FLAT", "price": 0.50, "vat": 21.0, "step_size": 1}]},
        {"price_components": [{"type": "ENERGY", "price": 0.42, "vat": 21.0, "step_size": 1}]},
        {
            "price_components": [{"type": "TIME", "price": 0.2, "vat": 21.0, "step_size": 60}],
            "restrictions": {"day_of_week": ["MONDAY", "TUESDAY"], "start_time": "08:00", "end_time": "20:00"},
        },
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}


def main() -> None:
    """Measure, and print a report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cdrs", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--malformed", type=float, default=0.005)
    chosen = parser.parse_args()
    pages = list(_pages(chosen.cdrs, chosen.page, chosen.malformed))
    contestants: dict[str, Callable[[Sequence[bytes]], tuple[pl.DataFrame, int]]] = {
        "rehome": _ours, "orjson": _orjson, "pydantic": _pydantic,
    }  # fmt: skip
    _require_agreement(pages[: max(1, 2_000 // chosen.page)], contestants)
    size = sum(map(len, pages)) / chosen.cdrs
    print(
        f"{chosen.cdrs:,} CDRs of {size:,.0f} bytes, {chosen.page} a page, {chosen.malformed:.1%} malformed; "
        f"{chosen.runs} interleaved runs\n"
        f"Python {platform.python_version()}, orjson {version('orjson')}, pydantic {version('pydantic')}, "
        f"polars {version('polars')}, numba {version('numba')}, msgspec {version('msgspec')}\n"
    )
    _report({name: [] for name in contestants}, contestants, pages, chosen)


def _report(
    times: dict[str, list[tuple[float, float]]],
    contestants: dict[str, Callable[[Sequence[bytes]], tuple[pl.DataFrame, int]]],
    pages: Sequence[bytes],
    chosen: argparse.Namespace,
) -> None:
    for _ in range(chosen.runs):
        for name, contestant in contestants.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            frame, rejected = contestant(pages)
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
            if len(frame) + rejected != chosen.cdrs:
                raise SystemExit(f"{name} lost records: {len(frame)} + {rejected} of {chosen.cdrs}")
            del frame
    print("contestant   us/CDR wall (least to most)   us/CDR CPU (least to most)   CDRs/s")
    for name, runs in times.items():
        walls, cpus = ([run[place] / chosen.cdrs * 1e6 for run in runs] for place in (0, 1))
        rate = 1e6 / statistics.median(walls)
        print(
            f"{name:10}   {min(walls):8.1f} to {max(walls):<16.1f}  {min(cpus):8.1f} to {max(cpus):<16.1f} {rate:9,.0f}"
        )
    print("\nHow many times the time of rehome, run by run:")
    for name in list(contestants)[1:]:
        for place, kind in enumerate(("wall", "CPU")):
            ratios = [peer[place] / ours[place] for peer, ours in zip(times[name], times["rehome"], strict=True)]
            each = ", ".join(f"{ratio:.1f}" for ratio in ratios)
            print(f"  {name:10} {kind:4}  {each}   median {statistics.median(ratios):.1f}")


def _require_agreement(
    pages: Sequence[bytes], contestants: dict[str, Callable[[Sequence[bytes]], tuple[pl.DataFrame, int]]]
) -> None:
    objects = [parse_cdrs(read_envelope(page).data, partner="roa") for page in pages]
    expected, rejected = _ours(pages)
    if rejected != sum(len(one.rejected) for one in objects):
        raise SystemExit("the columns reject other records than the objects")
    for name, contestant in contestants.items():
        frame, refused = contestant(pages)
        assert_frame_equal(frame, expected)
        if refused != rejected:
            raise SystemExit(f"{name} rejects {refused} records, not {rejected}")


def _ours(pages: Sequence[bytes]) -> tuple[pl.DataFrame, int]:
    parsed = parse_frame(pages, partner="roa")
    return parsed.frame.select(COLUMNS), len(parsed.rejected)


def _in_frames(rows: Iterator[tuple[Any, ...] | None]) -> tuple[pl.DataFrame, int]:
    """Return rows in columns, and how many were None."""
    frames, some, rejected = [], [], 0
    for row in rows:
        if row is None:
            rejected += 1
            continue
        some.append(row)
        if len(some) == AT_ONCE:
            frames.append(pl.DataFrame(some, schema=WANTED, orient="row"))
            some = []
    frames.append(pl.DataFrame(some, schema=WANTED, orient="row"))
    return pl.concat(frames), rejected


def _orjson(pages: Sequence[bytes]) -> tuple[pl.DataFrame, int]:
    def rows() -> Iterator[tuple[Any, ...] | None]:
        for page in pages:
            for record in orjson.loads(page)["data"]:
                try:
                    yield _row_of_dict(record)
                except (KeyError, ValueError, TypeError, ArithmeticError):
                    yield None

    return _in_frames(rows())


def _micro(number: float | str) -> int:
    # The shortest digits that give the float are those that were written: the usual way to money with orjson.
    return int(Decimal(str(number)).scaleb(6))


def _row_of_dict(record: dict[str, Any]) -> tuple[Any, ...]:
    token, location, cost = record["cdr_token"], record["cdr_location"], record["total_cost"]
    gross = cost.get("incl_vat")
    return (
        f"{record['country_code']}-{record['party_id']}",
        record["id"],
        record.get("session_id"),
        record.get("authorization_reference"),
        location["evse_id"],
        compact_evse(location["evse_id"]),
        compact_token(token["uid"]),
        compact_contract(token["contract_id"]),
        datetime.fromisoformat(record["start_date_time"]),
        datetime.fromisoformat(record["end_date_time"]),
        _micro(record["total_energy"]),
        _micro(cost["excl_vat"]),
        None if gross is None else _micro(gross),
        record["currency"],
        record["charging_periods"][0].get("tariff_id"),
        [
            {
                "measure": dimension["type"],
                "started_at": started_at,
                "volume_micro": _micro(dimension["volume"]),
                "tariff_id": period.get("tariff_id"),
            }
            for period in record["charging_periods"]
            for started_at in (datetime.fromisoformat(period["start_date_time"]),)
            for dimension in period["dimensions"]
            if dimension["type"] in MEASURES
        ],
        bool(record.get("credit")),
        record.get("credit_reference_id"),
        datetime.fromisoformat(record["last_updated"]),
        location["evse_uid"],
        location["connector_id"],
        _micro(record["total_time"]),
    )


class Price(pydantic.BaseModel):
    """An amount of money."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None


class Token(pydantic.BaseModel):
    """Who charged."""

    uid: str
    contract_id: str


class Place(pydantic.BaseModel):
    """Where it was."""

    evse_id: str
    evse_uid: str
    connector_id: str


class Quantity(pydantic.BaseModel):
    """A measured quantity."""

    type: str
    volume: Decimal


class Stretch(pydantic.BaseModel):
    """A charging period."""

    start_date_time: datetime
    dimensions: list[Quantity]
    tariff_id: str | None = None


class Record(pydantic.BaseModel):
    """The fields of a CDR that become columns."""

    country_code: str
    party_id: str
    id: str
    start_date_time: datetime
    end_date_time: datetime
    session_id: str | None = None
    authorization_reference: str | None = None
    cdr_token: Token
    cdr_location: Place
    currency: str
    charging_periods: list[Stretch]
    total_cost: Price
    total_energy: Decimal
    total_time: Decimal
    credit: bool | None = None
    credit_reference_id: str | None = None
    last_updated: datetime


class Answer(pydantic.BaseModel):
    """A page."""

    data: list[Record]


def _pydantic(pages: Sequence[bytes]) -> tuple[pl.DataFrame, int]:
    def rows() -> Iterator[tuple[Any, ...] | None]:
        for page in pages:
            try:
                yield from map(_row_of_model, Answer.model_validate_json(page).data)
            except pydantic.ValidationError:  # one by one, so that a malformed record costs itself
                for record in json.loads(page, parse_float=Decimal)["data"]:
                    try:
                        yield _row_of_model(Record.model_validate(record))
                    except pydantic.ValidationError:
                        yield None

    return _in_frames(rows())


def _row_of_model(record: Record) -> tuple[Any, ...]:
    token, location, cost = record.cdr_token, record.cdr_location, record.total_cost
    return (
        f"{record.country_code}-{record.party_id}",
        record.id,
        record.session_id,
        record.authorization_reference,
        location.evse_id,
        compact_evse(location.evse_id),
        compact_token(token.uid),
        compact_contract(token.contract_id),
        record.start_date_time,
        record.end_date_time,
        int(record.total_energy.scaleb(6)),
        int(cost.excl_vat.scaleb(6)),
        None if cost.incl_vat is None else int(cost.incl_vat.scaleb(6)),
        record.currency,
        record.charging_periods[0].tariff_id,
        [
            {
                "measure": dimension.type,
                "started_at": period.start_date_time,
                "volume_micro": int(dimension.volume.scaleb(6)),
                "tariff_id": period.tariff_id,
            }
            for period in record.charging_periods
            for dimension in period.dimensions
            if dimension.type in MEASURES
        ],
        bool(record.credit),
        record.credit_reference_id,
        record.last_updated,
        location.evse_uid,
        location.connector_id,
        int(record.total_time.scaleb(6)),
    )


def _pages(cdrs: int, size: int, malformed: float) -> Iterator[bytes]:
    rng = random.Random("pages")
    for first in range(0, cdrs, size):
        records = [_record(number, rng) for number in range(first, min(first + size, cdrs))]
        for record in records:
            if rng.random() < malformed:
                record["total_energy"] = "twelve"
        envelope = {"data": records, "status_code": 1000, "timestamp": "2026-11-01T00:00:00Z"}
        yield json.dumps(envelope, separators=(",", ":")).encode()


def _record(number: int, rng: random.Random) -> dict[str, Any]:
    start = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(28 * 86_400))
    seconds = rng.randrange(900, 14_400)
    count = rng.randrange(3, 6)
    cuts = [0, *sorted(rng.sample(range(1, seconds), count - 1)), seconds]
    kwh = [rng.randrange(100, 9_000) / 1000 for _ in range(count)]
    hours = [round((after - before) / 3600, 4) for before, after in pairwise(cuts)]
    energy, time_ = round(sum(kwh), 4), round(sum(hours), 4)
    net = round(0.5 + energy * 0.42 + time_ * 0.2, 2)
    return {
        "country_code": "NL",
        "party_id": "EVN",
        "id": f"CDR-{number:09d}-{rng.getrandbits(40):010x}",
        "start_date_time": _stamp(start),
        "end_date_time": _stamp(start + timedelta(seconds=seconds)),
        "session_id": f"S-{number:010d}",
        "cdr_token": {
            "country_code": "NL", "party_id": "ROA", "uid": f"04{rng.randrange(20_000) * 7919:012X}", "type": "RFID",
            "contract_id": f"NL-ROA-C{rng.randrange(20_000):08d}",
        },
        "auth_method": "WHITELIST",
        "authorization_reference": f"AR{rng.getrandbits(48):012x}",
        "cdr_location": {
            "id": f"LOC{rng.randrange(2_000):05d}", "name": "Parkeergarage Stationsplein Zuid",
            "address": "Stationsplein 1", "city": "Utrecht", "postal_code": "3511ED", "country": "NLD",
            "coordinates": {"latitude": "52.08950", "longitude": "5.11030"},
            "evse_uid": f"evse-{rng.randrange(6_000):06d}", "evse_id": f"NL*EVN*E{rng.randrange(6_000):06d}*1",
            "connector_id": "1", "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "meter_id": "MTR-0001-2234",
        "currency": "EUR",
        "tariffs": [TARIFF],
        "charging_periods": [
            {
                "start_date_time": _stamp(start + timedelta(seconds=cut)),
                "dimensions": [
                    {"type": "ENERGY", "volume": energy_of_it}, {"type": "TIME", "volume": hours_of_it},
                    {"type": "MAX_POWER", "volume": 222.08},
                ],
                "tariff_id": "NL-EVN-T1",
            }
            for cut, energy_of_it, hours_of_it in zip(cuts, kwh, hours, strict=False)
        ],
        "signed_data": {
            "encoding_method": "OCMF", "encoding_method_version": 1,
            "public_key": "3059301306072A8648CE3D0201" + "".join(rng.choices("0123456789ABCDEF", k=90)),
            "signed_values": [
                {"nature": nature, "plain_data": "", "signed_data": "".join(rng.choices(BASE64, k=210))}
                for nature in ("Start", "End")
            ],
        },
        "total_cost": {"excl_vat": net, "incl_vat": round(net * 1.21, 2)},
        "total_fixed_cost": {"excl_vat": 0.5, "incl_vat": 0.61},
        "total_energy": energy,
        "total_energy_cost": {"excl_vat": round(energy * 0.42, 4), "incl_vat": round(energy * 0.5082, 4)},
        "total_time": time_,
        "total_time_cost": {"excl_vat": round(time_ * 0.2, 4), "incl_vat": round(time_ * 0.242, 4)},
        "remark": "",
        "credit": False,
        "home_charging_compensation": False,
        "last_updated": _stamp(start + timedelta(seconds=seconds + 180)),
    }  # fmt: skip


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    main()
