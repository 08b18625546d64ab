import pytest

from charging.cleansing import Owner
from charging.cleansing.stations import has_luhn
from charging.network import Lane

TODAY, LAST_WEEK, LONG_AGO = "2026-11-19T06:00:00Z", "2026-11-13T06:00:00Z", "2026-10-01T06:00:00Z"


def test_keeps_an_identity_byte_for_byte(station):
    assert [clean.station_id for clean in station({"station_id": " cs-1%20"}).clean] == [" cs-1%20"]
    assert [question.rule for question in station({"station_id": " cs-1"}).questions] == ["cp.case_space"]
    assert station({}).questions == ()


@pytest.mark.parametrize(
    ("row", "lane", "asked"),
    [
        pytest.param({}, Lane.LIVE, [], id="seen yesterday"),
        pytest.param({"last_seen_at": "2026-08-22T06:00:00Z"}, Lane.LIVE, [], id="90 days"),
        pytest.param({"last_seen_at": "2026-08-22T05:59:59Z"}, Lane.OFFLINE, ["cp.dead"], id="a second more"),
        pytest.param({"last_seen_at": None}, Lane.WAREHOUSE, [], id="never seen"),
        pytest.param({"status": "Faulted"}, Lane.FAULTED, [], id="in a fault"),
        pytest.param({"status": "Charging"}, Lane.LIVE, [], id="charging"),
        pytest.param(
            {"status": "Faulted", "last_seen_at": LONG_AGO[:5] + "01-01T06:00:00Z"},
            Lane.OFFLINE,
            ["cp.dead"],
            id="long gone",
        ),
    ],
)
def test_puts_every_station_into_a_lane(station, row, lane, asked):
    found = station(row)

    assert [clean.lane for clean in found.clean] == [lane]
    assert [question.rule for question in found.questions] == asked


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        ({"station_id": "TEST-01"}, ["cp.test"]),
        ({"station_id": "DEMO-LAB-2"}, ["cp.test"]),
        ({"vendor": "Simulator"}, ["cp.test"]),
        ({"station_id": "tmp_7"}, ["cp.test"]),
        ({"station_id": "LABASTIDE-1"}, []),
        ({"station_id": "LATEST-1"}, []),
    ],
)
def test_sets_test_stations_aside(station, row, rules):
    assert station.rules(row) == rules


@pytest.mark.parametrize(
    ("iccid", "rules", "asked"),
    [
        pytest.param(None, [], [], id="none"),
        pytest.param("8.93E+18", ["cp.iccid_excel"], [], id="rounded"),
        pytest.param("8931440000001230000", ["cp.iccid_excel"], [], id="four zeros at the end"),
        pytest.param("893144000000", ["cp.iccid_excel"], [], id="too short"),
        pytest.param("8931440000000001237", [], ["cp.iccid_excel"], id="a wrong check digit"),
        pytest.param("8931440000000001236", [], [], id="right"),
        pytest.param("8931440000000001236F", [], [], id="padded by the modem"),
    ],
)
def test_judges_the_number_of_the_sim(station, iccid, rules, asked):
    found = station({"iccid": iccid})

    assert [row.rule for row in found.quarantined] == rules
    assert all(row.owner is Owner.CARRIER for row in found.quarantined)
    assert [question.rule for question in found.questions] == asked


@pytest.mark.parametrize(
    ("digits", "is_right"), [("79927398713", True), ("79927398710", False), ("79927398731", False)]
)
def test_knows_the_check_digit_of_a_sim(digits, is_right):
    assert has_luhn(digits) is is_right


@pytest.mark.parametrize(
    ("other", "rules", "merged"),
    [
        pytest.param({"station_id": "cs-1", "serial_number": "S1"}, [], 1, id="one serial number"),
        pytest.param({"station_id": "cs-1", "serial_number": "S2"}, ["cp.dup_exact"] * 2, 0, id="two, in two cases"),
        pytest.param({"serial_number": "S2", "last_seen_at": LONG_AGO}, [], 1, id="two, the other one long ago"),
        pytest.param(
            {"serial_number": "S2", "last_seen_at": LAST_WEEK}, ["cp.dup_hw_swap"] * 2, 0, id="two, both of this week"
        ),
        pytest.param({"station_id": "cs-1", "serial_number": None}, ["cp.dup_exact"] * 2, 0, id="one of them unknown"),
        pytest.param({"station_id": "CS-2", "serial_number": "S2"}, [], 0, id="another station"),
        pytest.param({"station_id": "CS-2", "last_seen_at": LONG_AGO}, ["cp.dup_two_ids"], 0, id="renamed long ago"),
        pytest.param(
            {"station_id": "CS-2", "last_seen_at": LAST_WEEK}, ["cp.dup_two_ids"] * 2, 0, id="both names of this week"
        ),
    ],
)
def test_judges_two_rows_about_one_station(station, other, rules, merged):
    found = station({"serial_number": "S1", "last_seen_at": TODAY}, {"serial_number": "S1"} | other)

    assert [row.rule for row in found.quarantined] == rules
    assert found.merged == merged
    if merged or len(rules) == 1:
        assert [clean.station_id for clean in found.clean] == ["CS-1"]


@pytest.mark.parametrize(
    ("vendors", "expected"),
    [
        (["Alfen", "Alfen", "ALFEN B.V."], ["Alfen", "Alfen", "Alfen"]),
        (["Alfen", "ALFEN"], ["Alfen", "ALFEN"]),
        (
            ["Supplier A", "Supplier A", "supplier-a", "Supplier B"],
            ["Supplier A", "Supplier A", "Supplier A", "Supplier B"],
        ),
        (["ICU Charging"], ["Alfen"]),
        (["Supplier A "], ["Supplier A"]),
        ([None], [None]),
    ],
)
def test_gives_each_vendor_one_spelling(station, vendors, expected):
    rows = ({"station_id": f"CS-{n}", "vendor": vendor} for n, vendor in enumerate(vendors))

    assert [clean.vendor for clean in station(*rows).clean] == expected
