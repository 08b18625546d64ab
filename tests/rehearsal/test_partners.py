"""A night over a real socket: every verdict is the fault that was planted, and nothing else is found."""

import json
import socket
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
import uvicorn

from charging.errors import PartnerRefused
from charging.network import Evse, Session, Token
from charging.reconciliation.aliases import former_ids
from charging.reconciliation.night import reconcile
from charging.reconciliation.verdict import Kind, Verdict
from charging.roaming.cdr import Side
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.own import own_cdrs
from charging.roaming.partner_file import read
from charging.roaming.terms import Tier
from charging.secret import Secret
from rehearsal import partners
from rehearsal.network import generate, live_session
from rehearsal.partner_faults import Fault

AS_OF = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
PARTIES = {"roa": "NL-ROA", "hub": "DE-HUB"}
IDS = {
    "roa": '[ids]\ncdr = "CDR-{session_id}"\nsession = "{session_id}"\nformer_operators = ["NL*EVX"]\n',
    "hub": '[ids]\ntiers = ["evse_and_token", "evse_and_contract", "evse_and_time"]\nformer_operators = ["NL*EVX"]\n',
}
FILE = """
name = "{name}"
party = "{party}"
owner = "NL-EVN"
versions_url = "http://127.0.0.1:{port}/ocpi/versions"
allow_plain_http = true
allow_private_addresses = true
token = "env:TOKEN"
tariff = "tariff.json"
currency = "EUR"
vat_percent = 21
time_zone = "Europe/Amsterdam"
lateness_days = 3
{ids}
"""
# What each fault must be called. None: nothing of theirs is there to be judged.
EXPECTED = {
    Fault.MISSING: None,
    Fault.MALFORMED: None,
    Fault.EXTRA: Verdict.MISSING_AT_US,
    Fault.DUPLICATE: Verdict.DUPLICATE,
    Fault.ENERGY: Verdict.QUANTITY_DIFFERS,
    Fault.PRICE: Verdict.OURS_RIGHT,
    Fault.OLD_EVSE: Verdict.EQUAL,
    Fault.LOWER_CASE: Verdict.EQUAL,
    Fault.CLOCK: Verdict.WITHIN_TOLERANCE,
    Fault.CREDITED: Verdict.CREDIT_PAIRED,
    Fault.CREDIT: Verdict.CREDIT_PAIRED,
    Fault.REPLACEMENT: Verdict.EQUAL,
    Fault.PRICE_AS_TEXT: Verdict.EQUAL,
    None: Verdict.EQUAL,
}


@pytest.fixture(scope="module")
def network():
    return generate(seed=11, stations=60, as_of=AS_OF)


@pytest.fixture(params=["roa", "hub"])
def theirs(request, network):
    return partners.Partner(
        name=request.param, party=PARTIES[request.param], network=network, seed=5, token="a-token-of-theirs"
    )


@pytest.fixture
def port(theirs):
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(theirs.app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def partner(theirs, port, tmp_path):
    (tmp_path / "tariff.json").write_text(json.dumps(partners.tariff(theirs.name)))
    path = tmp_path / f"{theirs.name}.toml"
    path.write_text(FILE.format(name=theirs.name, party=theirs.party, port=port, ids=IDS[theirs.name]))
    return read(path)


def pull(partner, *, token="a-token-of-theirs", date_to=AS_OF):
    with httpx.Client() as http:
        client = OcpiClient(
            partner, http=http, token=Secret(token), clock=lambda: datetime.now(UTC), correlation_id="night"
        )
        return client.pull(date_from=AS_OF - timedelta(days=60), date_to=date_to)


def seen(true_sessions):
    """The sessions as a back-office saw them."""
    for true in true_sessions:
        wh = Decimal(true.meter_stop_wh - true.meter_start_wh)
        yield Session(
            session_id=true.session_id,
            station_id=true.station_id,
            connector_id=true.connector_id,
            location_id=None,
            token_uid=true.token_uid,
            started_at=true.started_at,
            stopped_at=true.stopped_at,
            meter_start_wh=Decimal(true.meter_start_wh),
            meter_stop_wh=Decimal(true.meter_stop_wh),
            energy_kwh=wh / 1000,
            cost=None,
            currency=None,
            is_estimated=False,
            is_billable=wh > 0,
        )


def own(partner, network, sessions):
    tokens = {
        true.token_uid: Token(
            token_uid=true.token_uid,
            parent_uid=None,
            contract_id=true.contract_id,
            issuer=true.party,
            is_blocked=False,
            expires_at=None,
        )
        for true in network.tokens
    }
    evses = {
        (station.station_id, connector): Evse(
            evse_uid=station.evse_uid(connector),
            station_id=station.station_id,
            connector_id=connector,
            evse_id=station.evse_id(connector),
        )
        for station in network.stations
        for connector in range(1, station.connectors + 1)
    }
    ours = own_cdrs(seen(sessions), partner=partner, tokens=tokens, evses=evses, cohort=lambda _: None)
    aliases = former_ids((evse.evse_id for evse in evses.values()), former_operators=partner.former_operators)
    return ours.cdrs, aliases


def test_the_verdicts_are_the_planted_faults(theirs, partner, network):
    pulled = pull(partner)
    ours, aliases = own(partner, network, network.sessions)

    night = reconcile(ours, pulled.cdrs, terms=partner.terms, tariffs=partner.tariffs, as_of=AS_OF, aliases=aliases)

    assert pulled.is_complete, pulled.incomplete_because
    ages = {cdr.cdr_key: AS_OF - cdr.ended_at for cdr in (*ours, *pulled.cdrs)}
    cdr_ids = {cdr.cdr_key: cdr.cdr_id for cdr in pulled.cdrs}
    expected = {cdr.cdr_key: EXPECTED[theirs.planted.get(cdr.cdr_id)] for cdr in pulled.cdrs}
    found = {one.theirs_key: one.verdict for one in night.judged if one.theirs_key}
    for key, verdict in expected.items():
        if verdict is Verdict.MISSING_AT_US and ages[key] < partner.terms.lateness:
            expected[key] = Verdict.LATE
    assert {cdr_ids[key]: verdict for key, verdict in found.items()} == {
        cdr_ids[key]: verdict for key, verdict in expected.items()
    }
    lost = [cdr for cdr, fault in theirs.planted.items() if fault in {Fault.MISSING, Fault.MALFORMED}]
    alone = [one for one in night.judged if one.theirs_key is None]
    assert sorted(key.split("|")[3].removeprefix("CDR-") for key in (one.ours_key for one in alone)) == sorted(
        theirs.session_ids[cdr] for cdr in lost
    )
    for one in alone:
        is_young = ages[one.ours_key] < partner.terms.lateness
        assert one.verdict is (Verdict.LATE if is_young else Verdict.MISSING_AT_PARTNER)


def test_every_fault_is_planted_at_least_once(theirs):
    assert set(theirs.planted.values()) == set(Fault)


def test_a_malformed_record_costs_only_itself(theirs, partner):
    pulled = pull(partner)

    malformed = [cdr for cdr, fault in theirs.planted.items() if fault is Fault.MALFORMED]
    assert [record.cdr_id for record in pulled.rejected] == malformed
    assert len(pulled.cdrs) + len(pulled.rejected) == pulled.total_count


def test_what_is_odd_about_a_record_is_said(theirs, partner):
    pulled = pull(partner)

    as_text = {cdr.cdr_id for cdr in pulled.cdrs if "number.as_text" in cdr.quality}
    assert as_text == {cdr for cdr, fault in theirs.planted.items() if fault is Fault.PRICE_AS_TEXT}


def test_shifted_clocks_and_former_ids_are_named_though_nothing_is_wrong(theirs, partner, network):
    pulled = pull(partner)
    ours, aliases = own(partner, network, network.sessions)

    night = reconcile(ours, pulled.cdrs, terms=partner.terms, tariffs=partner.tariffs, as_of=AS_OF, aliases=aliases)

    named = Counter(kind for one in night.judged for kind in one.kinds)
    planted = Counter(theirs.planted.values())
    assert named[Kind.CLOCK] == planted[Fault.CLOCK]
    assert named[Kind.EVSE_ALIAS] == planted[Fault.OLD_EVSE]


def test_a_live_charge_matches_though_the_target_counts_its_transactions_anew(theirs, partner, network):
    at = AS_OF + timedelta(hours=1)
    live = [live_session(network, station.station_id, at) for station in network.stations]
    for session in live + live:
        theirs.record(session)
    charged = [session for session in live if session.party == theirs.party]
    taken_ids = [session.session_id for session in network.sessions if session.party == theirs.party]
    renumbered = [replace(true, session_id=taken) for true, taken in zip(charged, taken_ids, strict=False)]

    pulled = pull(partner, date_to=at + timedelta(hours=1))
    ours, aliases = own(partner, network, [*network.sessions, *renumbered])
    night = reconcile(ours, pulled.cdrs, terms=partner.terms, tariffs=partner.tariffs, as_of=at, aliases=aliases)

    keys = {cdr.cdr_key for cdr in ours if cdr.started_at > AS_OF}
    assert len(keys) == len(charged) > 0
    assert {one.verdict for one in night.judged if one.ours_key in keys} == {Verdict.EQUAL}
    assert {one.tier for one in night.judged if one.ours_key in keys} == {Tier.EVSE_AND_TOKEN}


def test_nobody_enters_without_the_token(partner):
    with pytest.raises(PartnerRefused, match="token"):
        pull(partner, token="another")


def test_both_sides_are_named(partner, network):
    ours, _ = own(partner, network, network.sessions)

    assert {cdr.side for cdr in ours} == {Side.OURS}
    assert {cdr.side for cdr in pull(partner).cdrs} == {Side.THEIRS}
