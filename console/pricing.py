"""CDRs and tariffs from files, and the price of each explained."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from charging.errors import SettingsError, SourceNotFound, UnknownThing, UnreadableSource
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.parse import VERSIONS, parse_cdrs
from charging.roaming.terms import Terms
from charging.roaming.zones import is_zone
from charging.tariffs.agreed import agreed
from charging.tariffs.enclosed import Enclosed, enclosed
from charging.tariffs.explained import Outcome, explain
from charging.tariffs.parse import UnreadableTariff, parse
from charging.tariffs.rounding import RoundAt, Rounding, RoundMode
from charging.tariffs.tariff import Tariff
from console import shell

STANDARD_INPUT = "-"
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_CHECKED = "check the name and that you may read it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to price."""

    time_zone: str | None
    rounding: Rounding
    vat_percent: Decimal | None
    version: str | None


class _Answer(msgspec.Struct):
    data: msgspec.Raw
    status_code: int | None = None


def wanted(*, timezone: str | None, rounding: str, vat: str | None, version: str | None) -> Wanted:
    """Return the options as values.

    Raises:
        SettingsError: if one of them means nothing.
        UnknownThing: if there is no such time zone.
    """
    at, _, mode = rounding.partition(":")
    if at not in set(RoundAt) or (mode or RoundMode.HALF_UP) not in set(RoundMode):
        mend = f"write one of {', '.join(RoundAt)}, and after a colon one of {', '.join(RoundMode)}"
        raise SettingsError("--rounding", f"is {rounding!r}", mend)
    if version is not None and version not in VERSIONS:
        raise SettingsError("--version", f"is {version!r}", f"write one of {', '.join(VERSIONS)}")
    if timezone is not None and not is_zone(timezone):
        raise UnknownThing("time zone", timezone, "give its IANA name, such as Europe/Amsterdam")
    return Wanted(
        time_zone=timezone,
        rounding=Rounding(at=RoundAt(at), mode=RoundMode(mode or RoundMode.HALF_UP)),
        vat_percent=None if vat is None else _percent(vat),
        version=version,
    )


def price(cdr_file: str, tariff_file: str | None, wanted: Wanted) -> dict[str, Any]:
    """Return every CDR of a file with its price explained, and how many ended how.

    Raises:
        SourceNotFound: if a file is not there.
        UnreadableSource: if it holds no JSON, no object or an unreadable tariff.
    """
    raw_tariffs = None if tariff_file is None else _records(tariff_file)
    priced = [_priced(raw, raw_tariffs, tariff_file or "", wanted) for raw in _records(cdr_file)]
    outcomes = [one["outcome"] for one in priced]
    return {"cdrs": priced, "counts": {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}}


def status(result: Mapping[str, Any]) -> shell.Exit:
    """Return what the exit status says of all of them."""
    found = set(result["counts"])
    if Outcome.DIFFERS in found:
        return shell.Exit.NO
    return shell.Exit.PASS if found <= {Outcome.EQUAL, Outcome.WITHIN_TOLERANCE} and found else shell.Exit.INCONCLUSIVE


def _records(name: str) -> list[bytes]:
    """Return the records of a file: one object, a list of them, or either within an OCPI answer."""
    try:
        text = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except FileNotFoundError as problem:
        raise SourceNotFound(name, _CHECKED) from problem
    text = text.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if text.startswith(b"{") and (data := _data(text)) is not None:
            text = data
        found = msgspec.json.decode(text, type=list[msgspec.Raw]) if text.startswith(b"[") else [msgspec.Raw(text)]
        for record in found:
            msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except _UNREADABLE as problem:
        mend = "give one OCPI object as JSON, a list of them, or a whole answer"
        raise UnreadableSource(name, str(problem), mend) from problem
    return [bytes(record) for record in found]


def _data(text: bytes) -> bytes | None:
    """Return what an OCPI answer holds; None for an object that is none."""
    keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return bytes(keys["data"]).strip() if "data" in keys and "id" not in keys else None


def _priced(raw: bytes, raw_tariffs: Sequence[bytes] | None, tariff_file: str, wanted: Wanted) -> dict[str, Any]:
    try:
        brought = enclosed(raw, version=wanted.version)
    except ValueError as problem:
        return {"cdr_id": None, "outcome": "unreadable", "reason": f"no OCPI CDR: {problem}"}
    parsed = parse_cdrs(b"[" + raw + b"]", partner="file", version=brought.version)
    if not parsed.cdrs:
        (rejected,) = parsed.rejected
        reason = f"no CDR of OCPI {brought.version}: {rejected.reason}"
        return {"cdr_id": rejected.cdr_id, "outcome": "unreadable", "reason": reason}
    (cdr,) = parsed.cdrs
    given = None if raw_tariffs is None else [_tariff(each, tariff_file, brought.version) for each in raw_tariffs]
    return _explained(
        cdr, brought, brought.tariffs if given is None else given, is_agreed=given is not None, how=wanted
    )


def _explained(
    cdr: Cdr, brought: Enclosed, tariffs: Sequence[Tariff], *, is_agreed: bool, how: Wanted
) -> dict[str, Any]:
    zone, zone_from, notes = _zone(brought, tariffs, how)
    terms = Terms(currency=cdr.currency, time_zone=zone or "UTC", vat_percent=how.vat_percent, rounding=how.rounding)
    chosen = agreed(tariffs, at=cdr.started_at, vat_percent=how.vat_percent)
    found = explain(cdr, tariffs=chosen, terms=terms, parts=brought.parts)
    about = {
        "cdr_id": cdr.cdr_id,
        "version": brought.version,
        "started_at": cdr.started_at,
        "ended_at": cdr.ended_at,
        "time_zone": zone,
        "time_zone_from": zone_from,
        "tariffs": [tariff.tariff_id for tariff in tariffs],
        "tariffs_from": "agreed" if is_agreed else "enclosed",
        "rounding": f"{how.rounding.at}:{how.rounding.mode}",
        "quality": list(cdr.quality),
        "notes": [*notes, *(brought.unreadable if not is_agreed else ()), *_parking(cdr)],
    }
    if zone is None and zone_from is None:
        why = f"the tariff depends on the clock at the location, which a CDR of OCPI {brought.version} does not tell"
        return about | {"outcome": Outcome.NOT_PRICEABLE, "reason": f"{why}: give --timezone"}
    return about | _values(found)


def _zone(brought: Enclosed, tariffs: Sequence[Tariff], how: Wanted) -> tuple[str | None, str | None, list[str]]:
    """Return the time zone, where it comes from, and what to say about it; it is never guessed from the country."""
    own = brought.time_zone if brought.time_zone and is_zone(brought.time_zone) else None
    notes = [] if own == brought.time_zone else [f"the CDR's time zone {brought.time_zone!r} is none"]
    if how.time_zone is not None:
        if own not in {None, how.time_zone}:
            notes.append(f"the CDR says {own}; {how.time_zone} was taken, as given")
        return how.time_zone, "given", notes
    if own is not None:
        return own, "CDR", notes
    if any(tariff.is_local for tariff in tariffs):
        return None, None, notes
    return None, "not needed", notes


def _parking(cdr: Cdr) -> list[str]:
    """Say where the two ways of reading PARKING_TIME may lie apart: since 2026 it is when the vehicle asks for none."""
    measured = sum((line.volume for line in cdr.lines if line.measure == "PARKING_TIME"), Decimal(0))
    if cdr.parking_hours is None or abs(cdr.parking_hours - measured) < Decimal("0.001"):
        return []
    return [f"its periods measure {measured} h of parking and its total says {cdr.parking_hours} h; its periods count"]


def _tariff(raw: bytes, name: str, version: str) -> Tariff:
    try:
        return parse(raw, version="2.1.1" if version == "2.1.1" else None)
    except UnreadableTariff as problem:
        raise UnreadableSource(name, str(problem), "mend the tariff") from problem


def _percent(text: str) -> Decimal:
    try:
        percent = Decimal(text)
    except InvalidOperation:
        percent = Decimal(-1)
    if not (percent.is_finite() and 0 <= percent <= 100):
        raise SettingsError("--vat", f"is {text!r}", "write a percentage, such as 21")
    return percent


def _values(found: object) -> dict[str, Any]:
    """Return a dataclass with its fractions as decimal numbers where they end, else as fractions."""
    if not is_dataclass(found):
        return {}
    return {field.name: _value(getattr(found, field.name)) for field in fields(found)}


def _value(value: object) -> object:
    if isinstance(value, Fraction):
        return number(value)
    if isinstance(value, tuple):
        return [_values(each) for each in value]
    return value


def number(value: Fraction) -> str:
    """Return a fraction exactly: in decimals, or as a fraction where these would not end."""
    for digits in range(31):
        if (value * 10**digits).denominator == 1:
            return f"{Decimal(int(value * 10**digits)).scaleb(-digits):f}"
    return str(value)
