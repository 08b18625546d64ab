"""Invoice records: read, summed by list, and put into a receiver that is played at the wire."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from charging.errors import PartnerRefused
from charging.roaming.ocpi.client import OcpiClient
from charging.roaming.ocpi.invoice import InvoiceRecord, faults, parse_invoice_records, render
from charging.roaming.ocpi.invoice_send import page
from charging.roaming.ocpi.invoice_sum import covered
from charging.roaming.ocpi.parse import parse_cdrs
from charging.secret import Secret

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
CREDIT = "CDR-2026-000000000000000000000000001-C1"  # 39 characters, as a credit's id may have
BASE = "https://roa.example/ocpi"


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


def record(*cdr_ids, **changes):
    given = {"party": "NL-EVN", "record_id": "R1", "invoice_id": "2026-0815", "last_updated": AT}
    return InvoiceRecord(**{**given, "cdr_ids": cdr_ids or ("1",), **changes})


@pytest.fixture
def cdrs(cdr):
    """Make canonical CDRs of ids and amounts."""

    def make(**amounts):
        made = [cdr(cdr_id.replace("_", "-"), {"total_cost.excl_vat": net}) for cdr_id, net in amounts.items()]
        return parse_cdrs(json.dumps(made).encode(), partner="roa").cdrs

    return make


def test_reads_what_it_renders():
    read = parse_invoice_records([b"[" + render(record("1", "2")) + b"]"])

    assert [replace(one, raw_sha256="") for one in read.records] == [record("1", "2")]
    assert read.rejected == ()


def test_of_several_versions_the_latest_counts():
    later = record("1", "2", last_updated=AT.replace(hour=13))

    read = parse_invoice_records([b"[" + render(later) + b"," + render(record("1")) + b"]"])

    assert [one.cdr_ids for one in read.records] == [("1", "2")]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"cdrs": []}, id="no CDR"),
        pytest.param({"cdrs": [""]}, id="an empty id"),
        pytest.param({"cdrs": "1"}, id="no list"),
        pytest.param({"invoice_id": " "}, id="no invoice"),
        pytest.param({"last_updated": "yesterday"}, id="no date"),
    ],
)
def test_a_malformed_record_costs_itself(changes):
    malformed = json.dumps({**json.loads(render(record())), **changes}).encode()

    read = parse_invoice_records([b"[" + malformed + b"," + render(record(record_id="R2")) + b"]"])

    assert [one.record_id for one in read.records] == ["R2"]
    assert len(read.rejected) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(record("x" * 37), "longer than the 36", id="a CDR's id of 37 characters"),
        pytest.param(record("1", "1"), "more than once", id="one twice"),
        pytest.param(record(record_id="r" * 37), "37 characters", id="its own id of 37"),
        pytest.param(record(invoice_id="i" * 256), "256 characters", id="an invoice's id of 256"),
        pytest.param(record(party="Evening"), "NL-EVN", id="no party"),
    ],
)
def test_says_why_a_receiver_could_refuse_a_record(wrong, said):
    assert said in " ".join(faults(wrong))


@pytest.mark.parametrize("sound", [record("x" * 36), record(record_id="r" * 36), record(invoice_id="i" * 255)])
def test_finds_nothing_wrong_at_the_limits(sound):
    assert faults(sound) == ()


def test_sums_by_list_and_not_by_what_else_there_is(cdrs):
    found = covered(record("A", "b"), cdrs(a=1.10, B=2.20, c=99))

    assert found.net == {"EUR": Decimal("3.30")}
    assert found.difference(Decimal("3.31"), currency="EUR") == Decimal("0.01")


def test_a_credit_is_found_by_the_36_characters_that_a_list_holds(cdr):
    credit = cdr(CREDIT, {"total_cost.excl_vat": -4.55, "credit": True, "credit_reference_id": "1"})
    known = parse_cdrs(json.dumps([cdr("1"), credit]).encode(), partner="roa").cdrs

    found = covered(record("1", CREDIT[:36]), known)

    assert found.cut_off == {CREDIT[:36]: CREDIT}
    assert found.difference(Decimal(0), currency="EUR") == 0


def test_two_credits_with_the_same_36_characters_are_for_a_person(cdr):
    known = parse_cdrs(json.dumps([cdr(CREDIT), cdr(CREDIT[:-1] + "2")]).encode(), partner="roa").cdrs

    found = covered(record(CREDIT[:36]), known)

    assert found.ambiguous == (CREDIT[:36],)
    assert found.difference(Decimal("4.55"), currency="EUR") is None


def test_what_is_missing_or_repeated_is_said_and_not_guessed(cdrs):
    found = covered(record("a", "A", "z"), cdrs(a=1))

    assert (found.repeated, found.missing) == (("A",), ("z",))
    assert found.difference(Decimal(1), currency="EUR") is None


@given(listed=st.lists(st.sampled_from(["a", "A", "b", "c", "z"]), min_size=1))
def test_every_listed_id_is_in_one_of_four_places(listed):
    known = parse_cdrs(b"[]", partner="roa").cdrs

    found = covered(record(*listed), known)

    assert len(found.found) + len(found.missing) + len(found.ambiguous) + len(found.repeated) == len(listed)


def test_gives_its_records_by_pages_the_oldest_first():
    records = [record(record_id=f"R{hour}", last_updated=AT.replace(hour=hour)) for hour in (3, 1, 2)]

    data, total = page(records, offset=1, limit=1)

    assert [one["id"] for one in json.loads(data)] == ["R2"]
    assert total == 3


class ReceiverOfRecords:
    """A partner of 2.3.0 that takes records, at the wire."""

    def __init__(self, *, refuses=False, modules=("invoicereconciliation",)):
        self.kept, self.puts, self.refuses, self.modules = {}, 0, refuses, modules

    def __call__(self, request):
        path = request.url.path
        if path.endswith("/versions"):
            return ok([{"version": "2.3.0", "url": f"{BASE}/2.3.0"}])
        if path.endswith("/2.3.0"):
            offered = [{"identifier": name, "role": "RECEIVER", "url": f"{BASE}/{name}/"} for name in self.modules]
            credentials = {"identifier": "credentials", "role": "SENDER", "url": f"{BASE}/credentials"}
            return ok({"version": "2.3.0", "endpoints": [credentials, *offered]})
        if path.endswith("/credentials"):
            return ok({"url": "u", "roles": [{"role": "EMSP", "country_code": "NL", "party_id": "ROA"}]})
        if request.method == "PUT":
            self.puts += 1
            self.kept[path] = json.loads(request.content)
            return ok(None, code=2001 if self.refuses else 1000)
        return ok(self.kept[path]) if path in self.kept else httpx.Response(404)


def ok(data, *, code=1000):
    return httpx.Response(200, content=json.dumps({"data": data, "status_code": code}))


@pytest.fixture
def sender(partner):
    def of(receiver):
        http = httpx.Client(transport=httpx.MockTransport(receiver))
        whom = replace(partner, version="2.3.0")
        return OcpiClient(whom, http=http, token=Secret("token"), clock=lambda: AT, correlation_id="c")

    return of


def test_sends_nothing_unless_told(sender):
    receiver = ReceiverOfRecords()

    (sending,) = sender(receiver).send_invoice_records([record()])

    assert (sending.outcome, receiver.puts) == ("would be sent", 0)
    assert sending.url == f"{BASE}/invoicereconciliation/NL/EVN/R1"


def test_sends_once_however_often_it_is_run(sender):
    receiver = ReceiverOfRecords()

    outcomes = [sender(receiver).send_invoice_records([record()], dry_run=False)[0].outcome for _ in range(2)]

    assert outcomes == ["sent", "is there already"]
    assert receiver.puts == 1
    assert receiver.kept["/ocpi/invoicereconciliation/NL/EVN/R1"]["cdrs"] == ["1"]


def test_what_is_refused_or_faulty_is_said_record_by_record(sender):
    refused, faulty = sender(ReceiverOfRecords(refuses=True)).send_invoice_records(
        [record(), record("x" * 40)], dry_run=False
    )

    assert "OCPI status 2001" in refused.outcome
    assert "36 characters" in faulty.outcome
    assert [one.is_settled for one in (refused, faulty)] == [False, False]


def test_a_partner_without_a_receiver_is_named(sender):
    with pytest.raises(PartnerRefused, match="takes no invoicereconciliation"):
        sender(ReceiverOfRecords(modules=())).send_invoice_records([record()])
