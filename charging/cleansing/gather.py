"""The first pass: from light columns of all rows to the facts of the whole population. Pure, in chunks, mergeable."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from charging.cleansing.population import Facts, ModelFacts, Sample
from charging.cleansing.values import energy_kwh, hours, number, stamp
from charging.cleansing.verdict import Row
from charging.cleansing.words import folded_name
from charging.identifiers import token_uid

LIGHT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "station": ("station_id", "vendor", "model"),
    "session": (
        *("session_id", "station_id", "token_uid", "started_at", "stopped_at"),
        *("meter_start_wh", "meter_stop_wh", "energy_kwh", "failed_stop_reason"),
    ),
    "meter_value": ("session_id", "sampled_at", "value", "unit", "measurand", "format", "phase", "location"),
}
"""What the first pass reads, in this order of entities: samples are kept only of sessions that need them."""
REGISTER = "Energy.Active.Import.Register"
_MAX_KW, _MIN_KW = Decimal(400), Decimal("0.4")
_SURELY_KW = (0.41, 399.0)
"""A power between these is neither too small nor too large, however a float is rounded."""
_MILLISECOND, _MS_OF_AN_HOUR = timedelta(milliseconds=1), 3_600_000
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+", re.ASCII)
_POINT = re.compile(r"[+-]?[0-9]+\.[0-9]+", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+", re.ASCII)
_NUMBERS = ("meter_start_wh", "meter_stop_wh", "energy_kwh", "value")


def gather(rows: Iterable[Row], facts: Facts | None = None) -> Facts:
    """Return what the rows say together, added to `facts` where some have been gathered before.

    Stations come before sessions, and these before meter values.
    """
    facts = facts or Facts()
    for row in rows:
        if row.entity == "station":
            _station(row.values, facts)
        elif row.entity == "session":
            _session(row, facts)
        elif row.entity == "meter_value":
            _sample(row, facts)
    return facts


def _station(values: Mapping[str, str | None], facts: Facts) -> None:
    vendor, model, station_id = ((values.get(name) or "").strip() for name in ("vendor", "model", "station_id"))
    if model and station_id:
        folded = f"{folded_name(vendor)} {folded_name(model)}"
        facts.model_of[station_id] = facts.spelled.setdefault(folded, f"{vendor} {model}".strip())


def _session(row: Row, facts: Facts) -> None:
    values = row.values
    _decimals(row, facts)
    started_at, stopped_at = stamp(values.get("started_at")), stamp(values.get("stopped_at"))
    start, stop = number(values.get("meter_start_wh")), number(values.get("meter_stop_wh"))
    if (uid := values.get("token_uid")) and (written := values.get("started_at")):
        canonical = _canonical(uid)
        facts.last_used[canonical] = max(written, facts.last_used.get(canonical, ""))
    if _needs_samples(start, stop, started_at, stopped_at) and (session_id := values.get("session_id")):
        facts.registers_of.setdefault(session_id, [])
    model = facts.model_of.get(values.get("station_id") or "")
    if model is not None and values.get("failed_stop_reason") is None:
        counts = facts.by_model.setdefault(model, ModelFacts())
        if start is not None:
            counts.registers += 1
            counts.from_zero += start == 0
        _count(values, started_at, stopped_at, counts)


@lru_cache(maxsize=100_000)
def _canonical(uid: str) -> str:
    """Remember how a uid is written canonically: each is met in hundreds of sessions."""
    return token_uid.canonicalise(uid).canonical or uid


def _count(
    values: Mapping[str, str | None], started_at: datetime | None, stopped_at: datetime | None, counts: ModelFacts
) -> None:
    if started_at is None or stopped_at is None or (started_at.tzinfo is None) != (stopped_at.tzinfo is None):
        return
    lasted_ms = (stopped_at - started_at) // _MILLISECOND
    if lasted_ms <= 0:
        return
    counts.hours[lasted_ms // _MS_OF_AN_HOUR] += 1
    energy = energy_kwh(values)
    if energy is None or energy <= 0:
        return
    counts.sessions += 1
    if _SURELY_KW[0] < float(energy) * _MS_OF_AN_HOUR / lasted_ms < _SURELY_KW[1]:
        return
    power_kw = energy / hours(stopped_at - started_at)
    counts.too_small += power_kw < _MIN_KW and power_kw * 1000 <= _MAX_KW
    counts.too_large += power_kw > _MAX_KW and power_kw / 1000 <= _MAX_KW


def needs_samples(values: Mapping[str, str | None], started_at: datetime | None, stopped_at: datetime | None) -> bool:
    """Whether what the meter said in between can settle something: no stop, a register that fell, a doubtful hour."""
    start, stop = (number(values.get(name)) for name in ("meter_start_wh", "meter_stop_wh"))
    return _needs_samples(start, stop, started_at, stopped_at)


def _needs_samples(
    start: Decimal | None, stop: Decimal | None, started_at: datetime | None, stopped_at: datetime | None
) -> bool:
    fell = start is not None and stop is not None and stop < start
    return stopped_at is None or fell or _may_be_ambiguous(started_at) or _may_be_ambiguous(stopped_at)


def _may_be_ambiguous(written: datetime | None) -> bool:
    """Whether clocks may repeat this hour: they do so in a night from Saturday to Sunday, in spring or autumn."""
    return written is not None and written.tzinfo is None and written.weekday() == 6 and written.hour < 4


def _decimals(row: Row, facts: Facts) -> None:
    for name in _NUMBERS:
        written = row.values.get(name)
        if written is None or ("," not in written and "." not in written):
            continue
        text = written.strip()
        if _THOUSANDS.fullmatch(text):
            kind = "either"
        elif _COMMA.fullmatch(text):
            kind = "comma"
        elif _POINT.fullmatch(text):
            kind = "point"
        else:
            continue
        facts.decimals.setdefault(row.file, Counter())[kind] += 1


def _sample(row: Row, facts: Facts) -> None:
    values = row.values
    if values.get("format") != "SignedData":
        _decimals(row, facts)
    samples = facts.registers_of.get(values.get("session_id") or "")
    if samples is None or not is_whole_register(values):
        return
    register, written = number(values.get("value")), values.get("sampled_at") or ""
    if register is not None:
        factor = 1000 if values.get("unit") == "kWh" else 1
        samples.append(Sample(stamp(written), register * factor, written))


def is_whole_register(values: Mapping[str, str | None]) -> bool:
    """Whether a sample is the meter's own register of all energy delivered, and not a phase's or a signed one."""
    return (
        (values.get("measurand") or REGISTER) == REGISTER
        and values.get("format") != "SignedData"
        and values.get("phase") is None
        and (values.get("location") or "Outlet") == "Outlet"
    )
