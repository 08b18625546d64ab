"""What must not be stored or shown."""

import json

import pytest

from charging.ocpp.gateway.stored import stored
from charging.ocpp.redact import redact, short_token

CANARY = "hunter2-hunter2"
PASSWORD = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param({"key": "AuthorizationKey", "value": CANARY}, id="ChangeConfiguration"),
        pytest.param({"configurationKey": [{"key": "StationPassword", "value": CANARY}]}, id="a station that tells"),
        pytest.param({"connectionData": {"apn": {"apnPassword": CANARY}}}, id="network profile"),
        pytest.param([2, "1", "X", {"basicAuthPassword": CANARY}], id="whole frame"),
        pytest.param({"url": f"wss://station:{CANARY}@csms.example/ocpp"}, id="password in a URL"),
        pytest.param({"WebSocketPassword": CANARY}, id="WebSocketPassword"),
        pytest.param({"idTag": CANARY}, id="driver's token"),
        pytest.param({"setVariableData": [PASSWORD | {"attributeValue": CANARY}]}, id="SetVariables"),
        pytest.param({"reportData": [PASSWORD | {"variableAttribute": [{"value": CANARY}]}]}, id="NotifyReport"),
        pytest.param({"eventData": [PASSWORD | {"actualValue": CANARY}]}, id="NotifyEvent"),
        pytest.param({"connectionData": {"vpn": {"key": CANARY, "type": "IPSec"}}}, id="key of a VPN"),
        pytest.param({"key": "WifiPsk", "value": CANARY}, id="key of a wireless network"),
        pytest.param({"key": "APNPass", "value": CANARY}, id="password of an access point"),
        pytest.param({"data": json.dumps({"password": CANARY, "amount": 1.50})}, id="JSON in a string"),
        pytest.param({"data": json.dumps([json.dumps({"simPin": CANARY})])}, id="JSON in JSON in a string"),
        pytest.param({"data": f'{{"a":{{"password":"{CANARY}"}},"a":1}}'}, id="JSON that says a thing twice"),
    ],
)
def test_no_secret_is_left(frame):
    assert CANARY not in json.dumps(redact(frame))
    assert CANARY not in stored(json.dumps(frame).encode())


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param({"key": "HeartbeatInterval", "value": "300"}, id="plain key"),
        pytest.param({"url": "wss://csms.example/ocpp", "n": 1, "b": None, "l": [1.5, True]}, id="plain values"),
        pytest.param({"spinning": "yes"}, id="pin within a word"),
        pytest.param({"data": '{ "power": 11.10, "l": [1] }'}, id="JSON in a string without any"),
        pytest.param({"data": "[not JSON"}, id="no JSON in a string"),
        pytest.param({"variable": {"name": "Interval"}, "attributeValue": "300"}, id="plain variable"),
    ],
)
def test_what_is_no_secret_stays(frame):
    assert redact(frame) == frame


def test_tokens_can_still_be_told_from_one_another():
    assert redact({"idTag": "04A1B2C3D4E5F2"}) == {"idTag": "04A1…F2"}
    assert short_token("04A1B2") == "****"
