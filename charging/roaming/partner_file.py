"""The partner file (TOML), read so that every refusal names file, key and mend."""

import re
import tomllib
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from charging.errors import PartnerFileError
from charging.roaming import partner_reach, partner_template
from charging.roaming.cdr import Protocol
from charging.roaming.deviation import Deviation
from charging.roaming.partner import (
    CreditPolicy,
    IdCase,
    Ids,
    OurRole,
    ParkingSemantics,
    Partner,
)
from charging.roaming.partner_keys import VERSIONS
from charging.roaming.partner_toml import Table, words
from charging.roaming.terms import Terms, Tier, Tolerances
from charging.tariffs.parse import UnreadableTariff, parse_all
from charging.tariffs.rounding import RoundAt, Rounding, RoundMode
from charging.tariffs.tariff import Tariff

PUBLISHED = "published"
_TIERS = {tier.name.lower(): tier for tier in Tier}
_PARTY = re.compile(r"[A-Z]{2}-[A-Z0-9]{3}")
_OPERATOR = re.compile(r"[A-Z]{2}\*[A-Z0-9]{3}")
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CURRENCY = re.compile(r"[A-Z]{3}")


def there(folder: Path) -> dict[str, Path]:
    """Return the partner files of a folder by their names: `NAME.toml`, of letters, digits, - and _.

    What an editor leaves, a copy and an example bear another character (`roa.bak.toml`, `roa (1).toml`,
    `roa.example.toml`) and are none.
    """
    return {file.stem: file for file in sorted(folder.glob("*.toml")) if _NAMED.fullmatch(file.stem)}


def left_alone(folder: Path) -> list[str]:
    """Return the TOML files of a folder that are taken for no partner's, for their names."""
    return sorted(file.name for file in folder.glob("*.toml") if not _NAMED.fullmatch(file.stem))


def read(path: Path) -> Partner:
    """Return the partner that a TOML file describes; its tariff and mapping files lie beside it.

    Raises:
        PartnerFileError: if a key is missing, unknown or cannot be understood; it names file, key and mend.
    """
    return of_values(load(path), path=path)


def load(path: Path) -> dict[str, Any]:
    """Return what a TOML file says, its numbers exact.

    Raises:
        PartnerFileError: if it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as problem:
        raise PartnerFileError(str(path), "cannot be read", "check the name and that you may read it") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise PartnerFileError(str(path), f"is no TOML: {problem}", "mend that line") from problem


def of_values(values: dict[str, Any], *, path: Path) -> Partner:
    """Return the partner that the values of a file describe; `path` is where they stand.

    Raises:
        PartnerFileError: if a key is missing, unknown or cannot be understood; it names file, key and mend.
    """
    keys = Table(file=str(path), name="", values=values)
    ids, is_by_file = keys.inner("ids"), keys.has("files")
    url = None if is_by_file and not keys.has("versions_url") else partner_reach.versions_url(keys)
    endpoints = partner_reach.endpoints(keys)
    _probed(keys.inner("probed"))
    return Partner(
        name=_name(keys, path),
        party=keys.pattern("party", _PARTY),
        owner=keys.pattern("owner", _PARTY),
        our_role=keys.choice("our_role", words(OurRole)),
        protocol=keys.choice(
            "protocol", {word: kind for word, kind in words(Protocol).items() if kind is not Protocol.OWN}
        ),
        version=keys.choice("version", {version: version for version in VERSIONS}),
        hub=keys.pattern("hub", _PARTY) if keys.has("hub") else None,
        versions_url=url or "",
        origins=partner_reach.origins(keys, [address for address in (url, *endpoints.values()) if address]),
        endpoints=endpoints,
        files=partner_reach.files(keys.inner("files"), path.parent) if is_by_file else None,
        allow_plain_http=keys.get("allow_plain_http", bool),
        allow_private_addresses=keys.get("allow_private_addresses", bool),
        max_answer_bytes=keys.whole("max_answer_bytes") or 1,
        requests_per_minute=keys.whole("requests_per_minute") or 1,
        token=partner_reach.token(keys, is_needed=not is_by_file and not keys.has("client_certificate")),
        client_certificate=partner_reach.beside(keys, "client_certificate", path.parent),
        client_key=partner_reach.beside(keys, "client_key", path.parent),
        token_encoding=partner_reach.token_encoding(keys),
        page_limit=keys.whole("page_limit"),
        tariffs=() if _is_published(keys) else _tariffs(keys, path.parent),
        uses_published_tariffs=_is_published(keys),
        credit_policy=keys.choice("credit_policy", words(CreditPolicy)),
        parking_semantics=keys.choice("parking_semantics", words(ParkingSemantics)),
        known_deviations=keys.choices("known_deviations", words(Deviation)) if keys.has("known_deviations") else (),
        reminder_days=_days(keys.inner("ageing"), "reminder_days"),
        escalation_days=_days(keys.inner("ageing"), "escalation_days"),
        ids=Ids(cdr=_template(ids, "cdr"), session=_template(ids, "session"), case=ids.choice("case", words(IdCase))),
        former_operators=_former_operators(ids),
        terms=_terms(keys),
    )


def _name(keys: Table, path: Path) -> str:
    """Return what the partner is called: what is stored of it is found again by its file's name."""
    name = keys.get("name", str)
    if name != path.stem:
        raise keys.error("name", f"is {name!r}", f"write {path.stem!r}, as the file is called, or rename the file")
    return name


def _is_published(keys: Table) -> bool:
    """Whether the tariffs that the partner publishes count: of one that bills us they may."""
    if keys.get("tariff", str) != PUBLISHED:
        return False
    bills_us = keys.choice("our_role", words(OurRole)) is OurRole.EMSP
    if not bills_us or keys.choice("protocol", words(Protocol)) is not Protocol.OCPI or keys.has("files"):
        mend = "only who bills us over OCPI publishes them: write the agreed tariff's file"
        raise keys.error("tariff", f"is {PUBLISHED!r}", mend)
    return True


def _tariffs(keys: Table, folder: Path) -> tuple[Tariff, ...]:
    path = folder / keys.get("tariff", str)
    try:
        text = path.read_text(encoding="utf-8").strip()
        if text == partner_template.TARIFF.strip():
            mend = "write the agreed prices into it: until then every CDR would be judged wrong"
            raise keys.error("tariff", f"names {path}, which is the form as it came", mend)
        is_oldest = keys.choice("version", {version: version for version in VERSIONS}) == "2.1.1"  # states no VAT
        tariffs = parse_all(text if text.startswith("[") else f"[{text}]", version="2.1.1" if is_oldest else None)
    except OSError as problem:
        raise keys.error("tariff", f"names {path}, which cannot be read", "put the agreed tariff there") from problem
    except (UnreadableTariff, UnicodeDecodeError) as problem:
        raise keys.error("tariff", f"names {path}: {problem}", "mend that file") from problem
    currency = keys.pattern("currency", _CURRENCY)
    if not tariffs or any(tariff.currency != currency for tariff in tariffs):
        raise keys.error("currency", f"is {currency!r}, but not so in every tariff of {path}", "make them agree")
    return tariffs


def _template(keys: Table, key: str) -> str | None:
    template = keys.text(key)
    if template is not None and "{session_id}" not in template:
        raise keys.error(key, f"is {template!r}", "write {session_id} where our session's id stands")
    return template


def _days(ageing: Table, key: str) -> tuple[int, ...]:
    stated = ageing.get(key, list)
    is_whole = all(isinstance(days, int) and not isinstance(days, bool) and days > 0 for days in stated)
    if not is_whole or stated != sorted(set(stated)):
        raise ageing.error(key, f"is {stated!r}", "write whole numbers of days that grow, such as [7, 14, 21]")
    return tuple(stated)


def _former_operators(keys: Table) -> tuple[str, ...]:
    stated = keys.get("former_operators", list)
    for code in stated:
        if not isinstance(code, str) or not _OPERATOR.fullmatch(code):
            raise keys.error("former_operators", f"holds {code!r}", "write each as in NL*EVX")
    return tuple(stated)


def _probed(keys: Table) -> None:
    """Look at what a probe has written, which nothing is decided by."""
    if keys.has("at") and not isinstance(keys.values["at"], datetime):
        raise keys.error("at", f"is {keys.values['at']!r}", "write an instant such as 2026-11-21T03:00:00Z")
    for key in ("versions", "modules"):
        if keys.has(key):
            keys.get(key, list)
    for key in ("largest_page", "clock_offset_seconds"):
        if keys.has(key):
            keys.get(key, int)


def _terms(keys: Table) -> Terms:
    tolerances, rounding, second = keys.inner("tolerances"), keys.inner("rounding"), timedelta(seconds=1)
    ids = keys.inner("ids")
    tiers = ids.choices("tiers", _TIERS) if ids.has("tiers") else tuple(Tier)
    if not tiers:
        raise ids.error("tiers", "is empty", f"choose from {', '.join(_TIERS)}")
    return Terms(
        currency=keys.pattern("currency", _CURRENCY),
        time_zone=_time_zone(keys),
        vat_percent=keys.number("vat_percent"),
        tolerances=Tolerances(
            energy_kwh=tolerances.number("energy_kwh") or Decimal(0),
            duration=tolerances.duration("duration_seconds", unit=second),
            clock=tolerances.duration("clock_seconds", unit=second),
            money=tolerances.number("money"),
        ),
        rounding=Rounding(
            at=rounding.choice("at", words(RoundAt)),
            mode=rounding.choice("mode", words(RoundMode)),
        ),
        lateness=keys.duration("lateness_days", unit=timedelta(days=1)),
        tiers=tiers,
    )


def _time_zone(keys: Table) -> str:
    name = keys.get("time_zone", str)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as problem:
        raise keys.error("time_zone", f"is {name!r}", "write an IANA name, such as Europe/Amsterdam") from problem
