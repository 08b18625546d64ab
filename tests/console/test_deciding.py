"""A committee decides at a gate from the command line: once, by name, with a reason where one is needed."""

import http.server
import json
import threading

import pytest

from charging.errors import GateClosed, GateDecided, ServerNotStarted, SettingsError, UnknownThing
from charging.migration.gates import Choice, Decision
from console import deciding, prefect_home
from tasks import gates

PASS, NO, ERROR, INCONCLUSIVE, REFUSED = range(5)
PLAN = "plan-1"


@pytest.fixture
def asked(engine, home, migrated_url, monkeypatch, store_plan, moving):
    """A gate before wave 1 that nobody has decided; its pilot goes on, so that its verdict is inconclusive."""
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    store_plan(engine, moving(station_id="A-0", wave=0), moving(station_id="A-1", wave=1))
    return gates.judge.fn(PLAN, 1, requester="the asker")


def _decision(choice=Choice.GO, *, by="Committee", reason="few, all equal"):
    return Decision(choice=choice, by=by, reason=reason, via="console")


def _decide(home, decision=None, *, wave=1, plan="", evidence=""):
    return deciding.decide(home, plan, wave, decision=decision or _decision(), evidence=evidence, minutes="M-7")


def test_lists_and_shows_what_has_been_asked(asked, home):
    (listed,) = deciding.listed(home, "")
    shown = deciding.one(home, PLAN, 1)

    assert (listed["wave"], listed["verdict"], listed["decision"]) == (1, "inconclusive", None)
    assert (shown["evidence_sha256"], shown["requester"]) == (asked["evidence_sha256"], "the asker")


def test_writes_a_decision_down_once(asked, home):
    decided = _decide(home)

    assert {name: decided[name] for name in ("decision", "decided_by", "decided_via", "reason", "minutes_ref")} == {
        "decision": "go",
        "decided_by": "Committee",
        "decided_via": "console",
        "reason": "few, all equal",
        "minutes_ref": "M-7",
    }
    with pytest.raises(GateDecided, match="it was decided before: go by Committee"):
        _decide(home, _decision(Choice.HOLD))
    assert deciding.one(home, "", 1)["decision"] == "go"


@pytest.mark.parametrize("length", [8, 64])
def test_takes_a_decision_on_the_evidence_that_was_seen(asked, home, length):
    assert _decide(home, evidence=asked["evidence_sha256"][:length])["decision"] == "go"


def test_takes_none_on_other_evidence(asked, home):
    with pytest.raises(GateDecided, match="its evidence is not the one that you saw: look again"):
        _decide(home, evidence="0" * 8)

    assert deciding.one(home, "", 1)["decision"] is None


@pytest.mark.parametrize(
    ("decision", "error", "message"),
    [
        pytest.param(_decision(reason=""), GateClosed, "needs a written reason", id="no reason"),
        pytest.param(_decision(by="The Asker"), GateClosed, "another person must approve", id="one's own"),
        pytest.param(_decision(by="  "), SettingsError, "--by names nobody: say who decides", id="nobody"),
    ],
)
def test_refuses_what_may_not_stand(asked, home, decision, error, message):
    with pytest.raises(error, match=message):
        _decide(home, decision)

    assert deciding.one(home, "", 1)["decision"] is None


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(lambda home: deciding.listed(home, "plan-9"), "there is no plan 'plan-9'", id="plan to list"),
        pytest.param(lambda home: deciding.one(home, "plan-9", 1), "there is no plan 'plan-9'", id="plan to show"),
        pytest.param(lambda home: deciding.one(home, "", 9), "there is no gate 'before wave 9'", id="gate to show"),
        pytest.param(lambda home: _decide(home, plan="plan-9"), "there is no plan 'plan-9'", id="plan to decide"),
        pytest.param(lambda home: _decide(home, wave=9), "it opens when the flow cut_over comes", id="gate to decide"),
    ],
)
def test_says_what_there_is_not(asked, home, ask, message):
    with pytest.raises(UnknownThing, match=message):
        ask(home)


@pytest.fixture
def prefect(home):
    """What answers where the Prefect server would be, with the status it is given, and keeps what it is told."""
    told = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            told.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    server.status, server.told = 200, told
    prefect_home.port_file(home).write_text(str(server.server_port))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [201, 404], ids=["it waits", "it is gone"])
def test_wakes_the_run_that_waits(asked, home, prefect, status):
    gates.note_flow_run.fn(PLAN, 1, flow_run_id="run-7")
    prefect.status = status

    assert _decide(home)["decision"] == "go"
    assert prefect.told == [
        (
            "/api/flow_runs/run-7/resume",
            {
                "run_input": {
                    "decision": "go",
                    "approver": "Committee",
                    "reason": "few, all equal",
                    "minutes_ref": "M-7",
                }
            },
        )
    ]


def test_says_that_the_decision_is_stored_where_the_run_cannot_be_woken(asked, home, prefect):
    gates.note_flow_run.fn(PLAN, 1, flow_run_id="run-7")
    prefect.status = 500

    with pytest.raises(ServerNotStarted, match="Prefect answered 500; the decision is stored: start cut_over again"):
        _decide(home)

    assert deciding.one(home, "", 1)["decision"] == "go"


def test_says_that_the_decision_is_stored_where_prefect_is_away(asked, home, prefect):
    gates.note_flow_run.fn(PLAN, 1, flow_run_id="run-7")
    prefect.shutdown()
    prefect.server_close()

    with pytest.raises(ServerNotStarted, match=r"Prefect does not answer .*; the decision is stored: rehome up, then"):
        _decide(home)

    assert deciding.one(home, "", 1)["decision"] == "go"


def test_goes_from_question_to_decision_on_the_command_line(asked, rehome, migrated_url):
    url = migrated_url.replace("+psycopg", "", 1)

    listed = rehome("gate", "list", "--json", DATABASE_URL=url)
    shown = rehome("gate", "show", "1", DATABASE_URL=url)
    without_reason = rehome("gate", "decide", "1", "go", "--by", "Committee", DATABASE_URL=url)
    reason = ("--reason", "few, all equal")
    decided = rehome("gate", "decide", "1", "go", "--by", "Committee", *reason, "--json", DATABASE_URL=url)
    again = rehome("gate", "decide", "1", "hold", "--by", "Committee", DATABASE_URL=url)

    assert (listed.status, listed.err) == (PASS, "")
    assert [gate["wave"] for gate in json.loads(listed.out)["gates"]] == [1]
    assert shown.status == INCONCLUSIVE
    assert "verdict  inconclusive" in shown.out
    assert (without_reason.status, without_reason.out) == (REFUSED, "")
    assert without_reason.sentence.endswith("going on against this needs a written reason")
    assert (decided.status, json.loads(decided.out)["decided_by"]) == (PASS, "Committee")
    assert (again.status, again.out) == (REFUSED, "")
    assert "it was decided before: go by Committee" in again.sentence
