"""What a pull asks for and remembers: periods across clock changes, watermarks, versions, roles, hubs, modules."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import httpx
import pytest
import stamina

from charging.errors import PartnerRefused
from charging.roaming.ocpi.client import OcpiClient, advance
from charging.roaming.ocpi.transport import Limits
from charging.roaming.partner import OurRole
from charging.secret import Secret

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BASE = "https://roa.example/ocpi"
PARTY = {"country_code": "NL", "party_id": "ROA"}


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


class Server:
    """A partner that gives one list, whatever the module, and obeys offset alone."""

    def __init__(
        self, *records, versions=("2.1.1", "2.2.1", "2.3.0"), role="SENDER", party=PARTY, size=1000, **headers
    ):
        self.records, self.versions, self.role, self.party, self.size = list(records), versions, role, party, size
        self.headers, self.requests = headers, []

    def __call__(self, request):
        self.requests.append(request)
        path = request.url.path
        if path.endswith("/versions"):
            return ok([{"version": version, "url": f"{BASE}/{version}"} for version in self.versions])
        if path.endswith("/credentials"):
            return ok({"url": "u", **self.party})
        if path.split("/")[-1] in self.versions:
            modules = ("credentials", "cdrs", "sessions", "tariffs", "locations", "tokens", "invoicereconciliation")
            role = {} if path.endswith("2.1.1") else {"role": self.role}
            endpoints = [{"identifier": name, "url": f"{BASE}/list/{name}", **role} for name in modules]
            endpoints[0]["url"] = f"{BASE}/credentials"
            return ok({"version": path.split("/")[-1], "endpoints": endpoints})
        offset = int(request.url.params.get("offset", "0"))
        return ok(self.records[offset : offset + self.size], **{"x_total_count": len(self.records), **self.headers})

    @property
    def listed(self):
        return [request for request in self.requests if "/list/" in request.url.path]


def ok(data, **headers):
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return httpx.Response(200, content=json.dumps({"data": data, "status_code": 1000}), headers=named)


@pytest.fixture
def client(partner):
    def of(server, *, clock=lambda: NOW, limits=None, now=None, **changes):
        http = httpx.Client(transport=httpx.MockTransport(server))
        times = {} if now is None else {"now": now}
        return OcpiClient(
            replace(partner, **changes),
            http=http,
            token=Secret("token"),
            clock=clock,
            correlation_id="night",
            limits=limits,
            **times,
        )

    return of


def pull(client, *, date_from=NOW - timedelta(days=2), date_to=NOW + timedelta(days=1), **more):
    return client.pull(date_from=date_from, date_to=date_to, **more)


def asked(server):
    params = server.listed[0].url.params
    return params["date_from"], params["date_to"]


AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param((2026, 3, 29), ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), id="a night of 23 hours"),
        pytest.param((2026, 10, 25), ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), id="a night of 25 hours"),
        pytest.param((2026, 7, 1), ("2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"), id="a summer's day"),
    ],
)
def test_asks_for_local_days_in_utc(client, cdr, day, expected):
    server = Server(cdr())
    start = datetime(*day, tzinfo=AMSTERDAM)
    end = datetime(day[0], day[1], day[2] + 1, tzinfo=AMSTERDAM)

    pull(client(server), date_from=start, date_to=end)

    assert asked(server) == expected


def test_a_bound_within_a_second_never_narrows_the_period(client, cdr):
    server = Server(cdr())

    pull(client(server), date_from=NOW.replace(microsecond=999_999), date_to=NOW.replace(microsecond=1))

    assert asked(server) == ("2026-11-21T00:00:00Z", "2026-11-21T00:00:01Z")


def test_a_second_is_added_on_either_side_where_the_bounds_are_vague(client, cdr):
    server = Server(cdr())

    pull(client(server, version="2.1.1"), date_from=NOW, date_to=NOW)

    assert asked(server) == ("2026-11-20T23:59:59Z", "2026-11-21T00:00:01Z")


@pytest.mark.parametrize(
    ("stated", "watermark"),
    [
        pytest.param(["2026-11-20T01:00:00Z", "2026-11-20T03:00:00Z"], "2026-11-20T03:00:00Z", id="the newest"),
        pytest.param(["2026-11-20T01:00:00Z", "2026-11-21T12:00:00Z"], "2026-11-20T01:00:00Z", id="not the future"),
        pytest.param(["2026-11-20T01:00:00Z", "9999-12-31T23:59:59Z"], "2026-11-20T01:00:00Z", id="not the year 9999"),
        pytest.param(["9999-12-31T23:59:59-12:00"], None, id="not even later"),
        pytest.param(["2026-11-20T23:59:60Z"], "2026-11-21T00:00:00Z", id="a leap second"),
        pytest.param(["2026-11-20T02:00:00+02:00"], "2026-11-20T00:00:00Z", id="an offset"),
        pytest.param(["2026-11-21T00:00:00Z"], "2026-11-21T00:00:00Z", id="this instant"),
        pytest.param(["2026-11-21T00:00:01Z"], None, id="a second ahead"),
        pytest.param(["1970-01-01T00:00:00Z"], "1970-01-01T00:00:00Z", id="the unknown time"),
        pytest.param(["soon"], None, id="no date"),
    ],
)
def test_the_watermark_is_the_newest_that_is_not_in_the_future(client, cdr, stated, watermark):
    records = [cdr(str(number), {"last_updated": text}) for number, text in enumerate(stated)]

    pulled = pull(client(Server(*records)))

    assert pulled.is_complete
    assert pulled.record_count == len(stated)
    assert pulled.watermark == (None if watermark is None else datetime.fromisoformat(watermark))


def test_a_record_from_the_future_is_kept_and_told(client, cdr):
    pulled = pull(client(Server(cdr("1", {"last_updated": "2027-01-01T00:00:00Z"}))))

    assert [found.cdr_id for found in pulled.cdrs] == ["1"]
    assert any("dated in the future, up to 2027-01-01" in note for note in pulled.notes)


def test_the_watermark_does_not_pass_the_period_asked_for(client, cdr):
    records = [cdr("1", {"last_updated": "2026-11-19T05:00:00Z"}), cdr("2", {"last_updated": "2026-11-20T05:00:00Z"})]

    pulled = pull(client(Server(*records)), date_to=NOW - timedelta(days=1))

    assert pulled.watermark == datetime(2026, 11, 19, 5, tzinfo=UTC)
    assert any("does not obey the filters" in note for note in pulled.notes)


@pytest.mark.parametrize("hours", [12, -12, 1, -1, 24])
def test_a_partner_whose_clock_is_off_never_makes_a_record_pass_unseen(client, cdr, hours):
    """Night after night, each pull resuming from the watermark: every record comes, whatever the partner's clock."""
    shift, watermark, came = timedelta(hours=hours), None, set()
    born = [(f"{night}-{hour}", NOW + timedelta(days=night, hours=hour)) for night in range(4) for hour in (1, 9, 23)]
    for night in range(1, 5):
        now = NOW + timedelta(days=night)
        there = [
            (name, instant + shift)
            for name, instant in born
            if instant < now and (watermark is None or instant + shift >= watermark - timedelta(hours=48))
        ]
        records = [cdr(name, {"last_updated": f"{instant:%Y-%m-%dT%H:%M:%SZ}"}) for name, instant in there]
        pulled = pull(client(Server(*records), clock=lambda now=now: now), date_to=now + timedelta(days=2))
        watermark = advance(watermark, pulled)
        came |= {found.cdr_id for found in pulled.cdrs}
        assert watermark is None or watermark <= now

    assert came == {name for name, _ in born}


def test_a_watermark_never_goes_back_and_an_incomplete_pull_moves_none(client, cdr):
    complete = pull(client(Server(cdr("1", {"last_updated": "2026-11-20T05:00:00Z"}))))
    incomplete = replace(complete, incomplete_because="a page is lacking", newest=NOW)

    assert advance(NOW, complete) == NOW
    assert advance(None, complete) == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert advance(None, incomplete) is None


def test_a_sink_that_fails_ends_the_pull_so_that_nothing_counts_as_stored(client, cdr):
    def full(page):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        pull(client(Server(cdr())), on_page=full)


def test_pages_are_handed_over_before_the_next_one_is_asked_for(client, cdr):
    server = Server(cdr("1"), cdr("2"), cdr("3"), size=1)
    asked_when_taken = []

    pull(client(server), on_page=lambda _: asked_when_taken.append(len(server.listed)))

    assert asked_when_taken == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        pytest.param(("2.1.1", "2.2.1", "2.3.0"), "2.2.1", id="the file's"),
        pytest.param(("2.1.1", "2.3.0"), "2.3.0", id="the highest of both"),
        pytest.param(("2.0", "2.1.1"), "2.1.1", id="the only one of both"),
    ],
)
def test_speaks_the_files_version_or_the_highest_of_both_and_says_so(client, cdr, offered, spoken):
    pulled = pull(client(Server(versions=offered)))

    assert pulled.version == spoken
    assert any(f"{spoken} was spoken" in note for note in pulled.notes) == (spoken != "2.2.1")


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_headers_are_those_of_the_version(client, version):
    server = Server()

    pull(client(server, version=version))

    has_them = version != "2.1.1"
    headers = server.listed[0].headers
    assert ("x-request-id" in headers, "x-correlation-id" in headers) == (has_them, has_them)
    assert ("ocpi-to-party-id" in headers) == has_them


def test_behind_a_hub_everything_is_asked_of_the_hub(client):
    server = Server(party={"roles": [{"country_code": "fr", "party_id": "007"}]})

    pull(client(server, hub="FR-007"))

    headers = server.listed[0].headers
    assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == ("FR", "007")
    assert (headers["ocpi-from-country-code"], headers["ocpi-from-party-id"]) == ("NL", "EVN")


def test_what_a_partner_only_takes_is_not_pulled(client):
    with pytest.raises(PartnerRefused, match="offers no cdrs"):
        pull(client(Server(role="RECEIVER")))


def test_an_address_in_the_partner_file_goes_before_what_the_partner_says(client, cdr):
    server = Server(cdr())

    pulled = pull(client(server, endpoints={"cdrs": f"{BASE}/list/fixed"}))

    assert {request.url.path for request in server.requests} == {"/ocpi/list/fixed"}
    assert pulled.is_complete


@pytest.mark.parametrize("module", ["sessions", "tariffs", "locations", "tokens", "invoice_records"])
@pytest.mark.parametrize("role", list(OurRole))
def test_pulls_the_other_modules_too(client, module, role):
    server = Server({"id": "1", "last_updated": "2026-11-20T01:00:00Z"}, {"uid": "04A1", "type": "RFID"})
    bounds = {"date_from": NOW, "date_to": NOW} if module == "sessions" else {}

    pulled = getattr(client(server, our_role=role), f"pull_{module}")(**bounds)

    assert pulled.is_complete
    assert pulled.record_count == 2
    assert [json.loads(record) for page in pulled.pages for record in page.records()] == server.records
    assert server.listed[0].url.path.endswith(pulled.module)


def test_cdrs_of_2_1_1_are_the_partners_own_where_it_has_the_stations(client, cdr):
    record = cdr()
    of_211 = {name: value for name, value in record.items() if name not in {"country_code", "party_id"}} | {
        "stop_date_time": record["end_date_time"],
        "auth_id": "NL-EVN-C00010069",
        "total_cost": 4.55,
        "location": {"evses": [{"uid": "1", "evse_id": "NL*ROA*E1", "connectors": []}]},
    }

    theirs = pull(client(Server(of_211), version="2.1.1", our_role=OurRole.EMSP))
    ours = pull(client(Server(of_211), version="2.1.1"))

    assert [found.owner for found in theirs.cdrs] == ["NL-ROA"], theirs.rejected
    assert [found.owner for found in ours.cdrs] == ["NL-EVN"]


def test_a_limit_of_the_partner_file_is_asked_for(client, cdr):
    server = Server(cdr())

    pull(client(server, page_limit=20))

    assert {request.url.params["limit"] for request in server.listed} == {"20"}


def test_parameters_of_an_endpoint_are_kept(client, cdr):
    server = Server(cdr())

    pull(client(server, endpoints={"cdrs": f"{BASE}/list/cdrs?tenant=5"}))

    assert {request.url.params["tenant"] for request in server.listed} == {"5"}


def test_a_total_that_is_known_to_be_wrong_is_not_asked(client, cdr):
    server = Server(cdr("1"), x_total_count=77)

    assert not pull(client(server)).is_complete
    assert pull(client(server, known_deviations=("total_wrong",))).is_complete


def test_a_clock_that_is_off_is_told(client, cdr):
    pulled = pull(client(Server(cdr(), date="Fri, 20 Nov 2026 12:00:00 GMT")))

    assert "its clock is 720 minutes behind ours" in pulled.notes


def test_a_list_that_takes_too_long_is_incomplete(client, cdr):
    seconds = iter(range(0, 10**9, 60))

    pulled = pull(
        client(
            Server(*(cdr(str(number)) for number in range(60)), size=1),
            limits=Limits(max_pull_duration=timedelta(hours=1)),
            now=lambda: float(next(seconds)),
        )
    )

    assert "took longer than 1:00:00" in pulled.incomplete_because
    assert pulled.watermark is None


def test_a_bound_without_a_zone_is_refused(client, cdr):
    with pytest.raises(ValueError, match="time zone"):
        pull(client(Server(cdr())), date_from=NOW.replace(tzinfo=None))


def test_a_foreign_bound_is_taken_in_its_own_zone(client, cdr):
    server = Server(cdr())
    bound = datetime(2026, 11, 21, 3, tzinfo=timezone(timedelta(hours=3)))

    pull(client(server), date_from=bound, date_to=bound)

    assert asked(server) == ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z")
