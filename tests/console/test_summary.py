"""What people read adds up, and commands no terminal."""

import json
from decimal import Decimal

import pytest

from console import shell, summary

ACCOUNT = {
    "source": "legacy",
    "entity": "session",
    "rows_in": 10,
    "loaded": 7,
    "merged": 1,
    "quarantined": 2,
    "kwh_before": "12.5",
    "kwh_loaded": "10",
    "kwh_quarantined": "2",
    "kwh_adjusted": "0.5",
    "kwh_adjustments": {"tx.retransmitted": "0.5"},
}
GATE = {
    "plan_id": "plan-1",
    "wave": 3,
    "verdict": "closed",
    "findings": [{"criterion": "deadlines", "verdict": "closed", "reason": "CS-1 is late"}],
    "evidence_sha256": "9f2c",
    "decision": None,
}


def test_a_rehearsal_ends_with_where_everything_is(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = list(
        summary.lines(
            {
                "stations": {"verified": 5, "rolled_back": 1, "writing": 2},
                "rows": [ACCOUNT, ACCOUNT | {"entity": "token", "merged": 0, "kwh_before": None}],
                "nights": [
                    {
                        "partner": "roa",
                        "verdicts": {"equal": 3, "late": 1},
                        "money_at_risk": {"EUR": Decimal("4.50")},
                        "is_complete": False,
                    }
                ],
                "reports": [{"path": str(tmp_path / "reports" / "a.html")}],
                "ui": "http://127.0.0.1:4200",
            }
        )
    )
    text = "\n".join(told)

    assert "stations  8: 5 moved, 1 rolled back, 2 writing" in text
    assert "legacy session  10 rows in = 7 loaded + 1 merged + 2 quarantined" in text
    assert "12.5 kWh = 10 loaded + 2 quarantined + 0.5 adjusted (tx.retransmitted 0.5)" in text
    assert "legacy token  10 rows in = 7 loaded + 2 quarantined" in text
    assert "CDRs roa  4 verdicts: 3 equal, 1 late" in text
    assert "money at risk: 4.50 EUR (INCOMPLETE)" in text
    assert "report  reports/a.html" in text


def test_a_gate_says_what_the_machine_found_and_who_decided():
    asked = "\n".join(summary.gate(GATE))
    decided = "\n".join(summary.gate(GATE | {"decision": "hold", "decided_by": "Committee", "decided_via": "form"}))

    assert "gate  before wave 3 of plan-1" in asked
    assert "closed       deadlines: CS-1 is late" in asked
    assert "gate decide 3 go --by NAME" in asked
    assert "decision  hold by Committee (form)" in decided


def test_no_gate_says_when_there_will_be_one():
    assert list(summary.gates({"gates": []})) == [
        "no gate has been opened: it opens when the flow cut_over comes to its wave"
    ]


@pytest.mark.parametrize(("stopped", "told"), [([], "nothing was running"), (["world"], "stopped: world")])
def test_stopping_says_what_was_stopped(stopped, told):
    assert list(summary.stopped({"stopped": stopped})) == [told]


@pytest.mark.parametrize("name", ["\x1b[2Jgone", "a\rb", "a\nb", "\x9b1m", "\ud800", "\u202egnp.exe"])
def test_a_name_commands_no_terminal(capsys, name):
    shell.show({"name": name}, lambda result: [f"station {result['name']}"], as_json=False)
    shell.show({"name": name}, lambda _: [], as_json=True)

    line, *as_json = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    assert json.loads("\n".join(as_json)) == {"name": name}


@pytest.mark.parametrize(("number", "line"), [(0, None), (1, "1 question about"), (3, "3 questions about")])
def test_an_extraction_tells_how_many_questions_wait(number, line):
    told = list(
        summary.extraction(
            {
                "notes": [], "rows": [ACCOUNT], "fixes": [], "quarantine": [], "questions": number, "warnings": [],
                "adds_up": True, "data_quality": "q.html", "data_docs": "docs",
            }
        )
    )  # fmt: skip

    asked = [each for each in told if "question" in each]
    assert (asked == []) if line is None else (line in asked[0] and "rehome quarantine list" in asked[0])
