"""What a place, a station, an EVSE or a token needs at a SteVe that may be in use. Pure.

What the target has observed itself (firmware, SIM, address) stays. Where the target says something else about identity
or access, nothing is overruled: such a row is refused, and a person decides.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from charging.legacy.steve_schema import SteveSchema
from charging.network import Connector, Evse, Location, Station, Token
from charging.targets.change import NOTHING, Action, Change, Plain
from charging.targets.steve_address import ADDRESS, address_columns, address_text
from charging.targets.wanted import connector_key

LOCATION, STATION, EVSE, CONNECTOR, TOKEN = "location", "station", "evse", "connector", "token"
EXTERNAL_ID, TOPOLOGY = "evse_id_external", "topology_source"
OCPP1 = "ocpp1"
PARENT = "parent_id_tag"
_SERIAL = "charge_point_serial_number"
_ACCESS = "max_active_transaction_count"
_EXPIRY = "expiry_date"
_NOBODY = 0
"""SteVe blocks a tag by letting it have no active transaction."""
_ONE_AT_A_TIME = 1
_ABSENT = "the target does not have it"

Held = Mapping[str, Plain] | None


def plan_location(location: Location, held: Held, *, schema: SteveSchema) -> Change:
    """Create an address unless one says the same. Addresses are never changed: others may hang on them."""
    fields = {ADDRESS: address_text(location, schema)}
    no_place = tuple(name for name in ("name",) if getattr(location, name))
    if held is not None:
        return _same(LOCATION, location.location_id, fields, no_place=no_place)
    return Change(
        entity=LOCATION,
        key=location.location_id,
        action=Action.CREATE,
        reason=_ABSENT,
        after=_known(address_columns(location, schema)),
        fields=fields,
        no_place=no_place,
    )


def plan_station(station: Station, held: Held, *, schema: SteveSchema, address: str | None) -> Change:
    """Create a station, or fill in what the target does not know. Its last heartbeat is the target's to observe."""
    fields = {name: value for name, value in _of_station(station, address).items() if _has(schema, "charge_box", name)}
    fields = _known(fields)
    no_place = tuple(name for name in ("apn",) if getattr(station, name))
    if held is None:
        after = {"charge_box_id": station.station_id, "registration_status": "Accepted", **fields}
        return _create(STATION, station.station_id, after, fields, no_place=no_place)
    if fields.get(_SERIAL) and held[_SERIAL] and held[_SERIAL] != fields[_SERIAL]:
        reason = f"the target has this identity with serial number {held[_SERIAL]}, and ours is {fields[_SERIAL]}"
        return refused(STATION, station.station_id, reason, fields)
    return _filled(STATION, station.station_id, fields, held, no_place=no_place)


def plan_evse(evse: Evse, held: Held, *, schema: SteveSchema, has_station: bool) -> Change:
    """Create an EVSE, or fill in its published id; another published id is not overruled."""
    has_column = schema.has(schema.generation, EXTERNAL_ID)
    fields = _known({EXTERNAL_ID: evse.evse_id}) if has_column else {}
    no_place = () if has_column or not evse.evse_id else ("evse_id",)
    if not has_station:
        return refused(EVSE, evse.evse_uid, f"its station {evse.station_id} is not loaded", fields)
    if held is None:
        topology = {TOPOLOGY: OCPP1} if schema.has(schema.generation, TOPOLOGY) else {}  # it has no default
        after = {"charge_box_id": evse.station_id, schema.evse_number: evse.connector_id, **topology, **fields}
        reason = f"{_ABSENT}, and has no column for EVSE ids: {evse.evse_id} stays in the ledger of ids"
        return _create(EVSE, evse.evse_uid, after, fields, no_place=no_place, reason=reason if no_place else _ABSENT)
    for column, value in fields.items():
        if held[column] and held[column] != value:
            return refused(EVSE, evse.evse_uid, f"the target publishes it as {held[column]}, and we as {value}", fields)
    return _filled(EVSE, evse.evse_uid, fields, held, no_place=no_place)


def plan_connector(connector: Connector, held: Held, *, has_evse: bool) -> Change:
    """Create a connector, or fill in what the target does not know of it."""
    key = connector_key(connector)
    fields = _known(
        {
            "connector_type": connector.standard,
            "connector_format": connector.format,
            "power_type": connector.power_type,
            "max_voltage": connector.max_voltage,
            "max_amperage": connector.max_amperage,
            "max_electric_power": connector.max_power_w,
        }
    )
    if not has_evse:
        return refused(CONNECTOR, key, f"its EVSE {connector.evse_uid} is not loaded", fields)
    if held is None:
        after = {"evse": connector.evse_uid, "connector_id": connector.connector_number, **fields}
        return _create(CONNECTOR, key, after, fields)
    return _filled(CONNECTOR, key, fields, held)


def plan_token(token: Token, held: Held) -> Change:
    """Create a token, or bring its access in line; nobody is let in whom the target keeps out."""
    fields = _of_token(token)
    no_place = ("issuer",) if token.issuer else ()
    wanted = {**_known(fields), _EXPIRY: fields[_EXPIRY]}  # none means that it never expires
    if held is None:
        return _create(TOKEN, token.token_uid, {"id_tag": token.token_uid, **_known(fields)}, wanted, no_place=no_place)
    if (problem := _overruled(token, fields, held)) is not None:
        return refused(TOKEN, token.token_uid, problem, wanted)
    access: dict[str, Plain] = {_EXPIRY: fields[_EXPIRY]}
    if token.is_blocked:
        access[_ACCESS] = _NOBODY
    after = {column: value for column, value in access.items() if held[column] != value}
    after |= {column: fields[column] for column in (PARENT, "note") if fields[column] and not held[column]}
    kept = {} if token.is_blocked or held[_ACCESS] == fields[_ACCESS] else {_ACCESS: held[_ACCESS]}
    reason = "its access is brought in line, and gaps are filled"
    return _updated(TOKEN, token.token_uid, after, wanted, held, reason=reason, kept=kept, no_place=no_place)


def _overruled(token: Token, fields: Mapping[str, Plain], held: Mapping[str, Plain]) -> str | None:
    """Return what of the target's own word about identity or access we would overrule."""
    if held[_ACCESS] == _NOBODY and not token.is_blocked:
        return "the target has blocked it, and we have not"
    expiry = held[_EXPIRY]
    if isinstance(expiry, str) and (token.expires_at is None or token.expires_at > datetime.fromisoformat(expiry)):
        return f"the target lets it expire at {expiry}, and we {token.expires_at or 'never'}"
    for column in (PARENT, "note"):
        if held[column] and fields[column] and held[column] != fields[column]:
            return f"the target has {column} {held[column]}, and ours is {fields[column]}"
    return None


def _of_station(station: Station, address: str | None) -> dict[str, Plain]:
    return {
        "ocpp_protocol": station.ocpp_protocol,
        "charge_point_vendor": station.vendor,
        "charge_point_model": station.model,
        _SERIAL: station.serial_number,
        "fw_version": station.firmware,
        "iccid": station.iccid,
        "imsi": station.imsi,
        ADDRESS: address,
    }


def _of_token(token: Token) -> dict[str, Plain]:
    """Return the token's columns. SteVe has none for the contract, so the note holds it."""
    return {
        PARENT: token.parent_uid,
        _EXPIRY: None if token.expires_at is None else token.expires_at.astimezone(UTC).isoformat(),
        _ACCESS: _NOBODY if token.is_blocked else _ONE_AT_A_TIME,
        "note": token.contract_id,
    }


def _has(schema: SteveSchema, table: str, column: str) -> bool:
    return schema.has(table, "address_pk" if column == ADDRESS else column)


def _known(fields: Mapping[str, Plain]) -> dict[str, Plain]:
    return {name: value for name, value in fields.items() if value is not None}


def _filled(
    entity: str,
    key: str,
    fields: Mapping[str, Plain],
    held: Mapping[str, Plain],
    *,
    no_place: tuple[str, ...] = (),
) -> Change:
    after = {name: value for name, value in fields.items() if held[name] in {None, ""}}
    kept = {name: held[name] for name, value in fields.items() if name not in after and held[name] != value}
    reason = "the target has gaps that we can fill"
    return _updated(entity, key, after, fields, held, reason=reason, kept=kept, no_place=no_place)


def _updated(
    entity: str,
    key: str,
    after: Mapping[str, Plain],
    fields: Mapping[str, Plain],
    held: Mapping[str, Plain],
    *,
    reason: str,
    kept: Mapping[str, Plain] = NOTHING,
    no_place: tuple[str, ...] = (),
) -> Change:
    if not after:
        return _same(entity, key, fields, kept=kept, no_place=no_place)
    return Change(
        entity=entity,
        key=key,
        action=Action.UPDATE,
        reason=reason,
        before={name: held[name] for name in after},
        after=after,
        fields=fields,
        kept=kept,
        no_place=no_place,
    )


def _same(
    entity: str,
    key: str,
    fields: Mapping[str, Plain],
    *,
    kept: Mapping[str, Plain] = NOTHING,
    no_place: tuple[str, ...] = (),
) -> Change:
    return Change(
        entity=entity,
        key=key,
        action=Action.SAME,
        reason="the target has it",
        fields=fields,
        kept=kept,
        no_place=no_place,
    )


def _create(
    entity: str,
    key: str,
    after: Mapping[str, Plain],
    fields: Mapping[str, Plain],
    *,
    no_place: tuple[str, ...] = (),
    reason: str = _ABSENT,
) -> Change:
    return Change(
        entity=entity, key=key, action=Action.CREATE, reason=reason, after=after, fields=fields, no_place=no_place
    )


def refused(entity: str, key: str, reason: str, fields: Mapping[str, Plain]) -> Change:
    """Return the plan of a row that is not sent."""
    return Change(entity=entity, key=key, action=Action.REFUSE, reason=reason, fields=fields)
