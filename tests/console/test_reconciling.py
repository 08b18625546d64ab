"""A night at the command line: any two sources, whichever side has the stations; what it cannot do it says."""

import contextlib
import io
import json
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from typer.testing import CliRunner

from charging.database.operations import clean, partner_feed, receiving, roaming
from charging.database.operations.receiving import Pushed
from charging.database.queries import partner_feed as read_feed
from charging.errors import (
    DatabaseUnavailable,
    PartnerFileError,
    PartnerRefused,
    PartnerUnavailable,
    RehomeError,
    SettingsError,
    SourceNotFound,
    UnknownThing,
    UnreadableSource,
)
from charging.network import Evse, Session, Token
from charging.roaming.frame import to_frame
from charging.roaming.ocpi.parse import parse_cdrs
from charging.roaming.ocpi.parse_sessions import parse_sessions
from console.cli import app
from rehearsal.operator_partner import OperatorPartner

UID, CONTRACT, EVSE = "04A1B2C3D4E5F6", "NL-ROA-C00122045-4", "NL*EVN*E1"
NIGHT = ("--night", "2026-03-01")
LATER = ("--as-of", "2026-03-20")
TARIFF = {
    "country_code": "NL",
    "party_id": "EVN",
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}],
    "last_updated": "2026-01-01T00:00:00Z",
}
FILE = """
name = "{name}"
party = "{party}"
owner = "NL-EVN"
our_role = "{role}"
versions_url = "{url}/versions"
token = "env:A_TOKEN"
tariff = "{tariff}"
currency = "EUR"
time_zone = "UTC"
allow_plain_http = true
allow_private_addresses = true
"""


def record(hour, *, kwh=10, net=None, day="2026-03-01", **more):
    begin, end = f"{day}T{hour:02}:00:00Z", f"{day}T{hour:02}:45:00Z"
    measured = [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": 0.75}]
    return {
        "country_code": "NL",
        "party_id": "EVN",
        "id": f"CDR-{hour}",
        "start_date_time": begin,
        "end_date_time": end,
        "cdr_token": {"uid": UID, "contract_id": CONTRACT},
        "cdr_location": {"evse_id": EVSE, "coordinates": {"latitude": "52.011", "longitude": "4.357"}},
        "currency": "EUR",
        "charging_periods": [{"start_date_time": begin, "dimensions": measured}],
        "total_cost": {"excl_vat": round(kwh * 0.4, 2) if net is None else net},
        "total_energy": kwh,
        "total_time": 0.75,
        "last_updated": end,
    } | more


OURS = [record(1), record(2), record(3, kwh=7)]
THEIRS = [record(1), record(2, net=4.5), record(4, kwh=3)]
FOUND = {"equal": 1, "missing_at_partner": 1, "missing_at_us": 1, "ours_right": 1}


def as_json(records):
    return json.dumps(records).encode()


def as_lines(records):
    return b"".join(json.dumps(each).encode() + b"\n" for each in records)


def as_csv(records):
    names = "cdr_id,started_at,ended_at,energy_kwh,net,currency,evse_id,token_uid"
    rows = (
        f"{one['id']},{one['start_date_time']},{one['end_date_time']},{one['total_energy']},"
        f"{one['total_cost']['excl_vat']},EUR,{EVSE},{UID}"
        for one in records
    )
    return "\n".join([names, *rows, ""]).encode()


def as_parquet(records):
    cdrs = parse_cdrs(as_json(records), partner="roa").cdrs
    to_frame(cdrs).write_parquet(into := io.BytesIO())
    return into.getvalue()


FORMS = {"json": as_json, "jsonl": as_lines, "csv": as_csv, "parquet": as_parquet}


@pytest.fixture(autouse=True)
def told_home(home, monkeypatch):
    (home / "rehome.toml").write_text('time_zone = "UTC"\n')
    (home / "partners").mkdir()
    monkeypatch.setenv("REHOME_HOME", str(home))
    monkeypatch.setenv("A_TOKEN", "a-token-of-ours")
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture
def partner(home):
    """What writes the file of a partner with a tariff, and returns where it is."""

    def written(name="roa", *, party="NL-ROA", role="cpo", url="https://roa.example", tariff="agreed.json", **more):
        path = home / "partners" / f"{name}.toml"
        extra = "".join(f"{key} = {value}\n" for key, value in more.items())
        path.write_text(FILE.format(name=name, party=party, role=role, url=url, tariff=tariff) + extra)
        (path.parent / "agreed.json").write_text(json.dumps(TARIFF))
        return path

    return written


@pytest.fixture
def put(tmp_path):
    """What writes a file, and returns where it is."""

    def written(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return written


@pytest.fixture
def reached(monkeypatch, migrated_url, engine):
    """A database with our tables, which the command finds."""
    monkeypatch.setenv("DATABASE_URL", migrated_url.replace("+psycopg", "", 1))
    return engine


@pytest.fixture
def listening():
    """What makes a partner that listens."""
    with contextlib.ExitStack() as until_the_end:

        def made(*records, module="cdrs", party="NL-ROA", role="EMSP"):
            one = OperatorPartner(party, role)
            one.lists[module] += records
            return until_the_end.enter_context(one.listening())

        yield made


def reconcile(ours, theirs, *more, partner="roa"):
    """Run the command to its end; return its exit status and what it printed."""
    words = ["reconcile", "--ours", ours, "--theirs", theirs, "--partner", partner, *more]
    ended = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(ended.exception, RehomeError):
        raise ended.exception
    assert isinstance(ended.exception, SystemExit | None), ended.exception
    return ended.exit_code, json.loads(ended.stdout) if "--json" in more else ended.stdout


@pytest.mark.parametrize(
    ("ours", "theirs"), [("json", "csv"), ("jsonl", "parquet"), ("csv", "jsonl"), ("parquet", "json")]
)
@pytest.mark.parametrize("role", ["cpo", "emsp"])
def test_files_of_every_form_give_the_same_verdicts_whoever_has_the_stations(partner, put, ours, theirs, role):
    partner(role=role)

    status, found = reconcile(
        put(f"ours.{ours}", FORMS[ours](OURS)), put(f"theirs.{theirs}", FORMS[theirs](THEIRS)), *LATER, "--json"
    )

    assert (status, found["verdicts"]) == (1, FOUND)
    assert (found["ours"], found["theirs"], found["to_follow_up"]) == (3, 3, 3)
    assert {name: Decimal(amount) for name, amount in found["money_at_risk"].items()} == {"EUR": Decimal("4.5")}
    assert (found["is_complete"], found["rejected"], found["notes"]) == (True, [], [])


def test_says_in_lines_what_must_be_followed_up_the_most_money_first(partner, put):
    file = partner()

    status, said = reconcile(put("o", as_json(OURS)), put("t", as_json(THEIRS)), *LATER, partner=file)

    assert status == 1
    assert said.splitlines()[0] == "3 CDRs of ours, 3 of roa"
    assert [line.split(":")[0] for line in said.splitlines()[-3:]] == ["CDR-3", "CDR-4", "CDR-2"]


def test_is_content_where_both_sides_state_the_same(partner, put):
    partner()

    status, found = reconcile(put("o", as_json(OURS)), put("t", as_csv(OURS)), "--json")

    assert (status, found["verdicts"], found["money_at_risk"]) == (0, {"equal": 3}, {})


def test_a_night_takes_in_only_what_belongs_to_it(partner, put):
    partner()
    before = record(9, day="2026-02-28", id="CDR-0")

    _, found = reconcile(put("o", as_json([before, *OURS])), put("t", as_json(THEIRS)), *NIGHT, *LATER, "--json")

    assert (found["ours"], found["verdicts"]) == (3, FOUND)


def test_an_old_evse_id_of_ours_still_matches(partner, put):
    path = partner()
    path.write_text(path.read_text() + '[ids]\nformer_operators = ["NL*EVX"]\n')
    old = record(1, id="X-1")
    old["cdr_location"]["evse_id"] = "NL*EVX*E1"

    _, found = reconcile(put("o", as_json([record(1)])), put("t", as_json([old])), *LATER, "--json")

    assert (found["verdicts"], found["judged"][0]["tier"]) == ({"equal": 1}, "evse_and_token")


def test_a_record_that_cannot_be_read_is_told_and_leaves_the_result_open(partner, put):
    partner()
    broken = record(1, total_energy="ten")

    status, found = reconcile(put("o", as_json(OURS[:1])), put("t", as_json([broken])), *LATER, "--json")

    assert status == 3
    assert [(one["side"], one["cdr_id"]) for one in found["rejected"]] == [("theirs", "CDR-1")]
    assert "cannot be read" in found["judged"][0]["explanation"]


def test_a_live_partner_that_we_bill_is_asked_over_its_endpoint(partner, put, listening):
    partner(url=listening(*THEIRS).url)

    status, found = reconcile(put("o", as_json(OURS)), "live", *NIGHT, *LATER, "--json")

    assert (status, found["verdicts"], found["is_complete"]) == (1, FOUND, True)


def test_a_live_partner_that_bills_us_is_priced_by_what_it_publishes(partner, put, listening):
    xyz = listening(*(one | {"country_code": "BE", "party_id": "XYZ"} for one in THEIRS), party="BE-XYZ", role="CPO")
    xyz.lists["tariffs"].append(TARIFF)
    partner("xyz", party="BE-XYZ", role="emsp", url=xyz.url, tariff="published")
    ours = [one | {"country_code": "BE", "party_id": "XYZ"} for one in OURS]

    status, found = reconcile(put("o", as_json(ours)), "live", *NIGHT, *LATER, "--json", partner="xyz")

    assert (status, found["verdicts"]) == (1, FOUND)
    assert found["notes"] == ["priced by the 1 tariffs that it publishes now, each from the day that it bears"]


def test_a_partner_of_which_no_tariff_is_known_is_judged_and_it_is_said(partner, put):
    partner(role="emsp", tariff="published")

    _, found = reconcile(put("o", as_json(OURS)), put("t", as_json(THEIRS)), *LATER, "--json")

    assert found["verdicts"]["not_priceable"] == 1
    assert found["notes"] == ["no agreed tariff is known: nobody can say who is right about an amount"]


def test_a_private_address_is_not_asked_unless_the_partners_file_allows_it(partner, put, listening):
    path = partner(url=listening(*THEIRS).url)
    path.write_text(path.read_text().replace("allow_private_addresses = true\n", ""))

    with pytest.raises((PartnerRefused, PartnerUnavailable, PartnerFileError), match="allow_private_addresses"):
        reconcile(put("o", as_json(OURS)), "live", *NIGHT)


@pytest.fixture
def of_ours(partner, reached):
    """What stores sessions of a partner's driver as a back-office has them, at an EVSE that we know."""
    partner()
    begin = datetime.fromisoformat("2026-03-01T01:00:00+00:00")
    token = Token(
        token_uid=UID, parent_uid=None, contract_id=CONTRACT, issuer="NL-ROA", is_blocked=False, expires_at=None
    )
    evse = Evse(evse_uid="E1", station_id="CS-1", connector_id=1, evse_id=EVSE)
    with reached.begin() as connection:
        clean.store_entities(connection, [token, evse], extract_id="legacy-1")

    def stored(session_id, *, back_office="legacy", seconds=0, is_billable=True):
        start = begin + timedelta(seconds=seconds)
        session = Session(
            session_id=session_id,
            station_id="CS-1",
            connector_id=1,
            location_id="L1",
            token_uid=UID,
            started_at=start,
            stopped_at=start + timedelta(minutes=45),
            meter_start_wh=Decimal(0),
            meter_stop_wh=Decimal(10_000),
            energy_kwh=Decimal(10),
            cost=None,
            currency=None,
            is_estimated=False,
            is_billable=is_billable,
        )
        with reached.begin() as connection:
            clean.store_entities(connection, [session], extract_id=f"{back_office}-1", back_office=back_office)

    return stored


def test_our_own_sessions_are_one_side_and_the_partners_stored_cdrs_the_other(of_ours, reached):
    of_ours("1")
    of_ours("2", is_billable=False)
    with reached.begin() as connection:
        stored = parse_cdrs(as_json([record(1), record(4)]), partner="roa").cdrs
        roaming.store_cdrs(connection, stored, at=stored[0].ended_at)

    for chosen in ((), NIGHT):
        status, found = reconcile("database", "database", *chosen, *LATER, "--json")

        assert (status, found["verdicts"]) == (1, {"equal": 1, "missing_at_us": 1})
        assert [one["session_id"] for one in found["skipped"]] == ["2"]
    assert (
        "no CDR of ours: session 2 of the legacy: it is a failed start" in reconcile("database", "database", *LATER)[1]
    )


def test_a_charge_that_both_back_offices_hold_is_named_and_billed_once(of_ours, put):
    of_ours("17")
    of_ours("4711", back_office="target", seconds=40)

    status, found = reconcile("database", put("t", as_json([record(1)])), *NIGHT, *LATER, "--json")

    assert (status, found["verdicts"]) == (1, {"duplicate": 1, "equal": 1})
    (second,) = (one for one in found["judged"] if one["verdict"] == "duplicate")
    assert (second["ours_cdr_id"], second["kinds"], Decimal(second["money_at_risk"])) == ("4711", ["two_routes"], 4)
    assert "it is billed once, as 17" in second["explanation"]
    assert found["notes"] == ["both back-offices hold 1 charges (4.00 EUR): each is billed once"]


def test_where_a_partner_bills_us_our_side_is_made_of_what_it_told_of_its_sessions(partner, reached, put):
    partner("xyz", party="BE-XYZ", role="emsp")
    at = datetime.fromisoformat("2026-03-02T01:00:00+00:00")
    told = {
        "country_code": "BE",
        "party_id": "XYZ",
        "id": "S1",
        "start_date_time": "2026-03-01T01:00:00Z",
        "end_date_time": "2026-03-01T01:45:00Z",
        "kwh": 10,
        "cdr_token": {"uid": UID, "type": "RFID", "contract_id": "NL-EVN-C00122045-4"},
        "auth_method": "WHITELIST",
        "location_id": "L1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "status": "COMPLETED",
        "last_updated": "2026-03-01T01:45:00Z",
    }
    pushed = Pushed(
        partner="xyz",
        module="sessions",
        record_key="BE-XYZ|S1",
        version="2.2.1",
        raw=json.dumps(told).encode(),
        received_at=at,
        last_updated=at,
    )
    holder = Token(token_uid=UID, parent_uid=None, contract_id=None, issuer=None, is_blocked=False, expires_at=None)
    with reached.begin() as connection:
        clean.store_entities(connection, [holder], extract_id="legacy-1")
        receiving.keep_all(connection, [pushed])
        (kept,) = read_feed.unplaced(connection, "xyz", most=1)
        (session,) = parse_sessions(b"[" + kept.raw + b"]", partner="xyz", version="2.2.1", owner="BE-XYZ").records
        partner_feed.place(connection, "xyz", [(kept, session)], at=at)
    of_theirs = {"country_code": "BE", "party_id": "XYZ"}
    bills = [
        record(1, session_id="S1", **of_theirs),
        record(5, session_id="S5", cdr_token={"uid": "04FFFFFFFFFFFF", "contract_id": CONTRACT}, **of_theirs),
    ]

    status, found = reconcile("database", put("t", as_json(bills)), *NIGHT, *LATER, "--json", partner="xyz")

    assert (status, found["verdicts"]) == (1, {"equal": 1, "missing_at_us": 1})
    assert [one["kinds"] for one in found["judged"] if one["verdict"] == "missing_at_us"] == [["token_unknown"]]


@pytest.mark.parametrize(
    ("ours", "theirs", "more", "error", "said"),
    [
        pytest.param("live", "t", (), SettingsError, "--ours is live, which is the partner", id="ours live"),
        pytest.param("o", "live", (), SettingsError, "no night is named: name one: --night", id="live for ever"),
        pytest.param("none.json", "t", (), SourceNotFound, "name a file that is there, or database", id="ours gone"),
        pytest.param("o", "none.csv", (), SourceNotFound, "or live or database", id="theirs gone"),
        pytest.param(".", "t", (), SettingsError, "names the folder", id="a folder"),
        pytest.param("half", "t", (), UnreadableSource, "ends in the middle; export it again", id="ours cut off"),
        pytest.param("o", "half", (), UnreadableSource, "ask the partner for it again", id="theirs cut off"),
        pytest.param("o", "words", (), UnreadableSource, "its first line has one column only", id="no table"),
        pytest.param("o", "columns", (), UnreadableSource, "it has no column", id="another table as Parquet"),
        pytest.param("database", "t", (), DatabaseUnavailable, "start it: rehome up", id="no database"),
    ],
)
def test_refuses_in_a_sentence_that_says_the_mend(partner, put, tmp_path, monkeypatch, ours, theirs, more, error, said):
    partner()
    put("o", as_json(OURS))
    put("t", as_json(THEIRS))
    put("half", as_json(THEIRS)[:-9])
    put("words", b"nothing to see here\n")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "columns")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(error, match=said) as refusal:
        reconcile(ours, theirs, *more)

    assert "\n" not in str(refusal.value)


def test_a_partner_that_sends_files_has_no_endpoint_to_ask(partner, put, home):
    path = partner()
    (home / "partners" / "inbox").mkdir()
    path.write_text(path.read_text() + '[files]\nfolder = "inbox"\npattern = "*.csv"\nformat = "ocpi"\n')

    with pytest.raises(SettingsError, match=r"is live, and roa sends files: name one in .*inbox"):
        reconcile(put("o", as_json(OURS)), "live", *NIGHT)


def test_names_the_partners_that_there_are(partner, put):
    partner()

    with pytest.raises(UnknownThing, match=r"there is no partner 'rao': there are files for: roa"):
        reconcile(put("o", as_json(OURS)), put("t", as_json(THEIRS)), partner="rao")
    with pytest.raises(PartnerFileError, match=r"rao\.toml: cannot be read"):
        reconcile(put("o", as_json(OURS)), put("t", as_json(THEIRS)), partner="rao.toml")


def test_a_partner_whose_token_is_not_there_or_who_says_no_is_named(partner, put, listening, monkeypatch):
    another = listening(*THEIRS, party="NL-OTH")
    partner(url=another.url)
    ours = put("o", as_json(OURS))

    with pytest.raises(PartnerRefused, match="its credentials are those of NL-OTH"):
        reconcile(ours, "live", *NIGHT)
    monkeypatch.delenv("A_TOKEN")
    with pytest.raises(PartnerFileError, match="set the environment variable A_TOKEN"):
        reconcile(ours, "live", *NIGHT)


def test_what_a_file_states_is_of_the_side_that_it_was_named_for(partner, put):
    partner()

    _, found = reconcile(put("same", as_parquet(OURS)), put("other", as_parquet(OURS)), *LATER, "--json")

    assert (found["ours"], found["theirs"], found["verdicts"]) == (3, 3, {"equal": 3})
