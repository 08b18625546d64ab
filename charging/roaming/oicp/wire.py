"""The fields of OICP 2.3's messages that we read; everything else stays in the raw record."""

import msgspec

from charging.roaming.ocpi.wire_values import ABSENT

_WORDS = {"id": "ID", "cpo": "CPO", "emp": "EMP", "rfid": "RFID", "qr": "QR", "uid": "UID"}


def _on_the_wire(name: str) -> str:
    """Return how OICP writes a name: `cpo_partner_session_id` as `CPOPartnerSessionID`."""
    return "".join(_WORDS.get(word, word.capitalize()) for word in name.split("_"))


class Card(msgspec.Struct, rename=_on_the_wire):
    """RFIDMifareFamilyIdentification or RFIDIdentification."""

    uid: str | None = None
    evco_id: str | None = None


class Contract(msgspec.Struct, rename=_on_the_wire):
    """QRCodeIdentification, PlugAndChargeIdentification or RemoteIdentification. A PIN is on purpose not read."""

    evco_id: str | None = None


class Identification(msgspec.Struct, rename=_on_the_wire):
    """Exactly one of these says who charged."""

    rfid_mifare_family_identification: Card | None = None
    rfid_identification: Card | None = None
    qr_code_identification: Contract | None = None
    plug_and_charge_identification: Contract | None = None
    remote_identification: Contract | None = None


class Record(msgspec.Struct, rename=_on_the_wire):
    """A charge detail record; what it must have is asked for where it is read, so that the reason is a sentence."""

    session_id: str | None = None
    cpo_partner_session_id: str | None = None
    emp_partner_session_id: str | None = None
    partner_product_id: str | None = None
    evse_id: str | None = None
    identification: Identification | None = None
    charging_start: str | None = None
    charging_end: str | None = None
    session_start: str | None = None
    session_end: str | None = None
    meter_value_start: msgspec.Raw = ABSENT
    meter_value_end: msgspec.Raw = ABSENT
    consumed_energy: msgspec.Raw = ABSENT
    hub_operator_id: str | None = None


class Named(msgspec.Struct, rename=_on_the_wire):
    """Which record it is."""

    session_id: str | None = None


class Signed(msgspec.Struct, rename=_on_the_wire):
    """What a meter signed, and what verifies it."""

    signed_metering_values: msgspec.Raw = ABSENT
    calibration_law_verification_info: msgspec.Raw = ABSENT


class Status(msgspec.Struct, rename=_on_the_wire):
    """What the hub says of a request; `000` is a yes."""

    code: str
    description: str | None = None
    additional_info: str | None = None


class Listed(msgspec.Struct, rename="camel"):
    """A page of a pull; `content` stays as it stood on the wire."""

    content: msgspec.Raw = ABSENT
    number: int | None = None
    total_elements: int | None = None
    total_pages: int | None = None
    last: bool | None = None
    status: Status | None = msgspec.field(default=None, name="StatusCode")
