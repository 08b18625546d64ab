"""What a station, an EVSE or a token needs at a SteVe that may be in use. Pure.

What the target has observed itself (firmware, SIM) stays. Where the target says something else about identity or
access, nothing is overruled: such a row is refused, and a person decides.
"""

from collections.abc import Mapping
from datetime import UTC

from charging.legacy.steve_schema import SteveSchema
from charging.network import Evse, Station, Token
from charging.targets.change import Action, Change, Plain

STATION, EVSE, TOKEN = "station", "evse", "token"
_SERIAL = "charge_point_serial_number"
_ACCESS = "max_active_transaction_count"
_EXPIRY = "expiry_date"
_NOBODY = 0
"""SteVe blocks a tag by letting it have no active transaction."""
_ONE_AT_A_TIME = 1

Held = Mapping[str, Plain] | None


def wanted(thing: Station | Evse | Token, schema: SteveSchema) -> tuple[str, str, dict[str, Plain]]:
    """Return an entity, a key, and the columns that the target should hold for it."""
    if isinstance(thing, Station):
        return STATION, thing.station_id, _known(_of_station(thing))
    if isinstance(thing, Evse):
        return EVSE, thing.evse_uid, _known(_of_evse(thing, schema))
    fields = _of_token(thing)
    return TOKEN, thing.token_uid, {**_known(fields), _EXPIRY: fields[_EXPIRY]}  # none means that it never expires


def is_same(field: str, expected: Plain, found: Plain) -> bool:
    """Whether a column says what it should. Of access only blocked or not is ours to say, not how often at a time."""
    return (expected == _NOBODY) == (found == _NOBODY) if field == _ACCESS else expected == found


def plan_station(station: Station, held: Held) -> Change:
    """Create a station, or fill in what the target does not know. Its last heartbeat is the target's to observe."""
    fields = _known(_of_station(station))
    if held is None:
        after = {"charge_box_id": station.station_id, "registration_status": "Accepted", **fields}
        return _change(STATION, station.station_id, Action.CREATE, "the target does not have it", after=after)
    if fields.get(_SERIAL) and held[_SERIAL] and held[_SERIAL] != fields[_SERIAL]:
        reason = f"the target has this identity with serial number {held[_SERIAL]}, and ours is {fields[_SERIAL]}"
        return _change(STATION, station.station_id, Action.REFUSE, reason)
    return _filled(STATION, station.station_id, fields, held)


def plan_evse(evse: Evse, held: Held, *, schema: SteveSchema, has_station: bool) -> Change:
    """Create an EVSE, or fill in its published id; another published id is not overruled."""
    if not has_station:
        reason = f"its station {evse.station_id} is not loaded"
        return _change(EVSE, evse.evse_uid, Action.REFUSE, reason)
    fields = _known(_of_evse(evse, schema))
    if held is None:
        reason = "the target does not have it"
        if evse.evse_id and not fields:
            reason += f", and has no column for EVSE ids: {evse.evse_id} stays in the ledger of ids"
        after = {"charge_box_id": evse.station_id, schema.evse_number: evse.connector_id, **fields}
        return _change(EVSE, evse.evse_uid, Action.CREATE, reason, after=after)
    for column, value in fields.items():
        if held[column] and held[column] != value:
            reason = f"the target publishes it as {held[column]}, and we as {value}"
            return _change(EVSE, evse.evse_uid, Action.REFUSE, reason)
    return _filled(EVSE, evse.evse_uid, fields, held)


def plan_token(token: Token, held: Held) -> Change:
    """Create a token, or bring its access in line; one that the target has blocked is never let in again."""
    fields = _of_token(token)
    if held is None:
        after = {"id_tag": token.token_uid, **_known(fields)}
        return _change(TOKEN, token.token_uid, Action.CREATE, "the target does not have it", after=after)
    if held[_ACCESS] == _NOBODY and not token.is_blocked:
        return _change(TOKEN, token.token_uid, Action.REFUSE, "the target has blocked it, and we have not")
    for column in ("parent_id_tag", "note"):
        if held[column] and fields[column] and held[column] != fields[column]:
            reason = f"the target has {column} {held[column]}, and ours is {fields[column]}"
            return _change(TOKEN, token.token_uid, Action.REFUSE, reason)
    access: dict[str, Plain] = {_EXPIRY: fields[_EXPIRY]}
    if token.is_blocked:
        access[_ACCESS] = _NOBODY
    after = {column: value for column, value in access.items() if held[column] != value}
    after |= {column: fields[column] for column in ("parent_id_tag", "note") if fields[column] and not held[column]}
    return _updated(TOKEN, token.token_uid, after, held, reason="its access is brought in line, and gaps are filled")


def _of_station(station: Station) -> dict[str, Plain]:
    return {
        "ocpp_protocol": station.ocpp_protocol,
        "charge_point_vendor": station.vendor,
        "charge_point_model": station.model,
        _SERIAL: station.serial_number,
        "fw_version": station.firmware,
        "iccid": station.iccid,
        "imsi": station.imsi,
    }


def _of_evse(evse: Evse, schema: SteveSchema) -> dict[str, Plain]:
    return {"evse_id_external": evse.evse_id} if schema.has(schema.generation, "evse_id_external") else {}


def _of_token(token: Token) -> dict[str, Plain]:
    """Return the token's columns. SteVe has none for the contract, so the note holds it."""
    return {
        "parent_id_tag": token.parent_uid,
        _EXPIRY: None if token.expires_at is None else token.expires_at.astimezone(UTC).isoformat(),
        _ACCESS: _NOBODY if token.is_blocked else _ONE_AT_A_TIME,
        "note": token.contract_id,
    }


def _known(fields: Mapping[str, Plain]) -> dict[str, Plain]:
    return {name: value for name, value in fields.items() if value is not None}


def _filled(entity: str, key: str, fields: Mapping[str, Plain], held: Mapping[str, Plain]) -> Change:
    after = {name: value for name, value in fields.items() if held[name] in {None, ""}}
    return _updated(entity, key, after, held, reason="the target has gaps that we can fill")


def _updated(entity: str, key: str, after: Mapping[str, Plain], held: Mapping[str, Plain], *, reason: str) -> Change:
    if not after:
        return _change(entity, key, Action.SAME, "the target has it")
    before = {name: held[name] for name in after}
    return Change(entity=entity, key=key, action=Action.UPDATE, reason=reason, before=before, after=after)


def _change(entity: str, key: str, action: Action, reason: str, *, after: Mapping[str, Plain] | None = None) -> Change:
    return Change(entity=entity, key=key, action=action, reason=reason, before={}, after=after or {})
