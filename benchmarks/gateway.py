"""Goal 7: stations a core, memory a station, calls a second beside stock `ocpp` on `websockets`, and added delay.

    python benchmarks/gateway.py [--stations 9000] [--busy 3000] [--seconds 10] [--runs 3] [--tls]

Stations, back-office, peers and gateway are processes of their own on real sockets of this machine; the gateway has
PostgreSQL and a recorder, and writes every frame to its journal. A relayed station needs two sockets of the gateway's:
with a hard limit of 20,000 files a process, one gateway holds fewer than 10,000, whatever its core could do.
Speeds are calls for each second of the server's own CPU, so that other work on the machine counts less.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from charging.database import connection as database
from charging.database import embedded, tables
from charging.database.operations import gateway_routes as write
from charging.database.operations.rows import upsert
from charging.ocpp.gateway.credential import hashed
from charging.ocpp.gateway.known import BackOffice
from charging.secret import Secret

FIELD = Path(__file__).with_name("gateway_field.py")


class Part:
    """A process of the field."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [sys.executable, FIELD, *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.seen = psutil.Process(self.process.pid)

    def heard(self):
        return json.loads(self.process.stdout.readline())

    def do(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what} | more) + "\n")
        self.process.stdin.flush()
        return self.heard()

    @property
    def cpu(self):
        used = self.seen.cpu_times()
        return used.user + used.system

    @property
    def rss(self):
        """Memory of its own: the journal's pages are the system's, which writes them out and lets go of them."""
        found = self.seen.memory_info()
        return found.rss - found.shared


@contextmanager
def running(*words):
    part = Part(*words)
    try:
        yield part
    finally:
        part.process.terminate()
        part.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=9_000, help="held at once, for memory")
    parser.add_argument("--busy", type=int, default=3_000, help="talking, for speed and delay")
    parser.add_argument("--every", type=float, default=3.0, help="seconds between a busy station's calls, for delay")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tls", action="store_true", help="stations come over TLS")
    chosen = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("picows", "websockets", "ocpp"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"load of the machine before: {load}; TLS: {'yes' if chosen.tls else 'no'}")
    with prepared(max(chosen.stations, chosen.busy)) as (home, url, office):
        certificate = a_certificate(home) if chosen.tls else ""
        memory(chosen, home, url, certificate)
        speed(chosen, home, url, office, certificate)


def memory(chosen, home, url, certificate):
    """Hold stations, and see what each costs."""
    with running("gateway", "held", home, url, certificate) as gateway, running("stations") as stations:
        port = gateway.heard()["port"]
        before, used = gateway.rss, gateway.cpu
        address = f"{'wss' if certificate else 'ws'}://127.0.0.1:{port}/ocpp"
        told = stations.do("connect", url=address, first=0, count=chosen.stations, at_once=100)
        connecting = gateway.cpu - used
        talked = stations.do("talk", seconds=chosen.seconds, every=chosen.seconds)
        each = (gateway.rss - before) / max(1, told["connected"]) / 1000
        print(
            f"held {told['connected']} stations ({told['failed']} failed, {talked['lost']} lost) in one process: "
            f"{each:.1f} KB each, relayed, both links; {connecting / max(1, told['connected']) * 1e6:.0f} us of CPU to "
            f"let one in; each was heard once ({talked['calls']} calls)"
        )


def speed(chosen, home, url, office, certificate):
    """Let stations talk without a pause, to each server in turn; then in their usual rhythm, directly and relayed."""
    ratios, added = [], []
    scheme = "wss" if certificate else "ws"
    for number in range(chosen.runs):
        with ExitStack() as stack:
            gateway = stack.enter_context(running("gateway", f"busy-{number}", home, url, certificate))
            stock = stack.enter_context(running("stock"))
            port, peer = gateway.heard()["port"], stock.heard()["port"]
            relayed, direct, plain = (stack.enter_context(running("stations")) for _ in range(3))
            relayed.do("connect", url=f"{scheme}://127.0.0.1:{port}/ocpp", first=0, count=chosen.busy, at_once=100)
            direct.do("connect", url=f"ws://127.0.0.1:{peer}", first=0, count=min(500, chosen.busy), at_once=50)
            plain.do("connect", url=f"ws://127.0.0.1:{office}", first=0, count=chosen.busy, at_once=100)
            ours, theirs = busy(relayed, gateway, chosen.seconds), busy(direct, stock, chosen.seconds)
            ratios.append(ours / theirs)
            through = relayed.do("talk", seconds=chosen.seconds, every=chosen.every)
            without = plain.do("talk", seconds=chosen.seconds, every=chosen.every)
            added.append(through["p99"] - without["p99"])
            print(
                f"run {number + 1}: gateway {ours:,.0f} calls a CPU second, stock ocpp {theirs:,.0f}: "
                f"{ratios[-1]:.1f}x; p99 relayed {through['p99']:.1f} ms (p50 {through['p50']:.2f}), "
                f"direct {without['p99']:.1f} ms (p50 {without['p50']:.2f}): {added[-1]:+.1f} ms; "
                f"{through['lost']} lost"
            )
    print(f"calls a CPU second beside stock ocpp: {spread(ratios, 'x')}")
    print(f"added at p99 with {chosen.busy} stations, a call each {chosen.every:g} s: {spread(added, ' ms')}")


def busy(stations, server, seconds):
    """Return how many calls a server answers for each second of its CPU."""
    used = server.cpu
    told = stations.do("talk", seconds=seconds, every=0)
    return told["calls"] / (server.cpu - used)


def spread(values, unit):
    return f"median {statistics.median(values):.1f}{unit} ({min(values):.1f} to {max(values):.1f})"


@contextmanager
def prepared(stations):
    """Tables that know so many stations, and a back-office that they are led to."""
    with tempfile.TemporaryDirectory(prefix="rehome-") as folder:
        Path(folder).chmod(0o711)
        cluster = embedded.locate(Path(folder))
        embedded.start(cluster)
        try:
            url = embedded.create_database(cluster.url(), "gateway")
            engine = database.connect(Secret(url))
            database.migrate(engine)
            with running("office") as office:
                port = office.heard()["port"]
                learn(engine, stations, f"ws://127.0.0.1:{port}/{{identity}}")
                yield folder, url, port
            engine.dispose()
        finally:
            time.sleep(1)  # recorders let go of the tables
            embedded.stop(cluster)


def learn(engine, stations, address):
    change = write.Change(by="benchmark", reason="a benchmark", at=datetime.now(UTC))
    names = [f"CS-{number}" for number in range(stations)]
    kept = hashed("a-secret-of-sixteen-or-more", salt=os.urandom(16))
    with engine.begin() as connection:
        write.set_back_office(connection, BackOffice(name="legacy", address=address), change=change)
        write.set_routes(connection, names, "legacy", change=change)
        must_show = {"secret_hash": kept, "needs_certificate": False, "is_open": False}
        upsert(connection, tables.credential, [{"station_id": name} | must_show for name in names])


def a_certificate(home):
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    file = Path(home) / "gateway.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


if __name__ == "__main__":
    main()
