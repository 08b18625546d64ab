"""What a simulated station answers to a back-office's CALLs, and what it then has to do."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from rehearsal import addressing
from rehearsal.flash import Memory
from rehearsal.frames import CallRefused, Payload
from rehearsal.station_lies import Lies
from rehearsal.suppliers import Way
from rehearsal.truth import Behaviour, TrueStation

READ_ONLY = frozenset({"NumberOfConnectors", "SupportedFeatureProfiles", "GetConfigurationMaxKeys"})
TRIGGERS = frozenset({"BootNotification", "Heartbeat", "StatusNotification", "FirmwareStatusNotification"})


def standard_configuration(station: TrueStation) -> dict[str, str]:
    """Return the keys that OCPP 1.6 itself defines, at a factory's values."""
    return {
        "AuthorizeRemoteTxRequests": "false",
        "GetConfigurationMaxKeys": "40",
        "HeartbeatInterval": "900",
        "LocalAuthListEnabled": "false",
        "MeterValueSampleInterval": "300",
        "NumberOfConnectors": str(station.connectors),
        "SupportedFeatureProfiles": "Core,FirmwareManagement,RemoteTrigger",
        "TransactionMessageAttempts": "5",
        "TransactionMessageRetryInterval": "1",
        "WebSocketPingInterval": "0",
    }


def get_configuration(shown: Mapping[str, str], payload: Payload) -> Payload:
    """Answer GetConfiguration from what is shown; without keys, tell all of it."""
    asked = payload.get("key") or list(shown)
    known = [
        # The user of an APN is write-only: it is there, but its value is not told.
        {"key": key, "readonly": key in READ_ONLY} | ({} if key == "ApnUser" else {"value": shown[key]})
        for key in asked
        if key in shown
    ]
    unknown = [key for key in asked if key not in shown]
    return {"configurationKey": known} | ({"unknownKey": unknown} if unknown else {})


def change_configuration(station: TrueStation, memory: Memory, payload: Payload, *, lies: Lies) -> str:
    """Change `memory` as the station would, and return the status that it answers."""
    key, value = str(payload["key"]), str(payload["value"])
    if key not in memory.configuration or key == addressing.BUILT_IN:
        return "NotSupported"
    if key in READ_ONLY or len(value) > 500:
        return "Rejected"
    if key == addressing.switching_key(station):
        if station.behaviour is Behaviour.REFUSES_KEY:
            return "Rejected"
        if not lies.keeps(key, value):
            return "Accepted"
        memory.configuration[key] = value
        return "RebootRequired" if station.supplier == "G" else "Accepted"
    lies.keeps(key, value)
    memory.configuration[key] = value
    return "Accepted"


def leaves_at_once(station: TrueStation, payload: Payload) -> bool:
    """Whether the change makes the station dial another address without a restart."""
    return station.way is Way.SLOT and payload["key"] == addressing.PRIORITY


def flash_image(station: TrueStation, memory: Memory, location: str) -> None:
    """Take a firmware image into `memory`. The rehearsal's images say what they hold in the query of their own URL."""
    contents = parse_qs(urlsplit(location).query)
    memory.firmware = contents.get("version", [memory.firmware])[0]
    if station.way is Way.FIRMWARE and "backoffice" in contents:
        memory.configuration[addressing.BUILT_IN] = f"{contents['backoffice'][0]}/{station.station_id}"
    memory.is_newly_flashed = True


def change_availability(memory: Memory, payload: Payload) -> str:
    """Put a connector, or with 0 the whole station, in or out of service; a running charge is waited for."""
    connector_id = int(payload["connectorId"])
    if payload["type"] == "Operative":
        # Operative for the whole station is said of every connector.
        memory.inoperative = memory.inoperative - {connector_id} if connector_id else set()
        return "Accepted"
    memory.inoperative.add(connector_id)
    is_charging = any(connector_id in {0, charge.connector_id} for charge in memory.charges.values())
    return "Scheduled" if is_charging else "Accepted"


def constant_answer(action: str) -> Mapping[str, object]:
    """Return the answer to CALLs that change nothing here.

    Raises:
        CallRefused: NotImplemented.
    """
    answers: Mapping[str, Mapping[str, object]] = {
        "ClearCache": {"status": "Accepted"},
        "ClearChargingProfile": {"status": "Accepted"},
        "DataTransfer": {"status": "UnknownVendorId"},
        "GetLocalListVersion": {"listVersion": 0},
        "SendLocalList": {"status": "Accepted"},
        "UnlockConnector": {"status": "Unlocked"},
    }
    if action not in answers:
        raise CallRefused("NotImplemented", action)
    return answers[action]
