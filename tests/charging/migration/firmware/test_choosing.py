"""Who takes part in a firmware campaign."""

from hypothesis import given
from hypothesis import strategies as st

from charging.migration.firmware.choosing import Image, Rates, choose
from charging.network.model import Lane, Station

IMAGE = Image(vendor="supplier f*", models=("F6-*",), version="5.1.0", size_bytes=400_000)
RATES = Rates(air=40, wire=5_000)


def station(station_id, *, vendor="Supplier F", model="F6-Smart", firmware="5.0.3", lane=Lane.LIVE, **more):
    values = {"location_id": "L1", "imsi": "204080000000001", "iccid": None, "apn": None} | more
    return Station(
        station_id=station_id,
        vendor=vendor,
        model=model,
        serial_number=None,
        firmware=firmware,
        ocpp_protocol=None,
        lane=lane,
        last_seen_at=None,
        **values,
    )


def test_pilots_of_each_present_version_go_first():
    fleet = [station(f"S{number}", firmware="5.0.3" if number < 3 else "4.9") for number in range(5)]

    chosen = choose(fleet, IMAGE, rates=RATES, pilots=1)

    assert {one.station_id: one.rank for one in chosen.fetchers} == {"S0": 0, "S1": 1, "S2": 1, "S3": 0, "S4": 1}


def test_a_carrier_is_known_by_its_imsi_and_a_wire_has_neither_carrier_nor_cell():
    fleet = [station("A"), station("B", location_id=None), station("C", imsi=None)]

    chosen = choose(fleet, IMAGE, rates=RATES, pilots=0)

    assert [(one.carrier, one.cell, one.kbit_per_second) for one in chosen.fetchers] == [
        ("20408", "L1", 40),
        ("20408", "alone B", 40),
        ("", "", 5_000),
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Supplier F", "Supplier G"]),
            st.sampled_from(["5.0.3", "5.1.0", None]),
            st.sampled_from(Lane),
        ),
        max_size=12,
    )
)
def test_every_station_that_is_meant_is_told_once_and_no_other(fleet):
    stations = [station(f"S{n:02}", vendor=v, firmware=f, lane=lane) for n, (v, f, lane) in enumerate(fleet)]

    chosen = choose(stations, IMAGE, rates=RATES, pilots=2)

    told = [*(one.station_id for one in chosen.fetchers), *chosen.has_it, *chosen.not_now]
    assert sorted(told) == [one.station_id for one in stations if one.vendor == "Supplier F"]
    assert all(stations[int(name[1:])].firmware == "5.1.0" for name in chosen.has_it)
