"""OCHP 1.4 CDRs from XML to the canonical shape (OCHP 1.4, CDRInfo). Pure.

A CDR of OCHP is mutable: the same id comes again with another state, and revised with other content. Each is a version.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from charging.roaming.cdr import Cdr, CdrLine, CdrState, Protocol, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.ochp.billing import Item, billed, item
from charging.roaming.ocpi.parse import Parsed
from charging.roaming.ocpi.parse_stated import owner_of
from charging.roaming.ocpi.quality import contract_codes, evse_codes
from charging.roaming.stated_values import (
    duration_codes,
    energy_codes,
    hours,
    local_instant,
    merged,
    number,
    require_order,
    required,
)
from charging.roaming.xml_records import Node, Record, parsed, read
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

MESSAGES = frozenset(
    {"getcdrsresponse", "checkcdrsresponse", "addcdrsrequest", "addcdrsresponse", "cdrinfoarray", "cdrinfo"}
)
"""The messages of OCHP that carry CDRs, by their local names in lower case."""
_RECORDS = ("cdrInfoArray", "cdrInfo", "implausibleCdrsArray")
_DURATION = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)", re.ASCII)
_HASHES = {"sha-160": "sha-1", "sha-256": "sha-256"}
_GOOD_RESULTS = frozenset({"ok", "partly"})
_MEASURES: dict[str, Dimension | Extreme] = {
    "energy": Dimension.ENERGY,
    "usagetime": Dimension.TIME,
    "parkingtime": Dimension.PARKING_TIME,
    "reservationtime": Dimension.RESERVATION_TIME,
    "power": Extreme.MAX_POWER,
}
"""What an item measures; a fee measures nothing."""


class Refused(ValueError):
    """The message is an answer that says no: there are no CDRs in it, and none were looked for."""


@dataclass(frozen=True, slots=True)
class _Token:
    uid: str | None = None
    hashed: str | None = None
    session: str | None = None
    codes: tuple[str, ...] = ()


def parse_cdrs(body: bytes, *, partner: str, received_at: datetime, owner: str | None = None) -> Parsed:
    """Return the CDRs of captured messages or a file, and those of its records that are none.

    `owner` (`NL-EVN`) is whose stations they are from, where it is known; else the EVSE id tells.

    Raises:
        UnreadableXml: if it is no XML that can be read.
        Refused: if it is an answer with an error (`not-authorized`, `server`…).
    """
    for result in read(body, ("result",)):
        code = result.node.get("resultCode") or result.node.text
        if code.lower() not in _GOOD_RESULTS:
            said = result.node.get("resultDescription") or "nothing more"
            raise Refused(f"it is an answer that says {code!r} ({said}): ask for the CDRs again")
    return parsed(
        body,
        _RECORDS,
        lambda record: _cdr(record, partner=partner, received_at=received_at, owner=owner),
        id_name="cdrId",
    )


def _cdr(record: Record, *, partner: str, received_at: datetime, owner: str | None) -> Cdr:
    node = record.node
    evse = required(node.get("evseId"), "evseId")
    start, end = (local_instant(node.get(name), name) for name in ("startDateTime", "endDateTime"))
    require_order(start.at, end.at)
    items = [item(each) for each in node.all("chargingPeriods")]
    if not items:
        raise ValueError("`chargingPeriods` is missing")
    token, contract = _token(node), node.get("contractId")
    money = billed(items, number(node.get("totalCost"), "totalCost"))
    energy = _sum(items, "energy")
    if energy is None:
        raise ValueError(
            "no item is energy: nothing says how much was charged; ask the partner for the session's energy"
        )
    duration = _duration(node.get("duration"))
    spent = end.at - start.at if duration is None else duration
    flowing = [each for each in items if each.kind in {"energy", "power"}]
    codes = {
        *evse_codes(evse),
        *(contract_codes(contract) if contract else ()),
        *token.codes,
        *money.codes,
        *energy_codes(energy),
        *duration_codes(spent, started_at=start.at, ended_at=end.at),
        *(code for each in items for code in each.codes),
        *start.codes,
        *end.codes,
    }
    return Cdr(
        side=Side.THEIRS,
        partner=partner,
        owner=owner or owner_of(evse),
        cdr_id=required(node.get("cdrId"), "cdrId"),
        session_id=None,
        authorization_reference=node.get("liveAuthId"),
        evse_raw=evse,
        evse_compact=compact_evse(evse),
        token_uid=token.uid,
        contract_compact=compact_contract(contract) if contract else None,
        started_at=start.at,
        ended_at=end.at,
        energy_kwh=energy,
        net=money.net,
        gross=money.gross,
        currency=required(node.get("currency"), "currency").upper(),
        tariff_id=_tariff(node),
        lines=_lines(items),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=received_at,
        raw_sha256=record.sha256,
        quality=tuple(sorted(codes)),
        protocol=Protocol.OCHP,
        state=_state(required(node.get("status"), "status")),
        session_aliases=(token.session,) if token.session else (),
        token_hash=token.hashed,
        charging_started_at=min((each.started_at for each in flowing), default=None),
        charging_ended_at=max((each.ended_at for each in flowing), default=None),
        total_hours=hours(spent),
        parking_hours=_sum(items, "parkingtime"),
        start_offset_minutes=start.offset_minutes,
    )


def _sum(items: Sequence[Item], kind: str) -> Decimal | None:
    """Return what the items of a kind add up to; without one it is not zero but unknown."""
    values = [each.value for each in items if each.kind == kind]
    return sum(values, Decimal(0)) if values else None


def _lines(items: Sequence[Item]) -> tuple[CdrLine, ...]:
    """Return what was measured. Items run in parallel by design: each has its own beginning and its own quantity."""
    measured = ((each, _MEASURES.get(each.kind)) for each in items)
    lines = [
        CdrLine(measure=measure, started_at=each.started_at, volume=each.value) for each, measure in measured if measure
    ]
    return tuple(sorted(merged(lines), key=lambda line: line.started_at))


def _state(stated: str) -> CdrState:
    states = {state.value: state for state in CdrState if state not in {CdrState.INTERMEDIATE, CdrState.FINAL}}
    word = stated.lower().removeprefix("owner").strip(" -_")  # the documents write "owner declined" as well
    if word not in states:
        raise ValueError(f"`status` is {stated!r}: it is one of {', '.join(states)}")
    return states[word]


def _token(node: Node) -> _Token:
    """Return what identifies the driver. What a remote start carries is its session's reference, and no uid."""
    stated = node.first("emtId")
    if stated is None:
        return _Token(codes=("id.identification_missing",))
    instance = required(stated.get("instance"), "emtId.instance")
    kind = (stated.get("tokenType") or stated.get("type") or stated.attributes.get("type") or "").lower()
    form = (stated.attributes.get("representation") or stated.get("representation") or "plain").lower()
    if form not in {"plain", *_HASHES}:
        raise ValueError(f"`emtId.representation` is {form!r}: it is one of plain, {', '.join(_HASHES)}")
    if kind == "remote":
        return _Token(session=instance if form == "plain" else None)
    if form in _HASHES:
        digits = instance.lower()
        if not re.fullmatch(r"[0-9a-f]{40}" if form == "sha-160" else r"[0-9a-f]{64}", digits):
            raise ValueError(f"`emtId.instance` is no hash of the kind {form}")
        return _Token(hashed=f"{_HASHES[form]}:{digits}")
    if kind == "15118":
        return _Token()  # the contract itself, which stands in contractId
    if kind != "rfid":
        return _Token(codes=("id.token_kind_unknown",))
    return _Token(uid=compact_token(instance))


def _tariff(node: Node) -> str | None:
    connector = node.first("connectorType")
    return connector.get("tariffId") if connector else None


def _duration(stated: str | None) -> timedelta | None:
    if stated is None:
        return None
    found = _DURATION.fullmatch(stated.strip())
    if not found:
        raise ValueError(f"`duration` is {stated!r}: it is written as 000:59:59")
    return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3]))
