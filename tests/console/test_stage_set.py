"""A rehearsal's settings are written as a data team would write its own, and can be read wherever it lives."""

import stat

import pytest

from charging import secret
from charging import settings as configuration
from charging.roaming import partner_file
from charging.secret import Secret
from console import stage_set
from rehearsal import world_file
from rehearsal.world_file import BackOfficeDoor, PartnerDoor, World

DATABASES = {
    role: Secret(f"postgresql+psycopg://postgres:hunter2@127.0.0.1:5/{role}") for role in ("own", "legacy", "target")
}


@pytest.fixture(params=["plain", 'with "quotes"', "back\\slash", "ümlaut 😀"])
def folder(request, tmp_path):
    """Where a rehearsal lives whose network is up."""
    made = tmp_path / request.param / "rehearsal"
    (made / "world").mkdir(parents=True)
    door = BackOfficeDoor(ws="ws://127.0.0.1:7/ocpp", rest="http://127.0.0.1:8", user="u", password=Secret("p" * 20))
    partners = {
        name: PartnerDoor(party=party, versions_url="http://127.0.0.1:9/versions", token=Secret(f"token-of-{name}"))
        for name, party in (("roa", "NL-ROA"), ("hub", "DE-HUB"))
    }
    world_file.write(made / "world", World(legacy=door, target=door, partners=partners, stations=8, pid=1))
    return made


def test_can_be_read_wherever_it_lives(folder):
    stage_set.prepare(folder, databases=DATABASES)

    found = configuration.load(folder)
    legacy = found.back_office("legacy")
    assert configuration.database_address(found.database, setting="database") == DATABASES["own"]
    assert configuration.database_address(legacy.database, setting="legacy") == DATABASES["legacy"]
    assert secret.resolve(legacy.password, setting="legacy.password").reveal() == "p" * 20
    assert found.pseudonym_key is not None
    assert (folder / found.recipes).is_dir()
    for name, party in (("roa", "NL-ROA"), ("hub", "DE-HUB")):
        partner = partner_file.read(folder / "partners" / f"{name}.toml")
        assert partner.read_token({}).reveal() == f"token-of-{name}"
        assert str(partner.party) == party


def test_holds_its_secrets_where_nobody_else_looks(folder):
    stage_set.prepare(folder, databases=DATABASES)

    for file in (folder / "secrets").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert "hunter2" not in (folder / "rehome.toml").read_text("utf-8")


def test_changes_nothing_when_it_is_written_again(folder, files):
    stage_set.prepare(folder, databases=DATABASES)
    before = files(folder)

    stage_set.prepare(folder, databases=DATABASES)

    assert files(folder) == before


def test_follows_a_server_that_has_moved(folder):
    stage_set.prepare(folder, databases=DATABASES)
    moved = {role: Secret(place.reveal().replace(":5/", ":6/")) for role, place in DATABASES.items()}

    stage_set.prepare(folder, databases=moved)

    found = configuration.load(folder)
    assert configuration.database_address(found.database, setting="database") == moved["own"]
