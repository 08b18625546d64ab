"""An OCPI receiver as a target, played at the wire: what is sent in each version, and what faults cost."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
import stamina

from charging.errors import BackOfficeUnavailable, PartnerUnavailable
from charging.network import Connector, Evse, Lane, Location, Station, Tariff, Token
from charging.roaming.partner import TokenEncoding
from charging.secret import Secret
from charging.target_settings import KnownConnector
from charging.targets.change import Action
from charging.targets.ocpi import OcpiTarget
from charging.targets.ocpi_client import Receiver, ReceiverClient
from charging.targets.ocpi_objects import Manner
from charging.targets.outcome import Verdict, outcomes
from charging.targets.wanted import Wanted
from rehearsal.ocpi_receiver import Faults, Misbehaviour, OcpiReceiver

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SAID = KnownConnector(
    standard="IEC_62196_T2", format="SOCKET", power_type="AC_3_PHASE", max_voltage=400, max_amperage=32
)
VERSIONS = ("2.1.1", "2.2.1", "2.3.0")


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


@pytest.fixture
def http():
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def reach(http, serve):
    """What makes a target of a receiver; a receiver is served once, however often it is reached."""
    addresses = {}

    def made(receiver, *, version="2.2.1", connector=SAID, stamps=None, clock=lambda: NOW):
        base = addresses.setdefault(id(receiver), None) or serve(receiver.app)
        addresses[id(receiver)] = base
        peer = Receiver(
            name="target",
            party="NL-NEW",
            owner="NL-EVN",
            versions_url=f"{base}/ocpi/versions",
            version=version,
            origins=(base,),
            token_encoding=TokenEncoding.BASE64,
        )
        client = ReceiverClient(peer, http=http, token=Secret("hunter2"), clock=clock)
        manner = Manner(
            version=version, owner="NL-EVN", time_zone="Europe/Amsterdam", publish=False, connector=connector
        )
        return OcpiTarget(client, manner, clock=clock, stamps=stamps)

    return made


def receiver(kind=None, *, version="2.2.1", **faults):
    return OcpiReceiver(token="hunter2", version=version, faults=Faults(kind=kind, **faults))


def location(location_id="L1", *, latitude="52.011", name="Kade", country="NL"):
    return Location(
        location_id=location_id,
        name=name,
        street="Kade 5",
        city="Delft",
        postal_code="2611 AB",
        country=country,
        latitude=latitude and Decimal(latitude),
        longitude=Decimal("4.3571234"),
        time_zone=None,
    )


def station(station_id="CS-1", location_id="L1"):
    return Station(
        station_id=station_id,
        location_id=location_id,
        vendor=None,
        model=None,
        serial_number=None,
        firmware=None,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol=None,
        lane=Lane.LIVE,
        last_seen_at=None,
    )


def evse(station_id="CS-1", number=1, evse_id="NL*EVN*ECS1*1"):
    return Evse(evse_uid=f"{station_id}*{number}", station_id=station_id, connector_id=number, evse_id=evse_id)


def connector(evse_uid="CS-1*1", number=1):
    return Connector(
        evse_uid=evse_uid,
        connector_number=number,
        standard="IEC_62196_T2_COMBO",
        format="CABLE",
        power_type="DC",
        max_voltage=920,
        max_amperage=200,
        max_power_w=150000,
    )


def token(token_uid="04A1B2C3D4E5F6", *, contract_id="NL-EVN-C00122045-K", is_blocked=False, **fields):
    given = {"parent_uid": None, "issuer": None, "expires_at": None} | fields
    return Token(token_uid=token_uid, contract_id=contract_id, is_blocked=is_blocked, **given)


def tariff(tariff_id="T1", **document):
    component = {"type": "ENERGY", "price": "0.25", "vat": "21", "step_size": "1"}
    return Tariff(
        tariff_id=tariff_id,
        name=None,
        currency="EUR",
        valid_from=None,
        valid_until=None,
        document={"id": tariff_id, "currency": "EUR", "elements": [{"price_components": [component]}]} | document,
    )


def network(size=1):
    stations = [f"CS-{number}" for number in range(1, size + 1)]
    return Wanted(
        tariffs=[tariff()],
        locations=[location(f"L-{one}") for one in stations],
        stations=[station(one, f"L-{one}") for one in stations],
        evses=[evse(one, evse_id=f"NL*EVN*E{number}") for number, one in enumerate(stations)],
        connectors=[connector(f"{one}*1") for one in stations],
        tokens=[token(f"0{number:013X}") for number in range(size)],
    )


def loaded(target, wanted):
    changes = target.plan(wanted)
    ended = outcomes(changes, list(target.apply(changes)), target.verify(changes))
    return {(one.entity, one.key): one for one in ended}


def verdicts(ended):
    return Counter(str(one.verdict) for one in ended.values())


def actions(changes):
    return Counter(str(change.action) for change in changes)


def test_loads_an_empty_receiver_and_sends_nothing_the_second_time(reach, version):
    platform = receiver(version=version)
    target = reach(platform, version=version)

    ended = loaded(target, network(3))
    puts = platform.requests["PUT"]

    assert verdicts(ended) == {"loaded": 13}
    assert puts == 7
    assert actions(target.plan(network(3))) == {"same": 13}
    loaded(target, network(3))
    assert platform.requests["PUT"] == puts


def test_writes_each_object_as_its_version_has_it(reach, version):
    platform = receiver(version=version)
    loaded(reach(platform, version=version), replace(network(), tokens=[token(parent_uid="GROUP")]))

    place = platform.objects["locations"]["NL/EVN/L-CS-1"]
    plug = place["evses"][0]["connectors"][0]
    card = platform.objects["tokens"]["NL/EVN/04A1B2C3D4E5F6"]
    price = platform.objects["tariffs"]["NL/EVN/T1"]
    is_flat = version == "2.1.1"
    assert (place["country"], place["last_updated"]) == ("NLD", "2026-11-21T00:00:00Z")
    assert place["coordinates"] == (
        {"latitude": "52.011000", "longitude": "4.357123"}
        if is_flat
        else {"latitude": "52.01100", "longitude": "4.3571234"}
    )
    assert ("country_code" in place, "country_code" in card, "country_code" in price) == (not is_flat,) * 3
    assert (plug["voltage" if is_flat else "max_voltage"], "max_electric_power" in plug) == (920, not is_flat)
    assert card["auth_id" if is_flat else "contract_id"] == "NL-EVN-C00122045-K"
    assert card.get("group_id") == (None if is_flat else "GROUP")
    assert price["elements"][0]["price_components"][0]["price"] == 0.25
    assert price.get("tax_included") == ("NO" if version == "2.3.0" else None)


def test_puts_tariffs_before_locations_before_tokens(reach):
    sent = [change.entity for change in reach(receiver()).plan(network(2)) if not change.carrier]

    assert sent == ["tariff", "location", "location", "token", "token"]


def test_refuses_a_price_that_the_version_cannot_say(reach):
    expensive = replace(network(), tariffs=[tariff(min_price={"excl_vat": "0.50", "incl_vat": "0.55"})])

    (refused, *_) = reach(receiver(version="2.1.1"), version="2.1.1").plan(expensive)
    new = receiver(version="2.3.0")
    loaded(reach(new, version="2.3.0"), expensive)

    assert refused.action is Action.REFUSE
    assert "min_price" in refused.reason
    assert new.objects["tariffs"]["NL/EVN/T1"]["min_price"] == {"before_taxes": 0.5, "after_taxes": 0.55}


@pytest.mark.parametrize(
    ("broken", "refused"),
    [
        pytest.param({"locations": [location("L-CS-1", latitude=None)]}, 3, id="no coordinates"),
        pytest.param({"locations": [location("L-CS-1", country="XX")]}, 3, id="a country without a code"),
        pytest.param({"stations": [station("CS-1", None)]}, 2, id="a station that stands nowhere"),
        pytest.param({"tokens": [token(contract_id=None)]}, 1, id="a token without a contract"),
        pytest.param({"connectors": [connector("GONE*1")]}, 1, id="a connector without its EVSE"),
    ],
)
def test_refuses_what_ocpi_cannot_say_and_what_hangs_on_it(reach, broken, refused):
    ended = loaded(reach(receiver()), replace(network(), **broken))

    assert verdicts(ended)["refused"] == refused
    assert all(one.reason for one in ended.values() if one.verdict is Verdict.REFUSED)


def test_assumes_a_connector_only_where_the_owner_has_said_which(reach):
    untold = replace(network(), connectors=[])

    without = loaded(reach(receiver(), connector=None), untold)
    platform = receiver()
    target = reach(platform)
    (change,) = [change for change in target.plan(untold) if change.entity == "evse"]

    assert without["evse", "CS-1*1"].verdict is Verdict.REFUSED
    assert "what the settings say" in change.reason
    assert verdicts(loaded(target, untold))["loaded"] == 4
    assert platform.objects["locations"]["NL/EVN/L-CS-1"]["evses"][0]["connectors"][0]["max_amperage"] == 32


def test_leaves_what_is_not_ours_in_a_location_of_a_used_receiver(reach):
    platform = receiver()
    target = reach(platform)
    loaded(target, network())
    place = platform.objects["locations"]["NL/EVN/L-CS-1"]
    theirs = {"uid": "THEIRS", "status": "AVAILABLE", "connectors": [{"id": "9"}], "last_updated": "x"}
    place |= {"opening_times": {"twentyfourseven": True}, "evses": [theirs, *place["evses"]], "publish": True}
    place["evses"][1] |= {"status": "CHARGING", "floor_level": "-1"}

    assert actions(target.plan(network())) == {"same": 5}
    ended = loaded(target, replace(network(), locations=[location("L-CS-1", name="Kade Noord")]))
    after = platform.objects["locations"]["NL/EVN/L-CS-1"]
    by_uid = {one["uid"]: one for one in after["evses"]}
    assert verdicts(ended) == {"loaded": 5}
    assert (after["name"], after["opening_times"], after["publish"]) == ("Kade Noord", {"twentyfourseven": True}, True)
    assert by_uid["THEIRS"] == theirs
    assert (by_uid["CS-1*1"]["status"], by_uid["CS-1*1"]["floor_level"]) == ("CHARGING", "-1")


def test_does_not_let_in_whom_the_receiver_keeps_out(reach):
    platform = receiver()
    target = reach(platform)
    loaded(target, replace(network(), tokens=[token("A", is_blocked=True), token("B")]))

    ended = loaded(target, replace(network(), tokens=[token("A"), token("B", contract_id="NL-EVN-C00000001-0")]))

    assert [ended["token", key].verdict for key in "AB"] == [Verdict.REFUSED] * 2
    assert not platform.objects["tokens"]["NL/EVN/A"]["valid"]


def test_sends_a_token_that_has_expired_as_not_valid(reach):
    platform = receiver()
    target = reach(platform)
    later = token("B", expires_at=NOW + timedelta(days=1))

    loaded(target, replace(network(), tokens=[token("A", expires_at=NOW), later]))

    assert {key: one["valid"] for key, one in platform.objects["tokens"].items()} == {
        "NL/EVN/A": False,
        "NL/EVN/B": True,
    }
    assert [change.no_place for change in target.plan(replace(network(), tokens=[later]))][-1] == ("expires_at",)


def test_stamps_the_same_content_with_the_same_instant_in_every_run(reach):
    wanted, platform = network(), receiver()
    first = {(one.entity, one.key): one for one in reach(platform).plan(wanted)}
    stamps = {key: (one.content_sha256, one.stamped_at) for key, one in first.items() if one.stamped_at}
    later = reach(platform, stamps=stamps, clock=lambda: NOW + timedelta(days=1))

    again = {(one.entity, one.key): one for one in later.plan(wanted)}
    changed = {(o.entity, o.key): o for o in later.plan(replace(wanted, tokens=[token("0" * 14, is_blocked=True)]))}

    assert {key: one.body for key, one in again.items()} == {key: one.body for key, one in first.items()}
    assert json.loads(changed["token", "0" * 14].body)["last_updated"] == "2026-11-22T00:00:00Z"


@pytest.mark.parametrize(
    ("kind", "verdict", "said"),
    [
        pytest.param(Misbehaviour.ERROR_500, Verdict.FAILED, "HTTP 500", id="500"),
        pytest.param(Misbehaviour.OCPI_2001, Verdict.FAILED, "I do not like this field", id="200 with 2001 inside"),
        pytest.param(Misbehaviour.OCPI_3000, Verdict.FAILED, "my database is away", id="200 with 3000 inside"),
        pytest.param(Misbehaviour.FORGETS, Verdict.MISSING, "does not have it", id="accepted, and not stored"),
        pytest.param(Misbehaviour.LOWERS, Verdict.ALTERED, "id", id="lower-cased ids"),
    ],
)
def test_a_fault_at_every_tenth_object_costs_exactly_those(reach, kind, verdict, said):
    platform = receiver(kind)
    wanted = replace(network(), tokens=[token(f"TAG{number}") for number in range(38)])

    ended = loaded(reach(platform), wanted)

    struck = {("token", f"TAG{number}") for number in range(38) if platform.is_struck("tokens", f"TAG{number}")}
    assert len(struck) == 4
    assert {key for key, one in ended.items() if one.verdict is not Verdict.LOADED} == struck
    assert {ended[key].verdict for key in struck} == {verdict}
    assert all(said in ended[key].reason for key in struck)


@pytest.mark.parametrize(
    "kind", [Misbehaviour.TOO_MANY, Misbehaviour.SLOW, Misbehaviour.TRUNCATED], ids=["429", "slow", "truncated answer"]
)
def test_a_fault_that_passes_or_only_looks_like_one_costs_nothing(reach, kind):
    ended = loaded(reach(receiver(kind, every=2, seconds=0.05)), network(4))

    assert verdicts(ended) == {"loaded": 17}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        pytest.param(Misbehaviour.ROUNDS, "coordinates.longitude", id="rounded coordinates"),
        pytest.param(Misbehaviour.DROPS, "postal_code", id="dropped fields"),
        pytest.param(Misbehaviour.LOWERS, "id", id="lower-cased ids"),
    ],
)
def test_finds_field_by_field_what_the_receiver_did_to_a_location(reach, kind, field):
    ended = loaded(reach(receiver(kind, every=1)), replace(network(), tokens=[], tariffs=[]))

    altered = ended["location", "L-CS-1"]
    assert altered.verdict is Verdict.ALTERED
    assert field in {each.field for each in altered.differences}


def test_ends_the_same_however_often_it_is_cut_short(reach):
    wanted = network(3)
    calm, cut = receiver(), receiver()
    loaded(reach(calm), wanted)
    for after in range(8):
        applying = reach(cut).apply(reach(cut).plan(wanted))
        for _ in range(after):
            next(applying, None)

    assert verdicts(loaded(reach(cut), wanted)) == {"loaded": 13}
    assert cut.objects == calm.objects
    assert cut.requests["PUT"] == calm.requests["PUT"]


def test_gives_up_where_nobody_answers(reach, http):
    target = reach(receiver(Misbehaviour.ERROR_500, every=1))

    with pytest.raises(BackOfficeUnavailable, match="without an answer"):
        loaded(target, replace(network(), tokens=[token(f"TAG{number}") for number in range(30)]))


def test_says_that_the_receiver_speaks_another_version(reach):
    with pytest.raises(BackOfficeUnavailable, match=r"it offers 2\.1\.1"):
        reach(receiver(version="2.1.1"), version="2.3.0").plan(network())


def test_does_not_know_what_it_could_not_ask(reach, monkeypatch):
    target = reach(receiver())
    plain = ReceiverClient.read

    def read(self, url):
        if url.endswith("L-CS-1"):
            raise PartnerUnavailable("target", f"no answer at {url}", "wait")
        return plain(self, url)

    monkeypatch.setattr(ReceiverClient, "read", read)
    ended = loaded(target, network())

    assert [ended[key].verdict for key in (("location", "L-CS-1"), ("evse", "CS-1*1"))] == [Verdict.UNKNOWN] * 2
    assert ended["token", "0" * 14].verdict is Verdict.LOADED
