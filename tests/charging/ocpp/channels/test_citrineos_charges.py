"""Charges that end where they never began, by the frames that CitrineOS has written down."""

from itertools import count

import pytest

from charging.ocpp.channels import citrineos_charges
from charging.ocpp.channels.citrineos_charges import StrangeEnds


class Frames:
    """CitrineOS's table of frames; `asked` counts how often it was."""

    def __init__(self):
        self.rows, self.asked, self.numbers = [], 0, count(1)

    def tell(self, station_id, event, number):
        info = {"eventType": event, "transactionInfo": {"transactionId": number}}
        row = {"stationId": station_id, "id": next(self.numbers), "message": [2, "x", "TransactionEvent", info]}
        self.rows.append(row)

    def __call__(self, station_ids, *, columns, after=0, action="", origin="", order="asc", limit=0):
        self.asked += 1
        assert (action, origin) in {("", ""), ("TransactionEvent", "cs")}
        here = [row for row in self.rows if row["stationId"] in station_ids and row["id"] > after]
        found = [{name: row[name] for name in ("stationId", *columns)} for row in here]
        found = found[::-1] if order == "desc" else found
        return found[: limit or None]


@pytest.fixture
def frames():
    return Frames()


@pytest.fixture
def look(frames):
    ends = StrangeEnds()
    return lambda *names: ends.look(names, frames, named="stationId")


def test_only_what_ends_after_the_first_look_and_never_began_is_counted_and_once(frames, look):
    frames.tell("A", "Ended", "before")
    assert look("A", "B") == {"A": 0, "B": 0}
    for event, number in (("Ended", "strange"), ("Started", "mine"), ("Ended", "mine"), ("Ended", "strange")):
        frames.tell("A", event, number)
    frames.tell("B", "Ended", "strange")

    assert look("A", "B") == {"A": 1, "B": 1}
    assert look("A", "B") == {"A": 1, "B": 1}


def test_a_charge_that_began_here_before_the_first_look_is_not_strange(frames, look):
    frames.tell("A", "Started", "long")
    look("A")
    frames.tell("A", "Ended", "long")

    assert look("A") == {"A": 0}


def test_more_than_a_page_is_read_to_its_end(frames, look, monkeypatch):
    monkeypatch.setattr(citrineos_charges, "_PAGE", 2)
    look("A")
    for number in range(5):
        frames.tell("A", "Ended", f"strange-{number}")

    assert look("A") == {"A": 5}


def test_the_first_look_at_many_is_one_question_and_one_for_what_is_new(frames, look):
    look(*(f"S{number}" for number in range(500)))

    assert frames.asked == 2


def test_a_frame_that_is_none_is_passed_over(frames, look):
    look("A")
    frames.rows.append({"stationId": "A", "id": next(frames.numbers), "message": [2, "x", "TransactionEvent", {}]})

    assert look("A") == {"A": 0}
