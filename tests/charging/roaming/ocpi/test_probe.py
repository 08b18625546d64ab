import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from charging.errors import PartnerFileError, PartnerRefused
from charging.roaming.deviation import Deviation
from charging.roaming.ocpi.probe import probe
from charging.roaming.ocpi.transport import Limits, Transport
from charging.roaming.partner import TokenEncoding
from charging.secret import Secret

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
TOKEN = "their-token-0123"
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
BASE = "https://roa.example/ocpi"
FAITHFUL = {
    "header": b64encode(TOKEN.encode()).decode(),
    "versions": ("2.1.1", "2.2.1"),
    "ahead": timedelta(),
    "echoes": True,
    "roles": True,
    "records": 9,
    "page": 5,
    "keeps_limit": True,
    "total": str,
    "link": lambda url: url,
    "linked_pages": (0, 2, 4, 5),
    "from_inclusive": True,
    "to_inclusive": False,
    "filters": ("date_from", "date_to"),
    "shuffles": False,
    "repeats": False,
    "party": "ROA",
}


class Peer:
    """A partner that leaves the protocol in the ways that it is told."""

    def __init__(self, **ways):
        assert set(ways) <= set(FAITHFUL)
        self.ways = FAITHFUL | ways
        self.asked = 0

    def __getattr__(self, name):
        return self.ways[name]

    def __call__(self, request):
        self.asked += 1
        if request.headers["authorization"] != f"Token {self.header}":
            return httpx.Response(401, json={"status_code": 2001})
        headers = {"Date": format_datetime(NOW + self.ahead)}
        if self.echoes:
            headers["X-Request-ID"] = request.headers.get("x-request-id", "")
        data, more = self.answer(request)
        return httpx.Response(200, content=json.dumps({"data": data, "status_code": 1000}), headers=headers | more)

    def answer(self, request):
        match request.url.path.removeprefix("/ocpi/"):
            case "versions":
                return [{"version": one, "url": f"{BASE}/{one}"} for one in self.versions], {}
            case "2.2.1" | "2.1.1" as version:
                role = {"role": "SENDER"} if self.roles and version != "2.1.1" else {}
                modules = [{"identifier": one, "url": f"{BASE}/{one}"} | role for one in ("credentials", "cdrs")]
                return {"version": version, "endpoints": modules}, {}
            case "credentials":
                role = {"role": "EMSP", "country_code": "NL", "party_id": self.party}
                return {"token": "x", "url": f"{BASE}/versions", "roles": [role]}, {}
        return self.list(request.url)

    def list(self, url):
        given = url.params
        date_from, date_to = (datetime.fromisoformat(given[name]) for name in ("date_from", "date_to"))
        kept = [
            {"id": f"C{number}", "last_updated": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
            for number in range(self.records)
            if self.keeps(at := FIRST + timedelta(days=number), date_from, date_to)
        ]
        limit = min(int(given.get("limit", self.page)), self.page) if self.keeps_limit else self.page
        offset = int(given.get("offset", "0"))
        headers = {"X-Total-Count": self.total(len(kept)), "X-Limit": str(limit)}
        if offset + limit < len(kept) and offset in self.linked_pages:
            following = self.link(str(url.copy_merge_params({"offset": str(offset + limit), "limit": str(limit)})))
            headers["Link"] = f'<{following}>; rel="next"'
        start = 0 if self.repeats else offset
        if self.shuffles:
            kept = kept[self.asked % 2 :] + kept[: self.asked % 2]
        return kept[start : start + limit], {name: value for name, value in headers.items() if value}

    def keeps(self, at, date_from, date_to):
        is_in = at >= date_from if self.from_inclusive else at > date_from
        is_before = at <= date_to if self.to_inclusive else at < date_to
        return (is_in or "date_from" not in self.filters) and (is_before or "date_to" not in self.filters)


@pytest.fixture
def probed(partner):
    def ask(peer, file=partner):
        http = httpx.Client(transport=httpx.MockTransport(peer))

        def connect(one, has_newline):
            return Transport(
                one,
                http=http,
                token=Secret(TOKEN),
                clock=lambda: NOW,
                correlation_id="probe",
                limits=Limits(attempts=1),
                ends_token_with_newline=has_newline,
            )

        return probe(file, connect=connect, clock=lambda: NOW, period=timedelta(days=30))

    return ask


def test_a_partner_that_keeps_the_protocol_has_no_deviations(probed):
    found = probed(Peer())

    assert found.deviations == ()
    assert found.values == {
        "page_limit": 5,
        "probed.at": NOW,
        "probed.versions": ["2.1.1", "2.2.1"],
        "probed.modules": ["cdrs", "credentials"],
        "probed.largest_page": 5,
        "probed.clock_offset_seconds": 0,
    }
    assert all(one.evidence for one in found.findings)


def test_a_probe_costs_a_partner_few_requests(probed):
    peer = Peer()
    probed(peer)

    assert peer.asked <= 12


@pytest.mark.parametrize(
    ("ways", "deviations"),
    [
        pytest.param({"keeps_limit": False}, {Deviation.LIMIT_IGNORED}, id="no limit"),
        pytest.param({"linked_pages": ()}, {Deviation.LINK_MISSING}, id="no Link"),
        pytest.param({"linked_pages": (0, 4)}, {Deviation.LINK_MISSING}, id="no Link on every second page"),
        pytest.param(
            {"link": lambda url: url.replace("roa.example", "internal")}, {Deviation.LINK_FOREIGN}, id="a Link inside"
        ),
        pytest.param({"repeats": True}, {Deviation.PAGES_OVERLAP}, id="the first page again and again"),
        pytest.param({"total": lambda _: ""}, {Deviation.TOTAL_MISSING}, id="no total"),
        pytest.param({"total": lambda _: "1"}, {Deviation.TOTAL_WRONG}, id="a total of less than a page"),
        pytest.param({"to_inclusive": True}, {Deviation.DATE_TO_INCLUSIVE}, id="date_to belongs to the period"),
        pytest.param({"from_inclusive": False}, {Deviation.DATE_FROM_EXCLUSIVE}, id="date_from does not"),
        pytest.param({"filters": ("date_to",)}, {Deviation.DATE_FROM_IGNORED}, id="no date_from"),
        pytest.param({"filters": ("date_from",)}, {Deviation.DATE_TO_IGNORED}, id="no date_to"),
        pytest.param({"ahead": timedelta(seconds=31)}, {Deviation.CLOCK_OFF}, id="a clock that is ahead"),
        pytest.param({"ahead": timedelta(seconds=-30)}, set(), id="a clock that is hardly behind"),
        pytest.param({"echoes": False}, {Deviation.REQUEST_ID_NOT_ECHOED}, id="no request id"),
        pytest.param({"roles": False}, {Deviation.ROLES_MISSING}, id="no roles"),
        pytest.param(
            {"header": b64encode(f"{TOKEN}\n".encode()).decode()}, {Deviation.TOKEN_WITH_NEWLINE}, id="a newline"
        ),
    ],
)
def test_finds_how_a_partner_leaves_the_protocol(probed, ways, deviations):
    found = probed(Peer(**ways))

    assert set(found.deviations) == deviations
    assert set(found.values.get("known_deviations", ())) == deviations


def test_finds_a_link_that_has_lost_what_was_asked(probed):
    def bare(url):
        return str(httpx.URL(url).copy_remove_param("limit"))

    assert probed(Peer(link=bare)).deviations == (Deviation.LINK_WITHOUT_FILTERS,)


def test_finds_an_order_that_does_not_last(probed):
    assert Deviation.ORDER_UNSTABLE in probed(Peer(shuffles=True)).deviations


@pytest.mark.parametrize(
    ("header", "values"),
    [
        pytest.param(FAITHFUL["header"], {}, id="as the file says"),
        pytest.param(TOKEN, {"token_encoding": "raw"}, id="raw"),
    ],
)
def test_finds_out_how_the_token_is_written(probed, header, values):
    found = probed(Peer(header=header))

    assert {name: value for name, value in found.values.items() if name == "token_encoding"} == values


def test_a_token_that_opens_nothing_is_a_refusal(probed):
    with pytest.raises(PartnerRefused, match="base64 with a newline: HTTP 401"):
        probed(Peer(header="another"))


def test_the_agreed_version_stays_while_it_is_offered(probed, partner):
    older = replace(partner, version="2.1.1", token_encoding=TokenEncoding.BASE64)

    assert "version" not in probed(Peer(), older).values
    assert probed(Peer(versions=("2.2.1", "3.0")), older).values["version"] == "2.2.1"
    with pytest.raises(PartnerRefused, match=r"it offers 3\.0"):
        probed(Peer(versions=("3.0",)), older)


def test_a_deviation_that_is_gone_is_taken_out_and_one_that_nobody_tried_stays(probed, partner):
    known = replace(partner, known_deviations=("limit_ignored", "order_unstable"))

    assert probed(Peer(), known).values["known_deviations"] == []
    assert probed(Peer(records=1), known).values.get("known_deviations") is None


def test_whose_credentials_they_are_is_said(probed):
    found = probed(Peer(party="XXX"))

    assert any("not those of NL-ROA" in one.found for one in found.findings)


def test_a_partner_without_an_address_cannot_be_probed(probed, partner):
    with pytest.raises(PartnerFileError, match="nothing to probe"):
        probed(Peer(), replace(partner, versions_url=""))
