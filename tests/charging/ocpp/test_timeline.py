"""A station's story: each frame behind one moment, told so that a person can read it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.ocpp.timeline import Moment, RecordedFrame, Topic, timeline

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Recording:
    """Frames with their marks, a second after one another."""

    def __init__(self):
        self.frames = []

    def add(self, direction, value, *, rule="", sent=None, action="", back_office="legacy", kind=None):
        text = value if isinstance(value, str) else json.dumps(value)
        made = direction.startswith("to_")
        self.frames.append(
            RecordedFrame(
                at=NOON + timedelta(seconds=len(self.frames)),
                back_office=back_office,
                direction=direction,
                kind=value[0] if kind is None else kind,
                unique_id=value[1] if kind is None else "",
                action=action,
                rule=rule,
                received="" if made else text,
                sent=text if made else sent,
                mark=str(len(self.frames)),
            )
        )

    def said(self, action, payload, answer, **more):
        unique_id = str(len(self.frames))
        self.add("from_station", [2, unique_id, action, payload], action=action, **more)
        if answer is not None:
            self.add("from_office", [3, unique_id, answer], action=action)
        return self

    def told(self):
        return [(moment.topic.value, moment.text) for moment in timeline(self.frames)]


@pytest.mark.parametrize(
    ("action", "payload", "answer", "told"),
    [
        (
            "BootNotification",
            {"chargePointVendor": "ACME", "chargePointModel": "DC-60", "firmwareVersion": "3.1"},
            {"status": "Accepted", "interval": 300},
            ("boot", "boots as ACME DC-60, firmware 3.1: Accepted after 1.0 s"),
        ),
        (
            "BootNotification",
            {"reason": "PowerUp", "chargingStation": {"vendorName": "ACME", "model": "X"}},
            None,
            ("boot", "boots as ACME X: no answer"),
        ),
        (
            "StatusNotification",
            {"connectorId": 1, "status": "Available", "errorCode": "NoError"},
            {},
            ("status", "connector 1 is Available"),
        ),
        (
            "StatusNotification",
            {"evseId": 2, "connectorId": 1, "connectorStatus": "Occupied"},
            {},
            ("status", "EVSE 2, connector 1 is Occupied"),
        ),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": "04A1B2C3D4E5F2", "meterStart": 1005, "timestamp": "2026-11-02T12:00:00Z"},
            {"transactionId": 17, "idTagInfo": {"status": "Accepted"}},
            ("charge", "charge 17 begins on connector 1, token 04A1…F2, meter at 1.005 kWh: Accepted after 1.0 s"),
        ),
        (
            "Authorize",
            {"idTag": "04A1…F2"},
            {"idTagInfo": {"status": "Blocked"}},
            ("said", "token 04A1…F2 is shown: Blocked after 1.0 s"),
        ),
        ("FirmwareStatusNotification", {"status": "Installed"}, {}, ("firmware", "firmware: Installed")),
        (
            "DataTransfer",
            {"vendorId": "V"},
            {"status": "Rejected"},
            ("said", "the station sends DataTransfer: Rejected after 1.0 s"),
        ),
    ],
)
def test_what_a_station_says_is_told(action, payload, answer, told):
    assert Recording().said(action, payload, answer).told() == [told]


def test_a_charge_is_told_from_its_start_to_its_end():
    recording = Recording()
    recording.said(
        "StartTransaction",
        {"connectorId": 1, "idTag": "X", "meterStart": 1000, "timestamp": "2026-11-02T12:00:00Z"},
        {"transactionId": 17},
    )
    recording.said(
        "StopTransaction",
        {"transactionId": 17, "meterStop": 8450, "timestamp": "2026-11-02T13:00:00Z", "reason": "Local"},
        {},
    )

    assert recording.told()[1] == ("charge", "charge 17 ends (7.450 kWh, 60 min, Local): answered after 1.0 s")


def test_a_fault_and_its_end():
    recording = Recording()
    fault = {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure", "info": "relay 3"}
    recording.said("StatusNotification", fault, {})
    recording.said("StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"}, {})

    assert recording.told() == [
        ("fault", "connector 1 is Faulted: GroundFailure, relay 3"),
        ("fault", "connector 1 is Available again, after 0 min of a fault"),
    ]


def test_everyday_frames_are_counted_together():
    recording = Recording()
    for _ in range(3):
        recording.said("Heartbeat", {}, {"currentTime": "x"})
    recording.said("MeterValues", {"connectorId": 1}, {})
    recording.said("DataTransfer", {}, {})
    recording.said("Heartbeat", {}, {"currentTime": "x"})

    assert recording.told() == [
        ("everyday", "3 heartbeats and 1 message of meter values, each answered"),
        ("said", "the station sends DataTransfer: answered after 1.0 s"),
        ("everyday", "1 heartbeat, each answered"),
    ]
    assert [len(moment.frames) for moment in timeline(recording.frames)] == [8, 2, 2]


def test_orders_calls_and_refusals_are_told_apart():
    recording = Recording()
    recording.add(
        "to_station", [2, "tag.1", "GetConfiguration", {"key": ["a"]}], rule="order", action="GetConfiguration"
    )
    recording.add("from_station", [3, "tag.1", {"status": "Accepted"}], rule="order", sent="")
    recording.add("from_office", [2, "r", "Reset", {"type": "Soft"}], action="Reset")
    recording.add("from_station", [4, "r", "InternalError", "no", {}])

    assert recording.told() == [
        ("order", "the gateway asks GetConfiguration (['a']): Accepted after 1.0 s"),
        ("asked", "legacy asks Reset (Soft): refused with InternalError no after 1.0 s"),
    ]


def test_rules_are_named():
    recording = Recording()
    recording.add(
        "to_office",
        [2, "tag.1", "StatusNotification", {"connectorId": 1, "status": "Charging"}],
        rule="tells_after_start",
        action="StatusNotification",
    )
    recording.add("from_office", [3, "tag.1", {}], rule="tells_after_start", sent="")
    recording.said("StopTransaction", {"transactionId": 17}, None, rule="kept: it began elsewhere", sent="")
    recording.said(
        "StopTransaction", {"transactionId": 5}, {}, rule="transaction id", sent='[2,"4","StopTransaction",{}]'
    )

    assert recording.told() == [
        ("rule", "connector 1 is Charging; made by the rule tells_after_start"),
        ("charge", "charge 17 ends: no answer; went no further (kept: it began elsewhere)"),
        ("charge", "charge 5 ends: answered after 1.0 s; rewritten by the rule transaction id"),
    ]
    assert [moment.is_rewritten for moment in timeline(recording.frames)] == [False, False, True]


def test_a_move_is_seen_in_the_frames_and_other_events_find_their_place():
    recording = Recording()
    recording.said("Heartbeat", {}, None)
    recording.said("Heartbeat", {}, None, back_office="target")
    at = NOON + timedelta(seconds=0.5)
    event = Moment(at=at, until=at, topic=Topic.LINK, text="the link ends")

    assert [(moment.topic.value, moment.text) for moment in timeline(recording.frames, [event])] == [
        ("said", "the station sends Heartbeat: no answer"),
        ("link", "the link ends"),
        ("move", "from here on with target, before with legacy"),
        ("said", "the station sends Heartbeat: no answer"),
    ]


def test_strays_are_told():
    recording = Recording()
    recording.add("from_station", [3, "nobody", {}], rule="an answer that nobody asked for", sent="")
    recording.add("from_station", "garbage\x1b[2J\n", kind=0, rule="bad frame: it is not JSON", sent="")

    assert recording.told() == [
        (
            "stray",
            (
                'the station sends an answer that nobody asked for: [3, "nobody", {}]; '
                "went no further (an answer that nobody asked for)"
            ),
        ),
        (
            "stray",
            (
                "the station sends bytes that are no frame: garbage\ufffd[2J\ufffd; "
                "went no further (bad frame: it is not JSON)"
            ),
        ),
    ]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("2026-11-02T12:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "status",
                    "errorCode",
                    "connectorId",
                    "transactionId",
                    "meterStart",
                    "meterStop",
                    "timestamp",
                    "idTag",
                    "transactionInfo",
                    "idToken",
                    "evse",
                    "eventType",
                    "chargingStation",
                    "evseId",
                    "reason",
                    "idTagInfo",
                ]
            ),
            inner | st.sampled_from(["Started", "Ended", "Faulted"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)
_ACTIONS = [
    "BootNotification",
    "StatusNotification",
    "StartTransaction",
    "StopTransaction",
    "TransactionEvent",
    "Authorize",
    "MeterValues",
    "Heartbeat",
    "DataTransfer",
    "FirmwareStatusNotification",
    "\x1b[31m",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["from_station", "from_office", "to_station", "to_office"]),
            st.sampled_from([2, 3, 4]),
            st.sampled_from(["a", "b"]),
            st.sampled_from(_ACTIONS),
            _VALUES,
        ),
        max_size=8,
    )
)
def test_every_frame_is_behind_one_moment_and_nothing_raises_or_steers_a_terminal(rows):
    recording = Recording()
    for direction, kind, unique_id, action, value in rows:
        frame = [kind, unique_id, action, value] if kind == 2 else [kind, unique_id, value, value, value]
        recording.add(direction, frame, action=action)

    moments = timeline(recording.frames)

    assert sorted(mark for moment in moments for mark in moment.frames) == sorted(str(n) for n in range(len(rows)))
    assert all(moment.text.isprintable() for moment in moments)
