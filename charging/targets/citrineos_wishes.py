"""What CitrineOS should hold of each row of ours, in its columns, and by what it is known again there. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from charging.cleansing.places import long_country_code
from charging.network import Connector, Evse, Location, Station, Token
from charging.targets.change import Plain
from charging.targets.citrineos_schema import PLACE, coordinates, instant, place_mark
from charging.targets.citrineos_words import connector_word, protocol, token_type
from charging.targets.wanted import Wanted, connector_key

Reference = tuple[str, str]
ACCEPTED, BLOCKED, EXPIRED = "Accepted", "Blocked", "Expired"
LOCATION_OF, EVSE_OF, GROUP = "location", "evse", "groupAuthorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One row. `mark` is what it is known by at the target, where ids of ours have no column."""

    entity: str
    key: str
    mark: str
    fields: Mapping[str, Plain]
    identity: Mapping[str, Plain] = field(default_factory=dict)
    """What is said of a new row besides, and never changed."""
    station: str | None = None
    """The station that an EVSE or a connector names."""
    needs: tuple[Reference, ...] = ()
    problem: str = ""
    """Why it cannot be sent."""
    no_place: tuple[str, ...] = ()


def wishes_of(wanted: Wanted, *, time_zone: str, publish: bool, now: datetime) -> dict[str, list[Wish]]:
    """Return every row as CitrineOS should hold it, in the order in which it takes them."""
    every = {
        "location": [_location(one, time_zone=time_zone, publish=publish) for one in wanted.locations],
        "station": [_station(one) for one in wanted.stations],
        "evse": [_evse(one) for one in wanted.evses if one.connector_id],
        "connector": list(_connectors(wanted)),
        "token": [_token(one, now=now) for one in _parents_first(wanted.tokens)],
    }
    return {entity: _told_apart(wishes) for entity, wishes in every.items()}


def _told_apart(wishes: Sequence[Wish]) -> list[Wish]:
    """Return the rows, with those refused that CitrineOS could not tell from another."""
    times = Counter(wish.mark for wish in wishes)
    return [wish if times[wish.mark] == 1 else _same_as_another(wish, times[wish.mark]) for wish in wishes]


def _same_as_another(wish: Wish, times: int) -> Wish:
    what = {"location": "name and address", "token": "uid but for upper and lower case"}.get(wish.entity, "number")
    problem = f"{times} {wish.entity}s of ours have this {what}, and CitrineOS tells them apart by nothing else"
    return Wish(entity=wish.entity, key=wish.key, mark=wish.mark, fields=wish.fields, problem=problem)


def _location(one: Location, *, time_zone: str, publish: bool) -> Wish:
    fields: dict[str, Plain] = {
        "name": one.name or None,
        "address": one.street or None,
        "postalCode": one.postal_code or None,
        "city": one.city or None,
        "country": long_country_code(one.country),
        "timeZone": one.time_zone or time_zone,
        "coordinates": None
        if one.latitude is None or one.longitude is None
        else coordinates(one.latitude, one.longitude),
    }
    return Wish(
        entity="location",
        key=one.location_id,
        mark=place_mark(fields),
        fields=_known(fields),
        identity={"publishUpstream": publish},  # its own default is to publish
        problem="" if any(fields[name] for name in PLACE) else "it has neither a name nor an address",
        no_place=("location_id",),
    )


def _station(one: Station) -> Wish:
    spoken = protocol(one.ocpp_protocol)
    fields: dict[str, Plain] = {
        "protocol": spoken,
        "chargePointVendor": one.vendor,
        "chargePointModel": one.model,
        "chargePointSerialNumber": one.serial_number,
        "firmwareVersion": one.firmware,
        "iccid": one.iccid,
        "imsi": one.imsi,
        LOCATION_OF: one.location_id,
    }
    unsaid = {"apn": one.apn, "ocpp_protocol": None if spoken else one.ocpp_protocol}
    return Wish(
        entity="station",
        key=one.station_id,
        mark=one.station_id,
        fields=_known(fields),
        needs=(("location", one.location_id),) if one.location_id else (),
        no_place=tuple(name for name, value in unsaid.items() if value),
    )


def _evse(one: Evse) -> Wish:
    return Wish(
        entity="evse",
        key=one.evse_uid,
        mark=f"{one.station_id}*{one.connector_id}",
        fields=_known({"evseId": one.evse_id}),
        identity={"evseTypeId": one.connector_id},
        station=one.station_id,
        needs=(("station", one.station_id),),
        no_place=("evse_uid",),
    )


def _connectors(wanted: Wanted) -> Iterator[Wish]:
    evses = {one.evse_uid: one for one in wanted.evses}
    first: dict[str, int] = {}
    for one in wanted.connectors:
        first[one.evse_uid] = min(one.connector_number, first.get(one.evse_uid, one.connector_number))
    for one in wanted.connectors:
        yield _connector(one, evses.get(one.evse_uid), is_first=one.connector_number == first[one.evse_uid])


def _connector(one: Connector, evse: Evse | None, *, is_first: bool) -> Wish:
    said = {"type": one.standard, "format": one.format, "powerType": one.power_type}
    words = {column: connector_word(column, word) for column, word in said.items() if word}
    unknown = [f"{column} {said[column]}" for column, word in words.items() if word is None]
    problem = f"CitrineOS has no word for {', '.join(unknown)}" if unknown else ""
    if not is_first:
        problem = "CitrineOS numbers connectors per station as OCPP 1.6 does, and nobody has told this one's number"
    numbers = {
        "maximumVoltage": one.max_voltage,
        "maximumAmperage": one.max_amperage,
        "maximumPowerWatts": one.max_power_w,
    }
    key = connector_key(one)
    return Wish(
        entity="connector",
        key=key,
        mark=key if evse is None or not is_first else f"{evse.station_id}:{evse.connector_id}",
        fields=_known({EVSE_OF: one.evse_uid, "evseTypeConnectorId": one.connector_number, **words, **numbers}),
        identity={"connectorId": evse.connector_id if evse else None},
        station=evse.station_id if evse else None,
        needs=(("evse", one.evse_uid),),
        problem=problem or ("" if evse else f"its EVSE {one.evse_uid} is not loaded"),
    )


def _token(one: Token, *, now: datetime) -> Wish:
    has_expired = one.expires_at is not None and one.expires_at <= now
    fields: dict[str, Plain] = {
        "idTokenType": token_type(one.token_uid),
        "status": BLOCKED if one.is_blocked else EXPIRED if has_expired else ACCEPTED,
        "cacheExpiryDateTime": instant(one.expires_at) if one.expires_at else None,  # none: it never expires
        **({GROUP: one.parent_uid} if one.parent_uid else {}),
    }
    unsaid = {"contract_id": one.contract_id, "issuer": one.issuer}
    return Wish(
        entity="token",
        key=one.token_uid,
        mark=one.token_uid.casefold(),
        fields=fields,
        identity={"idToken": one.token_uid},
        no_place=tuple(name for name, value in unsaid.items() if value),
    )


def _parents_first(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with each after the one that it is grouped under; a circle is left as it comes."""
    known = {one.token_uid: one for one in tokens}

    def depth(one: Token) -> int:
        above: set[str] = set()
        while one.parent_uid in known and one.parent_uid not in above:
            above.add(one.parent_uid)
            one = known[one.parent_uid]
        return len(above)

    return sorted(tokens, key=depth)


def _known(fields: Mapping[str, Plain]) -> dict[str, Plain]:
    return {name: value for name, value in fields.items() if value is not None}
