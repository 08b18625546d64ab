"""The records of a rehearsed month as its partners write them: OCPI 2.2.1 and 2.3.0, and lines of a statement."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from rehearsal.hostile_cdrs import Truth, stamp
from rehearsal.month import ZONE, Fault, Stated

Record = dict[str, Any]
HEADER = "Beleg;Vorgang;Ladepunkt;Karte;Beginn;Ende;Menge;Netto;Brutto;Waehrung;Storno;Storniert"
MAPPING = """\
name = "the monthly list"

[columns]
cdr_id = "Beleg"
session_id = "Vorgang"
evse_id = "Ladepunkt"
token_uid = "Karte"
started_at = "Beginn"
ended_at = "Ende"
energy_kwh = "Menge"
net = "Netto"
gross = "Brutto"
currency = "Waehrung"
is_credit = "Storno"
credits_cdr_id = "Storniert"

[culture]
time_zone = "Europe/Amsterdam"
date_order = "dmy"
decimal = ","
"""
_HOUR = Decimal(3600)


def truth(one: Stated, *, version: str) -> Truth:
    """Return a record for a partner that is played over the wire."""
    return Truth(
        cdr_id=one.cdr_id,
        energy_kwh=one.energy_kwh,
        net=one.net,
        last_updated=one.last_updated,
        wire=record(one, version=version),
    )


def record(one: Stated, *, version: str) -> Record:
    """Return a record as OCPI writes it."""
    country_code, party_id = one.member.party.split("-")
    is_nameless = one.bears is Fault.ANONYMOUS
    uid, contract = ("#NA", "#NA") if is_nameless else (one.member.token(one.plug), one.member.contract(one.plug))
    evse_id = one.member.evse_id(one.plug)
    hours = (Decimal((one.ended_at - one.started_at) // timedelta(seconds=1)) / _HOUR).quantize(Decimal("0.0001"))
    volumes = {"ENERGY": one.energy_kwh, "TIME": hours}
    if one.bears is Fault.WATT_HOURS:
        volumes["ENERGY"] *= 1000
    if one.bears is Fault.MINUTES:
        volumes["TIME"] = (hours * 60).quantize(Decimal("0.01"))
    said: Record = {
        "country_code": "NL",
        "party_id": "EVN",
        "id": one.cdr_id,
        "start_date_time": _instant(one, one.started_at),
        "end_date_time": _instant(one, one.ended_at),
        "session_id": one.session_id or None,
        "cdr_token": {
            "country_code": country_code,
            "party_id": party_id,
            "uid": uid,
            "type": "RFID",
            "contract_id": contract,
        },
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": f"L{one.plug}",
            "address": "Kade 5",
            "city": "Delft",
            "country": "NLD",
            "coordinates": {"latitude": "52.0110", "longitude": "4.3570"},
            "evse_uid": f"E{one.member.number}{one.plug:02d}",
            "evse_id": evse_id,
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": one.currency,
        "charging_periods": [
            {
                "start_date_time": _instant(one, one.started_at),
                "dimensions": [{"type": kind, "volume": volume} for kind, volume in volumes.items()],
            }
        ],
        "total_cost": _cost(one, version),
        "total_energy": "twelve" if one.bears is Fault.MALFORMED else one.energy_kwh,
        "total_time": hours,
        "last_updated": stamp(one.last_updated),
    }
    if one.credits is not None:
        said |= {"credit": True, "credit_reference_id": one.credits}
    return {name: value for name, value in said.items() if value is not None}


def statement(records: Iterable[Stated]) -> str:
    """Return a partner's list, its sum in the last line, as spreadsheets close their tables."""
    listed = list(records)
    total = sum((one.net for one in listed), Decimal(0))
    closing = f"Totaal;;;;;;;{_comma(total)};;;;"
    return "\n".join([HEADER, *map(_line, listed), closing]) + "\n"


def _line(one: Stated) -> str:
    energy = "zwölf" if one.bears is Fault.MALFORMED else _comma(one.energy_kwh)
    starts, ends = (f"{at.astimezone(ZONE):%d.%m.%Y %H:%M:%S}" for at in (one.started_at, one.ended_at))
    return ";".join(
        (
            *(one.cdr_id, one.session_id, one.member.evse_id(one.plug), one.member.token(one.plug), starts, ends),
            *(energy, _comma(one.net), _comma(one.gross), one.currency),
            *("ja" if one.credits else "nein", one.credits or ""),
        )
    )


def _cost(one: Stated, version: str) -> Record:
    if version == "2.2.1":
        return {"excl_vat": one.net, "incl_vat": one.gross}
    taxes = [{"name": "VAT", "amount": one.gross - one.net}]
    return {"before_taxes": one.net, "taxes": [] if one.bears is Fault.VAT else taxes}


def _instant(one: Stated, at: datetime) -> str:
    if one.bears is not Fault.OFFSET:
        return stamp(at)
    offset = at.astimezone(ZONE).utcoffset()
    return at.astimezone(timezone(offset or timedelta(0))).isoformat()


def _comma(value: Decimal) -> str:
    return str(value).replace(".", ",")
