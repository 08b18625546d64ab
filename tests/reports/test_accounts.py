from dataclasses import replace
from decimal import Decimal

from reports.progress import RowAccount
from reports.render import render


def test_rows_that_are_all_accounted_for_add_up():
    account = RowAccount(entity="station", rows_in=10, loaded=7, quarantined=2, merged=1)

    assert (account.unexplained, account.verdict) == (0, "adds_up")


def test_a_row_that_went_nowhere_is_told(factories):
    report = factories["progress"]()
    short = replace(report.rows[0], loaded=report.rows[0].loaded - 1)

    html = render(replace(report, rows=(short,)))

    assert short.unexplained == 1
    assert "Does not add up" in html


def test_energy_is_accounted_for_to_the_last_digit(factories):
    account = factories["progress"]().energy[0]
    off = replace(account, after_kwh=account.after_kwh - Decimal("0.0000000001"))

    assert (account.corrected_kwh, account.verdict) == (Decimal("5.000"), "adds_up")
    assert (off.unexplained_kwh, off.verdict) == (Decimal("1E-10"), "differs")
    assert render(replace(factories["progress"](), energy=(off,))).count("0.0000000001") == 1


def test_both_sides_of_a_reconciliation_add_up(factories):
    ours, theirs = factories["reconciliation"]().accounts

    assert (ours.verdict, theirs.verdict) == ("adds_up", "adds_up")
    assert (ours.cdrs_judged, theirs.cdrs_judged) == (4101, 4074)


def test_a_cent_between_statement_and_verdicts_is_told(factories):
    report = factories["reconciliation"]()
    ours, theirs = report.sides

    html = render(replace(report, sides=(ours, replace(theirs, net=theirs.net + Decimal("0.01")))))

    assert html.count("Does not add up") == 1


def test_a_partner_is_told_the_period_its_zone_and_its_open_end(factories):
    html = render(factories["reconciliation"]())

    assert '<time datetime="2026-02-01">1 Feb 2026</time> up to, not including,' in html
    assert "<b>Europe/Amsterdam</b>" in html


def test_says_whether_tables_may_go_on(factories):
    quality = factories["quality"]()
    id_missing = replace(quality.answers[0], is_met=False, unexpected_count=1)

    assert quality.headline == "No table is blocked. 102 rows are set aside, each with its reason."
    assert (
        replace(quality, answers=(id_missing,)).headline
        == "Nothing of sessions is loaded: an expectation that blocks is not met."
    )
    assert replace(quality, answers=(), suites=()).headline == "All rows go on."


def test_pages_with_nothing_on_them_still_say_so(factories):
    progress = replace(factories["progress"](), waves=(), timeline=(), stuck=(), risks=(), next_steps=())
    reconciliation = replace(factories["reconciliation"](), verdicts=(), discrepancies=(), requests=())

    assert "No open risk has been entered. That is not the same as none." in render(progress)
    assert "CDRs by verdict: none." in render(reconciliation)


def test_lists_beside_each_energy_account_which_rule_corrected_what(factories):
    html = render(factories["progress"]())

    assert '<td class="words">tx.dup 5.500 (a session came twice)\ntx.energy −0.500</td>' in html  # noqa: RUF001 - a true minus
    assert '<th scope="col">Source or month</th>' in html


def test_a_planned_wave_keeps_its_dates_beside_one_without(factories):
    progress = factories["progress"]()
    mixed = replace(progress, timeline=(progress.timeline[0], replace(progress.timeline[1], planned=None)))

    html = render(mixed)

    assert '<th scope="col">Planned</th><th scope="col">Actual</th>' in html
    assert html.count("no date yet") == 1
