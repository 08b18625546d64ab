"""A link to a back-office carries messages of any length both ways, in plain text as over TLS, and holds little."""

import asyncio
import ipaddress
import json
import ssl
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import aiofastnet
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import serve

from charging.clock import system_clock
from charging.ocpp.gateway.known import BackOffice
from charging.ocpp.gateway.office import Dialler
from charging.ocpp.gateway.options import Options


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A file with a key and a certificate of 127.0.0.1, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(address, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("office") / "office.pem"
    signed = made.sign(key, hashes.SHA256())
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


class Session:
    """As much of a station's session as a link needs."""

    station_id, protocol = "CS-1", "ocpp1.6"

    def __init__(self):
        self.hub = SimpleNamespace(options=Options(), clock=system_clock)
        self.office = SimpleNamespace(lost=lambda *_: None)
        self.heard = asyncio.Queue()

    def from_office(self, _link, raw, _at):
        self.heard.put_nowait(raw)


@pytest.mark.parametrize("is_secure", [pytest.param(False, id="plain text"), pytest.param(True, id="TLS")])
def test_a_long_message_goes_both_ways(certificate, is_secure):
    context = None
    if is_secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    long = json.dumps([2, "1", "DataTransfer", {"vendorId": "x", "data": "d" * 200_000}])

    async def scenario():
        async def take(link):
            async for message in link:
                await link.send(message)

        session = Session()
        async with serve(take, "127.0.0.1", 0, ssl=context, subprotocols=["ocpp1.6"], compression=None) as server:
            port, scheme = server.sockets[0].getsockname()[1], "wss" if is_secure else "ws"
            office = BackOffice(name="target", address=f"{scheme}://127.0.0.1:{port}/{{identity}}", ca=str(certificate))
            link = await Dialler(session.hub.options).dial(session, office)
            link.hand_over()
            link.send(long.encode())
            heard = await asyncio.wait_for(session.heard.get(), 10)
            transport = link.transport.underlying_transport
            link.abort()
            return heard, transport

    heard, transport = asyncio.run(scenario())

    assert heard.decode() == long
    assert isinstance(transport, aiofastnet.Transport) is is_secure  # its plain one holds 4 KB for each link
