"""`rehome price`: every line with its reason, from files alone, without a home or a server."""

import json

import pytest
from typer.testing import CliRunner

from charging.errors import UserError
from console.cli import app

ENERGY = {"type": "ENERGY", "price": 0.25, "vat": 10, "step_size": 1}
TARIFF = {"id": "T", "currency": "EUR", "elements": [{"price_components": [ENERGY]}]}
DAY_AND_NIGHT = TARIFF | {
    "elements": [
        {"price_components": [ENERGY | {"price": 0.5}], "restrictions": {"start_time": "07:00", "end_time": "21:00"}},
        {"price_components": [ENERGY]},
    ]
}
NEW_YEAR = "2026-01-01T00:00:00Z"
CDR = {
    "country_code": "BE",
    "party_id": "BEC",
    "id": "1",
    "start_date_time": "2026-11-16T12:00:00Z",
    "end_date_time": "2026-11-16T13:00:00Z",
    "cdr_token": {"country_code": "NL", "party_id": "TNM", "uid": "04A1B2C3", "type": "RFID", "contract_id": "NLTNMC1"},
    "auth_method": "WHITELIST",
    "cdr_location": {"id": "L", "evse_uid": "1", "evse_id": "BE*BEC*E1", "connector_id": "1"},
    "currency": "EUR",
    "tariffs": [TARIFF | {"last_updated": NEW_YEAR}],
    "charging_periods": [
        {"start_date_time": "2026-11-16T12:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 20}]},
    ],
    "total_cost": {"excl_vat": 5.00, "incl_vat": 5.50},
    "total_energy": 20,
    "total_energy_cost": {"excl_vat": 5.00},
    "total_time": 1,
    "last_updated": "2026-11-16T14:00:00Z",
}
OLD = {
    "id": "1",
    "start_date_time": CDR["start_date_time"],
    "stop_date_time": CDR["end_date_time"],
    "auth_id": "NLTNMC1",
    "auth_method": "WHITELIST",
    "location": {
        "id": "L",
        "time_zone": "Europe/Lisbon",
        "evses": [{"uid": "1", "evse_id": "BE*BEC*E1", "connectors": [{"id": "1"}]}],
    },
    "currency": "EUR",
    "tariffs": [TARIFF | {"last_updated": NEW_YEAR}],
    "charging_periods": CDR["charging_periods"],
    "total_cost": 5.00,
    "total_energy": 20,
    "total_time": 1,
    "last_updated": CDR["last_updated"],
}
NEW = CDR | {
    "total_cost": {"before_taxes": 5.00, "taxes": [{"name": "VAT", "amount": 0.50}]},
    "tariffs": [TARIFF | {"tax_included": "NO", "last_updated": NEW_YEAR}],
    "total_energy_cost": {"before_taxes": 5.00},
}


@pytest.fixture
def priced(tmp_path):
    """What prices a document, and returns the exit status and what was printed."""

    def run(document, *arguments, tariff=None, as_json=True):
        cdr_file, tariff_file = tmp_path / "cdr.json", tmp_path / "tariff.json"
        cdr_file.write_text(document if isinstance(document, str) else json.dumps(document))
        told = ["price", "--cdr", str(cdr_file), *arguments, *(["--json"] if as_json else [])]
        if tariff is not None:
            tariff_file.write_text(json.dumps(tariff))
            told += ["--tariff", str(tariff_file)]
        ended = CliRunner().invoke(app, told)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended.exit_code, json.loads(ended.stdout) if as_json else ended.stdout

    return run


def test_explains_every_line(priced):
    status, found = priced(CDR)

    (one,) = found["cdrs"]
    (line,) = one["lines"]
    assert status == 0
    assert (one["outcome"], one["net"], one["gross"], one["time_zone_from"]) == ("equal", "5.00", "5.50", "not needed")
    assert (line["measured"], line["billed"], line["unit"], line["unit_price"], line["vat_percent"]) == (
        *("20", "20", "kWh", "0.25", "10"),
    )
    assert (line["net"], line["gross"], line["why"]) == ("5", "5.5", "it has no restrictions")
    assert one["parts"] == [{"dimension": "ENERGY", "stated": "5.0", "computed": "5"}]


@pytest.mark.parametrize(
    ("document", "version", "gross"),
    [pytest.param(OLD, "2.1.1", "5.50", id="2.1.1"), pytest.param(NEW, "2.3.0", "5.50", id="2.3.0")],
)
def test_tells_the_version_by_the_fields(priced, document, version, gross):
    status, found = priced(document)

    (one,) = found["cdrs"]
    assert (status, one["version"], one["outcome"], one["gross"]) == (0, version, "equal", gross)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([CDR], id="a list"),
        pytest.param({"data": [CDR], "status_code": 1000, "timestamp": NEW_YEAR}, id="an answer"),
        pytest.param({"data": CDR, "status_code": 1000, "timestamp": NEW_YEAR}, id="an answer with one"),
        pytest.param("\ufeff" + json.dumps(CDR), id="with a byte order mark"),
    ],
)
def test_reads_one_cdr_however_it_comes(priced, document):
    status, found = priced(document)

    assert (status, found["counts"]) == (0, {"equal": 1})


@pytest.mark.parametrize(
    ("net", "status", "outcome"),
    [
        pytest.param(5.00, 0, "equal", id="as computed"),
        pytest.param(5.005, 0, "within_tolerance", id="half a cent for one line"),
        pytest.param(5.01, 1, "differs", id="beyond it"),
    ],
)
def test_the_exit_status_says_whether_it_states_its_price(priced, net, status, outcome):
    ended, found = priced(CDR | {"total_cost": {"excl_vat": net}})

    assert (ended, found["cdrs"][0]["outcome"]) == (status, outcome)


def test_an_agreed_tariff_counts_before_the_enclosed_one(priced):
    status, found = priced(CDR, tariff=[TARIFF | {"elements": [{"price_components": [ENERGY | {"price": 0.2}]}]}])

    (one,) = found["cdrs"]
    assert (status, one["net"], one["difference_net"], one["tariffs_from"]) == (1, "4.00", "1.00", "agreed")


@pytest.mark.parametrize(
    ("document", "arguments", "zone", "net"),
    [
        pytest.param(CDR, ["--timezone", "Asia/Tokyo"], "Asia/Tokyo", "5.00", id="night in Tokyo"),
        pytest.param(CDR, ["--timezone", "Europe/Lisbon"], "Europe/Lisbon", "10.00", id="day in Lisbon"),
        pytest.param(OLD, [], "Europe/Lisbon", "10.00", id="as a CDR of 2.1.1 says"),
        pytest.param(OLD, ["--timezone", "Asia/Tokyo"], "Asia/Tokyo", "5.00", id="given, whatever it says"),
    ],
)
def test_times_of_day_are_those_of_the_location(priced, document, arguments, zone, net):
    _, found = priced(document, *arguments, tariff=DAY_AND_NIGHT)

    (one,) = found["cdrs"]
    assert (one["time_zone"], one["net"]) == (zone, net)


def test_never_guesses_a_time_zone(priced):
    status, found = priced(CDR, tariff=DAY_AND_NIGHT)

    assert status == 3
    assert found["cdrs"][0]["reason"].endswith("give --timezone")


def test_says_why_an_earlier_element_was_passed_over(priced):
    _, found = priced(CDR, "--timezone", "Asia/Tokyo", tariff=DAY_AND_NIGHT)

    assert found["cdrs"][0]["lines"][0]["why"] == "it has no restrictions; not element 0: 07:00 to 21:00"


def test_an_agreed_rate_of_vat_counts_for_2_1_1(priced):
    plain = TARIFF | {"elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}]}

    found = [priced(OLD, *arguments, tariff=plain)[1]["cdrs"][0]["gross"] for arguments in ([], ["--vat", "21"])]

    assert found == [None, "6.05"]


def test_shows_what_a_limit_does(priced):
    _, found = priced(CDR, tariff=TARIFF | {"max_price": {"excl_vat": 4, "incl_vat": 6}})

    (one,) = found["cdrs"]
    assert one["limits"] == [{"limit": "max_price", "side": "net", "lines_make": "5", "amount": "4"}]
    assert (one["net"], one["gross"]) == ("4.00", "5.50")


def test_a_credit_states_the_negative_of_its_price(priced):
    credit = {"id": "1-C", "credit": True, "credit_reference_id": "1", "total_cost": {"excl_vat": -5, "incl_vat": -5.5}}

    status, found = priced([CDR, CDR | credit])

    assert (status, found["counts"], found["cdrs"][1]["net"]) == (0, {"equal": 2}, "-5.00")


def test_one_unreadable_record_costs_itself(priced):
    status, found = priced([CDR, {"id": "2"}, CDR | {"id": "3", "tariffs": []}])

    assert status == 3
    assert found["counts"] == {"equal": 1, "unreadable": 1, "not_priceable": 1}
    assert found["cdrs"][1]["cdr_id"] == "2"


def test_rounds_as_asked(priced):
    _, found = priced(CDR | {"total_cost": {"excl_vat": 5.005}}, "--rounding", "line:down")

    assert found["cdrs"][0]["rounding"] == "line:down"


def test_shows_people_a_table(priced):
    status, printed = priced(CDR, as_json=False)

    assert status == 0
    assert "element 0: it has no restrictions" in printed
    assert printed.splitlines()[-1] == "1 equal"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--cdr", "absent.json"], "there is no source", id="no file"),
        pytest.param(["--cdr", "/dev/null"], "cannot be read", id="an empty file"),
        pytest.param(["--cdr", "-", "--timezone", "Mars/Olympus"], "no time zone", id="no time zone"),
        pytest.param(["--cdr", "-", "--rounding", "up"], "--rounding", id="no rounding"),
        pytest.param(["--cdr", "-", "--vat", "NaN"], "--vat", id="no rate"),
        pytest.param(["--cdr", "-", "--version", "3.0"], "--version", id="no version"),
    ],
)
def test_refuses_what_it_cannot_understand(arguments, said):
    ended = CliRunner().invoke(app, ["price", *arguments])

    assert isinstance(ended.exception, UserError)
    assert said in str(ended.exception)


def test_refuses_in_one_sentence(rehome):
    ended = rehome("price", "--cdr", "absent.json")

    assert (ended.status, "there is no source 'absent.json'" in ended.sentence) == (2, True)
