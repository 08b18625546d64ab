"""SIM cards by two lists."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.cleansing.stations import has_luhn
from charging.migration.sims import Card, Kind, Needed, StationVpn, canonical, compare
from charging.migration.vpns import in_profile, in_settings
from charging.network.model import Lane, Station

BODY = "893109004012345678"
FULL = next(f"{BODY}{digit}" for digit in range(10) if has_luhn(f"{BODY}{digit}"))
OTHER = "8931090040999999990"


def station(station_id="S1", *, iccid=FULL, imsi="204080000000001", apn="old.apn", lane=Lane.LIVE):
    return Station(
        station_id=station_id,
        location_id=None,
        vendor="x",
        model="y",
        serial_number=None,
        firmware="1",
        iccid=iccid,
        imsi=imsi,
        apn=apn,
        ocpp_protocol=None,
        lane=lane,
        last_seen_at=None,
    )


def card(**changes):
    return Card(
        **({"iccid": FULL, "imsi": "204080000000001", "apn": "OLD.apn", "vpn": "ev", "state": "Active"} | changes)
    )


def kinds(stations, cards, needed=None):
    return [one.kind for one in compare(stations, cards, needed=needed or Needed()).differences]


@pytest.mark.parametrize(
    ("stations", "cards", "needed", "expected"),
    [
        pytest.param([station()], [card()], Needed(), [], id="agree"),
        pytest.param([station()], [card(iccid=BODY)], Needed(), [], id="without the check digit"),
        pytest.param([station(iccid=f"{FULL}F")], [card()], Needed(), [], id="with the modem's filler"),
        pytest.param([station()], [], Needed(), [Kind.NOT_AT_CARRIER], id="not at the carrier"),
        pytest.param([], [card()], Needed(), [Kind.NO_STATION], id="a card of no station"),
        pytest.param([station()], [card(state="suspended")], Needed(), [Kind.NOT_ACTIVE], id="suspended"),
        pytest.param([station()], [card(state="")], Needed(), [], id="the carrier says no state"),
        pytest.param([station()], [card(imsi="204080000000002")], Needed(), [Kind.OTHER_IMSI], id="another IMSI"),
        pytest.param([station(imsi=None)], [card()], Needed(), [], id="the station tells no IMSI"),
        pytest.param([station()], [card(apn="new.apn")], Needed(), [Kind.OTHER_APN], id="another APN"),
        pytest.param([station()], [card()], Needed(apn="new.apn"), [Kind.WRONG_APN], id="both on the wrong APN"),
        pytest.param([station()], [card()], Needed(vpn="EV"), [], id="the VPN that is needed"),
        pytest.param([station()], [card(vpn="")], Needed(vpn="ev"), [Kind.NO_VPN], id="in no VPN"),
        pytest.param([station("A"), station("B")], [card()], Needed(), [Kind.TWICE, Kind.TWICE], id="one card twice"),
        pytest.param([station(iccid=None)], [], Needed(), [Kind.NOT_TOLD], id="a live station that tells none"),
        pytest.param([station(iccid=None, lane=Lane.WAREHOUSE)], [], Needed(), [], id="one in the warehouse"),
    ],
)
def test_every_difference_is_named(stations, cards, needed, expected):
    assert kinds(stations, cards, needed) == expected


def test_a_check_digit_is_left_out_only_where_it_is_one():
    wrong = BODY + str((int(FULL[-1]) + 1) % 10)

    assert canonical(FULL) == canonical(BODY) == BODY
    assert canonical(wrong) == wrong
    assert canonical(" 8931 0900-4012345678 ") == BODY


@given(
    st.lists(st.tuples(st.sampled_from([FULL, OTHER, None]), st.sampled_from(Lane)), max_size=6),
    st.sets(st.sampled_from([FULL, OTHER])),
)
def test_every_card_and_station_is_counted_once(kinds_of_stations, iccids):
    stations = [station(f"S{n}", iccid=iccid, lane=lane) for n, (iccid, lane) in enumerate(kinds_of_stations)]
    cards = [card(iccid=iccid) for iccid in iccids]

    found = compare(stations, cards, needed=Needed())

    wrong = {one.station_id for one in found.differences if one.station_id}
    silent = {one.station_id for one in stations if not one.iccid and one.lane is not Lane.LIVE}
    assert found.agreed + len(wrong) + len(silent) == found.stations == len(stations)
    owned = {canonical(one.iccid) for one in stations if one.iccid}
    assert Counter(one.kind for one in found.differences)[Kind.NO_STATION] == len(
        {canonical(iccid) for iccid in iccids} - owned
    )


def vpn(name="ev", *, is_on=None):
    return StationVpn(name=name, is_on=is_on, source="its settings")


@pytest.mark.parametrize(
    ("told", "changes", "needed", "expected"),
    [
        pytest.param(vpn(), {}, Needed(vpn="ev"), [], id="agree"),
        pytest.param(vpn("EV"), {}, Needed(), [], id="letter case does not count"),
        pytest.param(vpn("other"), {}, Needed(), [Kind.OTHER_VPN], id="another one"),
        pytest.param(vpn(), {"vpn": ""}, Needed(vpn="ev"), [], id="the station builds the one that is needed"),
        pytest.param(vpn("x"), {"vpn": ""}, Needed(vpn="ev"), [Kind.NO_VPN], id="it builds another"),
        pytest.param(vpn(is_on=False), {"vpn": ""}, Needed(vpn="ev"), [Kind.NO_VPN, Kind.VPN_DOWN], id="it is off"),
        pytest.param(vpn("", is_on=False), {"vpn": ""}, Needed(), [], id="it has none, and none is asked for"),
        pytest.param(vpn("", is_on=False), {}, Needed(), [Kind.VPN_DOWN], id="off, and the carrier counts on it"),
        pytest.param(None, {"vpn_state": "Down"}, Needed(), [Kind.VPN_DOWN], id="down at the carrier"),
        pytest.param(None, {"vpn_state": "Established"}, Needed(), [], id="up at the carrier"),
        pytest.param(None, {"vpn_state": "pending"}, Needed(), [], id="a word that nobody knows"),
    ],
)
def test_a_vpn_is_told_by_the_carrier_and_by_the_station(told, changes, needed, expected):
    vpns = {"S1": told} if told else {}

    found = compare([station()], [card(**changes)], needed=needed, vpns=vpns)

    assert [one.kind for one in found.differences] == expected
    assert found.agreed == (not expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"HeartbeatInterval": "300"}, None, id="nothing"),
        pytest.param({"VPN-Group": "ev", "VPN-Enabled": "TRUE"}, ("ev", True), id="a maker's keys"),
        pytest.param({"vpn_server": "10.0.0.1", "vpn_status": "down"}, ("10.0.0.1", False), id="no group"),
        pytest.param({"VpnPassword": None}, None, id="only what is kept back"),
        pytest.param(
            {
                "OCPPCommCtrlr.ActiveNetworkProfile": "2",
                "NetworkConfiguration[1].VpnGroup": "old",
                "NetworkConfiguration[2].VpnGroup": "new",
                "NetworkConfiguration[2].VpnEnabled": "true",
            },
            ("new", True),
            id="of the profile in use",
        ),
    ],
)
def test_a_station_tells_of_its_vpn_in_its_settings(values, expected):
    found = in_settings(values)

    assert (None if found is None else (found.name, found.is_on)) == expected


def test_a_station_tells_of_its_vpn_by_the_profile_that_it_took():
    told = in_profile(2, {"vpn": {"server": "vpn.example", "user": "u", "key": "****", "type": "IKEv2"}})

    assert told == StationVpn(name="vpn.example", is_on=None, source="profile 2")
    assert in_profile(2, {"ocppCsmsUrl": "x"}) is None
