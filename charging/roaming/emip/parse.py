"""eMIP 0.7.4 CDRs from XML to the canonical shape (Gireve, SetChargeDetailRecord). Pure."""

from datetime import datetime
from decimal import Decimal

from charging.roaming.cdr import Cdr, CdrLine, CdrState, Protocol, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.emip.meters import Meters, meters
from charging.roaming.ocpi.parse import Parsed
from charging.roaming.ocpi.parse_stated import owner_of
from charging.roaming.ocpi.quality import contract_codes, evse_codes
from charging.roaming.stated_values import energy_codes, hours, local_instant, require_order, required
from charging.roaming.xml_records import Node, Record, parsed
from charging.tariffs.tariff import Dimension

MESSAGES = frozenset(
    {
        "emip_toiop_setchargedetailrecordrequest",
        "emip_fromiop_setchargedetailrecordrequest",
        "chargedetailrecord",
    }
)
"""The messages of eMIP that carry CDRs, by their local names in lower case."""
_STATES = {"0": CdrState.INTERMEDIATE, "1": CdrState.FINAL, "2": CdrState.INTERMEDIATE}
_CONTRACTS = frozenset({"EMI3", "EMA", "EVCO"})


def parse_cdrs(body: bytes, *, partner: str, received_at: datetime, currency: str, owner: str | None = None) -> Parsed:
    """Return the CDRs of captured messages or a file, and those of its records that are none.

    `currency` is the agreed one: a CDR without a cost names none. `owner` (`NL-EVN`) is whose stations they are from,
    where it is known; else the operator id tells.

    Raises:
        UnreadableXml: if it is no XML that can be read.
    """
    return parsed(
        body,
        MESSAGES,
        lambda record: _cdr(record, partner=partner, received_at=received_at, currency=currency, owner=owner),
        id_name="serviceSessionId",
    )


def _cdr(record: Record, *, partner: str, received_at: datetime, currency: str, owner: str | None) -> Cdr:
    node = record.node if record.node.name == "chargedetailrecord" else record.node.first("chargeDetailRecord")
    if node is None:
        raise ValueError("`chargeDetailRecord` is missing")
    evse = required(node.get("EVSEId"), "EVSEId")
    start, end = (local_instant(node.get(name), name) for name in ("startTime", "endTime"))
    require_order(start.at, end.at)
    measured = meters(node)
    token, contract, driver_codes = _driver(node)
    nature = required(node.get("CDRNature"), "CDRNature")
    if nature not in _STATES:
        raise ValueError(f"`CDRNature` is {nature!r}: it is one of {', '.join(_STATES)}")
    codes = {
        *evse_codes(evse),
        *(contract_codes(contract) if contract else ()),
        *driver_codes,
        *measured.codes,
        *energy_codes(measured.energy_kwh),
        *(("state.unspecified",) if nature == "0" else ()),
        *(() if measured.total_hours is not None else ("time.from_clock",)),
        *start.codes,
        *end.codes,
    }
    return Cdr(
        side=Side.THEIRS,
        partner=partner,
        owner=owner or _operator(record.node) or owner_of(evse),
        cdr_id=required(node.get("serviceSessionId"), "serviceSessionId"),
        session_id=required(node.get("serviceSessionId"), "serviceSessionId"),
        authorization_reference=None,
        evse_raw=evse,
        evse_compact=compact_evse(evse),
        token_uid=compact_token(token) if token else None,
        contract_compact=compact_contract(contract) if contract else None,
        started_at=start.at,
        ended_at=end.at,
        energy_kwh=measured.energy_kwh,
        net=measured.net,
        gross=None,
        currency=measured.currency or currency,
        tariff_id=node.get("partnerProductId"),
        lines=_lines(measured, start.at, end.at),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=received_at,
        raw_sha256=record.sha256,
        quality=tuple(sorted(codes)),
        protocol=Protocol.EMIP,
        state=_STATES[nature],
        session_aliases=tuple(
            alias for name in ("execPartnerSessionId", "salePartnerSessionId") if (alias := node.get(name))
        ),
        total_hours=measured.total_hours,
        start_offset_minutes=start.offset_minutes,
        is_cost_significant=measured.net is not None,
    )


def _lines(measured: Meters, started_at: datetime, ended_at: datetime) -> tuple[CdrLine, ...]:
    """Return one period: eMIP says no more of when the energy flowed."""
    spent = hours(ended_at - started_at) if measured.total_hours is None else measured.total_hours
    volumes: dict[Dimension, Decimal] = {Dimension.ENERGY: measured.energy_kwh, Dimension.TIME: spent}
    return tuple(CdrLine(measure=one, started_at=started_at, volume=volume) for one, volume in volumes.items())


def _operator(request: Node) -> str | None:
    """Return the operator of the request, `FR*798`, as `FR-798`."""
    stated = (request.get("operatorId") or "").replace("*", "").replace("-", "").upper()
    return f"{stated[:2]}-{stated[2:]}" if len(stated) == 5 and stated.isalnum() else None


def _driver(node: Node) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return uid, contract and what is odd: the kind of the id says which it is."""
    kind, user = (node.get("userIdType") or "").upper(), node.get("userId")
    alias = node.get("userContractIdAlias")
    if user is None:
        return None, alias, ("id.identification_missing",)
    if kind == "RFID-UID":
        return user, alias, ()
    if kind in _CONTRACTS:
        return None, user, ()
    return None, alias, ("id.provider_specific",) if kind == "EMP-SPEC" else ("id.token_kind_unknown",)
