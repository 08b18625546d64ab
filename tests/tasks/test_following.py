"""What follows the nights happens also to a partner whose night has failed."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.database.queries import cases as read
from charging.errors import PartnerFileError
from tasks import following, invoices

PARTNER = """
name = "roa"
party = "NL-ROA"
owner = "NL-EVN"
versions_url = "https://roa.example/ocpi/versions"
token = "env:ROA_TOKEN"
tariff = "roa.json"
currency = "EUR"
time_zone = "UTC"
[ageing]
escalation_days = [30]
"""
TARIFF = {
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}],
}
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def partner_path(settings, monkeypatch):
    folder = settings.home / settings.partners
    folder.mkdir(exist_ok=True)
    (folder / "roa.json").write_text(json.dumps(TARIFF))
    (folder / "roa.toml").write_text(PARTNER)
    monkeypatch.setattr(following, "system_clock", lambda: NOW)
    return folder / "roa.toml"


def test_reminds_escalates_and_proposes_once(partner_path, engine, open_case):
    key = open_case(9).case_key

    told = [following.follow_up_partner.fn("roa") for _ in range(2)]

    assert told[0] == {"partner": "roa", "open": 1, "reminded": 0, "escalated": 1, "proposed": 1}
    assert told[1] == {"partner": "roa", "open": 1, "reminded": 0, "escalated": 0, "proposed": 0}
    with engine.connect() as connection:
        case = read.case(connection, key)
    assert (case.escalation, case.turn, case.state) == (1, "committee", "proposed")


def test_says_what_is_wrong_with_a_partners_file(partner_path):
    partner_path.write_text("name = ")

    with pytest.raises(PartnerFileError, match="is no TOML"):
        following.follow_up_partner.fn("roa")


def test_ties_nothing_out_where_no_invoice_is(settings):
    assert invoices.tie_out_all.fn(Decimal(0)) == {"is_tied": True, "invoices": [], "totals": []}
