"""The page of a proof: the verdict first, every sum below it, and no text of a target that could run."""

import pytest

from reports.proof import MOST_ROWS, proof
from reports.render import file_name, render

SUM = {
    "subject": "token",
    "step": "clean to target",
    "unit": "rows",
    "before": "10",
    "after": "7",
    "exceptions": {"refused": "2", "failed": "1"},
    "adds_up": True,
}


def made(**said):
    result = {
        "target": "ocpi-2.2.1",
        "proved_at": "2026-03-02T09:30:00+00:00",
        "adds_up": True,
        "is_settled": True,
        "lines": [SUM],
        "rows": [{"entity": "token", "key": "A", "kind": "failed", "reason": "<script>alert(1)</script>"}],
        "fields": [
            {"entity": "token", "field": "issuer", "what": "altered", "rows": 3, "samples": [["A", "NL-EVN", "nl-evn"]]}
        ],
    } | said
    return proof(result, network="NL*EVN", time_zone="Europe/Amsterdam")


@pytest.mark.parametrize(
    ("said", "headline"),
    [
        pytest.param({}, "every row is at the target or is listed", id="proven"),
        pytest.param({"is_settled": False}, "rows are not at the target as they should be", id="not settled"),
        pytest.param({"lines": [SUM | {"adds_up": False}], "adds_up": False}, "nothing is proven", id="wrong"),
    ],
)
def test_says_first_whether_anything_is_proven(said, headline):
    assert headline in made(**said).headline
    assert headline in render(made(**said))


def test_shows_each_sum_with_what_left_on_the_way():
    page = render(made())

    assert "2 refused, 1 failed" in page
    assert "NL-EVN" in page
    assert file_name(made()) == "proof.html"


def test_lets_no_reason_of_a_target_run():
    assert "<script>alert" not in render(made())


def test_says_how_many_rows_it_leaves_out():
    rows = [{"entity": "token", "key": str(number), "kind": "failed", "reason": ""} for number in range(MOST_ROWS + 2)]

    assert made(rows=rows).left_out == 2
