"""OCPP's own schemas: what strays is told by its place, and never by its value."""

import pytest

from charging.ocpp.schemas import deviation


@pytest.mark.parametrize(
    ("protocol", "action", "payload"),
    [
        ("ocpp1.6", "Heartbeat", b"{}"),
        ("ocpp1.6", "BootNotification", b'{"chargePointVendor":"V","chargePointModel":"M"}'),
        ("ocpp2.0.1", "Heartbeat", b"{}"),
        ("ocpp2.1", "BootNotification", b'{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}'),
    ],
)
def test_what_the_schema_allows_is_no_deviation(protocol, action, payload):
    assert deviation(protocol, action, payload) == ""


@pytest.mark.parametrize(
    ("action", "payload", "problem"),
    [
        pytest.param("Heartbeat", b'{"x":1}', "Additional properties", id="one too many"),
        pytest.param("BootNotification", b"{}", '"chargePointVendor" is a required property', id="missing"),
        pytest.param("Authorize", b'{"idTag":"%s"}' % (b"S" * 21), "idTag: its value is longer than 20", id="too long"),
        pytest.param(
            "MeterValues", b'{"connectorId":"1","meterValue":[]}', "connectorId: its value is not of", id="type"
        ),
        pytest.param("NoSuchThing", b"{}", "ocpp1.6 knows no NoSuchThing", id="unknown action"),
        pytest.param("../v201/schemas/Heartbeat", b"{}", "knows no", id="a path"),
        pytest.param("HeartbeatResponse", b"{}", "knows no", id="the name of an answer"),
        pytest.param("Heartbeat", b'{"a":' * 2000 + b"1" + b"}" * 2000, "", id="deep"),
    ],
)
def test_what_strays_is_told(action, payload, problem):
    assert problem in deviation("ocpp1.6", action, payload)


def test_no_value_is_told():
    assert "SECRET" not in deviation("ocpp1.6", "Authorize", b'{"idTag":"SECRET-SECRET-SECRET-SECRET"}')


def test_an_answer_has_a_schema_of_its_own():
    assert deviation("ocpp1.6", "Heartbeat", b"{}", is_answer=True) == '"currentTime" is a required property'


def test_many_deviations_are_cut_short():
    payload = b'{"connectorId":"x","errorCode":1,"status":2,"timestamp":3,"info":4,"vendorId":5,"vendorErrorCode":6}'

    assert deviation("ocpp1.6", "StatusNotification", payload).endswith("; and more")
