import json
from contextlib import closing

import pytest
from typer.testing import CliRunner

from charging.database import connection as database
from charging.errors import PortInUse, SettingsError
from charging.roaming import partner_template
from charging.roaming.ocpi.receiver import application
from charging.settings import Receiver, Settings, load
from console import receiving
from console.cli import app

FILE = """\
name = "{name}"
party = "{party}"
owner = "{owner}"
versions_url = "{url}/versions"
allow_plain_http = true
allow_private_addresses = true
token = "env:TOKEN_A"
tariff = "tariff.json"
currency = "EUR"
time_zone = "Europe/Amsterdam"
"""
PARTIES = {"evn": "NL-EVN", "roa": "NL-ROA"}


@pytest.fixture
def homes(tmp_path, copied, serve, monkeypatch):
    """Two homes, each with a database and a served receiver, each the other's partner; call one to run a command."""
    served, urls, engines = {}, {}, []

    def lazy(name):
        async def answer(scope, receive, send):
            await served[name](scope, receive, send)

        return answer

    with copied() as first, copied() as second:
        for name, url in zip(PARTIES, (first, second), strict=True):
            monkeypatch.setenv(f"DATABASE_{name.upper()}", url)
            urls[name] = f"{serve(lazy(name))}/ocpi"
            (tmp_path / name / "partners").mkdir(parents=True)
            text = f'database = "env:DATABASE_{name.upper()}"\n[receiver]\nurl = "{urls[name]}"\n'
            (tmp_path / name / "rehome.toml").write_text(text)
        for name, other in zip(PARTIES, reversed(PARTIES), strict=True):
            folder = tmp_path / name / "partners"
            (folder / "tariff.json").write_text(partner_template.TARIFF.replace("0.00", "0.40"))
            text = FILE.format(name=other, party=PARTIES[other], owner=PARTIES[name], url=urls[other])
            (folder / f"{other}.toml").write_text(text)
            settings = load(tmp_path / name)
            engines.append(database.connect(database.address(settings)))
            doors = receiving.doors(settings, engines[-1], partner=receiving.PartnerFiles(folder).read)
            served[name] = application(doors, max_body_bytes=100_000)

        def run(name, *words):
            return CliRunner(env={"REHOME_HOME": str(tmp_path / name)}).invoke(app, ["partner", *words])

        yield run
        for engine in engines:
            engine.dispose()


def test_two_homes_meet_from_the_command_line(homes, tmp_path, monkeypatch):
    assert "nothing was made" in homes("roa", "invite", "evn").stdout
    assert not (tmp_path / "roa" / "secrets").exists()
    invited = homes("roa", "invite", "evn", "--yes")
    monkeypatch.setenv("TOKEN_A", (tmp_path / "roa" / "secrets" / "evn.invitation").read_text())

    shown = homes("evn", "register", "roa")
    registered = homes("evn", "register", "roa", "--yes")
    standing = json.loads(homes("evn", "show", "roa", "--json").stdout)
    rotated = homes("evn", "rotate", "roa", "--yes")
    gone = homes("evn", "unregister", "roa", "--yes")

    assert "token A   in file:" in invited.stdout
    assert "dry run" in shown.stdout
    assert "register: done" in registered.stdout
    assert standing["registration"]["state"] == "registered"
    assert [event["phase"] for event in standing["journal"]] == ["intent", "done"]
    assert "rotate: done" in rotated.stdout
    assert "unregister: done" in gone.stdout
    assert "unregistered since" in homes("roa", "show", "evn").stdout


def test_a_probe_from_the_command_line_shows_the_difference_and_writes_it_when_told(homes, tmp_path, monkeypatch):
    homes("roa", "invite", "evn", "--yes")
    monkeypatch.setenv("TOKEN_A", (tmp_path / "roa" / "secrets" / "evn.invitation").read_text())
    file = tmp_path / "evn" / "partners" / "roa.toml"
    before = file.read_text()

    shown = homes("evn", "probe", "roa")
    unwritten = file.read_text()
    written = homes("evn", "probe", "roa", "--write", "--json")

    assert "+versions = " in shown.stdout
    assert "nothing was written" in shown.stdout
    assert unwritten == before
    assert "[probed]" in file.read_text()
    assert json.loads(written.stdout)["values"]["probed.versions"] == ["2.1.1", "2.2.1", "2.3.0"]


@pytest.mark.parametrize("url", [None, "us.example/ocpi", "https://us.example/api"])
def test_a_receiver_must_know_how_it_is_reached(tmp_path, url):
    settings = Settings(home=tmp_path, receiver=Receiver(url=url))

    with pytest.raises(SettingsError, match=r"https://us\.example/ocpi"):
        receiving.url(settings)


def test_a_partner_file_is_read_again_once_it_has_changed(tmp_path):
    file = tmp_path / "roa.toml"
    (tmp_path / "tariff.json").write_text(partner_template.TARIFF.replace("0.00", "0.40"))
    text = FILE.format(name="roa", party="NL-ROA", owner="NL-EVN", url="http://127.0.0.1:1/ocpi")
    file.write_text(text)
    files = receiving.PartnerFiles(tmp_path)
    first, again = files.read("roa"), files.read("roa")
    file.write_text(text.replace("NL-ROA", "NL-ROB"))

    assert first is again
    assert files.read("roa").party == "NL-ROB"


def test_a_port_that_is_taken_is_said_to_be():
    with closing(receiving._listening("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            receiving._listening("127.0.0.1", port)
