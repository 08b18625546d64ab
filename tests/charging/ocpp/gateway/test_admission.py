"""Who is let in by a gateway, over real sockets and real TLS."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.handshake import OldAddress
from charging.ocpp.gateway.listening import tls

NOTHING = Credential(is_open=True)
CERTIFICATE = Credential(needs_certificate=True)


@asynccontextmanager
async def serving(world, parts, *, credential, station_id="CS-1", doors=None, **options):
    async with parts.office() as legacy:
        world.add_office("legacy", legacy.address)
        world.route([station_id], "legacy", credential=credential)
        more = {"doors": doors} if doors else {}
        async with parts.gateway(world.plan(options=replace(parts.quick, **options), **more)) as opened:
            yield opened, legacy


def knock(world, parts, *, credential, dialled="CS-1", **more):
    """Knock once; return the status of the answer, 101 where the station was let in."""

    async def scenario():
        async with serving(world, parts, credential=credential) as (opened, legacy):
            return await status_of(parts, opened.ports[0], dialled, legacy=legacy, **more)

    return asyncio.run(scenario())


async def status_of(parts, port, station_id, *, legacy=None, **more):
    try:
        async with parts.station(port, station_id, **more):
            if legacy is not None:
                await legacy.has(station_id)
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize(
    ("knocking", "status"),
    [
        pytest.param({}, 101, id="its own secret"),
        pytest.param({"path": "/ocpp//CS-1"}, 101, id="doubled slash"),
        pytest.param({"secret": "another-secret-of-sixteen"}, 401, id="a wrong secret"),
        pytest.param({"secret": None}, 401, id="no secret"),
        pytest.param({"dialled": "CS-2"}, 404, id="unknown"),
        pytest.param({"path": "/elsewhere/CS-1"}, 404, id="another path"),
        pytest.param({"path": "/ocpp/cs-1"}, 404, id="an identity is written as it is"),
    ],
)
def test_a_station_with_a_secret(world, parts, knocking, status):
    assert knock(world, parts, credential=parts.with_secret(), **knocking) == status


def test_the_user_must_be_the_identity(world, parts):
    assert knock(world, parts, credential=parts.with_secret(), dialled="CS-9", path="/ocpp/CS-1") == 401


def test_a_secret_that_could_be_guessed_is_compared_all_the_same(world, parts):
    assert knock(world, parts, credential=parts.with_secret("short"), secret="short") == 101


def test_a_station_that_need_show_nothing_may_come_on_the_private_apn(world, parts):
    assert knock(world, parts, credential=NOTHING, secret=None) == 101


def test_a_station_of_which_nothing_is_said_needs_a_certificate(world, parts):
    assert knock(world, parts, credential=None) == 403


def test_an_identity_comes_percent_encoded_and_goes_on_so(world, parts):
    async def scenario():
        async with serving(world, parts, credential=NOTHING, station_id="RDAM 123") as (opened, legacy):
            station = await parts.station(opened.ports[0], "x", secret=None, path="/ocpp/RDAM%20123")
            found = await legacy.has("RDAM%20123")
            await station.close()
            return found

    assert asyncio.run(scenario()) is not None


def test_without_a_common_protocol_the_handshake_is_completed_and_the_link_closed(world, parts):
    async def scenario():
        async with serving(world, parts, credential=parts.with_secret()) as (opened, _):
            station = await parts.station(opened.ports[0], "CS-1", protocol=None)
            with pytest.raises(ConnectionClosed) as closed:
                await station.recv()
            return station.response.headers, closed.value.rcvd

    headers, close = asyncio.run(scenario())

    assert "Sec-WebSocket-Protocol" not in headers
    assert close.code == 1002


def test_after_five_refusals_within_a_minute_even_the_right_secret_waits_and_an_alarm_is_raised(world, parts):
    async def scenario():
        async with serving(world, parts, credential=parts.with_secret()) as (opened, _):
            port = opened.ports[0]
            tries = [await status_of(parts, port, "CS-1", secret=f"wrong-{number}") for number in range(6)]
            return [*tries, await status_of(parts, port, "CS-1")]

    assert asyncio.run(scenario()) == [401] * 5 + [429] * 2
    assert {row["kind"] for row in world.rows(parts.tables.alarm)} >= {"refused", "too_many_attempts"}


def test_guesses_at_once_are_no_more_than_one_after_another(world, parts):
    async def scenario():
        async with serving(world, parts, credential=parts.with_secret("short")) as (opened, _):
            port = opened.ports[0]
            return await asyncio.gather(*(status_of(parts, port, "CS-1", secret=f"guess-{n}") for n in range(20)))

    assert sorted(asyncio.run(scenario())) == [401] * 5 + [429] * 15


def test_whoever_comes_when_too_many_secrets_wait_to_be_compared_comes_later(world, parts, monkeypatch):
    monkeypatch.setattr("charging.ocpp.gateway.admission._MOST_WAIT", 1)
    options = {"attempts_per_minute": 50}

    async def scenario():
        async with serving(world, parts, credential=parts.with_secret("short"), **options) as (opened, _):
            port = opened.ports[0]
            crowd = await asyncio.gather(*(status_of(parts, port, "CS-1", secret=f"guess-{n}") for n in range(20)))
            return set(crowd), await status_of(parts, port, "CS-1", secret="short")

    assert asyncio.run(scenario()) == ({401, 503}, 101)


def test_others_are_let_in_while_one_is_refused(world, parts):
    async def scenario():
        async with serving(world, parts, credential=parts.with_secret(), attempts_per_minute=1) as (opened, _):
            world.route(["CS-2"], "legacy", credential=parts.with_secret())
            port = opened.ports[0]
            first = [await status_of(parts, port, "CS-1", secret="wrong") for _ in range(2)]
            await learnt(parts, port, "CS-2")
            return first

    assert asyncio.run(scenario()) == [401, 429]


async def learnt(parts, port, station_id):
    """Dial until the gateway knows a station: a notice of it is on its way."""
    async with asyncio.timeout(20):
        while await status_of(parts, port, station_id) != 101:
            pass


def test_an_unknown_station_raises_an_alarm(world, parts):
    assert knock(world, parts, credential=None, dialled="CS-X") == 404

    (alarm,) = world.rows(parts.tables.alarm)
    assert (alarm["kind"], alarm["station_id"]) == ("unknown_station", "CS-X")


@pytest.mark.parametrize(
    ("path", "secret", "status", "kinds"),
    [
        pytest.param("/steve/websocket/CentralSystemService/CS-1", "right", 101, ["old_address"], id="the old path"),
        pytest.param("/ocpp/CS-1", "right", 101, [], id="our own"),
        pytest.param("/steve/websocket/CentralSystemService/CS-1", "wrong", 401, ["refused"], id="not proven to be it"),
    ],
)
def test_who_still_calls_the_old_address_is_let_in_and_listed(world, parts, path, secret, status, kinds):
    shown = {} if secret == "right" else {"secret": "another-secret-of-sixteen"}
    old = (OldAddress("", "/steve/websocket/CentralSystemService"),)

    async def scenario():
        async with serving(world, parts, credential=parts.with_secret(), old_addresses=old) as (opened, legacy):
            return await status_of(parts, opened.ports[0], "CS-1", legacy=legacy, path=path, **shown)

    assert asyncio.run(scenario()) == status
    assert [(row["station_id"], row["kind"]) for row in world.rows(parts.tables.alarm)] == [
        ("CS-1", kind) for kind in kinds
    ]


def test_many_unknown_names_from_one_address_raise_one_alarm(world, parts):
    async def scenario():
        async with serving(world, parts, credential=NOTHING) as (opened, _):
            return [await status_of(parts, opened.ports[0], f"CS-X{number}") for number in range(5)]

    assert asyncio.run(scenario()) == [404] * 5
    assert [row["kind"] for row in world.rows(parts.tables.alarm)] == ["unknown_station"]


def test_whoever_says_nothing_is_not_waited_for(world, parts):
    async def scenario():
        async with serving(world, parts, credential=NOTHING, handshake_seconds=0.2) as (opened, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.ports[0])
            writer.write(b"GET /ocpp/CS-1 HTTP/1.1\r\nHost: x\r\n")
            try:
                return await asyncio.wait_for(reader.read(), 10)
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    assert asyncio.run(scenario()) == b""


def test_a_request_without_end_is_not_kept(world, parts):
    async def scenario():
        async with serving(world, parts, credential=NOTHING) as (opened, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.ports[0])
            writer.write(b"GET /ocpp/CS-1 HTTP/1.1\r\nX: " + b"x" * 20_000)
            try:
                return await asyncio.wait_for(reader.read(), 10)
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    assert asyncio.run(scenario()) == b""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """An authority, and what it and a stranger have signed: files, by name."""
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = _authority("Ours"), _authority("A stranger's")
    for name, (signer, common, others) in {
        "gateway": (authority, "127.0.0.1", [x509.IPAddress(ip_address("127.0.0.1"))]),
        "CS-1": (authority, "CS-1", []),
        "named": (authority, "a maker's serial", [x509.DNSName("CS-1")]),
        "CS-2": (authority, "CS-2", []),
        "forged": (stranger, "CS-1", []),
    }.items():
        _sign(folder, name, signer, common, others)
    (folder / "ca.pem").write_bytes(authority[1].public_bytes(serialization.Encoding.PEM))
    return SimpleNamespace(
        file=lambda name: folder / f"{name}.pem",
        context=tls(certificate=folder / "gateway.pem", key=folder / "gateway.key", client_ca=folder / "ca.pem"),
        dial=lambda name=None, **more: _client(folder, name, **more),
    )


def knock_securely(world, parts, certificates, *, credential, certificate=None, secret=None, **more):
    door = parts.door(host="127.0.0.1", port=0, context=certificates.context, setting="x")

    async def scenario():
        async with serving(world, parts, credential=credential, doors=(door,)) as (opened, _):
            context = certificates.dial(certificate, **more)
            try:
                return await status_of(parts, opened.ports[0], "CS-1", scheme="wss", secret=secret, ssl=context)
            except (OSError, InvalidMessage) as refused:
                return type(refused).__name__

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("credential", "certificate", "status"),
    [
        pytest.param(CERTIFICATE, "CS-1", 101, id="its certificate"),
        pytest.param(CERTIFICATE, "named", 101, id="its name among the DNS names"),
        pytest.param(None, "CS-1", 101, id="its certificate, and nothing else was said"),
        pytest.param(CERTIFICATE, "CS-2", 403, id="another station's certificate"),
        pytest.param(CERTIFICATE, None, 403, id="no certificate where one must be"),
        pytest.param(NOTHING, None, 403, id="nothing, over TLS from anywhere"),
    ],
)
def test_a_station_with_a_certificate(world, parts, certificates, credential, certificate, status):
    assert knock_securely(world, parts, certificates, credential=credential, certificate=certificate) == status


def test_a_certificate_of_another_authority_is_no_certificate(world, parts, certificates):
    found = knock_securely(world, parts, certificates, credential=CERTIFICATE, certificate="forged")

    assert found not in {101, 403, 401}


def test_a_secret_over_tls(world, parts, certificates):
    credential = parts.with_secret()

    assert knock_securely(world, parts, certificates, credential=credential, secret=parts.secret) == 101


def test_tls_older_than_1_2_is_refused(world, parts, certificates):
    found = knock_securely(
        world,
        parts,
        certificates,
        credential=parts.with_secret(),
        secret=parts.secret,
        newest=ssl.TLSVersion.TLSv1_1,
    )

    assert found in {"SSLError", "ConnectionResetError", "InvalidMessage"}


def _authority(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return key, _certificate(subject, key, subject, key, [], is_authority=True)


def _sign(folder, name, signer, common, others):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    made = _certificate(subject, key, signer[1].subject, signer[0], others)
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _certificate(subject, key, issuer, signing_key, others, *, is_authority=False):
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    return builder.sign(signing_key, hashes.SHA256())


def _client(folder, name, *, newest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / "ca.pem")
    if newest is not None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context
