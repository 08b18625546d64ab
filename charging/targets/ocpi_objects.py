"""The clean network as OCPI objects of one version: what is sent, and under which address. Pure.

Written from the 2.1.1, 2.2.1 and 2.3.0 texts. What a version cannot say about money makes a row impossible; what it
cannot say about anything else is named as having no place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charging.cleansing.places import long_country_code
from charging.network import Connector, Evse, Location, Tariff, Token
from charging.target_settings import KnownConnector

Document = dict[str, Any]

_SINCE_221 = ("type", "min_price", "max_price", "start_date_time", "end_date_time")
_RESTRICTIONS_SINCE_221 = ("min_current", "max_current", "reservation")
_SIX, _SEVEN = Decimal("0.000001"), Decimal("0.0000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How objects are written for one receiver."""

    version: str
    owner: str
    """Country and party that everything but foreign tokens belongs to: NL-EVN."""
    time_zone: str
    """Of locations that name none."""
    publish: bool
    connector: KnownConnector | None

    @property
    def is_flat(self) -> bool:
        """Whether objects do not say whose they are: only their addresses do, before 2.2."""
        return self.version == "2.1.1"

    def owned(self, party: str | None = None) -> Document:
        """Return the fields that say whose an object is."""
        country_code, party_id = (party or self.owner).split("-", 1)
        return {} if self.is_flat else {"country_code": country_code, "party_id": party_id}


def location(place: Location, manner: Manner) -> Document:
    """Return a location without its EVSEs; `status`-like fields that are the receiver's to say are in `defaults`."""
    return manner.owned() | _known(
        {
            "id": place.location_id,
            "name": place.name or None,
            "address": place.street or None,
            "city": place.city or None,
            "postal_code": place.postal_code or None,
            "country": long_country_code(place.country),
            "coordinates": _coordinates(place, manner.version),
            "time_zone": place.time_zone or manner.time_zone,
        }
    )


def location_defaults(manner: Manner) -> Document:
    """Return what a new location must say and the receiver may change."""
    return {"type": "UNKNOWN"} if manner.is_flat else {"publish": manner.publish}


def evse(one: Evse) -> Document:
    """Return an EVSE without its connectors."""
    return _known({"uid": one.evse_uid, "evse_id": one.evse_id})


EVSE_DEFAULTS: Mapping[str, str] = {"status": "UNKNOWN"}
"""What a new EVSE must say and the receiver sees better."""


def connector(one: Connector, manner: Manner) -> Document:
    """Return a connector; where the source says nothing of a field, the owner's word from the settings stands."""
    said = manner.connector
    power = {} if manner.is_flat else {"max_electric_power": one.max_power_w}
    volts, amperes = ("voltage", "amperage") if manner.is_flat else ("max_voltage", "max_amperage")
    return _known(
        {
            "id": str(one.connector_number),
            "standard": one.standard or (said.standard if said else None),
            "format": one.format or (said.format if said else None),
            "power_type": one.power_type or (said.power_type if said else None),
            volts: one.max_voltage or (said.max_voltage if said else None),
            amperes: one.max_amperage or (said.max_amperage if said else None),
            **power,
        }
    )


def unheard_of(evse_uid: str) -> Connector:
    """Return the connector of an EVSE whose connectors nobody has told: nothing is known of it but that it is there."""
    return Connector(
        evse_uid=evse_uid,
        connector_number=1,
        standard=None,
        format=None,
        power_type=None,
        max_voltage=None,
        max_amperage=None,
        max_power_w=None,
    )


def token(one: Token, manner: Manner) -> Document:
    """Return a token. OCPI has no expiry: who has expired is for the caller to say."""
    party = one.issuer or manner.owner
    contract = {"auth_id" if manner.is_flat else "contract_id": one.contract_id}
    group = {} if manner.is_flat else {"group_id": one.parent_uid}
    return manner.owned(party) | _known(
        {
            "uid": one.token_uid,
            "type": "RFID",
            **contract,
            "issuer": party,
            **group,
            "valid": not one.is_blocked,
        }
    )


TOKEN_DEFAULTS: Mapping[str, str] = {"whitelist": "ALLOWED"}
"""What a new token must say and the receiver may have decided otherwise."""


def tariff(one: Tariff, manner: Manner) -> Document:
    """Return a tariff, its numbers exact."""
    document: Document = _exact(dict(one.document)) | manner.owned() | {"id": one.tariff_id, "currency": one.currency}
    document.pop("last_updated", None)
    if manner.is_flat:
        for name in ("type", "country_code", "party_id"):
            document.pop(name, None)
        for element in document.get("elements", ()):
            for component in element.get("price_components", ()):
                component.pop("vat", None)
    elif manner.version == "2.3.0":
        document = {"tax_included": "NO"} | document
        for name in ("min_price", "max_price"):
            if isinstance(price := document.get(name), dict):
                document[name] = _known({"before_taxes": price.get("excl_vat"), "after_taxes": price.get("incl_vat")})
    return document


def unsaid_of_tariff(one: Tariff, manner: Manner) -> tuple[str, ...]:
    """Return what of a tariff the version cannot say: without it, drivers would pay another price."""
    if not manner.is_flat:
        return ()
    top = [name for name in _SINCE_221 if name != "type" and one.document.get(name) is not None]
    elements = one.document.get("elements")
    inner = [
        name
        for element in (elements if isinstance(elements, Sequence) else ())
        for name in _RESTRICTIONS_SINCE_221
        if isinstance(element, Mapping) and (element.get("restrictions") or {}).get(name) is not None
    ]
    return tuple(dict.fromkeys([*top, *inner]))


def _coordinates(place: Location, version: str) -> Document | None:
    if place.latitude is None or place.longitude is None:
        return None
    return {
        "latitude": _degrees(place.latitude, version),
        "longitude": _degrees(place.longitude, version),
    }


def _degrees(value: Decimal, version: str) -> str:
    """Return degrees with as many decimals as the version takes: 2.1.1 wants six, the others five to seven."""
    if version == "2.1.1":
        return format(value.quantize(_SIX), "f")
    whole, _, decimals = format(value.quantize(_SEVEN), "f").partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(5, '0')}"


def _exact(value: Any) -> Any:
    """Return a document whose numbers, kept as text, are numbers again: exactly those."""
    if isinstance(value, Mapping):
        return {name: _number(name, inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_exact(inner) for inner in value]
    return value


_NUMBERS = frozenset(
    {
        *("price", "vat", "step_size", "excl_vat", "incl_vat"),
        *("min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power", "min_duration", "max_duration"),
        *("percentage",),
    }
)
_WHOLE = frozenset({"step_size", "min_duration", "max_duration"})


def _number(name: str, value: Any) -> Any:
    if name in _NUMBERS and isinstance(value, str):
        exact = Decimal(value)
        return int(exact) if name in _WHOLE and exact == exact.to_integral_value() else exact
    return _exact(value)


def _known(fields: Mapping[str, Any]) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
