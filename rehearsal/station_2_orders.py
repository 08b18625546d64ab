"""What a simulated OCPP 2 station makes of an order: its answer, and what it does afterwards."""

from rehearsal import device_model, log_upload
from rehearsal.device_model import Memory
from rehearsal.frames import CallRefused, Payload
from rehearsal.station_2_charging import Charging2
from rehearsal.station_2_lies import Lies2
from rehearsal.truth import Behaviour

TRIGGERS = frozenset({"BootNotification", "Heartbeat", "StatusNotification"})
Then = str | tuple[str, int]
"""What is done after the answer: a word, a report's number, or a log's place and number; empty for nothing."""


def obey(
    action: str, payload: Payload, *, memory: Memory, behaviour: Behaviour, lies: Lies2, charging: Charging2
) -> tuple[Payload, Then]:
    """Return the answer to an order, and what is to be done after it.

    Raises:
        CallRefused: if it does not know the action.
    """
    match action:
        case "GetVariables":
            return device_model.get_variables(memory, payload, lies=lies), ""
        case "SetVariables":
            return device_model.set_variables(memory, payload, behaviour=behaviour, lies=lies), ""
        case "GetLog":
            place = str(payload["log"]["remoteLocation"]), int(payload["requestId"])
            return {"status": "Accepted", "filename": log_upload.file_name(memory.station_id)}, place
    status, then = _status(action, payload, memory=memory, lies=lies, charging=charging)
    return {"status": status}, then


def _status(action: str, payload: Payload, *, memory: Memory, lies: Lies2, charging: Charging2) -> tuple[str, str]:
    match action:
        case "SetNetworkProfile":
            return device_model.set_network_profile(memory, payload), ""
        case "GetBaseReport":
            return "Accepted", str(payload["requestId"])
        case "ChangeAvailability":
            memory.is_operative = payload["operationalStatus"] == "Operative"
            return "Scheduled" if charging.is_running else "Accepted", "StatusNotification"
        case "TriggerMessage":
            asked = str(payload["requestedMessage"])
            return ("Accepted", asked) if asked in TRIGGERS else ("NotImplemented", "")
        case "Reset" if lies.never_resets:
            return "Accepted", ""
        case "Reset":
            if payload["type"] == "Immediate":
                charging.cut_off()
            return "Scheduled" if charging.is_running else "Accepted", "Reset"
    raise CallRefused("NotImplemented", action)
