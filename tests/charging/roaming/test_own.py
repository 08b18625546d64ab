from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.network import Evse, Session, Token
from charging.roaming.cdr import Cohort, Side
from charging.roaming.own import own_cdrs
from charging.tariffs.parse import parse

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SESSION = Session(
    session_id="17",
    station_id="CS-1",
    connector_id=1,
    location_id=None,
    token_uid="04A1B2C3D4E5F6",
    started_at=START,
    stopped_at=START + timedelta(minutes=20),
    meter_start_wh=None,
    meter_stop_wh=None,
    energy_kwh=Decimal("10.123"),
    cost=None,
    currency=None,
    is_estimated=False,
    is_billable=True,
)
TOKEN = Token(
    token_uid="04A1B2C3D4E5F6",
    parent_uid=None,
    contract_id="NL-ROA-C00010069-9",
    issuer="NL-ROA",
    is_blocked=False,
    expires_at=None,
)
EVSE = Evse(evse_uid="CS-1*1", station_id="CS-1", connector_id=1, evse_id="NL*EVN*ECS1*1")


@pytest.fixture
def own(partner):
    def of(*sessions, token=TOKEN, evses=(EVSE,), tariff=None, **more):
        return own_cdrs(
            sessions,
            partner=partner if tariff is None else replace(partner, tariffs=(tariff,)),
            tokens={token.token_uid: token},
            evses={(evse.station_id, evse.connector_id): evse for evse in evses},
            cohort=lambda session: Cohort.MOVED if session.station_id == "CS-1" else None,
            **more,
        )

    return of


def test_prices_a_session_as_agreed(own):
    (cdr,) = own(SESSION).cdrs

    # 0.50 + 10.123 kWh at 0.40 = 4.5492; with 21 per cent 5.504532
    assert (cdr.net, cdr.gross, cdr.currency, cdr.tariff_id) == (Decimal("4.55"), Decimal("5.50"), "EUR", "T")
    assert (cdr.side, cdr.owner, cdr.cdr_id, cdr.session_id) == (Side.OURS, "NL-EVN", "CDR-17", "17")
    assert (cdr.evse_compact, cdr.contract_compact, cdr.cohort) == ("NLEVNECS11", "NLROAC00010069", Cohort.MOVED)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"is_estimated": True}, "estimated", id="an estimated end"),
        pytest.param({"is_billable": False}, "failed start", id="a failed start"),
    ],
)
def test_never_bills_what_a_person_must_decide(own, change, reason):
    found = own(replace(SESSION, **change))

    assert found.cdrs == ()
    assert [(skipped.session_id, reason in skipped.reason) for skipped in found.skipped] == [("17", True)]


@pytest.mark.parametrize("issuer", [None, "DE-HUB"])
def test_overlooks_the_sessions_of_others(own, issuer):
    assert own(SESSION, token=replace(TOKEN, issuer=issuer)).cdrs == ()


def test_a_session_at_an_unknown_evse_is_billed_and_flagged(own):
    (cdr,) = own(SESSION, evses=()).cdrs
    assert "id.evse_unknown" in cdr.quality


def test_another_version_of_a_session_has_another_key(own):
    (first,), (second,) = own(SESSION).cdrs, own(replace(SESSION, energy_kwh=Decimal(11))).cdrs
    assert first.cdr_key != second.cdr_key


def test_adds_the_agreed_vat_where_the_tariff_cannot_state_any(partner):
    untaxed = parse(
        b'{"id": "OLD", "currency": "EUR", "elements": [{"price_components": ['
        b'{"type": "ENERGY", "price": 0.40, "step_size": 1}]}], "last_updated": "2026-01-01T00:00:00Z"}',
        version="2.1.1",
    )
    with_vat = replace(partner, tariffs=(untaxed,), terms=replace(partner.terms, vat_percent=Decimal(21)))

    made = own_cdrs(
        [SESSION],
        partner=with_vat,
        tokens={TOKEN.token_uid: TOKEN},
        evses={("CS-1", 1): EVSE},
        cohort=lambda _: Cohort.MOVED,
    )

    assert [(cdr.net, cdr.gross) for cdr in made.cdrs] == [(Decimal("4.05"), Decimal("4.90"))]


def test_a_tariff_goes_by_the_clock_at_the_station(own):
    evening = parse(
        b'{"id": "E", "currency": "EUR", "elements": ['
        b'{"price_components": [{"type": "ENERGY", "price": 0.50, "step_size": 1}],'
        b'"restrictions": {"start_time": "17:00", "end_time": "00:00"}},'
        b'{"price_components": [{"type": "ENERGY", "price": 0.20, "step_size": 1}]}]}'
    )
    late = replace(SESSION, started_at=START.replace(hour=16), stopped_at=START.replace(hour=17))

    (there,) = own(late, tariff=evening, zones={"CS-1": "Europe/Lisbon"}).cdrs  # four o'clock
    (agreed,) = own(late, tariff=evening, zones={"CS-2": "Europe/Lisbon"}).cdrs  # five in Amsterdam

    assert (there.time_zone, there.net) == ("Europe/Lisbon", Decimal("2.02"))
    assert (agreed.time_zone, agreed.net) == (None, Decimal("5.06"))


DEARER = parse(
    b'{"id": "E", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "ENERGY", "price": 0.50, "step_size": 1}]}]}'
)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param({"zones": {"CS-1": "Europe/Lisbon"}}, id="the clock at the station"),
        pytest.param({"tariff": DEARER}, id="the agreed tariff"),
        pytest.param({"evses": (replace(EVSE, evse_id="NL*EVN*ECS1*2"),)}, id="the EVSE's id"),
        pytest.param({"token": replace(TOKEN, contract_id="NL-ROA-C00010070-7")}, id="the driver's contract"),
    ],
)
def test_what_becomes_known_later_makes_another_version(own, later):
    (before,), (same,), (after,) = own(SESSION).cdrs, own(SESSION).cdrs, own(SESSION, **later).cdrs

    assert before.cdr_key == same.cdr_key
    assert before.cdr_key != after.cdr_key


def test_one_session_in_two_back_offices_has_two_keys(partner):
    offices = iter(Cohort)

    made = own_cdrs(
        [SESSION, SESSION],
        partner=partner,
        tokens={TOKEN.token_uid: TOKEN},
        evses={("CS-1", 1): EVSE},
        cohort=lambda _: next(offices),
    )

    assert len({cdr.cdr_key for cdr in made.cdrs}) == 2
