"""Every call that a channel makes, held against the schemas of the `ocpp` library."""

import json
from decimal import Decimal

import pytest
from ocpp.messages import get_validator

from charging.ocpp.channels import calls

PROFILE = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "wss://new.example",
    "messageTimeout": 30,
    "securityProfile": 1,
    "ocppInterface": "Wired0",
}
CALLS = {
    "1.6": [
        calls.read_settings([], generation="1"),
        calls.read_settings(["ServerUrl", "HeartbeatInterval"], generation="1"),
        calls.write_setting("ServerUrl", "wss://new.example", generation="1"),
        calls.availability(0, "Inoperative", generation="1"),
        calls.availability(2, "Operative", generation="1"),
        calls.reset("Soft", generation="1"),
        calls.reset("Hard", generation="1"),
        calls.trigger("BootNotification"),
    ],
    "2.0.1": [
        calls.read_settings(["OCPPCommCtrlr.NetworkConfigurationPriority"], generation="2"),
        calls.write_setting("OCPPCommCtrlr.NetworkConfigurationPriority", "2,1", generation="2"),
        calls.write_setting("NetworkProfile.2", json.dumps(PROFILE), generation="2"),
        calls.availability(0, "Inoperative", generation="2"),
        calls.availability(2, "Operative", generation="2"),
        calls.reset("Soft", generation="2"),
        calls.reset("Hard", generation="2"),
        calls.trigger("BootNotification"),
    ],
}


@pytest.mark.parametrize(
    ("version", "asked"),
    [pytest.param(version, one, id=f"{version} {one.action}") for version in CALLS for one in CALLS[version]],
)
def test_a_call_is_as_the_schema_wants_it(version, asked):
    validator = get_validator(2, asked.action, version, parse_float=Decimal)

    assert list(validator.iter_errors(dict(asked.payload))) == []


def test_a_soft_reset_cuts_no_charge_off_in_either_generation():
    assert calls.reset("Soft", generation="1").payload == {"type": "Soft"}
    assert calls.reset("Soft", generation="2").payload == {"type": "OnIdle"}


def test_settings_of_generation_1_are_told_with_what_may_be_written():
    answer = {
        "configurationKey": [
            {"key": "ServerUrl", "readonly": False, "value": "wss://x"},
            {"key": "ApnUser", "readonly": False},
            {"key": "NumberOfConnectors", "readonly": True, "value": 2},
        ],
        "unknownKey": ["Nonsense"],
    }

    found = calls.settings_in(answer, generation="1")

    assert [(one.key, one.value, one.is_read_only) for one in found] == [
        ("ServerUrl", "wss://x", False),
        ("ApnUser", None, False),
        ("NumberOfConnectors", "2", True),
    ]


def test_a_variable_that_may_not_be_read_is_there_and_one_that_is_unknown_is_not():
    def result(status, name, **more):
        return {"attributeStatus": status, "component": {"name": "C"}, "variable": {"name": name}} | more

    answer = {
        "getVariableResult": [
            result("Accepted", "A", attributeValue="1"),
            result("Rejected", "B"),
            result("UnknownVariable", "D"),
            result("NotSupportedAttributeType", "E"),
        ]
    }

    assert [(one.key, one.value) for one in calls.settings_in(answer, generation="2")] == [("C.A", "1"), ("C.B", None)]


def test_a_variable_of_an_evse_is_never_taken_for_the_stations_own():
    entry = {
        "component": {"name": "C", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "V", "instance": "i"},
        "variableAttribute": [{"value": "x"}, {"type": "Target", "value": "y"}],
    }

    assert [(one.key, one.value) for one in calls.reported([entry])] == [("C[1/2].V[i]", "x")]


@pytest.mark.parametrize(
    ("answer", "action", "status"),
    [
        pytest.param({"status": "RebootRequired"}, "ChangeConfiguration", "RebootRequired", id="plain"),
        pytest.param({"setVariableResult": [{"attributeStatus": "Rejected"}]}, "SetVariables", "Rejected", id="2.x"),
        pytest.param({}, "SetVariables", "Unknown", id="nothing"),
        pytest.param({}, "Reset", "Unknown", id="no status"),
    ],
)
def test_the_stations_word_is_found(answer, action, status):
    assert calls.status_in(answer, action=action) == status
