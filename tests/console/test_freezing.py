"""What `rehome extract check-freeze` tells people, and which exit status it has."""

import pytest
from typer.testing import CliRunner

from console import freezing
from console.commands import check_freeze as command
from console.commands.extract import app

FOUND = {
    "source": "legacy",
    "freeze_from": "2026-11-01T00:00:00+00:00",
    "frozen": "legacy-1",
    "extract": "legacy-2",
    "compared": ["location", "station"],
    "counts": {"changed": 1, "created": 1},
    "changes": [
        {
            "entity": "location",
            "key": "7",
            "kind": "changed",
            "before": {"city": "Delft"},
            "after": {"city": "Leiden", "name": "North"},
        },
        {"entity": "station", "key": "CS-99", "kind": "created", "before": {}, "after": {"station_id": "CS-99"}},
    ],
    "holds": False,
}


def test_every_row_that_did_not_stand_still_is_named():
    assert list(freezing.lines(FOUND)) == [
        "frozen from 2026-11-01T00:00:00+00:00: legacy did not stand still",
        "legacy-2 beside legacy-1: location, station",
        "  changed   location 7 (city: 'Delft' -> 'Leiden'; name: None -> 'North')",
        "  created   station CS-99",
    ]


@pytest.mark.parametrize(
    ("holds", "status"),
    [
        pytest.param(True, 0, id="it stood still"),
        pytest.param(False, 1, id="it did not"),
        pytest.param(None, 3, id="nothing was extracted since"),
    ],
)
def test_the_exit_status_says_whether_it_holds(monkeypatch, tmp_path, holds, status):
    monkeypatch.setattr(command.shell, "home", lambda: tmp_path)
    monkeypatch.setattr(freezing, "check", lambda _home, _source: FOUND | {"holds": holds})

    assert CliRunner().invoke(app, ["check-freeze", "--json"]).exit_code == status
