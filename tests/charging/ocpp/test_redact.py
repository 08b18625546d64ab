"""What must not be stored or shown."""

import json

import pytest

from charging.ocpp.redact import redact, short_token

CANARY = "hunter2-hunter2"


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
    ],
)
def test_no_secret_is_left(frame):
    assert CANARY not in json.dumps(redact(frame))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param({"key": "HeartbeatInterval", "value": "300"}, id="plain key"),
        pytest.param({"url": "wss://csms.example/ocpp", "n": 1, "b": None, "l": [1.5, True]}, id="plain values"),
        pytest.param({"spinning": "yes"}, id="pin within a word"),
    ],
)
def test_what_is_no_secret_stays(frame):
    assert redact(frame) == frame


def test_tokens_can_still_be_told_from_one_another():
    assert redact({"idTag": "04A1B2C3D4E5F2"}) == {"idTag": "04A1…F2"}
    assert short_token("04A1B2") == "****"
