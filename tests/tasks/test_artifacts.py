"""What people see in the UI says what is there, and nothing that a legacy wrote becomes a link or a heading."""

import pytest

from tasks import artifacts

GATE = {
    "plan_id": "plan-1",
    "wave": 1,
    "verdict": "closed",
    "stations": 12,
    "held_back": [],
    "evidence_sha256": "9f2c",
    "findings": [{"criterion": "deadlines", "verdict": "closed", "reason": "CS-1 is late"}],
}


@pytest.mark.parametrize("fact", ["wave 1 of plan-1", "12 stations", "closed", "CS-1 is late", "9f2c"])
def test_a_gate_says_what_is_asked_and_on_what_grounds(fact):
    assert fact in artifacts.gate_text(GATE)


def test_a_gate_names_those_held_back_where_there_are_any():
    held = GATE | {"held_back": ["CS-7", "CS-8"]}

    assert "CS-7, CS-8" in artifacts.gate_text(held)
    assert "Held back" not in artifacts.gate_text(GATE)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("[click](http://x)", r"\[click\](http://x)", id="a link"),
        pytest.param("a | b", r"a \| b", id="a column"),
        pytest.param("<script>", r"\<script\>", id="a tag"),
        pytest.param("# one\n# two", r"\# one \# two", id="headings"),
        pytest.param("**b** `c` _i_", r"\*\*b\*\* \`c\` \_i\_", id="emphasis"),
        pytest.param("back\\slash", r"back\\slash", id="a backslash"),
        pytest.param(None, "", id="nothing"),
        pytest.param(7, "7", id="a number"),
    ],
)
def test_a_cell_is_text_and_nothing_else(written, shown):
    assert artifacts._cell(written) == shown


def test_a_gate_shows_what_a_station_is_called_as_text():
    named = GATE | {"findings": [{"criterion": "c", "verdict": "closed", "reason": "[here](http://x) is late"}]}

    assert r"\[here\](http://x)" in artifacts.gate_text(named)


def test_a_key_is_one_that_prefect_takes():
    assert artifacts._key("Gate plan_1/é-2") == "gate-plan-1---2"


def test_a_night_says_what_was_noticed_beside_its_verdicts(monkeypatch):
    shown = []
    monkeypatch.setattr(artifacts, "_markdown", lambda key, lines, _: shown.append((key, lines)))
    night = {
        "partner": "roa",
        "day": "2026-03-01",
        "judged": 2,
        "to_follow_up": 1,
        "money_at_risk": "0.36 EUR",
        "is_complete": True,
        "verdicts": {"duplicate": 1, "equal": 1},
        "notes": ["both back-offices hold 1 charges", "# a page"],
    }

    artifacts.show_nights([night], troubles=[])

    ((key, lines),) = shown
    assert key == "night-roa"
    assert lines[-3:] == ["", "* both back-offices hold 1 charges", r"* \# a page"]
