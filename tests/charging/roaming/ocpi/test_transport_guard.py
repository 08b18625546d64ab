"""What is connected to is what was checked: names that point inwards, change their minds, or are somebody else's."""

import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from charging.errors import PartnerRefused
from charging.roaming.ocpi import transport_guard
from charging.roaming.ocpi.transport_guard import guarded_client

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def listening():
    """Serve one answer after the other on this machine; how many connections came is told."""
    came, ended = [], threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve(context=None):
        def run():
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                came.append(1)
                try:
                    with context.wrap_socket(connection, server_side=True) if context else connection as talking:
                        talking.recv(65_536)
                        talking.sendall(ANSWER)
                except OSError:
                    continue

        threading.Thread(target=run, daemon=True).start()
        return server.getsockname()[1], came

    yield serve
    ended.set()
    server.close()


@pytest.fixture
def local(partner):
    """A partner on any port of this machine, under any name."""

    def of(*origins, **changes):
        return replace(partner, origins=origins, **{"allow_plain_http": True, **changes})

    return of


def get(partner, url, **more):
    with guarded_client(partner, name="roa", max_seconds=5, **more) as http:
        return http.get(url)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_points_into_our_own_network_is_not_connected_to(listening, local, address):
    port, came = listening()
    partner = local(f"http://roa.example:{port}")

    with pytest.raises(PartnerRefused, match="allow_private_addresses"):
        get(partner, f"http://roa.example:{port}/", resolve=lambda *_: [address])

    assert came == []


def test_one_inward_address_among_public_ones_is_enough_to_refuse(listening, local):
    port, came = listening()

    with pytest.raises(PartnerRefused, match=r"10\.0\.0\.7"):
        get(
            local(f"http://roa.example:{port}"),
            f"http://roa.example:{port}/",
            resolve=lambda *_: ["93.184.216.34", "10.0.0.7"],
        )
    assert came == []


def test_a_name_is_resolved_once_and_its_very_address_connected_to(listening, local, monkeypatch):
    """A name server that changes its mind between the check and the connection is not asked again."""
    port, came = listening()
    asked = []
    genuine = socket.getaddrinfo

    def watched(host, *rest, **more):
        assert host == "127.0.0.1", "a name was resolved behind the check's back"
        return genuine(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    partner = local(f"http://roa.example:{port}", allow_private_addresses=True)

    answer = get(partner, f"http://roa.example:{port}/", resolve=lambda *name: asked.append(name) or ["127.0.0.1"])

    assert (answer.text, came, asked) == ("ok", [1], [("roa.example", port)])


def test_the_next_address_is_tried_where_nobody_answers(listening, local):
    port, _ = listening()
    partner = local(f"http://roa.example:{port}", allow_private_addresses=True)

    answer = get(partner, f"http://roa.example:{port}/", resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])

    assert answer.text == "ok"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("http://roa.example/", "unencrypted", id="plain http"),
        pytest.param("https://evil.example/", "not its own", id="another origin"),
        pytest.param("https://127.0.0.1/", "not its own", id="an address"),
        pytest.param("https://somebody@roa.example/", "user's name", id="a user's name"),
    ],
)
def test_an_address_that_is_not_agreed_on_is_not_even_resolved(local, url, said):
    partner = local("https://roa.example:443", allow_plain_http=False)

    with pytest.raises(PartnerRefused, match=said):
        get(partner, url, resolve=lambda *_: pytest.fail("it was resolved"))


def test_a_name_that_stands_for_nothing_is_a_failed_connection(local):
    def resolve(*_):
        raise OSError("Name or service not known")

    with pytest.raises(httpx.ConnectError, match="cannot be resolved"):
        get(local("https://roa.example:443"), "https://roa.example/", resolve=resolve)


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A server's context with a certificate for roa.example, and ours that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "roa.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("roa.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "roa.pem"
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, private, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.setattr(transport_guard, "_tls", lambda: ssl.create_default_context(cafile=str(file)))
    return context


def test_encryption_is_verified_against_the_name_and_not_the_address(listening, local, certified):
    port, _ = listening(certified)
    partner = local(f"https://roa.example:{port}", f"https://other.example:{port}", allow_private_addresses=True)

    answer = get(partner, f"https://roa.example:{port}/", resolve=lambda *_: ["127.0.0.1"])

    assert answer.text == "ok"
    with pytest.raises(httpx.ConnectError, match="certificate"):
        get(partner, f"https://other.example:{port}/", resolve=lambda *_: ["127.0.0.1"])
