"""The committee's page counts every open case once in each cut, and the same rows give the same page."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.reconciliation.follow_up.lifecycle import State
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming import partner_file
from charging.secret import Secret
from reports.collected.money_at_risk import money_at_risk
from reports.collected.partner_reconciliation import partner_reconciliation
from reports.render import render
from tasks import following

KEY = Secret("a key of the operator's")
NOW = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)


@pytest.fixture
def collected(migration):
    def collect():
        with migration.engine.connect() as connection:
            return money_at_risk(connection, migration.settings)

    return collect


@pytest.fixture
def partner(tmp_path):
    (tmp_path / "roa.json").write_text(
        '{"id": "T", "currency": "EUR",'
        ' "elements": [{"price_components": [{"type": "ENERGY", "price": 0.4, "step_size": 1}]}]}'
    )
    path = tmp_path / "roa.toml"
    path.write_text(
        'name = "roa"\nparty = "NL-ROA"\nowner = "NL-EVN"\nversions_url = "https://roa.example/ocpi/versions"\n'
        'token = "env:T"\ntariff = "roa.json"\ncurrency = "EUR"\ntime_zone = "Europe/Amsterdam"\n'
    )
    return partner_file.read(path)


def test_adds_up_in_every_cut_and_currency(collected, open_case):
    open_case(8, wave=0)
    open_case(9, at_risk="2.8", wave=1, escalation=1)
    open_case(10, at_risk="1.5", currency="GBP", ended_at=datetime(2025, 11, 1, tzinfo=UTC))
    open_case(11, at_risk="7", state=State.WRITTEN_OFF)

    report = collected()

    assert report.headline == "3.24\u202fEUR and 1.50\u202fGBP at risk in 3 open cases."
    assert [(one.currency, one.cases, one.amount) for one in report.totals] == [
        ("EUR", 2, Decimal("3.24")),
        ("GBP", 1, Decimal("1.5")),
    ]
    assert len(report.accounts) == 8
    assert {account.verdict for account in report.accounts} == {"adds_up"}
    waves = next(cut for cut in report.cuts if cut.by == "wave")
    assert [part.name for part in waves.parts] == ["0 · pilot", "1", "not in a wave"]
    assert [(one.state, one.amount) for one in report.closed] == [("written_off", Decimal(7))]
    assert [case.amount for case in report.cases] == [Decimal("2.8"), Decimal("1.5"), Decimal("0.44")]


def test_shows_when_a_cut_does_not_add_up(collected, open_case):
    open_case(8)
    report = collected()
    (cut, *others) = report.cuts
    short = replace(cut, parts=(replace(cut.parts[0], amount=Decimal("0.43")),))

    assert replace(report, cuts=(short, *others)).accounts[0].verdict == "differs"


def test_gives_the_same_page_whenever_it_is_asked(collected, open_case):
    case = open_case(8)

    assert render(collected()) == render(collected())
    assert collected().as_of == case.changed_at


def test_says_of_no_case_that_there_is_none(collected):
    assert collected().headline == "No case is open."
    assert "Open cases, the largest amounts first: none." in render(collected())


def test_is_not_there_before_any_night(engine, migration, collected):
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.reconciliation))

    assert collected() is None


def test_tells_a_partner_what_is_asked_of_it_with_the_recomputation(migration, open_case, partner):
    case = open_case(9)
    with migration.engine.begin() as connection:
        following.follow_up(connection, partner, now=NOW)
        night = dict(connection.execute(sa.select(tables.reconciliation)).mappings().one())
        sides = {"ours": 1, "theirs": 4, "ours_kwh": "0", "theirs_kwh": "0"}
        night["summary"] = sides | {"ours_total": {}, "theirs_total": {}}
        night["reconciled_at"] = NOW
        connection.execute(sa.delete(tables.verdict))
        report = partner_reconciliation(connection, partner, night, key=KEY)

    (one,) = report.cases
    assert (one.case_key, one.state, one.turn, one.ask, one.days_open) == (
        case.case_key,
        "proposed",
        "ours",
        "dispute",
        7,
    )
    assert one.recomputed == "from ours and yours: 0.36\u202fEUR (ENERGY 0.9 at 0.4 = 0.36)"
    assert [(age.age, age.cases, age.money_at_risk) for age in report.ages] == [("up to 7 days", 1, Decimal("0.44"))]
    assert [request.what for request in report.requests] == ["Correct your amount"]
    page = render(report)
    assert one.token
    assert "04A1B2C3D4E5F6" not in page
    assert "C00122045" not in page
    assert report.protocol == "OCPI 2.2.1"


def test_asks_a_partner_for_nothing_that_is_for_us_to_mend(migration, open_case, partner):
    billed = {"verdict": Verdict.DUPLICATE, "kinds": (Kind.TWO_ROUTES,)}
    between_us, billed_twice = open_case(8, theirs_key=None, **billed), open_case(9, **billed)
    with migration.engine.begin() as connection:
        following.follow_up(connection, partner, now=NOW)
        night = dict(connection.execute(sa.select(tables.reconciliation)).mappings().one())
        sides = {"ours": 1, "theirs": 4, "ours_kwh": "0", "theirs_kwh": "0"}
        night |= {"summary": sides | {"ours_total": {}, "theirs_total": {}}, "reconciled_at": NOW}
        connection.execute(sa.delete(tables.verdict))
        report = partner_reconciliation(connection, partner, night, key=KEY)

    assert [one.case_key for one in report.cases] == [billed_twice.case_key]
    assert between_us.is_between_us
    assert report.requests == ()
