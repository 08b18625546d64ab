"""The partner file (TOML), read so that every refusal names file, key and mend."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from charging.errors import PartnerFileError
from charging.roaming.partner import Ids, Partner, TokenEncoding, origin
from charging.roaming.terms import Terms, Tier, Tolerances
from charging.tariffs.parse import UnreadableTariff, parse_all
from charging.tariffs.rounding import RoundAt, Rounding, RoundMode
from charging.tariffs.tariff import Tariff

T = TypeVar("T", bound=object)
_TIERS = {tier.name.lower(): tier for tier in Tier}
_TOKEN_REFERENCE = re.compile(r"(env|file):(.+)")
_PARTY = re.compile(r"[A-Z]{2}-[A-Z0-9]{3}")
_OPERATOR = re.compile(r"[A-Z]{2}\*[A-Z0-9]{3}")
_KEYS = {
    "": {
        "name", "party", "owner", "versions_url", "origins", "token", "token_encoding", "tariff", "currency",
        "vat_percent", "time_zone", "lateness_days", "allow_plain_http", "tolerances", "rounding", "ids",
    },
    "tolerances": {"energy_kwh", "duration_seconds", "clock_seconds", "money"},
    "rounding": {"at", "mode"},
    "ids": {"cdr", "session", "tiers", "former_operators"},
}  # fmt: skip


def read(path: Path) -> Partner:
    """Return the partner that a TOML file describes; its tariff file lies beside it.

    Raises:
        PartnerFileError: if a key is missing, unknown or cannot be understood; it names file, key and mend.
    """
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as problem:
        raise PartnerFileError(str(path), "cannot be read", "check the name and that you may read it") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise PartnerFileError(str(path), f"is no TOML: {problem}", "mend that line") from problem
    return _partner(_Keys(file=str(path), table="", values=stated), folder=path.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """A table of the file, whose every refusal names file and key."""

    file: str
    table: str
    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        allowed = _KEYS[self.table]
        for key in self.values.keys() - allowed:
            raise self.error(key, "is not known", f"known are {', '.join(sorted(allowed))}")

    def error(self, key: str, problem: str, mend: str) -> PartnerFileError:
        return PartnerFileError(self.file, f"key {self.table}{'.' if self.table else ''}{key} {problem}", mend)

    def get(self, key: str, kind: type[T], default: T | None = None) -> T:
        value = self.values.get(key, default)
        if value is None:
            raise self.error(key, "is missing", "add it")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"is {value!r}", f"write a {kind.__name__}")
        return value

    def number(self, key: str, default: Decimal | None) -> Decimal | None:
        value = self.values.get(key, default)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or number < 0:
            raise self.error(key, f"is {value!r}", "write a number that is not negative, such as 0.01")
        return number

    def duration(self, key: str, default: timedelta, *, unit: timedelta) -> timedelta:
        number = self.number(key, None)
        return default if number is None else int(number * (unit // timedelta(seconds=1))) * timedelta(seconds=1)

    def choice(self, key: str, choices: Mapping[str, T], default: str | None = None) -> T:
        stated = self.get(key, str, default)
        if stated not in choices:
            raise self.error(key, f"is {stated!r}", f"choose one of {', '.join(choices)}")
        return choices[stated]

    def pattern(self, key: str, pattern: re.Pattern[str], example: str) -> str:
        stated = self.get(key, str)
        if not pattern.fullmatch(stated):
            raise self.error(key, f"is {stated!r}", f"write it as in {example}")
        return stated

    def inner(self, table: str) -> "_Keys":
        return _Keys(file=self.file, table=table, values=self.get(table, dict, {}))


def _partner(keys: _Keys, *, folder: Path) -> Partner:
    url = _versions_url(keys)
    ids = keys.inner("ids")
    return Partner(
        name=keys.get("name", str),
        party=keys.pattern("party", _PARTY, "NL-ROA"),
        owner=keys.pattern("owner", _PARTY, "NL-EVN"),
        versions_url=url,
        origins=(origin(url), *(origin(str(other)) for other in keys.get("origins", list, []))),
        token=_token(keys),
        token_encoding=keys.choice("token_encoding", {kind.value: kind for kind in TokenEncoding}, "base64"),
        tariffs=_tariffs(keys, folder),
        ids=Ids(cdr=_template(ids, "cdr"), session=_template(ids, "session")),
        former_operators=_former_operators(ids),
        terms=_terms(keys),
    )


def _versions_url(keys: _Keys) -> str:
    url = keys.get("versions_url", str)
    scheme = urlsplit(url).scheme
    if scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise keys.error("versions_url", f"is {url!r}", "write the whole address, https://…/ocpi/versions")
    if scheme == "http" and not keys.get("allow_plain_http", bool, False):
        raise keys.error(
            "versions_url", "would send the token unencrypted", "use https, or set allow_plain_http = true"
        )
    return url


def _token(keys: _Keys) -> str:
    stated = keys.values.get("token", "")
    if not isinstance(stated, str) or not _TOKEN_REFERENCE.fullmatch(stated):
        raise keys.error("token", "must not hold the token itself", "write env:NAME or file:PATH")  # never repeats it
    return stated


def _tariffs(keys: _Keys, folder: Path) -> tuple[Tariff, ...]:
    path = folder / keys.get("tariff", str)
    try:
        text = path.read_text(encoding="utf-8").strip()
        tariffs = parse_all(text if text.startswith("[") else f"[{text}]")
    except OSError as problem:
        raise keys.error("tariff", f"names {path}, which cannot be read", "put the agreed tariff there") from problem
    except (UnreadableTariff, UnicodeDecodeError) as problem:
        raise keys.error("tariff", f"names {path}: {problem}", "mend that file") from problem
    currency = keys.get("currency", str)
    if not tariffs or any(tariff.currency != currency for tariff in tariffs):
        raise keys.error("currency", f"is {currency!r}, but not so in every tariff of {path}", "make them agree")
    return tariffs


def _template(keys: _Keys, key: str) -> str | None:
    if key not in keys.values:
        return None
    template = keys.get(key, str)
    if "{session_id}" not in template:
        raise keys.error(key, f"is {template!r}", "write {session_id} where our session's id stands")
    return template


def _former_operators(keys: _Keys) -> tuple[str, ...]:
    stated = keys.get("former_operators", list, [])
    for code in stated:
        if not isinstance(code, str) or not _OPERATOR.fullmatch(code):
            raise keys.error("former_operators", f"holds {code!r}", "write each as in NL*EVX")
    return tuple(stated)


def _terms(keys: _Keys) -> Terms:
    tolerances, rounding, second = keys.inner("tolerances"), keys.inner("rounding"), timedelta(seconds=1)
    default = Tolerances()
    return Terms(
        currency=keys.get("currency", str),
        time_zone=_time_zone(keys),
        vat_percent=keys.number("vat_percent", None),
        tolerances=Tolerances(
            energy_kwh=tolerances.number("energy_kwh", default.energy_kwh) or Decimal(0),
            duration=tolerances.duration("duration_seconds", default.duration, unit=second),
            clock=tolerances.duration("clock_seconds", default.clock, unit=second),
            money=tolerances.number("money", None),
        ),
        rounding=Rounding(
            at=rounding.choice("at", {at.value: at for at in RoundAt}, "total"),
            mode=rounding.choice("mode", {mode.value: mode for mode in RoundMode}, "half_up"),
        ),
        lateness=keys.duration("lateness_days", timedelta(days=3), unit=timedelta(days=1)),
        tiers=_tiers(keys.inner("ids")),
    )


def _time_zone(keys: _Keys) -> str:
    name = keys.get("time_zone", str)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as problem:
        raise keys.error("time_zone", f"is {name!r}", "write an IANA name, such as Europe/Amsterdam") from problem


def _tiers(keys: _Keys) -> tuple[Tier, ...]:
    stated = keys.get("tiers", list, list(_TIERS))
    if not stated or any(name not in _TIERS for name in stated):
        raise keys.error("tiers", f"is {stated!r}", f"choose from {', '.join(_TIERS)}")
    return tuple(sorted(_TIERS[name] for name in stated))
