"""Settings say where a mistake is and how to mend it; environment, file and defaults come in that order."""

from pathlib import Path

import pytest

from charging import settings as configuration
from charging.errors import SettingsError

VARIABLES = ("REHOME_HOME", "REHOME_TIME_ZONE", "REHOME_DATABASE", "REHOME_CURRENCY", "DATABASE_URL")


@pytest.fixture(autouse=True)
def _told_nothing(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def write(home):
    def written(text):
        (home / configuration.FILE).write_text(text, "utf-8")
        return home

    return written


def test_are_the_defaults_where_nothing_is_said(home):
    found = configuration.load(home)

    assert (found.time_zone, found.currency, found.operator, found.database) == (
        "Europe/Amsterdam",
        "EUR",
        "NL*EVN",
        None,
    )


def test_take_the_environment_before_the_file(write, monkeypatch):
    home = write('time_zone = "Europe/Berlin"\ncurrency = "SEK"')
    monkeypatch.setenv("REHOME_TIME_ZONE", "Europe/Oslo")

    found = configuration.load(home)

    assert (found.time_zone, found.currency) == ("Europe/Oslo", "SEK")


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        pytest.param("", {}, None, id="embedded"),
        pytest.param("", {"DATABASE_URL": "postgresql://h/x"}, "env:DATABASE_URL", id="DATABASE_URL"),
        pytest.param('database = "env:OURS"', {"DATABASE_URL": "postgresql://h/x"}, "env:OURS", id="the file"),
        pytest.param('database = "env:OURS"', {"REHOME_DATABASE": "env:THEIRS"}, "env:THEIRS", id="REHOME_DATABASE"),
    ],
)
def test_take_the_database_from_the_nearest(write, monkeypatch, text, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert configuration.load(write(text)).database == expected


def test_take_the_reference_of_the_pseudonyms_key_from_the_environment(write, monkeypatch):
    monkeypatch.setenv("REHOME_PSEUDONYM_KEY", "env:A_KEY")

    assert configuration.load(write("")).pseudonym_key == "env:A_KEY"


def test_take_an_empty_variable_for_none(write, monkeypatch):
    monkeypatch.setenv("REHOME_TIME_ZONE", "")

    assert configuration.load(write('time_zone = "Europe/Oslo"')).time_zone == "Europe/Oslo"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("x = [", r"rehome\.toml is not TOML: mend it there: .*", id="not TOML"),
        pytest.param("colour = 1", r"colour in .*rehome\.toml is unknown: known are database, time_zone", id="unknown"),
        pytest.param(
            "[pace]\nconcurency = 3", r"pace\.concurency in .* is unknown: known are concurrency, ", id="unknown below"
        ),
        pytest.param("time_zone = 1", r"time_zone in .* is 1, which is not right: write text", id="wrong type"),
        pytest.param("legacy = 7", r"legacy in .* is 7, which is not right: make a table", id="no table"),
        pytest.param(
            'time_zone = "Mars/Phobos"',
            r"time_zone in .* 'Mars/Phobos' is no IANA time zone such as",
            id="unknown zone",
        ),
        pytest.param('time_zone = "Europe"', r"'Europe' is no IANA time zone such as Europe/Amsterdam", id="a folder"),
        pytest.param('[legacy]\nrest = "x"', r"legacy\.database in .* is missing: write it there", id="missing"),
        pytest.param("[pace]\nconcurrency = 0", r"pace\.concurrency in .* is 0, .*: write 1 or more", id="too small"),
        pytest.param('currency = "euro"', r"currency in .* is 'euro', .* such as EUR", id="no currency"),
        pytest.param('operator = "EVN"', r"operator in .* is 'EVN', .* such as NL\*EVN", id="no operator"),
        pytest.param(
            'home = "/elsewhere"', r"home in .* cannot be set there: name the folder in REHOME_HOME", id="home"
        ),
    ],
)
def test_say_what_is_wrong_where_and_what_is_right(write, text, message):
    with pytest.raises(SettingsError, match=message):
        configuration.load(write(text))


CSV, RECEIVER = '[target]\nkind = "csv"\n', '[target]\nkind = "ocpi"\nversions_url = "x"\ntoken = "env:T"\n'
AN_INSTANT = "date and time with its zone, such as 2026-03-01T00:00:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            'freeze_from = "soon"', rf"freeze_from in .* is 'soon', .*: write a {AN_INSTANT}", id="no instant"
        ),
        pytest.param("freeze_from = 7", rf"freeze_from in .*: 7 is no {AN_INSTANT}", id="a number for an instant"),
        pytest.param('freeze_from = "1772323200"', rf": '1772323200' is no {AN_INSTANT}", id="seconds since 1970"),
        pytest.param("freeze_from = 2026-03-01", rf" is 2026-03-01, .*: write a {AN_INSTANT}", id="a day"),
        pytest.param(
            "freeze_from = 2026-03-01T00:00:00", rf" is 2026-03-01T00:00:00, .*: write a {AN_INSTANT}", id="no zone"
        ),
        pytest.param("freeze_from = true", rf" is true, .*: write a {AN_INSTANT}", id="a truth for an instant"),
        pytest.param("[pace]\nconcurrency = 1.5", "is 1.5, .*: write a whole number", id="half a station"),
        pytest.param("[pace]\nconcurrency = 5000", "is 5000, .*: write 1000 or less", id="too large"),
        pytest.param('[pace]\npoll_seconds = "x"', "is 'x', .*: write a number", id="no number"),
        pytest.param("[pace]\nstarts_per_second = 0", "is 0, .*: write more than 0", id="not above nothing"),
        pytest.param("[pace]\ntime_scale = inf", "is inf, .*: write a number", id="without an end"),
        pytest.param("recipes = []", "recipes in .* is not right: write text", id="a list for text"),
        pytest.param(
            '[remap.din_operators]\n"49*82" = "823"',
            r"remap\.din_operators\.49\*82 in .* is '49\*82', .* such as 49\*823",
            id="no DIN operator",
        ),
        pytest.param('[remap.din_operators]\n"49*823" = "82"', "is '82', .* such as 823", id="no operator for it"),
        pytest.param('[impact]\nsticker_cost = "cheap"', "is 'cheap', .* such as 12.50", id="no amount"),
        pytest.param("[impact]\nsticker_cost = 1.23456", "is 1.23456, .* 4 decimals", id="too fine an amount"),
        pytest.param('[impact]\nregisters = "x"', "is 'x', .*: write a list", id="no list"),
        pytest.param(
            '[impact.qr]\n"NL*EVN" = "https://x"', r"is not right: write an address that holds \{evse_id\}", id="no QR"
        ),
        pytest.param(CSV + 'decimal = ";"', r"""is ';', .*: write "." or ",\"""", id="no mark"),
        pytest.param(CSV + 'delimiter = ";;"', "is ';;', .*: write 1 or fewer characters", id="too long"),
        pytest.param(CSV + 'delimiter = ""', "is '', .*: write 1 or more characters", id="too short"),
        pytest.param(CSV + 'has_bom = "perhaps"', "is 'perhaps', .*: write true or false", id="no truth"),
        pytest.param(RECEIVER + 'party = "NEW"', "is 'NEW', .* such as NL-NEW", id="no party"),
        pytest.param(
            RECEIVER + 'party = "NL-NEW"\nrequests_per_second = inf', "is inf, .*: write a number", id="no pace"
        ),
    ],
)
def test_name_the_value_and_the_mend(write, text, message):
    with pytest.raises(SettingsError, match=message):
        configuration.load(write(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("currency = 'mysql://steve:hunter2hunter2@db/steve'", id="an address for a currency"),
        pytest.param("[legacy]\ndatabase = 'env:D'\ntags = 'mysql://steve:hunter2@db'", id="an address for a way"),
        pytest.param("pseudonym_key = ['hunter2']", id="a list for a reference"),
    ],
)
def test_do_not_repeat_what_may_hold_a_password(write, text):
    with pytest.raises(SettingsError, match="is not right: write ") as caught:
        configuration.load(write(text))

    assert "hunter2" not in str(caught.value)


def test_name_the_variable_where_it_is_the_culprit(write, monkeypatch):
    monkeypatch.setenv("REHOME_TIME_ZONE", "Mars/Phobos")

    with pytest.raises(SettingsError, match=r"^setting REHOME_TIME_ZONE is not right: 'Mars/Phobos' is no IANA"):
        configuration.load(write('time_zone = "Europe/Oslo"'))


def test_do_not_repeat_a_password_in_the_wrong_place(write):
    with pytest.raises(SettingsError) as caught:
        configuration.load(write("[legacy]\ndatabase = ['mysql://steve:hunter2hunter2@db/steve']"))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"time_zone = '\xe9'"], ids=["binary", "latin-1"])
def test_refuse_a_file_that_is_no_text(home, content):
    (home / configuration.FILE).write_bytes(content)

    with pytest.raises(SettingsError, match=r"rehome\.toml is not TOML"):
        configuration.load(home)


def test_refuse_a_folder_for_a_file(home):
    (home / configuration.FILE).mkdir()

    with pytest.raises(SettingsError, match=r"rehome\.toml cannot be read: Is a directory"):
        configuration.load(home)


def test_say_which_back_office_is_not_described(home):
    with pytest.raises(SettingsError, match=r"setting target is not described: add a table \[target\] to"):
        configuration.load(home).back_office("target")


def test_ask_for_no_api_of_a_back_office_whose_database_alone_is_read(write):
    office = configuration.load(write('[legacy]\ndatabase = "env:D"')).back_office("legacy")

    assert office.database == "env:D"


@pytest.mark.parametrize("key", ["rest", "user", "password"])
def test_say_what_is_missing_where_the_api_is_used(write, key):
    told = {"database": "env:D", "rest": "http://x", "user": "u", "password": "env:P"}
    text = "\n".join(f'{name} = "{value}"' for name, value in told.items() if name != key)
    office = configuration.load(write(f"[legacy]\n{text}")).back_office("legacy")

    with pytest.raises(SettingsError, match=rf"setting legacy\.{key} is missing.*: write it under \[legacy\]: "):
        office.rest_api("legacy")


def test_say_that_the_address_is_missing_where_stations_are_to_dial_it(write):
    office = configuration.load(write('[legacy]\ndatabase = "env:D"\nrest = "http://x"')).back_office("legacy")

    with pytest.raises(SettingsError, match=r"setting legacy\.ws is missing.*OCPP address that stations dial"):
        office.dialled("legacy")


def test_live_where_they_are_called_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    here = configuration.home_folder()
    monkeypatch.setenv("REHOME_HOME", "elsewhere")

    assert (here, configuration.home_folder()) == (Path.cwd() / ".rehome", Path.cwd() / "elsewhere")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("postgres://u:p@h/x", "postgresql+psycopg://u:p@h/x", id="short"),
        pytest.param("postgresql://u:p@h/x", "postgresql+psycopg://u:p@h/x", id="plain"),
        pytest.param("postgresql+asyncpg://u:p@h/x", "postgresql+psycopg://u:p@h/x", id="another driver"),
        pytest.param("mysql+pymysql://u:p@h/x", "mysql+pymysql://u:p@h/x", id="another database"),
        pytest.param("postgresql://u:p%40ss@h/x", "postgresql+psycopg://u:p%40ss@h/x", id="odd password"),
    ],
)
def test_write_addresses_for_our_driver(given, expected):
    assert configuration.with_driver(given, setting="database") == expected


@pytest.mark.parametrize("address", ["nonsense", "postgresql://u:hunter2@h:port/x", "://"])
def test_refuse_what_is_no_address_without_repeating_it(monkeypatch, address):
    monkeypatch.setenv("OURS", address)

    with pytest.raises(SettingsError, match=r"database \(env:OURS\) is no database address") as caught:
        configuration.database_address("env:OURS", setting="database")

    assert "hunter2" not in str(caught.value)


def test_show_an_address_without_what_is_secret():
    address = "postgresql+psycopg://u:hunter2@h:5432/x?password=hunter2&sslmode=require"

    assert configuration.shown(address) == "postgresql+psycopg://u:***@h:5432/x"
