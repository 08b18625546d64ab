"""A target of any kind is described in one table, whose mistakes are named where they are."""

import pytest

from charging import settings as configuration
from charging.back_office_settings import BackOffice
from charging.errors import SettingsError
from charging.target_settings import CitrineOs, CsvFolder, OcpiReceiver

OCPI = 'kind = "ocpi"\nversions_url = "http://x/versions"\ntoken = "env:T"\nparty = "NL-NEW"\n'
CITRINEOS = 'kind = "citrineos"\ngraphql = "http://x/v1/graphql"\n'
STEVE = 'database = "env:D"\nrest = "http://x"\nuser = "u"\npassword = "env:P"\nws = "ws://x"\n'


@pytest.fixture
def load(home, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def loaded(table):
        (home / configuration.FILE).write_text(f"[target]\n{table}", "utf-8")
        return configuration.load(home)

    return loaded


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        pytest.param(STEVE, BackOffice, id="SteVe where nothing is said"),
        pytest.param('kind = "steve"\ntags = "rest"\n' + STEVE, BackOffice, id="SteVe by name"),
        pytest.param(OCPI + 'version = "2.1.1"', OcpiReceiver, id="an OCPI receiver"),
        pytest.param(CITRINEOS + 'secret = "env:S"\ntenant = 2', CitrineOs, id="a CitrineOS"),
        pytest.param('kind = "csv"\nculture = "monta"', CsvFolder, id="a folder"),
    ],
)
def test_is_of_the_kind_that_it_says(load, table, kind):
    assert isinstance(load(table).target_table(), kind)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param('kind = "oracle"', r"target\.kind .* is unknown: known are steve, ocpi", id="an unknown kind"),
        pytest.param('kind = "csv"\ntoken = "x"', r"target\.token .* is unknown: known are kind, folder", id="a key"),
        pytest.param('kind = "ocpi"', r"target\.versions_url .* is missing", id="a key that is missing"),
        pytest.param('kind = "citrineos"', r"target\.graphql .* is missing", id="no address of a CitrineOS"),
        pytest.param(CITRINEOS + "tenant = 0", r"target\.tenant .* is not right", id="a tenant that is none"),
        pytest.param(OCPI + 'version = "9"', r"target\.version .* is not right", id="a value"),
        pytest.param(STEVE.replace("ws", "wss"), r"target\.(ws|wss) ", id="a back-office's key"),
    ],
)
def test_says_where_the_mistake_is(load, table, said):
    with pytest.raises(SettingsError, match=said):
        load(table)


def test_says_that_no_station_can_dial_a_receiver(load):
    with pytest.raises(SettingsError, match="which no station can dial"):
        load(OCPI).back_office("target")
