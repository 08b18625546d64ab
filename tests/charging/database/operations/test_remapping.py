"""The ledger in the database: whatever is decided in whatever order, an id is one EVSE's, and its uid stays."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from charging.database import tables
from charging.database.operations import identifiers as write
from charging.database.operations import remapping
from charging.database.operations.remapping import Word
from charging.database.queries import identifiers as read
from charging.errors import UnknownThing
from charging.identifiers.remapping import Result, State
from charging.network import Evse

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
STATES = frozenset(State)


def evse(uid, evse_id=None):
    station_id, _, connector = uid.partition("*")
    return Evse(evse_uid=uid, station_id=station_id, connector_id=int(connector), evse_id=evse_id)


NETWORK = [
    evse("A*1"),
    evse("B*1", "pole 7"),
    evse("C*1", "nl*evn*ec*1"),
    evse("D*1", "NL*EVN*ED*1"),
    evse("E*1", "+49*823*7"),
]


def word(at=AT, *, alias_for=180 * DAY, reason="as agreed"):
    return Word(by="The owner", reason=reason, at=at, alias_for=alias_for)


def proposed(connection, evses=NETWORK, *, at=AT, din_operators=None):
    write.propose(connection, evses, country="NL", operator="EVN", din_operators=din_operators or {}, at=at)


def states(connection):
    return {each.evse_uid: str(each.state) for each in read.remappings(connection)}


@pytest.fixture
def connection(engine):
    with engine.connect() as opened:
        yield opened


@pytest.fixture
def store_cdr():
    """What stores a partner's CDR at a station that is none of ours."""

    def stored(connection, **values):
        row = {
            "partner": "roa", "side": "theirs", "cdr_key": "1", "owner": "NL-ROA", "cdr_id": "1",
            "started_at": AT, "ended_at": AT, "stored_at": AT, "energy_kwh": 1, "is_credit": False,
            "quality": [], "lines": [],
        }  # fmt: skip
        connection.execute(sa.insert(tables.cdr).values(row | values))

    return stored


@pytest.fixture
def network(connection):
    proposed(connection)
    return connection


def test_proposes_by_rule_and_leaves_the_owners_to_the_owner(network):
    assert states(network) == {"A*1": "proposed", "B*1": "needs_owner", "C*1": "proposed", "E*1": "needs_owner"}
    assert remapping.by_rule(network, None) == ["A*1", "C*1"]
    assert remapping.by_rule(network, "id.nonconforming") == ["B*1", "E*1"]


def test_converts_a_din_id_only_by_the_pair_that_its_owner_named(connection):
    proposed(connection, din_operators={"49*823": "ABC"})

    (found,) = read.remappings(connection, uids=["E*1"])
    assert (found.after, found.rule, found.state) == ("DE*ABC*E7", "id.din", State.NEEDS_OWNER)


def test_approving_twice_is_approving_once(network):
    first = remapping.approve(network, ["A*1", "C*1"], word=word())
    ledger, events = list(read.ledger(network)), len(read.history(network))

    again = remapping.approve(network, ["A*1", "C*1"], word=word(AT + DAY))

    assert [each.result for each in first] == [Result.DONE, Result.DONE]
    assert [each.result for each in again] == [Result.UNCHANGED, Result.UNCHANGED]
    assert (list(read.ledger(network)), len(read.history(network))) == (ledger, events)


def test_reverting_twice_is_reverting_once(network):
    remapping.approve(network, ["B*1"], word=word())
    assert read.ledger(network).current("B*1") == "NL*EVN*EB*1"

    first = remapping.revert(network, ["B*1"], word=word(AT + DAY))
    again = remapping.revert(network, ["B*1"], word=word(AT + 2 * DAY))

    ledger = read.ledger(network)
    assert [each.result for each in (*first, *again)] == [Result.DONE, Result.UNCHANGED]
    assert ledger.current("B*1") == "pole 7"
    assert ledger.known_as("B*1", AT + timedelta(hours=12)) == "NL*EVN*EB*1"
    assert ledger.resolve("NL*EVN*EB*1", AT + 30 * DAY).evse_uid == "B*1"


def test_reverting_what_had_no_id_leaves_it_without_one(network):
    remapping.approve(network, ["A*1"], word=word())
    remapping.revert(network, ["A*1"], word=word(AT + DAY))

    (found,) = read.remapped(network, [evse("A*1")])
    assert found.evse_id is None


def test_proposes_nothing_again_that_somebody_has_settled(network):
    remapping.approve(network, ["A*1", "B*1"], word=word())
    remapping.revert(network, ["A*1"], word=word(AT + DAY))
    remapping.reject(network, ["C*1"], word=word(AT + DAY))

    proposed(network, at=AT + 2 * DAY)

    assert states(network) == {"A*1": "reverted", "B*1": "approved", "C*1": "rejected", "E*1": "needs_owner"}
    assert remapping.by_rule(network, None) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("NL*EVN*E*", "no EVSE id", id="no id"),
        pytest.param("UK*EVN*E9", "id.country_nonstandard", id="one that readers refuse"),
        pytest.param("NLEVNED1", "EVSE D*1 bears it", id="another EVSE's, however it is written"),
    ],
)
def test_refuses_an_owners_choice_that_cannot_be(network, text, why):
    outcome = remapping.decide(network, "B*1", text, word=word())

    assert outcome.result is Result.REFUSED
    assert why in outcome.reason
    assert read.ledger(network).current("B*1") == "pole 7"


def test_takes_an_owners_choice(network):
    outcome = remapping.decide(network, "B*1", "nl*evn*e77", word=word())
    again = remapping.decide(network, "B*1", "NL*EVN*E77", word=word(AT + DAY))

    assert (outcome.result, again.result) == (Result.DONE, Result.UNCHANGED)
    assert read.ledger(network).current("B*1") == "NL*EVN*E77"
    assert states(network)["B*1"] == "approved"


def test_gives_the_id_of_a_removed_evse_to_another_and_tells_them_apart_by_date(network):
    remapping.retire(network, "D*1", word=word(AT + DAY))
    outcome = remapping.decide(network, "B*1", "NL*EVN*ED*1", word=word(AT + 2 * DAY))

    ledger = read.ledger(network)
    assert outcome.result is Result.DONE
    assert ledger.resolve("NL*EVN*ED*1", AT).evse_uid == "D*1"
    assert ledger.resolve("NL*EVN*ED*1", AT + 3 * DAY).evse_uid == "B*1"
    proposed(network, at=AT + 3 * DAY)
    assert states(network)["D*1"] == "retired"


def test_proposes_no_id_that_another_evse_ever_bore(network):
    remapping.retire(network, "D*1", word=word(AT + DAY))

    proposed(network, [*NETWORK, evse("D1*1"), evse("D*11")], at=AT + 2 * DAY)
    remapping.decide(network, "B*1", "NL*EVN*EZ*1", word=word(AT + 3 * DAY))
    proposed(network, [*NETWORK, evse("Z*1")], at=AT + 4 * DAY)

    assert states(network)["Z*1"] == "collides"
    (refused,) = remapping.approve(network, ["Z*1"], word=word(AT + 5 * DAY))
    assert refused.result is Result.REFUSED


def test_proposes_no_id_that_a_partner_knows_as_somebody_elses(connection, store_cdr):
    store_cdr(connection, evse_compact="NLEVNEA1")

    proposed(connection)

    (found,) = read.remappings(connection, uids=["A*1"])
    assert found.state is State.COLLIDES
    assert "partner's CDRs" in found.reason


def test_enters_two_ids_that_are_one_for_neither_evse(connection):
    proposed(connection, [evse("A*1", "DE*ABC*E1*23"), evse("B*1", "DE*ABC*E12*3")])

    assert states(connection) == {"A*1": "collides", "B*1": "collides"}
    assert list(read.ledger(connection)) == []
    assert remapping.decide(connection, "B*1", "DE*ABC*E7", word=word()).result is Result.DONE


def test_follows_the_legacy_while_nobody_has_decided(network):
    proposed(network, [evse("D*1", "NL*EVN*ED*2")], at=AT + DAY)

    ledger = read.ledger(network)
    assert ledger.current("D*1") == "NL*EVN*ED*2"
    assert ledger.resolve("NL*EVN*ED*1", AT).evse_uid == "D*1"


def test_an_id_of_a_million_characters_stops_nothing(connection):
    long = "".join(f"{number:x}" for number in range(200_000))[:1_000_000]
    proposed(connection, [evse("A*1", long), evse("B*1")])

    remapping.approve(connection, ["A*1", "B*1"], word=word())
    remapping.revert(connection, ["A*1"], word=word(AT + DAY))

    assert read.ledger(connection).resolve(long, AT).evse_uid == "A*1"
    assert states(connection) == {"A*1": "reverted", "B*1": "approved"}


def test_names_an_evse_that_nobody_knows(network):
    with pytest.raises(UnknownThing, match="X"):
        remapping.approve(network, ["X*1"], word=word())
    with pytest.raises(UnknownThing, match="X"):
        remapping.decide(network, "X*1", "NL*EVN*E1", word=word())


def test_writes_down_who_did_what_and_why(network):
    remapping.approve(network, ["B*1"], word=word(reason="the stickers are ordered"))
    remapping.revert(network, ["B*1"], word=word(AT + DAY, reason="they were not"))

    told = [(event["action"], event["by"], event["reason"]) for event in read.history(network, evse_uid="B*1")]
    assert told[1:] == [
        ("approve", "The owner", "the stickers are ordered"),
        ("revert", "The owner", "they were not"),
    ]


def named(uid, compact, *, number=0):
    return {"evse_uid": uid, "number": number, "evse_id": compact, "compact": compact, "rule": "id.owner"}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param(
            tables.evse_identity,
            {"evse_uid": "other", "station_id": "A", "connector_id": 1, "first_seen_at": AT},
            id="a second uid of one EVSE",
        ),
        pytest.param(tables.alias, named("D*1", "NLEVNE9", number=7), id="a second id at the same instant"),
        pytest.param(tables.alias, named("A*1", "NLEVNED1"), id="another EVSE's id"),
        pytest.param(tables.alias, named("gone", "NLEVNE9"), id="a name of nobody"),
    ],
)
def test_the_database_itself_refuses(network, table, row):
    with pytest.raises(sa.exc.IntegrityError):
        network.execute(sa.insert(table).values(row))


def test_the_database_itself_keeps_the_uid_of_what_has_a_name(network):
    identity = tables.evse_identity
    with pytest.raises(sa.exc.IntegrityError):
        network.execute(sa.update(identity).where(identity.c.evse_uid == "D*1").values(evse_uid="D*2"))


def test_two_who_decide_at_once_on_one_id_are_heard_one_after_the_other(engine):
    with engine.begin() as connection:
        proposed(connection)

    def decide(uid):
        with engine.begin() as connection:
            return remapping.decide(connection, uid, "NL*EVN*E99", word=word()).result

    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(decide, ["A*1", "B*1", "C*1", "D*1"]))

    assert sorted(results) == [Result.DONE, Result.REFUSED, Result.REFUSED, Result.REFUSED]


def test_ends_the_same_when_it_is_killed_in_the_middle(engine, migrated_url):
    with engine.begin() as connection:
        proposed(connection)
    killed = subprocess.Popen(
        [sys.executable, "-c", HALF_WAY, migrated_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout.readline() == "approved, and not committed\n"
    killed.kill()
    killed.communicate()

    with engine.begin() as connection:
        assert states(connection)["A*1"] == "proposed"
        (outcome,) = remapping.approve(connection, ["A*1"], word=word())
        assert outcome.result is Result.DONE
        assert [event["action"] for event in read.history(connection, evse_uid="A*1")] == ["propose", "approve"]


HALF_WAY = """
import sys
from datetime import UTC, datetime, timedelta

from charging.database import connection as database
from charging.database.operations import remapping
from charging.secret import Secret

with database.connect(Secret(sys.argv[1])).begin() as connection:
    word = remapping.Word(by="The owner", reason="x", at=datetime(2026, 3, 1, tzinfo=UTC), alias_for=timedelta(days=1))
    remapping.approve(connection, ["A*1"], word=word)
    print("approved, and not committed", flush=True)
    sys.stdin.read()
"""


class AnyDecisions(RuleBasedStateMachine):
    """Whatever is proposed, approved, decided, rejected, reverted and removed, in whatever order."""

    uids = st.sampled_from([each.evse_uid for each in NETWORK])
    ids = st.sampled_from(["NL*EVN*ED*1", "NL*EVN*E9", "NLEVNE9", "NL*EVN*EB*1", "NL*EVN*EA1", "pole 7"])

    def __init__(self, engine):
        super().__init__()
        self.connection = engine.connect()
        self.now = AT
        proposed(self.connection)
        self.identities = self._identities()

    @rule(dropped=st.sets(uids, max_size=2))
    def propose(self, dropped):
        proposed(self.connection, [each for each in NETWORK if each.evse_uid not in dropped], at=self.now)

    @rule(
        uid=uids, act=st.sampled_from([remapping.approve, remapping.reject, remapping.revert]), times=st.integers(1, 2)
    )
    def settle(self, uid, act, times):
        if read.remappings(self.connection, uids=[uid]):
            for _ in range(times):
                act(self.connection, [uid], word=word(self.now))
        (known,) = read.remappings(self.connection, uids=[uid]) or [None]
        assert known is None or known.state in STATES

    @rule(uid=uids, evse_id=ids)
    def decide(self, uid, evse_id):
        remapping.decide(self.connection, uid, evse_id, word=word(self.now))

    @rule(uid=uids)
    def retire(self, uid):
        remapping.retire(self.connection, uid, word=word(self.now))

    @rule(days=st.integers(0, 200))
    def wait(self, days):
        self.now += days * DAY

    @invariant()
    def holds(self):
        ledger = read.ledger(self.connection)
        borne = [name for name in ledger if name.is_borne]
        assert len({name.evse_uid for name in borne}) == len({name.compact for name in borne}) == len(borne)
        for name in ledger:
            at = name.valid_from or AT - 9999 * DAY
            assert ledger.resolve(ledger.known_as(name.evse_uid, at), at).evse_uid == name.evse_uid
        assert self._identities() == self.identities

    def _identities(self):
        return sorted(self.connection.execute(sa.select(tables.evse_identity)).all())

    def teardown(self):
        self.connection.rollback()
        self.connection.close()


def test_holds_whatever_is_decided_in_whatever_order(engine):
    run_state_machine_as_test(
        lambda: AnyDecisions(engine),
        settings=settings(
            max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
