"""Any conversation at all: whatever station, back offices, orders and time do, the relay keeps its word.

The world around the relay is a model that remembers what it said and heard; each rule below is one thing that somebody
may do, in any order. What must hold is checked after every step.
"""

import json
from collections import Counter
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from playing import NOON, call, result, start, started, stop

from charging.ocpp.flavours.flavour import of_cells
from charging.ocpp.relay.book import FIRST_OWN_ID, TransactionBook
from charging.ocpp.relay.effects import (
    CloseOffice,
    CloseStation,
    Deviated,
    Kept,
    MoveRefused,
    OpenOffice,
    OrderAnswered,
    OrderSent,
    Outcome,
    Recorded,
    ToOffice,
    ToStation,
)
from charging.ocpp.relay.facts import FactKind
from charging.ocpp.relay.lane import Asked, Lane
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.moving import Moving
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.relay import Relay
from charging.ocpp.relay.rules import Rules
from charging.ocpp.relay.toward_office import TowardOffice
from charging.ocpp.relay.toward_station import TowardStation
from charging.ocpp.relay.transactions_16 import Transactions16

ASKED_AGAIN = "asked again on a new link"
NUMBERS = st.sampled_from(["next", "same", "zero"])
"""What a back office gives a transaction for an id: a new one, the last one again, or 0."""
LIMITS = Rules(
    office_wait=timedelta(seconds=20),
    office_answers=timedelta(seconds=30),
    station_answers=timedelta(seconds=30),
    queue_wait=timedelta(seconds=60),
    queue_limit=3,
    drain=timedelta(seconds=300),
    quiet=timedelta(seconds=10),
    alike=frozenset({"legacy", "target"}),
)


class Conversation(RuleBasedStateMachine):
    """One station, two back offices, orders, and an edge that does what it is told."""

    situations: ClassVar[Counter[str]] = Counter()
    """How often what the relay is there for has really happened."""

    @initialize(flavour=st.sampled_from(["111111", "000000", "100001"]))
    def connect(self, flavour):
        self.book = TransactionBook("legacy")
        self.memory = StationMemory(of_cells("drawn", flavour))
        self.now = NOON
        self.facts, self.numbers, self.transactions = [], 0, 100
        self.received, self.recorded = Counter(), Counter()
        self.orders, self.outcomes = set(), {}
        self.charges = {}
        self.on_new_connection()

    def on_new_connection(self):
        self.numbers += 1
        self.relay = Relay(
            "CS-1",
            "ocpp1.6",
            back_office="legacy" if not hasattr(self, "relay") else self.relay.back_office,
            book=self.book,
            rules=LIMITS,
            tag=f"tag{self.numbers}",
            memory=self.memory,
        )
        self.where = self.relay.back_office
        self.is_up = self.is_closed = False
        self.at_office, self.at_station = {}, {}
        self.office_call = self.station_call = None
        self.said, self.heard = [], []
        self.asked_of_office, self.asked_of_station = {}, {}
        self.office_asked = set()

    def fresh(self):
        self.numbers += 1
        return f"u{self.numbers}"

    # What the edge does with effects, and what must be true of each.

    def do(self, effects):  # noqa: C901 - one case for each effect
        recorded = []
        for effect in effects:
            self.situations[type(effect).__name__] += 1
            match effect:
                case Recorded():
                    recorded.append(effect)
                    self.note(effect)
                case ToOffice(raw=raw):
                    assert any(one.raw_sent == raw for one in recorded)
                    assert self.is_up
                    self.reaches_office(json.loads(raw), recorded[-1])
                case ToStation(raw=raw):
                    assert any(one.raw_sent == raw for one in recorded)
                    self.reaches_station(json.loads(raw))
                case OrderSent(order_id=order_id):
                    assert order_id in self.orders
                    assert order_id not in self.outcomes
                case OrderAnswered(order_id=order_id, outcome=outcome):
                    assert self.outcomes.get(order_id, Outcome.UNKNOWN) is Outcome.UNKNOWN
                    self.situations[f"order {outcome}"] += 1
                    self.situations["late answer"] += order_id in self.outcomes
                    self.outcomes[order_id] = outcome
                case OpenOffice(back_office=name):
                    assert not self.charges or name == self.where, "a move cut a charge"
                    self.where = name
                    assert self.office_call is None or not self.is_up
                case CloseOffice():
                    self.is_up, self.office_call, self.station_asks = False, None, None
                    self.office_asked = set()
                case CloseStation():
                    self.is_closed = True
                case Kept(facts=fact):
                    self.situations[fact.kind.value] += 1
                    self.facts.append(fact)
                case MoveRefused() | Deviated():
                    pass

    def note(self, record):
        for rule_name in record.rule.split("; "):
            self.situations[rule_name] += 1
        if record.direction.value.startswith("from"):
            self.recorded[record.raw_received] += record.kind != 2 or ASKED_AGAIN not in record.rule
        if record.raw_received and record.raw_sent not in {None, record.raw_received}:
            assert record.rule, "rewritten without a rule"
        if not record.raw_received:
            assert record.rule, "made without a rule"
        if record.raw_sent is None and record.direction.value.startswith("from"):
            assert record.rule, "held back without a rule"

    def reaches_office(self, frame, record):
        if frame[0] == 2:
            assert self.office_call is None or self.now >= self.office_call[1], "two calls at once to the back office"
            self.office_call = frame[1], self.now + LIMITS.office_answers
            if frame[1] in self.at_office:
                assert ASKED_AGAIN in record.rule, "relayed twice"
            else:
                self.heard.append(frame[1])
            self.at_office[frame[1]] = frame
        else:
            assert frame[1] in self.office_asked, "an answer that this back office did not ask for"
            self.office_asked.discard(frame[1])

    def reaches_station(self, frame):
        if frame[0] == 2:
            assert self.station_call is None or self.now >= self.station_call[1], "two calls at once to the station"
            self.station_call = frame[1], self.now + LIMITS.station_answers
            assert frame[1] not in self.at_station, "relayed twice"
            self.at_station[frame[1]] = frame
        else:
            if frame[1] == "x":  # what the station babbled has an id
                return
            assert frame[1] in self.asked_of_office, "an answer that the station did not ask for"
            self.answered(*self.asked_of_office.pop(frame[1]), frame)

    def answered(self, kind, connector, frame):
        if kind == "StartTransaction" and frame[0] == 3:
            self.charges[connector] = frame[2]["transactionId"]
        elif kind == "StopTransaction":
            self.charges.pop(connector, None)

    def from_station(self, raw):
        self.received[raw] += 1
        self.do(self.relay.from_station(raw, self.now))

    def from_office(self, raw):
        self.received[raw] += 1
        self.do(self.relay.from_office(raw, self.now))

    # What the station may do.

    @precondition(lambda self: not self.is_closed)
    @rule(action=st.sampled_from(["Heartbeat", "StatusNotification", "FirmwareStatusNotification", "DataTransfer"]))
    def station_says(self, action):
        unique_id = self.fresh()
        payload = {"connectorId": 1, "status": "Available", "errorCode": "NoError"} if action[0] == "S" else {}
        self.asked_of_office[unique_id] = action, None
        self.said.append(unique_id)
        self.from_station(call(unique_id, action, **payload))

    @precondition(lambda self: not self.is_closed)
    @rule(connector=st.integers(1, 2), is_answered=st.booleans(), number=NUMBERS)
    def charge_begins(self, connector, is_answered, number):
        if connector in self.charges:
            return
        self.settle(is_answered=is_answered)
        unique_id = self.fresh()
        self.asked_of_office[unique_id] = "StartTransaction", connector
        self.said.append(unique_id)
        self.from_station(start(unique_id, connector=connector, meter=self.numbers, seconds=self.numbers))
        self.settle(is_answered=is_answered, number=number)

    def settle(self, *, is_answered, number="next", is_refused=False):
        """Let the back office come, if it is away, and answer all that it is asked."""
        if is_answered and not self.is_up and not self.is_closed:
            self.office_comes()
        while is_answered and self.is_up and self.office_call is not None:
            self.office_answers(is_refused=is_refused, number=number)

    @precondition(lambda self: not self.is_closed and self.charges)
    @rule(is_known=st.booleans(), is_answered=st.booleans(), is_refused=st.booleans())
    def charge_ends(self, is_known, is_answered, is_refused):
        self.settle(is_answered=is_answered)
        if not self.charges:
            return
        connector, transaction = next(iter(self.charges.items()))
        unique_id = self.fresh()
        self.asked_of_office[unique_id] = "StopTransaction", connector
        self.said.append(unique_id)
        seconds, meter = self.numbers + 4000, self.numbers + 4000
        self.from_station(stop(unique_id, transaction=transaction if is_known else -1, meter=meter, seconds=seconds))
        self.settle(is_answered=is_answered, is_refused=is_refused)

    @precondition(lambda self: self.station_call is not None and not self.is_closed)
    @rule(is_accepted=st.booleans())
    def station_answers(self, is_accepted):
        unique_id, _ = self.station_call
        self.station_call = None
        self.from_station(
            result(unique_id, status="Accepted")
            if is_accepted
            else b'[4,"%b","NotImplemented","",{}]' % unique_id.encode()
        )

    @precondition(lambda self: self.station_call is not None and not self.is_closed)
    @rule()
    def station_answers_too_late(self):
        unique_id, _ = self.station_call
        self.time_passes(30)
        self.from_station(result(unique_id, status="Accepted"))
        if self.station_call is not None and self.station_call[0] == unique_id:
            self.station_call = None

    @precondition(lambda self: not self.is_closed)
    @rule(raw=st.sampled_from([b"", b"[]", b'[2,"x"]', b'[3,"nobody",{}]', b"\xff"]))
    def station_babbles(self, raw):
        self.from_station(raw)

    @precondition(lambda self: self.is_closed or self.numbers % 5 == 0)
    @rule()
    def station_comes_back(self):
        self.do(self.relay.station_gone(self.now))
        assert self.received == self.recorded, "a frame was lost"
        assert set(self.outcomes) == self.orders, "an order was forgotten"
        self.received, self.recorded = Counter(), Counter()
        self.on_new_connection()

    # What the back office may do.

    @precondition(lambda self: not self.is_up and not self.is_closed)
    @rule()
    def office_comes(self):
        self.is_up = True
        self.office_call, self.office_asked = None, set()
        self.do(self.relay.office_up(self.relay.back_office, self.now))

    @precondition(lambda self: self.is_up and self.numbers % 3 == 0)
    @rule()
    def office_goes(self):
        self.is_up = False
        self.office_call, self.office_asked = None, set()
        self.do(self.relay.office_down(self.now))

    @precondition(lambda self: self.is_up and self.office_call is not None)
    @rule(is_refused=st.booleans(), number=NUMBERS)
    def office_answers(self, is_refused, number):
        unique_id, _ = self.office_call
        frame = self.at_office[unique_id]
        self.office_call = None
        if is_refused:
            self.from_office(b'[4,"%b","InternalError","",{}]' % unique_id.encode())
        elif frame[2] == "StartTransaction":
            self.transactions += number == "next"
            self.from_office(started(unique_id, transaction=self.transactions if number != "zero" else 0))
        else:
            self.from_office(result(unique_id, status="Accepted"))

    @precondition(lambda self: self.is_up)
    @rule(action=st.sampled_from(["Reset", "GetConfiguration", "RemoteStopTransaction"]))
    def office_asks(self, action):
        unique_id = self.fresh()
        self.office_asked.add(unique_id)
        payload = {"transactionId": self.transactions} if action[0:2] == "Re" and action != "Reset" else {}
        self.from_office(call(unique_id, action, **payload))

    @precondition(lambda self: self.is_up)
    @rule(raw=st.sampled_from([b"nonsense", b'[3,"u1",{}]', b'[4,"nobody","E","",{}]']))
    def office_babbles(self, raw):
        self.from_office(raw)

    # What the operator and time may do.

    @rule(is_short=st.booleans())
    def order(self, is_short):
        order_id = self.fresh()
        self.orders.add(order_id)
        expires_at = self.now + timedelta(seconds=5 if is_short else 500)
        order = Order(order_id=order_id, action="GetConfiguration", payload=b"{}", expires_at=expires_at)
        self.do(self.relay.order(order, self.now))

    @rule(goal=st.sampled_from(["legacy", "target"]))
    def move(self, goal):
        self.do(self.relay.move_to(goal, self.now))

    @rule(seconds=st.sampled_from([0, 1, 9, 10, 20, 30, 60, 300]))
    def time_passes(self, seconds):
        until = self.now + timedelta(seconds=seconds)
        for _ in range(100):
            deadline = self.relay.next_deadline
            if deadline is None or deadline > until:
                break
            self.now = max(self.now, deadline)
            self.do(self.relay.tick(self.now))
        else:
            raise AssertionError("a deadline passes again and again")
        self.now = until
        self.do(self.relay.tick(self.now))

    # What is always true.

    @invariant()
    def one_call_is_open_and_the_queues_are_bounded(self):
        if not hasattr(self, "relay"):
            return
        for lane in (self.relay.exchange.up.lane, self.relay.exchange.down.lane):
            assert sum(not asked.is_ours or bool(asked.order_id) for asked in lane.waiting) <= LIMITS.queue_limit

    @invariant()
    def what_the_station_said_is_heard_in_order(self):
        if not hasattr(self, "relay"):
            return
        place = {unique_id: number for number, unique_id in enumerate(self.said)}
        heard = [place[unique_id] for unique_id in self.heard if unique_id in place]
        assert heard == sorted(heard)

    @invariant()
    def the_book_can_be_read_again(self):
        if not hasattr(self, "relay"):
            return
        read = TransactionBook("legacy", self.facts)
        assert [one.transaction for one in read.open] == [one.transaction for one in self.book.open]
        assert read.next_own_id == self.book.next_own_id

    @invariant()
    def each_charge_is_in_the_book_once(self):
        if not hasattr(self, "relay"):
            return
        names = [one.transaction for one in self.book.open]
        assert len(names) == len(set(names))
        assert len(set(self.charges.values())) == len(self.charges), "two charges have one id at the station"
        assert set(map(str, self.charges.values())) <= set(names), "a charge that is going on is not in the book"

    def teardown(self):
        if hasattr(self, "relay"):
            self.station_comes_back()
            begun = sum(fact.kind is FactKind.STARTED for fact in self.facts)
            assert begun >= len(self.book.open)


DRAWN = settings(max_examples=200, stateful_step_count=50, deadline=None, derandomize=True, database=None)
"""The same conversations every time; `derandomize=False` and more examples look for others."""

DANGERS = (
    "asked again on a new link",
    "kept_stop",
    "id_replaced",
    "superseded",
    "refused_stop",
    "MoveRefused",
    "OpenOffice",
    "CloseStation",
    "order unknown",
    "order unsent",
    "order expired",
    "order answered",
    "late answer",
    "an answer that nobody asked for",
    "waited too long for its turn",
    "transaction id as the station knows it",
    "transaction id as the back office knows it",
    "tells_after_start",
    "tells_after_stop",
    "moved",
)


def test_the_relay_keeps_its_word_in_any_conversation():
    Conversation.situations.clear()

    run_state_machine_as_test(Conversation, settings=DRAWN)

    never = [danger for danger in DANGERS if not Conversation.situations[danger]]
    assert never == [], f"never happened, of {dict(Conversation.situations)}"


def _no_turns(self, asked, at, effects):
    self._send(asked, at, effects)


def _last_come_first_served(self, at, effects):
    while self.is_up and self.lane.open is None and self.lane.waiting:
        self._send(self.lane.waiting.pop(), at, effects)


def _forgetful(self, *_):
    self.lane.open, self.lane.waiting = None, []


def _own_calls_look_like_the_back_offices(self, action, payload, rule, at):
    self.count += 1
    unique_id = f"{self.tag}.{self.count}"
    return Asked(unique_id, action, b"", b'[2,"%b","%b",%b]' % (unique_id.encode(), action.encode(), payload), at, at)


def _every_answer_is_asked_for(self, unique_id):
    found, self.open = self.open, None
    return found or Asked(unique_id, "", b"", b"", NOON, NOON)


def _rewrites_in_silence(raw, office_id, transaction):
    return raw.replace(str(office_id).encode(), transaction.encode()), ""


def _goes_at_once(self, at, **_):
    self.quiet_at = None
    return True


def _gives_one_id_to_all(self, fact):
    TransactionBook_begin(self, fact)
    self.next_own_id = FIRST_OWN_ID


def _sends_before_it_records(self, asked, at, effects):
    passed = []
    Pass(self, asked, at, passed)
    effects += reversed(passed)


def _never_gives_up(self, at, effects):
    return None


TransactionBook_begin, Pass = TransactionBook._begin, TowardOffice._pass


@pytest.mark.parametrize(
    ("of", "name", "wrong"),
    [
        pytest.param(TowardOffice, "accept", _no_turns, id="two calls at once to the back office"),
        pytest.param(TowardStation, "accept", _no_turns, id="two calls at once to the station"),
        pytest.param(TowardOffice, "pump", _last_come_first_served, id="the last waits least"),
        pytest.param(TowardOffice, "end", _forgetful, id="what waits is lost when the station leaves"),
        pytest.param(TowardStation, "end", _forgetful, id="orders are forgotten when the station leaves"),
        pytest.param(TowardStation, "_call", _own_calls_look_like_the_back_offices, id="orders' answers go astray"),
        pytest.param(Lane, "answered", _every_answer_is_asked_for, id="answers that nobody asked for pass"),
        pytest.param(Transactions16, "_as_station_knows", staticmethod(_rewrites_in_silence), id="silent rewriting"),
        pytest.param(Moving, "is_ready", _goes_at_once, id="moves cut charges"),
        pytest.param(TransactionBook, "_begin", _gives_one_id_to_all, id="ids are given twice"),
        pytest.param(TowardOffice, "_pass", _sends_before_it_records, id="sent before it is recorded"),
        pytest.param(TowardStation, "expire", _never_gives_up, id="a silent station blocks its orders for ever"),
    ],
)
def test_a_wrong_relay_is_found_out(monkeypatch, of, name, wrong):
    monkeypatch.setattr(of, name, wrong)

    with pytest.raises(Exception):  # noqa: B017, PT011 - each breaks in its own way
        run_state_machine_as_test(Conversation, settings=settings(DRAWN, phases=[Phase.generate]))
