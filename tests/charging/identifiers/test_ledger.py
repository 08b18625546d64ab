from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from charging.identifiers.ledger import Ledger, Name

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = 180 * DAY


def renamed(ledger, uid, evse_id, *, at, alias_for=WINDOW):
    return ledger.rename(uid, evse_id, at=at, rule="id.owner", alias_for=alias_for)


@pytest.fixture
def ledger():
    """CS-1*1 was found as X and bears Y from the start."""
    made = Ledger()
    made.open("CS-1*1", "NL*EVX*E1", rule="id.found")
    renamed(made, "CS-1*1", "NL*EVN*E1", at=START)
    return made


@pytest.mark.parametrize(
    ("evse_id", "at", "uid"),
    [
        pytest.param("NL*EVX*E1", START - 5000 * DAY, "CS-1*1", id="the old id, long ago"),
        pytest.param("NL*EVX*E1", START - timedelta(microseconds=1), "CS-1*1", id="the old id at its last instant"),
        pytest.param("NL*EVX*E1", START, "CS-1*1", id="the old id as an alias"),
        pytest.param(
            "NL*EVX*E1", START + WINDOW - timedelta(microseconds=1), "CS-1*1", id="the alias at its last instant"
        ),
        pytest.param("NL*EVX*E1", START + WINDOW, None, id="after the alias"),
        pytest.param("NL*EVN*E1", START - timedelta(microseconds=1), None, id="the new id before its time"),
        pytest.param("NL*EVN*E1", START, "CS-1*1", id="the new id from its first instant"),
        pytest.param("nlevne1", START + 5000 * DAY, "CS-1*1", id="however it is written"),
    ],
)
def test_resolves_an_id_by_its_date(ledger, evse_id, at, uid):
    name = ledger.resolve(evse_id, at)

    assert (name and name.evse_uid) == uid


def test_knows_an_evse_by_the_id_it_bore(ledger):
    assert ledger.known_as("CS-1*1", START - DAY) == "NL*EVX*E1"
    assert ledger.known_as("CS-1*1", START) == ledger.current("CS-1*1") == "NL*EVN*E1"
    assert ledger.known_as("CS-9*9", START) is None


def test_bears_the_old_id_again_when_it_is_reverted(ledger):
    renamed(ledger, "CS-1*1", "NL*EVX*E1", at=START + DAY)

    assert ledger.current("CS-1*1") == "NL*EVX*E1"
    assert ledger.known_as("CS-1*1", START) == "NL*EVN*E1"
    assert ledger.resolve("NL*EVN*E1", START + 2 * DAY).evse_uid == "CS-1*1"
    assert ledger.resolve("NL*EVX*E1", START + 5000 * DAY).evse_uid == "CS-1*1"


def test_changes_nothing_when_the_id_is_the_same(ledger):
    assert renamed(ledger, "CS-1*1", "NL*EVN*E1", at=START + DAY) == ()


def test_gives_no_id_that_another_evse_bears_or_answers_to(ledger):
    assert "bears it" in ledger.obstacle("CS-2*1", "NLEVNE1", START + DAY)
    assert "partners may use it" in ledger.obstacle("CS-2*1", "NL*EVX*E1", START + DAY)
    assert ledger.obstacle("CS-2*1", "NL*EVX*E1", START + WINDOW) is None
    assert ledger.obstacle("CS-1*1", "NL*EVX*E1", START + DAY) is None


def test_resolves_an_id_that_is_used_again_by_its_date(ledger):
    renamed(ledger, "CS-1*1", None, at=START + DAY, alias_for=timedelta(0))
    assert ledger.obstacle("CS-2*1", "NL*EVN*E1", START + DAY) is None
    renamed(ledger, "CS-2*1", "NL*EVN*E1", at=START + 2 * DAY)

    assert ledger.resolve("NL*EVN*E1", START).evse_uid == "CS-1*1"
    assert ledger.resolve("NL*EVN*E1", START + DAY) is None
    assert ledger.resolve("NL*EVN*E1", START + 2 * DAY).evse_uid == "CS-2*1"


def test_follows_the_last_change_where_the_clock_went_back(ledger):
    renamed(ledger, "CS-1*1", "NL*EVN*E2", at=START - 10 * DAY)

    periods = [(name.valid_from, name.valid_until) for name in ledger.names("CS-1*1")]
    assert periods[1][1] == periods[2][0] > START


class AnyChanges(RuleBasedStateMachine):
    """Whatever is renamed, reverted, removed and used again, in whatever order."""

    uids = st.sampled_from(["A*1", "B*1", "C*1"])
    ids = st.sampled_from(["NL*EVN*E1*1", "NL*EVN*E11", "NL*EVN*E2", "NL*EVX*E2", "pole 7"])

    def __init__(self):
        super().__init__()
        self.ledger = Ledger()
        self.now = START
        self.stored: dict[tuple[str, int], Name] = {}

    @rule(uid=uids, evse_id=ids, window=st.sampled_from([0, 1, 30]))
    def bear(self, uid, evse_id, window):
        if self.ledger.obstacle(uid, evse_id, self.now) is None:
            self._keep(renamed(self.ledger, uid, evse_id, at=self.now, alias_for=window * DAY))

    @rule(uid=uids, evse_id=ids)
    def find(self, uid, evse_id):
        if not self.ledger.names(uid) and not self.ledger.bearers(evse_id):
            self._keep(self.ledger.open(uid, evse_id, rule="id.found"))

    @rule(uid=uids)
    def remove(self, uid):
        self._keep(renamed(self.ledger, uid, None, at=self.now, alias_for=timedelta(0)))

    @rule(days=st.integers(-2, 40))
    def wait(self, days):
        self.now += days * DAY

    @invariant()
    def holds(self):
        names = list(self.ledger)
        instants = {self.now, *(each for name in names for each in (name.valid_from, name.valid_until) if each)}
        for at in instants:
            borne = [name for name in names if name.is_valid(at)]
            answering = [name.compact for name in names if name.answers(at)]
            assert len({name.evse_uid for name in borne}) == len(borne)
            assert len(set(answering)) == len(answering)
            for name in borne:
                assert self.ledger.known_as(name.evse_uid, at) == name.evse_id
                assert self.ledger.resolve(name.evse_id, at).evse_uid == name.evse_uid

    @invariant()
    def is_what_was_stored(self):
        assert sorted(map(repr, Ledger(self.stored.values()))) == sorted(map(repr, self.ledger))

    def _keep(self, names):
        self.stored |= {(name.evse_uid, name.number): name for name in names}


TestAnyChanges = AnyChanges.TestCase
