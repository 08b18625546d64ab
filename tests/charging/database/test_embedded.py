"""The embedded server starts twice, survives kills, and keeps to itself."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from charging.database import embedded
from charging.errors import DiskFull, ServerNotStarted


@pytest.fixture
def cluster(home):
    cluster = embedded.locate(home)
    yield cluster
    embedded.stop(cluster)


def test_answers_on_loopback_with_its_own_password_only(cluster):
    url = embedded.start(cluster, durable=False).replace("+psycopg", "")

    with psycopg.connect(url) as connection:
        assert connection.info.host == "127.0.0.1"
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "wrong"))


def test_starts_once_when_two_ask_at_the_same_time(cluster):
    urls = []
    threads = [threading.Thread(target=lambda: urls.append(embedded.start(cluster, durable=False))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(urls) == 4
    assert len(set(urls)) == 1


def test_comes_back_after_a_kill_with_what_was_committed(cluster):
    url = embedded.start(cluster).replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    process = int((cluster.data / "postmaster.pid").read_text().split()[0])

    os.kill(process, signal.SIGKILL)
    again = embedded.start(cluster).replace("+psycopg", "")

    with psycopg.connect(again) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_does_not_take_a_strangers_process_for_its_own(cluster):
    embedded.start(cluster, durable=False)
    embedded.stop(cluster)
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")

    assert not embedded.is_running(cluster)
    embedded.start(cluster, durable=False)
    assert embedded.is_running(cluster)


def test_waits_for_its_port_while_what_was_killed_still_holds_it(cluster, monkeypatch):
    embedded.start(cluster, durable=False)
    before = cluster.port
    os.kill(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
    late = socket.socket()
    late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    while True:
        with contextlib.suppress(OSError):
            late.bind(("127.0.0.1", before))
            break
    late.listen()
    waits = []

    def let_go(seconds):
        waits.append(seconds)
        late.close()

    monkeypatch.setattr(embedded.time, "sleep", let_go)
    port = embedded._port(before)

    assert port == before
    assert len(waits) == 1


def test_takes_another_port_when_a_stranger_holds_the_one_it_had(cluster, monkeypatch):
    monkeypatch.setattr(embedded, "KEEPS_PORT_SECONDS", 0.0)
    embedded.start(cluster, durable=False)
    embedded.stop(cluster)
    before = cluster.port
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", before))
        stranger.listen()

        embedded.start(cluster, durable=False)

    assert cluster.port != before


def test_leaves_no_half_made_cluster_when_killed_while_it_is_made(home):
    script = (
        "import sys; from pathlib import Path; from charging.database import embedded;"
        "embedded.start(embedded.locate(Path(sys.argv[1])), durable=False)"
    )
    maker = subprocess.Popen([sys.executable, "-c", script, str(home)], start_new_session=True)
    cluster = embedded.locate(home)
    while not list(cluster.folder.glob("data.unfinished*")) and maker.poll() is None:
        pass
    maker.kill()
    maker.wait()

    try:
        url = embedded.start(cluster, durable=False)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        embedded.stop(cluster)


def test_stopping_what_never_started_changes_nothing(tmp_path):
    assert embedded.stop(embedded.locate(tmp_path)) is False


def test_says_which_account_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(ServerNotStarted, match=r"no account ghost to drop to.*REHOME_POSTGRES_USER"):
        embedded.locate(tmp_path, user="ghost")


def test_refuses_to_begin_on_a_full_disk(cluster, monkeypatch):
    monkeypatch.setattr(embedded, "NEEDED_MB", 10**9)

    with pytest.raises(DiskFull, match="make room"):
        embedded.start(cluster)
    assert not cluster.data.exists()


def test_puts_the_data_where_the_account_can_walk_to(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("an ordinary user keeps the data at home")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert embedded.locate(closed).folder.parent == Path("/var/lib/rehome")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_keeps_the_account_that_its_data_belongs_to(home):
    before = embedded.locate(home, user="daemon")
    (home / "postgresql" / "data").mkdir(parents=True)
    shutil.chown(home / "postgresql" / "data", "daemon")

    assert (before.user, embedded.locate(home).user) == ("daemon", "daemon")


def test_knows_no_port_from_a_note_that_was_cut_off(cluster):
    cluster.folder.mkdir(parents=True)
    (cluster.folder / "port").write_text("")

    assert cluster.port is None
    embedded.start(cluster, durable=False)
    assert cluster.port > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_works_for_an_ordinary_user(home):
    os.chown(home, 65534, 65534)

    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        cluster = embedded.locate(home)
        url = embedded.start(cluster, durable=False)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            is_right = cluster.user is None and connection.execute("SELECT 1").fetchone() == (1,)
        embedded.stop(cluster)
        os._exit(0 if is_right else 3)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
