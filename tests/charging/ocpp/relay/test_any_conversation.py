"""Any conversation at all: whatever station, back offices, orders and time do, the relay keeps its word.

The world around the relay is a model that remembers what it said and heard; each rule below is one thing that somebody
may do, in any order. What must hold is checked after every step.
"""

import json
from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from playing import NOON, call, result, start, started, stop

from charging.ocpp.flavours.flavour import of_cells
from charging.ocpp.relay.book import TransactionBook
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
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.order import Order
from charging.ocpp.relay.relay import Relay
from charging.ocpp.relay.rules import Rules

ASKED_AGAIN = "asked again on a new link"
LIMITS = Rules(
    office_wait=timedelta(seconds=20),
    office_answers=timedelta(seconds=30),
    station_answers=timedelta(seconds=30),
    queue_wait=timedelta(seconds=60),
    queue_limit=3,
    drain=timedelta(seconds=300),
    quiet=timedelta(seconds=10),
    alike=frozenset({"target"}),
)


class Conversation(RuleBasedStateMachine):
    """One station, two back offices, orders, and an edge that does what it is told."""

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
                    self.reaches_station(json.loads(raw), recorded[-1])
                case OrderSent(order_id=order_id):
                    assert order_id in self.orders
                    assert order_id not in self.outcomes
                case OrderAnswered(order_id=order_id, outcome=outcome):
                    assert self.outcomes.get(order_id, Outcome.UNKNOWN) is Outcome.UNKNOWN
                    self.outcomes[order_id] = outcome
                case OpenOffice():
                    assert not self.charges, "a move cut a charge"
                    assert self.office_call is None or not self.is_up
                case CloseOffice():
                    self.is_up, self.office_call, self.station_asks = False, None, None
                    self.office_asked = set()
                case CloseStation():
                    self.is_closed = True
                case Kept(facts=fact):
                    self.facts.append(fact)
                case MoveRefused() | Deviated():
                    pass

    def note(self, record):
        if record.direction.value.startswith("from"):
            self.recorded[record.raw_received] += ASKED_AGAIN not in record.rule
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

    def reaches_station(self, frame, record):
        if frame[0] == 2:
            assert self.station_call is None or self.now >= self.station_call[1], "two calls at once to the station"
            self.station_call = frame[1], self.now + LIMITS.station_answers
            assert frame[1] not in self.at_station, "relayed twice"
            self.at_station[frame[1]] = frame
        else:
            assert frame[1] in self.asked_of_office, "an answer that the station did not ask for"
            action = self.asked_of_office.pop(frame[1])
            self.answered(action, frame, record)

    def answered(self, action, frame, _record):
        kind, connector = action
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

    @precondition(lambda self: not self.is_closed and not self.asked_of_office)
    @rule(connector=st.integers(1, 2))
    def charge_begins(self, connector):
        if connector in self.charges:
            return
        unique_id = self.fresh()
        self.asked_of_office[unique_id] = "StartTransaction", connector
        self.said.append(unique_id)
        self.from_station(start(unique_id, connector=connector, meter=self.numbers, seconds=self.numbers))

    @precondition(lambda self: not self.is_closed and self.charges and not self.asked_of_office)
    @rule(is_known=st.booleans())
    def charge_ends(self, is_known):
        connector, transaction = next(iter(self.charges.items()))
        unique_id = self.fresh()
        self.asked_of_office[unique_id] = "StopTransaction", connector
        self.said.append(unique_id)
        seconds, meter = self.numbers + 4000, self.numbers + 4000
        self.from_station(stop(unique_id, transaction=transaction if is_known else -1, meter=meter, seconds=seconds))

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

    @precondition(lambda self: not self.is_closed)
    @rule(raw=st.sampled_from([b"", b"[]", b'[2,"x"]', b'[3,"nobody",{}]', b"\xff"]))
    def station_babbles(self, raw):
        self.asked_of_office["x"] = "", None
        self.from_station(raw)

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

    @precondition(lambda self: self.is_up)
    @rule()
    def office_goes(self):
        self.is_up = False
        self.office_call, self.office_asked = None, set()
        self.do(self.relay.office_down(self.now))

    @precondition(lambda self: self.is_up and self.office_call is not None)
    @rule(is_refused=st.booleans(), number=st.sampled_from(["next", "same", "zero"]))
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
        assert set(map(str, self.charges.values())) <= set(names), "a charge that is going on is not in the book"

    def teardown(self):
        if hasattr(self, "relay"):
            self.station_comes_back()
            begun = sum(fact.kind is FactKind.STARTED for fact in self.facts)
            assert begun >= len(self.book.open)


Conversation.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestAnyConversation = Conversation.TestCase
