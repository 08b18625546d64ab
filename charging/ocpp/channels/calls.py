"""What a channel is asked for, as OCPP calls and their answers, for both generations. Pure.

A key of generation 1 is a configuration key. One of generation 2 is `Component.Variable`, or `NetworkProfile.2` for the
connection profile in slot 2, whose value is its connectionData as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from charging.migration.diagnostics import Said, Told
from charging.migration.ports import Setting

PROFILE = "NetworkProfile"
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: its action and its payload."""

    action: str
    payload: Payload


def read_settings(keys: Sequence[str], *, generation: str) -> Asked:
    """Return the call that reads these settings; without keys, of generation 1 only, all that the station lists."""
    if generation == "1":
        return Asked(action="GetConfiguration", payload={"key": list(keys)} if keys else {})
    return Asked(action="GetVariables", payload={"getVariableData": [_named(key) for key in keys]})


def settings_in(answer: Payload, *, generation: str) -> list[Setting]:
    """Return what an answer to `read_settings` tells. What the station does not know is absent.

    A variable that may not be read (OCPP 2.0.1 B06.FR.09: Rejected) is there, without its value.
    """
    if generation == "1":
        return [
            Setting(key=str(entry["key"]), value=_text(entry.get("value")), is_read_only=entry.get("readonly"))
            for entry in answer.get("configurationKey") or ()
        ]
    return [
        Setting(
            key=_key(entry),
            value=_text(entry.get("attributeValue")) if entry["attributeStatus"] == "Accepted" else None,
        )
        for entry in answer.get("getVariableResult") or ()
        if entry.get("attributeStatus") in {"Accepted", "Rejected"}
    ]


def reported(report: Sequence[Payload]) -> list[Setting]:
    """Return the settings of a base report (OCPP 2.0.1 B07: NotifyReport's reportData), the actual values."""
    found: list[Setting] = []
    for entry in report:
        for attribute in entry.get("variableAttribute") or ():
            if attribute.get("type", "Actual") == "Actual":
                mutability = attribute.get("mutability", "ReadWrite")
                value = None if mutability == "WriteOnly" else _text(attribute.get("value"))
                values = (entry.get("variableCharacteristics") or {}).get("valuesList") or ""
                choices = tuple(choice.strip() for choice in values.split(",") if choice.strip())
                is_read_only = mutability == "ReadOnly"
                found.append(Setting(key=_key(entry), value=value, is_read_only=is_read_only, choices=choices))
    return found


def write_setting(key: str, value: str, *, generation: str) -> Asked:
    """Return the call that writes one setting, or one connection profile."""
    if generation == "1":
        return Asked(action="ChangeConfiguration", payload={"key": key, "value": value})
    component, _, variable = key.rpartition(".")
    if component == PROFILE:
        return Asked(
            action="SetNetworkProfile",
            payload={"configurationSlot": int(variable), "connectionData": json.loads(value)},
        )
    return Asked(action="SetVariables", payload={"setVariableData": [_named(key) | {"attributeValue": value}]})


def status_in(answer: Payload, *, action: str) -> str:
    """Return the station's word on a call that changes something."""
    if action == "SetVariables":
        results = answer.get("setVariableResult") or [{}]
        return str(results[0].get("attributeStatus", "Unknown"))
    return str(answer.get("status", "Unknown"))


def availability(connector_id: int, kind: Literal["Operative", "Inoperative"], *, generation: str) -> Asked:
    """Return the call that puts a connector (2: an EVSE), or with 0 the whole station, in or out of service."""
    if generation == "1":
        return Asked(action="ChangeAvailability", payload={"connectorId": connector_id, "type": kind})
    evse = {"evse": {"id": connector_id}} if connector_id else {}
    return Asked(action="ChangeAvailability", payload={"operationalStatus": kind} | evse)


def reset(kind: Literal["Soft", "Hard"], *, generation: str) -> Asked:
    """Return the call that restarts the station; a soft reset is OnIdle in generation 2: no charge is cut off."""
    if generation == "1":
        return Asked(action="Reset", payload={"type": kind})
    return Asked(action="Reset", payload={"type": {"Soft": "OnIdle", "Hard": "Immediate"}[kind]})


def trigger(message: str) -> Asked:
    """Return the call that asks for a message."""
    return Asked(action="TriggerMessage", payload={"requestedMessage": message})


def fetch_log(location: str, *, request_number: int, generation: str) -> Asked:
    """Return the call that asks a station to upload its log into a folder."""
    if generation == "1":
        return Asked(action="GetDiagnostics", payload={"location": location})
    log = {"remoteLocation": location}
    payload = {"logType": "DiagnosticsLog", "requestId": request_number, "log": log}
    return Asked(action="GetLog", payload=payload)


def log_told(answer: Payload) -> Told:
    """Return what a station answers to `fetch_log`."""
    name = answer.get("fileName") or answer.get("filename")  # OCPP 1.6; OCPP 2
    return Told(status=str(answer.get("status", "")), file_name=None if name is None else str(name))


LOG_SAID = ("DiagnosticsStatusNotification", "LogStatusNotification")
"""The messages that tell how an upload goes."""


def log_said(payload: Payload, *, at: datetime) -> Said:
    """Return what one of the messages `LOG_SAID` says."""
    number = payload.get("requestId")
    return Said(
        at=at, status=str(payload.get("status", "")), request_number=number if isinstance(number, int) else None
    )


def _named(key: str) -> dict[str, Any]:
    component, _, variable = key.rpartition(".")
    return {"component": {"name": component}, "variable": {"name": variable}}


def _key(entry: Payload) -> str:
    """Return a variable's key. One of an EVSE, a connector or an instance says so: none of them decides the address."""
    component, variable = entry["component"], entry["variable"]
    evse = component.get("evse") or {}
    parts = (component.get("instance"), evse.get("id"), evse.get("connectorId"))
    inside = "/".join(str(part) for part in parts if part is not None)
    name = f"{component['name']}[{inside}]" if inside else component["name"]
    instance = variable.get("instance")
    return f"{name}.{variable['name']}" + (f"[{instance}]" if instance is not None else "")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
