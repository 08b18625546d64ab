"""What is learnt of a recording: what counts as an event, what is left open, and what the counts come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from charging.ocpp.flavours.drifting import drifts, has_drifted
from charging.ocpp.flavours.learning import EVERY, Cell, Verdict, in_force, learn
from charging.ocpp.flavours.recording import Behaviour, Heard, Observation, StationType, What
from charging.ocpp.flavours.watching import Watch

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
TYPE = StationType(vendor="Maker", model="Post", firmware="1.0")
BOOT, LINK = Behaviour.BOOTS_AFTER_LINK_LOSS, Behaviour.TELLS_AFTER_LINK_LOSS
STOP, START = Behaviour.TELLS_AFTER_STOP, Behaviour.TELLS_AFTER_START
FIRMWARE, FAULT = Behaviour.TELLS_AFTER_FIRMWARE, Behaviour.STAYS_FAULTED


class Story:
    """A station's recording, told line by line; a second passes with each."""

    def __init__(self, kind=TYPE):
        self.watch, self.at, self.number = Watch("S1", kind), BEGIN, 0

    def wait(self, seconds):
        self.at += timedelta(seconds=seconds)
        return self

    def _hear(self, what, frame=None):
        self.wait(1)
        self.number += 1
        raw = msgspec.json.encode(frame) if frame else b""
        self.watch.hear(Heard(proof=f"f{self.number}", at=self.at, what=what, raw=raw))
        return self

    def up(self):
        return self._hear(What.LINK_UP)

    def down(self):
        return self._hear(What.LINK_DOWN)

    def lost(self):
        return self.up().wait(3600).down().wait(60).up()

    def says(self, action, answer=None, **payload):
        self._hear(What.FROM_STATION, [2, f"s{self.number}", action, payload])
        return self._hear(
            What.TO_STATION, [3, f"s{self.number - 1}", {"status": "Accepted"} if answer is None else answer]
        )

    def is_told(self, action, answer="Accepted", **payload):
        self._hear(What.TO_STATION, [2, f"o{self.number}", action, payload])
        return self._hear(What.FROM_STATION, [3, f"o{self.number - 1}", {"status": answer}])

    def boots(self, firmware="1.0", answer="Accepted"):
        words = {"chargePointVendor": "Maker", "chargePointModel": "Post", "firmwareVersion": firmware}
        return self.says("BootNotification", {"status": answer}, **words)

    def tells(self, status="Available", connector=1, error="NoError"):
        return self.says("StatusNotification", {}, connectorId=connector, status=status, errorCode=error)

    def starts(self, transaction=7, meter=100, at=None):
        payload = {"connectorId": 1, "idTag": "T", "meterStart": meter, "timestamp": (at or self.at).isoformat()}
        return self.says("StartTransaction", {"transactionId": transaction}, **payload)

    def stops(self, transaction=7, meter=200, at=None, reason="Local"):
        payload = {"transactionId": transaction, "meterStop": meter, "timestamp": (at or self.at).isoformat()}
        return self.says("StopTransaction", {}, reason=reason, **payload)

    def found(self, behaviour):
        seen = self.watch.end(self.at + timedelta(hours=1))
        return [one.is_followed for one in seen if one.behaviour is behaviour]


def story(kind=TYPE):
    return Story(kind)


@pytest.mark.parametrize(
    ("told", "behaviour", "found"),
    [
        pytest.param(lambda s: s.lost().boots(), BOOT, [True], id="a boot after a lost link"),
        pytest.param(lambda s: s.lost().says("Heartbeat", {}), BOOT, [False], id="a heartbeat is no boot"),
        pytest.param(lambda s: s.lost().wait(56).boots(), BOOT, [True], id="within the minute"),
        pytest.param(lambda s: s.lost().wait(61).boots(), BOOT, [False], id="after the minute"),
        pytest.param(lambda s: s.up().boots(), BOOT, [], id="a first link was not lost"),
        pytest.param(
            lambda s: s.up().is_told("Reset", type="Soft").down().up().boots(), BOOT, [], id="a restart lost no link"
        ),
        pytest.param(
            lambda s: s.up().is_told("Reset", "Rejected", type="Soft").down().up().boots(),
            BOOT,
            [True],
            id="a refused restart is none",
        ),
        pytest.param(
            lambda s: s.up().is_told("Reset", type="Soft").wait(3600).down().up().boots(),
            BOOT,
            [True],
            id="an hour later the restart is over",
        ),
        pytest.param(
            lambda s: s.lost().is_told("TriggerMessage", requestedMessage="BootNotification").boots(),
            BOOT,
            [None],
            id="a boot that was asked for proves nothing",
        ),
        pytest.param(
            lambda s: s.lost().boots().stops(reason="PowerLoss"), BOOT, [], id="a station that was without power"
        ),
        pytest.param(lambda s: s.lost().down().up().boots(), BOOT, [None, True], id="lost again before the minute"),
        pytest.param(lambda s: s.lost().tells(), LINK, [True], id="a status after a lost link"),
        pytest.param(lambda s: s.lost().tells(connector=0), LINK, [False], id="connector 0 is no socket"),
        pytest.param(
            lambda s: s.lost().wait(50).boots().wait(50).tells(), LINK, [True], id="the minute after the boot"
        ),
        pytest.param(lambda s: s.lost().boots(answer="Pending"), LINK, [None], id="not let speak"),
        pytest.param(
            lambda s: s.lost().is_told("TriggerMessage", requestedMessage="StatusNotification").tells(),
            LINK,
            [None],
            id="a status that was asked for",
        ),
        pytest.param(lambda s: s.up().starts().tells("Charging"), START, [True], id="Charging after a start"),
        pytest.param(lambda s: s.up().starts().tells("Available"), START, [False], id="Available after a start"),
        pytest.param(lambda s: s.up().starts().tells("Charging", 2), START, [False], id="another connector"),
        pytest.param(lambda s: s.up().starts().stops(), START, [None], id="over before it was told"),
        pytest.param(
            lambda s: s.up().starts(at=BEGIN - timedelta(hours=1)).tells("Charging"), START, [], id="a queued start"
        ),
        pytest.param(lambda s: s.up().starts().stops().tells("Finishing"), STOP, [True], id="Finishing after a stop"),
        pytest.param(lambda s: s.up().starts().stops().tells("Available", 2), STOP, [False], id="of another connector"),
        pytest.param(lambda s: s.up().stops(99).tells("Available", 2), STOP, [True], id="a stop of who knows where"),
        pytest.param(lambda s: s.up().starts().stops().wait(30).down(), STOP, [None], id="the link went meanwhile"),
        pytest.param(lambda s: s.up().boots("2.0").tells(), FIRMWARE, [True], id="told after an update"),
        pytest.param(lambda s: s.up().boots("2.0"), FIRMWARE, [False], id="silent after an update"),
        pytest.param(lambda s: s.up().boots("1.0").tells(), FIRMWARE, [], id="the same firmware is no update"),
        pytest.param(
            lambda s: s.up().is_told("UpdateFirmware").down().up().boots("2.0"), BOOT, [], id="an update lost no link"
        ),
        pytest.param(
            lambda s: s.up().tells("Faulted", 1, "PowerMeterFailure").is_told("RemoteStartTransaction", "Rejected"),
            FAULT,
            [True],
            id="refuses while its meter is broken",
        ),
        pytest.param(
            lambda s: s.up().tells("Faulted", 1, "PowerMeterFailure").starts(),
            FAULT,
            [False],
            id="charges all the same",
        ),
        pytest.param(
            lambda s: s.up().tells("Faulted", 1, "PowerMeterFailure").wait(600).tells(),
            FAULT,
            [True],
            id="until repaired",
        ),
        pytest.param(
            lambda s: s.up().tells("Faulted", 1, "GroundFailure").starts(), FAULT, [], id="another fault is none of it"
        ),
    ],
)
def test_counts_what_follows_an_event(told, behaviour, found):
    told_of = told(story())

    assert told_of.found(behaviour) == found


@pytest.mark.parametrize(
    ("empty", "minutes", "found"),
    [
        pytest.param(3, 6, [False], id="three in a row"),
        pytest.param(2, 6, [], id="two are no habit"),
        pytest.param(3, 5, [], id="five minutes are not long"),
        pytest.param(6, 6, [False, False], id="twice three"),
    ],
)
def test_takes_charges_without_energy_for_a_broken_meter(empty, minutes, found):
    told = story().up()
    for number in range(empty):
        told.starts(number, meter=100, at=told.at)
        began = told.at - timedelta(seconds=2)
        told.stops(number, meter=100, at=began + timedelta(minutes=minutes)).wait(minutes * 60)

    assert told.found(FAULT) == found


def test_hears_a_2x_station_by_its_own_words():
    told = story().up()
    info = {"transactionId": "abc"}
    place = {"id": 1, "connectorId": 1}
    now = told.at.isoformat()
    told.says("TransactionEvent", {}, eventType="Started", timestamp=now, transactionInfo=info, evse=place)
    told.says("StatusNotification", {}, connectorStatus="Occupied", evseId=1, connectorId=1)
    told.wait(600)
    told.says("TransactionEvent", {}, eventType="Ended", timestamp=told.at.isoformat(), transactionInfo=info)
    seen = told.watch.end(told.at + timedelta(hours=1))

    assert [(one.behaviour, one.is_followed) for one in seen] == [(START, True), (STOP, False)]


def test_keeps_the_frames_of_an_event_as_its_proof():
    told = story().lost().tells()

    (one,) = [one for one in told.watch.end(told.at) if one.behaviour is LINK]

    assert one.proofs == ("f3", "f4")


def test_knows_a_station_from_its_first_boot_on():
    told = story(StationType(vendor="", model="", firmware="")).lost().tells().wait(70).boots()

    assert {one.type for one in told.watch.end(told.at)} == {TYPE}


def seen(followed, events, firmware="1.0", behaviour=STOP):
    kind = replace(TYPE, firmware=firmware)
    return [
        Observation(
            behaviour=behaviour,
            station_id=f"S{number % 3}",
            type=kind,
            at=BEGIN,
            is_followed=number < followed,
            proofs=(f"{firmware}/{number}",),
        )
        for number in range(events)
    ]


@pytest.mark.parametrize(
    ("followed", "events", "verdict", "is_sure"),
    [
        (95, 100, Verdict.YES, True),
        (94, 100, Verdict.MIXED, False),
        (50, 100, Verdict.MIXED, True),
        (6, 100, Verdict.MIXED, False),
        (5, 100, Verdict.NO, True),
        (5, 5, Verdict.YES, True),
        (4, 4, Verdict.YES, False),
        (0, 5, Verdict.NO, True),
        (0, 4, Verdict.NO, False),
        (1, 2, Verdict.MIXED, False),
        (0, 0, Verdict.UNSEEN, False),
    ],
)
def test_says_what_the_counts_come_to_and_whether_they_suffice(followed, events, verdict, is_sure):
    cell = Cell(behaviour=STOP, events=events, followed=followed)

    assert cell.verdict is verdict
    assert (not cell.doubt) is is_sure


def test_splits_a_mixed_model_by_firmware():
    observations = seen(40, 40, "1.0") + seen(0, 40, "2.0")

    rows = learn(observations, since=BEGIN, until=BEGIN + timedelta(days=14))

    assert [(row.firmware, str(row.cells[STOP].verdict)) for row in rows] == [
        (EVERY, "mixed"),
        ("1.0", "yes"),
        ("2.0", "no"),
    ]
    assert rows[0].cells[STOP].events == 80
    assert rows[0].cells[STOP].stations == 3
    assert in_force(rows, replace(TYPE, firmware="2.0")) is rows[2]
    assert in_force(rows, replace(TYPE, firmware="3.0")) is rows[0]


def test_does_not_split_what_agrees():
    observations = seen(40, 40, "1.0") + seen(40, 40, "2.0")

    (row,) = learn(observations, since=BEGIN, until=BEGIN + timedelta(days=13, hours=12))

    assert row.doubt == "13.5 days were recorded, and it takes 14"


@pytest.mark.parametrize(
    ("was", "now", "is_drift"),
    [
        pytest.param((40, 40), (0, 2), True, id="twice not what was always"),
        pytest.param((40, 40), (0, 1), False, id="once is chance"),
        pytest.param((40, 40), (38, 40), False, id="still nearly always"),
        pytest.param((40, 40), (30, 40), True, id="now and then not"),
        pytest.param((0, 40), (2, 2), True, id="what never was"),
        pytest.param((0, 40), (2, 40), False, id="still nearly never"),
        pytest.param((20, 40), (20, 40), False, id="as mixed as before"),
        pytest.param((20, 40), (40, 40), True, id="mixed no more"),
        pytest.param((0, 0), (40, 40), False, id="nothing was known"),
        pytest.param((40, 40), (0, 0), False, id="nothing is known"),
    ],
)
def test_raises_an_alarm_only_where_chance_is_no_excuse(was, now, is_drift):
    before = Cell(behaviour=STOP, followed=was[0], events=was[1])
    since = Cell(behaviour=STOP, followed=now[0], events=now[1])

    assert has_drifted(before, since) is is_drift


def test_says_which_type_has_drifted_and_how():
    until = BEGIN + timedelta(days=14)
    kept = learn(seen(40, 40), since=BEGIN, until=until)
    now = learn(seen(1, 30), since=until, until=until + timedelta(days=1))

    (drift,) = drifts(kept, now)

    assert str(drift) == "Maker Post: tells_after_stop was yes (40 of 40) and is no (1 of 30)"
