"""A CitrineOS as a target, played at the wire: what is sent in each generation, and what faults cost."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
import stamina
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from charging.errors import BackOfficeUnavailable
from charging.network import Connector, Evse, Lane, Location, Station, Tariff, Token
from charging.secret import Secret
from charging.targets.change import Action
from charging.targets.citrineos import CitrineTarget
from charging.targets.citrineos_client import GraphQl
from charging.targets.citrineos_tables import CitrineTables
from charging.targets.outcome import Verdict, outcomes
from charging.targets.wanted import Wanted
from rehearsal.citrineos_graphql import PATH, CitrineOs, Faults, Misbehaviour
from rehearsal.citrineos_schema import Generation

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


@pytest.fixture
def http():
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture
def reach(http, serve):
    """What makes a target of a CitrineOS; one is served once, however often it is reached."""
    addresses = {}

    def made(citrineos, *, secret="hunter2", tenant=1, now=NOW, publish=False):
        if id(citrineos) not in addresses:
            addresses[id(citrineos)] = serve(citrineos.app)
        client = GraphQl(http, addresses[id(citrineos)] + PATH, secret=secret and Secret(secret))
        tables = CitrineTables(client, tenant=tenant)
        return CitrineTarget(tables, clock=lambda: now, time_zone="Europe/Amsterdam", publish=publish)

    return made


def citrineos(kind=None, *, generation=Generation.CONNECTION_NAME, every=10):
    return CitrineOs(secret="hunter2", generation=generation, faults=Faults(kind=kind, every=every))


def location(location_id="L1", *, street="Kade 5", **fields):
    given = {"name": "Kade", "latitude": Decimal("52.011"), "longitude": Decimal("4.3571234")} | fields
    return Location(
        location_id=location_id,
        street=street,
        city="Delft",
        postal_code="2611 AB",
        country="NL",
        time_zone=None,
        **given,
    )


def station(station_id="CS-1", location_id="L1", **fields):
    given = {"serial_number": "S-1", "apn": None, "ocpp_protocol": "ocpp1.6J"} | fields
    return Station(
        station_id=station_id,
        location_id=location_id,
        vendor="Supplier A",
        model="A1",
        firmware="5.8",
        iccid="8931086000000000000",
        imsi=None,
        lane=Lane.LIVE,
        last_seen_at=None,
        **given,
    )


def evse(station_id="CS-1", number=1, evse_id="NL*EVN*ECS1*1"):
    return Evse(evse_uid=f"{station_id}*{number}", station_id=station_id, connector_id=number, evse_id=evse_id)


def connector(evse_uid="CS-1*1", number=1, standard="IEC_62196_T2_COMBO"):
    return Connector(
        evse_uid=evse_uid,
        connector_number=number,
        standard=standard,
        format="CABLE",
        power_type="DC",
        max_voltage=920,
        max_amperage=200,
        max_power_w=150000,
    )


def token(token_uid="04A1B2C3D4E5F6", *, is_blocked=False, **fields):
    given = {"parent_uid": None, "issuer": None, "expires_at": None} | fields
    return Token(token_uid=token_uid, contract_id="NL-EVN-C00122045-K", is_blocked=is_blocked, **given)


def network(**rows):
    whole = {
        "locations": [location()],
        "stations": [station()],
        "evses": [evse(number=0), evse()],
        "connectors": [connector()],
        "tokens": [token()],
    }
    return Wanted(**(whole | rows))


def many(number):
    """A network of tokens alone, in the order of their uids."""
    return Wanted(tokens=[token(f"04A1B2C3D4E5{one:02X}") for one in range(number)])


def load(target, wanted):
    changes = target.plan(wanted)
    applied = list(target.apply(changes))
    return {(one.entity, one.key): one for one in outcomes(changes, applied, target.verify(changes))}


def verdicts(ended):
    return Counter(one.verdict for one in ended.values())


@pytest.mark.parametrize("generation", list(Generation))
def test_loads_a_network_into_every_generation(reach, generation):
    server = citrineos(generation=generation)

    ended = load(reach(server), network())

    assert verdicts(ended) == {Verdict.LOADED: 5}
    place, box = server.rows["Locations"][0], server.rows["ChargingStations"][0]
    assert place["coordinates"] == {"type": "Point", "coordinates": [4.3571234, 52.011]}
    assert (place["country"], place["timeZone"], place["publishUpstream"]) == ("NLD", "Europe/Amsterdam", False)
    identity = "ocppConnectionName" if generation is Generation.CONNECTION_NAME else "id"
    assert (box[identity], box["locationId"], box["protocol"]) == ("CS-1", place["id"], "ocpp1.6")
    part, plug = server.rows["Evses"][0], server.rows["Connectors"][0]
    assert (part["evseTypeId"], part["evseId"]) == (1, "NL*EVN*ECS1*1")
    assert (plug["evseId"], plug["connectorId"], plug["evseTypeConnectorId"]) == (part["id"], 1, 1)
    assert (plug["type"], plug["format"], plug["powerType"]) == ("IEC62196T2COMBO", "Cable", "DC")
    tag = server.rows["Authorizations"][0]
    assert (tag["idToken"], tag["idTokenType"], tag["status"]) == ("04A1B2C3D4E5F6", "ISO14443", "Accepted")


@pytest.mark.parametrize("generation", list(Generation))
def test_a_second_load_sends_nothing(reach, generation):
    server = citrineos(generation=generation)
    load(reach(server), network())
    sent = server.requests["mutation"]

    changes = reach(server).plan(network())

    assert {change.action for change in changes} == {Action.SAME}
    load(reach(server), network())
    assert server.requests["mutation"] == sent


def test_a_plan_writes_nothing(reach):
    server = citrineos()

    changes = reach(server).plan(network())

    assert [change.action for change in changes] == [Action.CREATE] * 5
    assert server.requests["mutation"] == 0


def test_takes_no_tariffs(reach):
    prices = Tariff(tariff_id="T", name=None, currency="EUR", valid_from=None, valid_until=None, document={})

    assert reach(citrineos()).plan(Wanted(tariffs=[prices])) == []


def test_reads_every_page(reach, monkeypatch):
    monkeypatch.setattr("charging.targets.citrineos_tables.PAGE", 7)
    server = citrineos()

    assert verdicts(load(reach(server), many(20))) == {Verdict.LOADED: 20}
    assert {change.action for change in reach(server).plan(many(20))} == {Action.SAME}


@pytest.mark.parametrize(
    ("kind", "verdict", "reason"),
    [
        pytest.param(Misbehaviour.ERROR_500, Verdict.FAILED, "HTTP 500", id="HTTP 500"),
        pytest.param(Misbehaviour.REFUSES, Verdict.FAILED, "invalid input syntax", id="errors in an HTTP 200"),
        pytest.param(Misbehaviour.FORGETS, Verdict.MISSING, "does not have it", id="accepted and not stored"),
    ],
)
def test_a_fault_at_every_tenth_row_costs_that_row(reach, kind, verdict, reason):
    server = citrineos(kind)

    ended = load(reach(server), many(30))

    assert verdicts(ended) == {Verdict.LOADED: 27, verdict: 3}
    assert all(reason in one.reason for one in ended.values() if one.verdict is verdict)
    server.faults = Faults()
    assert verdicts(load(reach(server), many(30))) == {Verdict.LOADED: 30}
    assert len(server.rows["Authorizations"]) == 30


@pytest.mark.parametrize("kind", [Misbehaviour.STUMBLES, Misbehaviour.TOO_MANY, Misbehaviour.TRUNCATED])
def test_a_fault_that_passes_costs_nothing_and_stores_nothing_twice(reach, kind):
    server = citrineos(kind, every=2)
    places = [location(f"L{number}", street=f"Kade {number}") for number in range(10)]

    ended = load(reach(server), Wanted(locations=places, tokens=many(10).tokens))

    assert verdicts(ended) == {Verdict.LOADED: 20}
    assert len(server.rows["Locations"]) == len(server.rows["Authorizations"]) == 10


def test_shows_that_coordinates_were_rounded(reach):
    ended = load(reach(citrineos(Misbehaviour.ROUNDS, every=1)), network())

    assert ended["location", "L1"].verdict is Verdict.ALTERED
    assert [(one.field, one.found) for one in ended["location", "L1"].differences] == [("coordinates", "52.01 4.36")]


def test_a_row_that_fails_costs_what_hangs_on_it_and_no_other(reach):
    server = citrineos()
    server.faults = Faults(kind=Misbehaviour.REFUSES, every=3)  # two locations go in, the first station does not
    places = [location(), location("L2", street="Kade 7")]
    ended = load(reach(server), network(locations=places, stations=[station()]))

    assert ended["station", "CS-1"].verdict is Verdict.FAILED
    assert ended["evse", "CS-1*1"].reason == "its station CS-1 is not there"
    assert ended["connector", "CS-1*1#1"].verdict is Verdict.FAILED
    assert ended["token", "04A1B2C3D4E5F6"].verdict is Verdict.LOADED


def test_fills_the_gaps_of_a_station_whose_place_is_another_there(reach):
    server = citrineos()
    theirs = server.add("Locations", name="Depot")
    server.add("ChargingStations", ocppConnectionName="CS-1", locationId=theirs["id"])
    target = reach(server)
    changes = target.plan(network(tokens=[]))
    said = target.apply(changes)
    server.faults = Faults(kind=Misbehaviour.REFUSES, every=1)
    first = next(said)
    server.faults = Faults()
    applied = [first, *said]
    ended = {(one.entity, one.key): one for one in outcomes(changes, applied, target.verify(changes))}

    assert ended["location", "L1"].verdict is Verdict.FAILED
    assert ended["station", "CS-1"].verdict is Verdict.LOADED
    assert server.rows["ChargingStations"][0]["locationId"] == theirs["id"]


def test_keeps_the_sentence_of_a_constraint(reach):
    server = citrineos()
    server.add("Authorizations", idToken="04a1b2c3d4e5f6", idTokenType="ISO14443", status="Accepted", tenantId=2)

    ended = load(reach(server), network())

    assert 'duplicate key value violates unique constraint "idToken_type"' in ended["token", "04A1B2C3D4E5F6"].reason
    assert verdicts(ended) == {Verdict.LOADED: 4, Verdict.FAILED: 1}


def test_gives_up_where_nobody_answers_any_more(reach):
    target = reach(citrineos(Misbehaviour.ERROR_500, every=1))
    changes = target.plan(many(30))

    with pytest.raises(BackOfficeUnavailable, match="20 rows without an answer"):
        list(target.apply(changes))


def test_says_that_the_secret_is_wrong(reach):
    with pytest.raises(BackOfficeUnavailable, match=r"invalid \"x-hasura-admin-secret.*check target.secret"):
        reach(citrineos(), secret="wrong").plan(network())


def test_says_that_a_table_is_not_shown(reach):
    async def answer(_request):
        return JSONResponse({"data": {"Locations": None}})

    old = type("Old", (), {"app": Starlette(routes=[Route(PATH, answer, methods=["POST"])])})()

    with pytest.raises(BackOfficeUnavailable, match="its GraphQL has no Locations"):
        reach(old).plan(network())


def test_fills_gaps_and_leaves_the_rest(reach):
    server = citrineos()
    server.add("Locations", name="KADE", address="Kade  5", postalCode="2611AB", city="Delft", country="Nederland")
    server.add("ChargingStations", ocppConnectionName="CS-1", firmwareVersion="6.0", isOnline=True)
    server.add("ChargingStations", ocppConnectionName="THEIRS", chargePointVendor="B")

    ended = load(reach(server), network())

    assert verdicts(ended) == {Verdict.LOADED: 5}
    ours, theirs = server.rows["ChargingStations"]
    assert (ours["firmwareVersion"], ours["chargePointVendor"], ours["isOnline"]) == ("6.0", "Supplier A", True)
    assert ours["locationId"] == server.rows["Locations"][0]["id"]
    assert len(server.rows["Locations"]) == 1
    assert theirs["updatedAt"] == "2026-01-01T00:00:00+00:00"
    kept = {change.key: change.kept for change in reach(server).plan(network()) if change.kept}
    assert kept["CS-1"] == {"firmwareVersion": "6.0"}
    assert kept["L1"] == {
        "name": "KADE",
        "address": "Kade  5",
        "postalCode": "2611AB",
        "country": "Nederland",
        "timeZone": "UTC",
    }


@pytest.mark.parametrize(
    ("held", "ours", "reason"),
    [
        pytest.param({"status": "Blocked"}, {}, "has it as Blocked", id="blocked there"),
        pytest.param({"status": None}, {}, "has it as nothing", id="without a word there"),
        pytest.param({"cacheExpiryDateTime": "2026-12-01T00:00:00+00:00"}, {}, "lets it expire", id="it expires there"),
        pytest.param(
            {"cacheExpiryDateTime": "2026-12-01T00:00:00+00:00"},
            {"expires_at": datetime(2027, 1, 1, tzinfo=UTC)},
            "lets it expire",
            id="it expires sooner there",
        ),
    ],
)
def test_lets_nobody_in_whom_the_target_keeps_out(reach, held, ours, reason):
    server = citrineos()
    server.add("Authorizations", **({"idToken": "04A1B2C3D4E5F6", "status": "Accepted"} | held))
    before = dict(server.rows["Authorizations"][0])

    ended = load(reach(server), Wanted(tokens=[token(**ours)]))

    assert ended["token", "04A1B2C3D4E5F6"].verdict is Verdict.REFUSED
    assert reason in ended["token", "04A1B2C3D4E5F6"].reason
    assert server.rows["Authorizations"] == [before]


@pytest.mark.parametrize(
    ("ours", "column", "value"),
    [
        pytest.param({"is_blocked": True}, "status", "Blocked", id="blocked by us"),
        pytest.param({"expires_at": NOW - HOURS}, "status", "Expired", id="expired"),
        pytest.param(
            {"expires_at": NOW + HOURS}, "cacheExpiryDateTime", (NOW + HOURS).isoformat(), id="about to expire"
        ),
    ],
)
def test_narrows_access(reach, ours, column, value):
    server = citrineos()
    server.add("Authorizations", idToken="04a1b2c3d4e5f6", idTokenType="Central", status="Accepted")

    ended = load(reach(server), Wanted(tokens=[token(**ours)]))

    assert verdicts(ended) == {Verdict.LOADED: 1}
    assert server.rows["Authorizations"][0][column] == value
    assert server.rows["Authorizations"][0]["idTokenType"] == "Central"


def test_groups_tokens_whatever_their_order(reach):
    server = citrineos()

    ended = load(reach(server), Wanted(tokens=[token("AA01", parent_uid="PARENT"), token("PARENT")]))

    assert verdicts(ended) == {Verdict.LOADED: 2}
    group = {row["idToken"]: row["groupAuthorizationId"] for row in server.rows["Authorizations"]}
    assert group == {"PARENT": None, "AA01": 1}


def test_a_token_whose_group_is_nowhere_comes_without_it(reach):
    server = citrineos()
    target = reach(server)

    changes = target.plan(Wanted(tokens=[token("AA01", parent_uid="PARENT")]))

    assert "parent_uid" in changes[0].no_place
    assert [one.error for one in target.apply(changes)] == [None]
    assert target.verify(changes) == []
    whole = Wanted(tokens=[token("AA01", parent_uid="PARENT"), token("PARENT")])
    assert verdicts(load(reach(server), whole)) == {Verdict.LOADED: 2}
    assert server.rows["Authorizations"][0]["groupAuthorizationId"] == 2


@pytest.mark.parametrize(
    ("rows", "key", "reason"),
    [
        pytest.param(
            {"tokens": [token("abcd"), token("ABCD")]},
            ("token", "ABCD"),
            "2 tokens of ours have this uid but for upper and lower case",
            id="tokens that differ in case",
        ),
        pytest.param(
            {"locations": [location(), location("L2")]},
            ("location", "L2"),
            "2 locations of ours have this name and address",
            id="locations at one address",
        ),
        pytest.param(
            {"connectors": [connector(), connector(number=2)]},
            ("connector", "CS-1*1#2"),
            "nobody has told this one's number",
            id="a second connector of an EVSE",
        ),
        pytest.param(
            {"connectors": [connector(standard="MCS")]},
            ("connector", "CS-1*1#1"),
            "no word for type MCS",
            id="a plug without a word",
        ),
        pytest.param(
            {"stations": []}, ("evse", "CS-1*1"), "its station CS-1 is not loaded", id="an EVSE without its station"
        ),
    ],
)
def test_refuses_what_it_cannot_say(reach, rows, key, reason):
    ended = load(reach(citrineos()), network(**rows))

    assert ended[key].verdict is Verdict.REFUSED
    assert reason in ended[key].reason


def test_refuses_what_the_target_has_twice(reach):
    server = citrineos()
    for kind in ("ISO14443", "Central"):
        server.add("Authorizations", idToken="04A1B2C3D4E5F6", idTokenType=kind, status="Accepted")

    ended = load(reach(server), network())

    assert "more than once" in ended["token", "04A1B2C3D4E5F6"].reason


def test_overrules_no_identity(reach):
    server = citrineos()
    box = server.add("ChargingStations", ocppConnectionName="CS-1", chargePointSerialNumber="ANOTHER")
    other = server.add("ChargingStations", ocppConnectionName="CS-2")
    server.add("Evses", ocppConnectionName="CS-2", stationId=other["id"], evseTypeId=1, evseId="NL*XXX*E1")
    server.add("Evses", ocppConnectionName="CS-2", stationId=other["id"], evseTypeId=2, removed=True)
    evses = [evse(), evse("CS-2", 1), evse("CS-2", 2)]

    ended = load(reach(server), network(stations=[station(), station("CS-2")], evses=evses))

    assert "serial number ANOTHER" in ended["station", "CS-1"].reason
    assert ended["evse", "CS-1*1"].reason == "its station CS-1 is not loaded"
    assert "publishes it as NL*XXX*E1" in ended["evse", "CS-2*1"].reason
    assert ended["evse", "CS-2*2"].reason == "the target has it as removed"
    assert box["chargePointVendor"] is None


def test_what_the_suites_refuse_is_refused_with_what_hangs_on_it(reach):
    target = reach(citrineos())

    changes = target.plan(network(), check=lambda entity, _sent: {"CS-1": "no"} if entity == "station" else {})

    actions = {change.entity: change.action for change in changes}
    assert actions == {
        "location": Action.CREATE,
        "station": Action.REFUSE,
        "evse": Action.REFUSE,
        "connector": Action.REFUSE,
        "token": Action.CREATE,
    }


def test_a_load_that_was_cut_short_is_taken_up_again(reach):
    server, whole = citrineos(), network(tokens=many(10).tokens)
    target = reach(server)
    cut = target.apply(target.plan(whole))
    for _ in range(6):
        next(cut)

    ended = load(reach(server), whole)

    assert verdicts(ended) == {Verdict.LOADED: 14}
    assert [len(server.rows[name]) for name in ("Locations", "ChargingStations", "Authorizations")] == [1, 1, 10]


def test_leaves_other_tenants_alone(reach):
    server = citrineos()
    server.add("ChargingStations", ocppConnectionName="CS-1", tenantId=2)

    load(reach(server), network())

    assert sorted(row["tenantId"] for row in server.rows["ChargingStations"]) == [1, 2]
    assert server.rows["ChargingStations"][0]["chargePointVendor"] is None


def test_names_what_has_no_place(reach):
    boxes = [station(apn="iot", ocpp_protocol="ocpp1.6S")]
    changes = reach(citrineos()).plan(network(stations=boxes, tokens=[replace(token(), issuer="NL-TNM")]))

    assert {change.entity: change.no_place for change in changes} == {
        "location": ("location_id",),
        "station": ("apn", "ocpp_protocol"),
        "evse": ("evse_uid",),
        "connector": (),
        "token": ("contract_id", "issuer"),
    }
