"""What a simulated station of OCPP 2 remembers, and how it answers to what is asked of its variables and profiles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rehearsal.frames import Payload
from rehearsal.truth import Behaviour

COMMUNICATION = "OCPPCommCtrlr"
PRIORITY, ACTIVE, ATTEMPTS = "NetworkConfigurationPriority", "ActiveNetworkProfile", "NetworkProfileConnectionAttempts"
WRITE_ONLY = frozenset({("SecurityCtrlr", "BasicAuthPassword")})
READ_ONLY = frozenset({(COMMUNICATION, ACTIVE), ("ChargingStation", "Model"), ("ChargingStation", "VendorName")})
PART = 4
"""So many variables in one NotifyReport: a station's own memory sets such limits."""


class Lies(Protocol):
    """How a station departs from the truth."""

    def shown(self, name: tuple[str, str], told: Payload) -> Payload:
        """Return one result of GetVariables as it is told."""
        ...

    def written(self, name: tuple[str, str], value: str) -> None:
        """Take note of a value that was accepted."""
        ...

    def keeps(self, name: tuple[str, str]) -> bool:
        """Whether a value that is accepted is stored."""
        ...


@dataclass(kw_only=True)
class Memory:
    """What outlasts a restart. `slots` has a place for every slot that there is; None where nothing was ever stored."""

    station_id: str
    slots: dict[int, Mapping[str, Any] | None]
    active: int
    home: str
    """The address that it was installed with."""
    variables: dict[tuple[str, str], str] = field(default_factory=dict)
    is_operative: bool = True
    firmware: str = "2.0.0"
    restarts: int = 0
    is_gone: bool = False
    shown: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a station that lies tells of its variables instead of what is in them."""

    @property
    def priority(self) -> list[int]:
        """The slots in the order in which they are tried."""
        return [int(slot) for slot in self.variables[COMMUNICATION, PRIORITY].split(",")]

    def url(self, slot: int) -> str:
        """Return the address in a slot, without identity."""
        return str((self.slots[slot] or {})["ocppCsmsUrl"])


def new_memory(station_id: str, *, url: str, slots: int = 2, security_profile: int = 1) -> Memory:
    """Return the memory of a station that has always dialled `url` (without identity), from slot 1."""
    profile = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": security_profile,
        "ocppInterface": "Wired0",
    }
    places: dict[int, Mapping[str, Any] | None] = dict.fromkeys(range(1, slots + 1))
    variables = {
        (COMMUNICATION, PRIORITY): "1",
        (COMMUNICATION, ATTEMPTS): "2",
        (COMMUNICATION, "HeartbeatInterval"): "900",
        ("SecurityCtrlr", "Identity"): station_id,
        ("SecurityCtrlr", "SecurityProfile"): str(security_profile),
        ("SecurityCtrlr", "BasicAuthPassword"): "a-password-of-its-own",
        ("ChargingStation", "Model"): "TwoO",
        ("ChargingStation", "VendorName"): "Supplier H",
    }
    return Memory(station_id=station_id, slots=places | {1: profile}, active=1, home=url, variables=variables)


def get_variables(memory: Memory, payload: Payload, *, lies: Lies) -> Payload:
    """Answer GetVariables."""
    return {"getVariableResult": [lies.shown(_name(one), _read(memory, one)) for one in payload["getVariableData"]]}


def set_variables(memory: Memory, payload: Payload, *, behaviour: Behaviour, lies: Lies) -> Payload:
    """Answer SetVariables; what is accepted is in the memory then, unless this station only says so."""
    return {"setVariableResult": [_written(memory, one, behaviour, lies) for one in payload["setVariableData"]]}


def set_network_profile(memory: Memory, payload: Payload) -> str:
    """Store a connection profile and return the status (OCPP 2.0.1 B09: a slot of the list, no lower security)."""
    slot, profile = int(payload["configurationSlot"]), payload["connectionData"]
    present = int((memory.slots[memory.active] or {})["securityProfile"])
    if slot not in memory.slots or slot == memory.active or int(profile["securityProfile"]) < present:
        return "Rejected"
    memory.slots[slot] = profile
    return "Accepted"


def report(memory: Memory, request_id: int, *, at: str) -> Iterator[Payload]:
    """Yield the NotifyReport messages of a full inventory, the last with `tbc` false."""
    entries = [
        {
            "component": {"name": component},
            "variable": {"name": variable},
            "variableAttribute": [_attribute(memory, component, variable)],
            "variableCharacteristics": _characteristics(memory, component, variable),
        }
        for component, variable in sorted({*memory.variables, (COMMUNICATION, ACTIVE)})
    ]
    for number, begin in enumerate(range(0, len(entries), PART)):
        yield {
            "requestId": request_id,
            "generatedAt": at,
            "seqNo": number,
            "tbc": begin + PART < len(entries),
            "reportData": entries[begin : begin + PART],
        }


def _value(memory: Memory, component: str, variable: str) -> str | None:
    if (component, variable) == (COMMUNICATION, ACTIVE):
        return str(memory.active)
    return memory.variables.get((component, variable))


def _read(memory: Memory, asked: Mapping[str, Any]) -> Payload:
    component, variable = _name(asked)
    named = {"component": asked["component"], "variable": asked["variable"]}
    if not any(known == component for known, _ in memory.variables):
        return {"attributeStatus": "UnknownComponent"} | named
    value = _value(memory, component, variable)
    if value is None:
        return {"attributeStatus": "UnknownVariable"} | named
    if (component, variable) in WRITE_ONLY:
        return {"attributeStatus": "Rejected"} | named
    return {"attributeStatus": "Accepted", "attributeValue": value} | named


def _written(memory: Memory, asked: Mapping[str, Any], behaviour: Behaviour, lies: Lies) -> Payload:
    name, value = _name(asked), str(asked["attributeValue"])
    status = _judged(memory, name, value, behaviour)
    if status == "Accepted":
        lies.written(name, value)
        if lies.keeps(name):
            memory.variables[name] = value
    return {"attributeStatus": status, "component": asked["component"], "variable": asked["variable"]}


def _name(asked: Mapping[str, Any]) -> tuple[str, str]:
    return asked["component"]["name"], asked["variable"]["name"]


def _judged(memory: Memory, name: tuple[str, str], value: str, behaviour: Behaviour) -> str:
    if name in READ_ONLY:
        return "Rejected"
    if name not in memory.variables:
        return "UnknownVariable" if any(known == name[0] for known, _ in memory.variables) else "UnknownComponent"
    if name != (COMMUNICATION, PRIORITY):
        return "Accepted"
    # B09: every slot of the priority holds a profile
    slots = [int(slot) for slot in value.split(",") if slot.isdecimal()]
    is_known = bool(slots) and all(memory.slots.get(slot) for slot in slots) and len(slots) == value.count(",") + 1
    return "Accepted" if is_known and behaviour is not Behaviour.REFUSES_KEY else "Rejected"


def _attribute(memory: Memory, component: str, variable: str) -> Payload:
    if (component, variable) in WRITE_ONLY:
        return {"type": "Actual", "mutability": "WriteOnly"}
    mutability = "ReadOnly" if (component, variable) in READ_ONLY else "ReadWrite"
    return {"type": "Actual", "value": str(_value(memory, component, variable)), "mutability": mutability}


def _characteristics(memory: Memory, component: str, variable: str) -> Payload:
    if (component, variable) == (COMMUNICATION, PRIORITY):
        known = ",".join(map(str, memory.slots))
        return {"dataType": "SequenceList", "valuesList": known, "supportsMonitoring": False}
    return {"dataType": "string", "supportsMonitoring": False}
