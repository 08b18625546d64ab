from dataclasses import replace
from decimal import Decimal

import pytest

from reports.gate_pack import CohortNight, Criterion
from reports.render import render


def criterion(verdict, evidence_id="arrival-2"):
    return Criterion(name="Arrival", verdict=verdict, finding="", measured="", required="", evidence_id=evidence_id)


@pytest.mark.parametrize(
    ("verdict", "criteria", "word", "because"),
    [
        pytest.param(
            "open",
            ["open", "open", "observed"],
            "Open",
            "Every criterion is met (2 of 2). The machine does not decide: you do.",
            id="open",
        ),
        pytest.param("closed", ["open", "closed", "closed"], "Closed", "2 of 3 criteria are not met.", id="closed"),
        pytest.param("closed", ["open", "closed"], "Closed", "1 of 2 criteria is not met.", id="closed by one"),
        pytest.param(
            "inconclusive",
            ["open", "inconclusive", "observed"],
            "Inconclusive",
            "There is not enough evidence yet on 1 of 2 criteria.",
            id="inconclusive",
        ),
    ],
)
def test_says_the_verdict_in_words_with_its_reason(gate_pack, verdict, criteria, word, because):
    html = render(replace(gate_pack(), verdict=verdict, criteria=tuple(map(criterion, criteria))))

    banner = html.partition('<div class="banner')[2].partition("</div>")[0]
    assert f"</span>{word}</span>" in banner
    assert because in banner


@pytest.mark.parametrize("verdict", ["open", "closed", "observed"])
def test_refuses_an_answer_without_evidence(verdict):
    with pytest.raises(ValueError, match="without evidence"):
        criterion(verdict, evidence_id="")


@pytest.mark.parametrize("criteria", [["closed"], ["open", "inconclusive"], [], ["open", "closed", "inconclusive"]])
def test_refuses_to_call_a_gate_open_whose_criteria_are_not_met(gate_pack, criteria):
    with pytest.raises(ValueError, match="cannot be open"):
        replace(gate_pack(), verdict="open", criteria=tuple(map(criterion, criteria)))


def test_refuses_to_name_evidence_that_is_not_enclosed(gate_pack):
    with pytest.raises(ValueError, match="arrival-9 is named but not enclosed"):
        replace(gate_pack(), criteria=(criterion("closed", "arrival-9"),))


def test_shows_no_green_where_a_suite_has_no_evidence(gate_pack):
    html = render(gate_pack())

    row = html.partition('<th scope="row" class="words">tokens</th>')[2].partition("</tr>")[0]
    assert "No evidence" in row
    assert "All met" not in row


def test_counts_that_do_not_add_up_are_no_night():
    with pytest.raises(ValueError, match="do not add up to 10"):
        CohortNight(
            partner="roa",
            cohort="moved",
            cdrs=10,
            settled=8,
            late=0,
            open=1,
            money_at_risk=Decimal(0),
            currency="EUR",
        )


def test_knows_no_share_of_no_cdrs(gate_pack):
    shares = [night.settled_share for night in gate_pack().nights]

    assert shares == [Decimal("99.1"), Decimal("99.5"), None]


def test_tells_how_to_decide_until_it_has_been_decided(gate_pack, decided):
    asked, told = render(gate_pack()), render(decided("hold"))

    first_page = told.partition("</section>")[0]
    assert "rehome gate decide north-2026 --wave 3 --go --evidence 9f2c4a1b" in asked.partition("</section>")[0]
    assert "How to decide" not in first_page
    assert "Hold</span>" in first_page
    assert "SC-12" in first_page


def test_says_so_when_the_decision_rested_on_other_evidence(decided):
    assert "other evidence than this page shows" in render(decided("go", evidence_sha256="0" * 64))
    assert "other evidence than this page shows" not in render(decided("go"))


def test_the_first_wave_has_no_history(gate_pack):
    assert "None: this is the first wave." in render(replace(gate_pack(), previous_waves=()))


def test_puts_three_risks_on_the_first_page_and_all_of_them_further_on(gate_pack):
    pack = gate_pack()
    fourth = replace(pack.risks[0], title="A fourth risk")

    html = render(replace(pack, risks=(*pack.risks, fourth)))

    assert "A fourth risk" not in html.partition("</section>")[0]
    assert "A fourth risk" in html


def test_counts_votes_in_good_english(gate_pack):
    one, three = render(replace(gate_pack(), votes=(), votes_needed=1)), render(gate_pack())

    assert "0 of 1 vote is in." in one
    assert "1 vote is needed." in one
    assert "2 of 3 votes are in." in three
    assert "3 votes are needed." in three


def test_a_percentage_keeps_its_sign(gate_pack):
    assert "89.7\u202f<small>%</small>" in render(gate_pack())
    assert "1\u202f240 <small>min</small>" in render(gate_pack())
