"""A legacy that nobody has seen before, read by a mapping file from three makes of database."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from charging.errors import SettingsError, SourceError, UnreadableSource
from charging.legacy import sql_engine, sql_mapping
from charging.legacy.sql import SqlSource
from charging.legacy.sql_explain import explain, lines
from charging.secret import Secret

MAPPING = """
name = "greenfield"

[culture]
time_zone = "Europe/Amsterdam"
currency = "EUR"

[units]
energy = "Wh"

[entities.station]
table = "charger"

[[entities.station.joins]]
table = "site"
on = { id = "charger.site_id" }

[entities.station.columns]
station_id = "charger.ocpp_name"
location_id = "site.code"
vendor = { constant = "Alfen" }

[entities.token]
table = "card"
where = "deleted = 0"

[entities.token.columns]
token_uid = "uid"
is_blocked = { column = "state", values = { ACTIVE = "false", LOST = "true" } }

[entities.session]
table = "charge"
key = "id"
watermark = "changed"

[[entities.session.joins]]
table = "charger"
as = "c"
on = { id = "charge.charger_id" }

[entities.session.columns]
session_id = "id"
station_id = "c.ocpp_name"
token_uid = "card_uid"
started_at = "begun"
stopped_at = { column = "ended_ms", unit = "ms" }
energy_kwh = "energy"
"""
DDL = (
    "CREATE TABLE site (id INTEGER PRIMARY KEY, code VARCHAR(20))",
    "CREATE TABLE charger (id INTEGER PRIMARY KEY, site_id INTEGER, ocpp_name VARCHAR(40), api_key VARCHAR(40))",
    "CREATE TABLE card (uid VARCHAR(20), state VARCHAR(10), deleted INTEGER)",
    (
        "CREATE TABLE charge (id INTEGER PRIMARY KEY, charger_id INTEGER, card_uid VARCHAR(20), begun {instant}, "
        "ended_ms BIGINT, energy DECIMAL(12,3), changed {instant})"
    ),
    "INSERT INTO site VALUES (1, 'S1')",
    "INSERT INTO charger VALUES (1, 1, 'CS-1', 'hunter2'), (2, NULL, 'CS-2', 'hunter2')",
    "INSERT INTO card VALUES ('04A1B2C3', 'ACTIVE', 0), ('04A1B2C4', 'LOST', 0), ('04A1B2C5', 'ACTIVE', 1)",
    (
        "INSERT INTO charge VALUES "
        "(1, 1, '04A1B2C3', '2026-03-04 11:00:00', 1772622000000, 7500.000, '2026-03-04 12:00:00'), "
        "(2, 2, '04A1B2C3', '2026-10-25 02:30:00', 1772622000000, 1500.250, '2026-03-04 13:00:00'), "
        "(3, 9, NULL, '2026-07-04 11:00:00', NULL, NULL, '2026-03-04 13:00:00')"
    ),
)


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def engine(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'legacy.db'}"
    else:
        url = request.getfixturevalue({"postgresql": "database_url", "mariadb": "mariadb_url"}[request.param])
    engine = sa.create_engine(url)
    instant = {"mysql": "DATETIME"}.get(engine.dialect.name, "TIMESTAMP")
    with engine.begin() as connection:
        for statement in DDL:
            connection.exec_driver_sql(statement.format(instant=instant))
    yield engine
    engine.dispose()


@pytest.fixture
def mapped(tmp_path):
    """What makes a mapping of a text, with some of it replaced."""

    def made(text=MAPPING, **replaced):
        path = tmp_path / "mapping.toml"
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return sql_mapping.load(path)

    return made


def values(source, entity, **options):
    return [row.values for chunk in source.rows(entity, **options) for row in chunk]


def test_reads_a_join_by_its_mapping(engine, mapped):
    found = values(SqlSource(engine, mapped()), "station")

    assert found == [
        {"station_id": "CS-1", "location_id": "S1", "vendor": "Alfen"},
        {"station_id": "CS-2", "location_id": None, "vendor": "Alfen"},
    ]


def test_puts_the_legacys_words_into_ours_and_keeps_its_own_beside_them(engine, mapped):
    found = values(SqlSource(engine, mapped()), "token")

    assert [(each["is_blocked"], each["is_blocked_as_extracted"]) for each in found] == [
        ("false", "ACTIVE"),
        ("true", "LOST"),
    ]


def test_writes_units_and_times_in_one_notation(engine, mapped):
    first, ambiguous, ghost = values(SqlSource(engine, mapped()), "session")

    assert (Decimal(first["energy_kwh"]), first["currency"]) == (Decimal("7.5"), "EUR")
    assert (first["started_at"], first["stopped_at"]) == ("2026-03-04T11:00:00+01:00", "2026-03-04T11:00:00Z")
    assert (ambiguous["started_at"][11:], ambiguous["time_zone"]) == ("02:30:00", "Europe/Amsterdam")
    assert (ghost["station_id"], ghost["stopped_at"], ghost["energy_kwh"]) == (None, None, None)
    assert "time_zone" not in first


def test_reads_a_statement_of_the_mappings_own(engine, mapped):
    text = """
    [entities.token]
    sql = "SELECT uid AS card, 'a:b%s' AS remark FROM card WHERE state = 'ACTIVE'"
    [entities.token.columns]
    token_uid = "card"
    note = "remark"
    """

    found = values(SqlSource(engine, mapped(text)), "token")

    assert found == [{"token_uid": uid, "note": "a:b%s"} for uid in ("04A1B2C3", "04A1B2C5")]


def test_reads_on_from_a_watermark(engine, mapped):
    source = SqlSource(engine, mapped())
    mark = source.inspect().watermarks["session"]

    assert [each["session_id"] for each in values(source, "session", after=mark.highest)] == ["2", "3"]


@pytest.mark.parametrize("watermark", ["id", "card_uid"])
def test_reads_on_from_a_number_and_from_a_text(engine, mapped, watermark):
    source = SqlSource(engine, mapped(**{'"changed"': f'"{watermark}"'}))
    mark = source.inspect().watermarks["session"]

    found = [each["session_id"] for each in values(source, "session", after=mark.highest)]

    assert found == {"id": ["3"], "card_uid": ["1", "2"]}[watermark]


@pytest.mark.parametrize("key", ["id", "card_uid"], ids=["a number", "a text"])
def test_reads_again_what_was_open_wherever_its_watermark_stands(engine, mapped, key):
    text = MAPPING.replace('"changed"', '"begun"').replace('session_id = "id"', f'session_id = "{key}"')
    source = SqlSource(engine, mapped(text))
    mark = source.inspect().watermarks["session"]
    source.read_again({"1", "04A1B2C3", "o'clock", "CS-9@2026"})

    found = values(source, "session", after=mark.highest)

    again = {"id": "1", "card_uid": "04A1B2C3"}[key]
    assert [(each["session_id"], each["started_at"][:7]) for each in found] == [
        (again, "2026-03"),
        ("2" if key == "id" else again, "2026-10"),
    ]


def test_reads_again_by_the_key_of_a_statement(engine, mapped):
    text = """
    [culture]
    time_zone = "Europe/Amsterdam"
    [entities.session]
    sql = "SELECT id, card_uid, begun, ended_ms, energy FROM charge WHERE id < 3"
    watermark = "begun"
    [entities.session.columns]
    session_id = "id"
    station_id = "card_uid"
    started_at = "begun"
    stopped_at = { column = "ended_ms", unit = "ms" }
    energy_kwh = "energy"
    """
    source = SqlSource(engine, mapped(text))
    mark = source.inspect().watermarks["session"]
    source.read_again({"1"})

    assert [each["session_id"] for each in values(source, "session", after=mark.highest)] == ["1", "2"]


def test_refuses_a_delta_where_no_row_can_be_found_by_its_key(engine, mapped):
    text = MAPPING.replace('session_id = "id"', 'session_id = { column = "id", values = { 1 = "one" } }')

    with pytest.raises(UnreadableSource, match=r"entities\.session\.columns\.session_id .* without --delta"):
        SqlSource(engine, mapped(text)).read_again({"one"})


def test_names_every_problem_with_the_schema_at_once(engine, mapped):
    wrong = mapped(**{'table = "card"': 'table = "cards"', '"c.ocpp_name"': '"c.ocppname"'})

    with pytest.raises(UnreadableSource) as caught:
        SqlSource(engine, wrong).inspect()

    assert "no table 'cards'; did you mean card" in str(caught.value)
    assert "c has no column 'ocppname'; did you mean ocpp_name" in str(caught.value)
    assert "api_key" not in str(caught.value)


def test_asks_for_the_zone_of_times_that_carry_none(engine, mapped):
    zoneless = mapped(**{'time_zone = "Europe/Amsterdam"': ""})

    with pytest.raises((UnreadableSource, SettingsError), match="zone"):
        values(SqlSource(engine, zoneless), "session")


def test_explains_what_it_will_do_and_shows_nobodys_card(engine, mapped):
    told = explain(SqlSource(engine, mapped()))

    text = "\n".join(lines(told))
    assert told["fits"]
    assert "session: charge, charger (3 rows; key id, delta by changed)" in text
    assert "04A1" not in text.replace("WHERE", "")
    assert [entity["rows"] for entity in told["entities"]] == [2, 2, 3]
    assert all("SELECT" in entity["statement"] for entity in told["entities"])


def test_explains_a_mapping_that_does_not_fit(engine, mapped):
    told = explain(SqlSource(engine, mapped(**{'token_uid = "uid"': 'token_uid = "uuid"'})))

    text = "\n".join(lines(told))
    assert not told["fits"]
    assert "MISSING" in text
    assert "did you mean uid" in text


def test_says_that_a_table_has_vanished_half_way(engine, mapped):
    source = SqlSource(engine, mapped())
    source.inspect()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE charge")

    with pytest.raises(UnreadableSource, match="charge"):
        values(source, "session")


def test_holds_one_moment_and_writes_nothing(engine, mapped):
    if engine.dialect.name == "sqlite":
        pytest.skip("a reader of SQLite keeps writers out")
    with SqlSource(engine, mapped()) as source:
        source.inspect()
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM charge")
        assert len(values(source, "session")) == 3


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param('table = "card"', 'tabel = "card"', "entities.token.tabel is unknown", id="a slip of the pen"),
        pytest.param('token_uid = "uid"', 'note = "uid"', "entities.token.columns.token_uid is missing", id="missing"),
        pytest.param('"charger.ocpp_name"', '"charger.api_key"', "names 'api_key', and secrets", id="a secret"),
        pytest.param('table = "card"', 'table = "web_user"', "names 'web_user', and secrets", id="a table of secrets"),
        pytest.param('"deleted = 0"', '"pin_code = 0"', "names 'pin_code', and secrets", id="a secret in a condition"),
        pytest.param('unit = "ms"', 'unit = "kWh"', "stopped_at.unit is 'kWh'", id="a unit of something else"),
        pytest.param("Europe/Amsterdam", "Europe", "culture.time_zone is 'Europe'", id="no zone"),
        pytest.param('energy = "Wh"', 'energy = "J"', "units.energy is 'J'", id="no unit"),
        pytest.param("on = { id", "of = { id", "joins[0].of is unknown", id="a join"),
        pytest.param('{ constant = "Alfen" }', "7", "vendor is 7", id="a column that is none"),
        pytest.param('energy_kwh = "energy"', "", "energy_kwh is missing", id="no energy"),
    ],
)
def test_refuses_a_mapping_by_its_key(mapped, old, new, problem):
    assert old in MAPPING

    with pytest.raises(SourceError, match=r"mapping file mapping\.toml") as caught:
        mapped(**{old: new})
    assert problem in str(caught.value)


def test_opens_a_file_for_reading_only(tmp_path):
    path = tmp_path / "legacy.db"
    sa.create_engine(f"sqlite:///{path}").connect().close()
    path.touch()

    engine = sql_engine.connect(Secret(f"sqlite:///{path}"), name="legacy")

    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("CREATE TABLE one (id INTEGER)")
    with pytest.raises(SourceError, match="nothing"):
        sql_engine.connect(Secret(f"sqlite:///{tmp_path}/nothing.db"), name="legacy")
