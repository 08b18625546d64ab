"""Pulling CDRs from a hub that misbehaves, over real sockets."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from charging.errors import PartnerFileError, PartnerRefused, PartnerUnavailable
from charging.roaming.cdr import Protocol
from charging.roaming.mutual_tls import mutual_tls
from charging.roaming.ocpi.transport_answer import Limits
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.oicp.client import OicpClient
from charging.roaming.partner import OurRole, origin
from rehearsal.oicp_hub import HubFault, OicpHub

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def impatient():
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def record(name, *, ended=NOW - DAY, **changes):
    start, end = (at.isoformat() for at in (ended - timedelta(hours=1), ended))
    made = {"SessionID": name, "EvseID": "BE*XYZ*E1*1", "ConsumedEnergy": 10.5}
    made |= {"Identification": {"RemoteIdentification": {"EvcoID": "NL-EVN-C00010069"}}}
    return made | {"SessionStart": start, "ChargingStart": start, "ChargingEnd": end, "SessionEnd": end} | changes


def of(hub, partner):
    return replace(
        partner,
        protocol=Protocol.OICP,
        our_role=OurRole.EMSP,
        hub="DE-HUB",
        endpoints={"cdrs": hub.address("NL-EVN")},
        origins=(origin(hub.origin),),
        page_limit=3,
        allow_plain_http=True,
        allow_private_addresses=True,
    )


@pytest.fixture
def pull(partner):
    def from_hub(hub, **changes):
        with hub.listening():
            asking = replace(of(hub, partner), **changes)
            with guarded_client(asking, name="hub", max_seconds=5) as http:
                limits = Limits(max_bytes=asking.max_answer_bytes, max_rounds=3)
                client = OicpClient(asking, http=http, clock=lambda: NOW, limits=limits)
                return client.pull(date_from=NOW - 2 * DAY, date_to=NOW)

    return from_hub


def seven():
    return [record(f"s{number}") for number in range(7)]


def names(pulled):
    return sorted(cdr.cdr_id for cdr in pulled.cdrs)


ALL = [f"s{number}" for number in range(7)]


def test_asks_page_after_page_for_the_period_and_a_week_before(pull):
    hub = OicpHub(seven())

    pulled = pull(hub)

    assert (pulled.is_complete, names(pulled), pulled.total_count, pulled.page_count) == (True, ALL, 7, 3)
    assert hub.asked[0] == {
        "ProviderID": "NL-EVN",
        "From": "2026-11-12T03:00:00.000Z",
        "To": "2026-11-21T03:00:00.000Z",
        "page": 0,
        "size": 3,
    }
    assert [one["page"] for one in hub.asked] == [0, 1, 2]
    assert pulled.watermark == NOW - DAY
    assert {cdr.owner for cdr in pulled.cdrs} == {"BE-XYZ"}


def test_keeps_every_page_as_it_came(pull):
    pulled = pull(OicpHub(seven()))

    assert sum(len(page) for page in pulled.pages) == 7
    assert pulled.pages[0].answer.body.startswith(b'{"content": [')


def test_no_cdrs_are_a_complete_answer(pull):
    pulled = pull(OicpHub([]))

    assert (pulled.is_complete, pulled.cdrs, pulled.watermark) == (True, (), None)


@pytest.mark.parametrize(
    "fault",
    [
        HubFault.NO_CODE,
        HubFault.BUSY_ONCE,
        HubFault.BROKEN_ONCE,
        HubFault.TROUBLE_ONCE,
        HubFault.NO_LAST,
        HubFault.NO_TOTAL,
        HubFault.TWICE,
    ],
)
def test_gets_everything_in_spite_of(pull, fault):
    pulled = pull(OicpHub(seven(), fault))

    assert (pulled.is_complete, names(pulled)) == (True, ALL)
    assert any("does not say how many" in note for note in pulled.notes) == (fault is HubFault.NO_TOTAL)


def test_reads_again_when_a_late_cdr_pushes_the_others_along(pull):
    hub = OicpHub(seven(), HubFault.GROWS, arriving=[record("late")])

    pulled = pull(hub)

    assert (pulled.is_complete, names(pulled)) == (True, ["late", *ALL])
    assert [one["page"] for one in hub.asked].count(0) == 2


@pytest.mark.parametrize(
    ("fault", "why", "came"),
    [
        (HubFault.TRUNCATED, "no OICP answer", 3),
        (HubFault.SAME_PAGE, "it gives page 0 where page 1 was asked for", 3),
        (HubFault.SAME_PAGE_RENUMBERED, "holds only what came before", 3),
        (HubFault.TOTAL_TOO_GREAT, "7 records came, and the hub says that it has 8", 7),
    ],
)
def test_what_is_not_all_is_said_to_be_so_and_moves_no_watermark(pull, fault, why, came):
    pulled = pull(OicpHub(seven(), fault))

    assert why in pulled.incomplete_because
    assert (len(pulled.cdrs), pulled.watermark) == (came, None)


def test_a_no_with_http_200_is_a_no(pull):
    with pytest.raises(PartnerRefused, match="017") as refused:
        pull(OicpHub(seven(), HubFault.UNAUTHORISED))

    assert (refused.value.status, refused.value.code) == (200, 17)


def test_leaves_an_answer_that_is_too_large(pull):
    with pytest.raises(PartnerUnavailable, match="more than 500 bytes"):
        pull(OicpHub(seven()), max_answer_bytes=500)


def test_one_malformed_record_costs_itself(pull):
    pulled = pull(OicpHub([record("good"), record("bad", ConsumedEnergy=None)]))

    assert (pulled.is_complete, names(pulled)) == (True, ["good"])
    assert [(one.cdr_id, one.reason) for one in pulled.rejected] == [
        ("bad", "`ConsumedEnergy` is missing: ask the hub for the session's energy")
    ]


def test_says_that_a_session_has_two_cdrs(pull):
    pulled = pull(OicpHub([record("s1"), record("s1", ConsumedEnergy=11)]))

    assert len(pulled.cdrs) == 2, "which of them is right is judged, and not left out"
    assert any("1 sessions have a second CDR" in note for note in pulled.notes)


@pytest.mark.parametrize(
    ("changes", "key"), [({"our_role": OurRole.CPO}, "our_role"), ({"endpoints": {}}, "endpoints.cdrs")]
)
def test_refuses_a_partner_file_that_does_not_say_enough(pull, changes, key):
    with pytest.raises(PartnerFileError) as refused:
        pull(OicpHub([]), **changes)

    assert refused.value.key == key


@pytest.fixture
def certificate(tmp_path):
    """A certificate for this machine and its key, in two files: the hub's and ours are the same, and trust itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files = tmp_path / "hub.pem", tmp_path / "hub.key"
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return files


@pytest.mark.parametrize("has_one", [True, False], ids=["with our certificate", "without"])
def test_the_hub_knows_us_by_our_certificate(partner, certificate, has_one):
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate[0]))
    server.load_cert_chain(*certificate)
    server.verify_mode = ssl.CERT_REQUIRED
    hub = OicpHub(seven())

    with hub.listening(server):
        known = {"client_certificate": certificate[0], "client_key": certificate[1]} if has_one else {}
        asking = replace(of(hub, partner), **known)
        tls = mutual_tls(asking) or ssl.create_default_context()
        tls.load_verify_locations(certificate[0])
        with guarded_client(asking, name="hub", max_seconds=5, tls=tls) as http:
            client = OicpClient(asking, http=http, clock=lambda: NOW)
            if has_one:
                assert names(client.pull(date_from=NOW - DAY, date_to=NOW)) == ALL
            else:
                with pytest.raises(PartnerUnavailable):
                    client.pull(date_from=NOW - DAY, date_to=NOW)
                assert hub.asked == []


def test_a_certificate_that_is_not_there_is_named(partner, tmp_path):
    with pytest.raises(PartnerFileError, match="client_certificate") as refused:
        mutual_tls(replace(partner, client_certificate=tmp_path / "no.pem"))

    assert refused.value.key == "client_certificate"
