"""Statements in the cultures that partners write them in."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
import xlsxwriter

from charging.errors import MissingColumns, UnreadableSource
from charging.roaming.cdr import Protocol
from charging.roaming.statement.mapping import load
from charging.roaming.statement.parse import read_statement
from charging.tariffs.tariff import Dimension

RECEIVED = datetime(2026, 11, 21, 3, tzinfo=UTC)
MAPPING = """
name = "ROA's monthly statement"
[columns]
cdr_id = "Beleg"
session_id = "Vorgang"
evse_id = "Ladepunkt"
driver = "Karte"
started_at = ["Datum", "Beginn"]
duration = "Dauer"
energy_kwh = "Menge"
net = "Netto"
gross = "Brutto"
[culture]
time_zone = "Europe/Berlin"
currency = "EUR"
"""
HEADER = "Beleg;Vorgang;Ladepunkt;Karte;Datum;Beginn;Dauer;Menge;Netto;Brutto"
LINE = "R-1;S-1;DE*EVN*E1*1;04A1B2C3D4E5F6;13.11.2026;12:00;01:30:00;10,5;4,20;5,00"


@pytest.fixture
def mapping(tmp_path):
    def of(text=MAPPING):
        path = tmp_path / "roa.toml"
        path.write_text(text)
        return load(path)

    return of


@pytest.fixture
def statement(tmp_path, mapping):
    def of(*lines, header=HEADER, text=MAPPING, encoding="utf-8"):
        path = tmp_path / "roa.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
        return read_statement(path, mapping=mapping(text), partner="roa", received_at=RECEIVED)

    return of


def only(read):
    assert read.parsed.rejected == ()
    return read.parsed.cdrs[0]


def test_reads_a_row_as_its_mapping_says(statement):
    cdr = only(statement(LINE))

    assert (cdr.protocol, cdr.partner, cdr.owner) == (Protocol.STATEMENT, "roa", "DE-EVN")
    assert (cdr.cdr_id, cdr.session_id, cdr.evse_compact) == ("R-1", "S-1", "DEEVNE11")
    assert (cdr.token_uid, cdr.contract_compact) == ("04A1B2C3D4E5F6", None)
    assert cdr.started_at == datetime(2026, 11, 13, 11, tzinfo=UTC), "noon in Berlin"
    assert cdr.ended_at == datetime(2026, 11, 13, 12, 30, tzinfo=UTC)
    assert (cdr.energy_kwh, cdr.net, cdr.gross, cdr.currency) == (
        Decimal("10.5"),
        Decimal("4.20"),
        Decimal("5.00"),
        "EUR",
    )
    assert [(line.measure, line.volume) for line in cdr.lines] == [
        (Dimension.ENERGY, Decimal("10.5")),
        (Dimension.TIME, Decimal("1.5")),
    ]
    assert (cdr.last_updated, cdr.start_offset_minutes, cdr.is_cost_significant) == (RECEIVED, None, True)


def test_says_how_it_read_the_file(statement):
    assert statement(LINE).notes == (
        "encoding utf-8",
        "delimiter ';'",
        "mapping ROA's monthly statement",
        "decimal mark ',', date order dmy",
        "time zone Europe/Berlin",
    )


def test_reads_another_encoding(statement):
    assert only(statement(LINE.replace("S-1", "S-é"), encoding="cp1252")).session_id == "S-é"


@pytest.mark.parametrize(
    ("driver", "uid", "contract"),
    [
        pytest.param("04A1B2C3D4E5F6", "04A1B2C3D4E5F6", None, id="a card"),
        pytest.param("DE-ROA-C00010069-X", None, "DEROAC00010069", id="a contract"),
        pytest.param("", None, None, id="nothing"),
    ],
)
def test_tells_card_from_contract_by_its_form(statement, driver, uid, contract):
    cdr = only(statement(LINE.replace("04A1B2C3D4E5F6", driver)))

    assert (cdr.token_uid, cdr.contract_compact) == (uid, contract)


def test_takes_the_word_of_the_mapping_for_what_the_driver_column_holds(statement):
    cdr = only(statement(LINE.replace("04A1B2C3D4E5F6", "12345678"), text=MAPPING + '[ids]\ndriver = "contract"\n'))

    assert (cdr.token_uid, cdr.contract_compact) == (None, "12345678")


def test_converts_energy_in_wh_and_says_so(statement):
    cdr = only(statement(LINE.replace("10,5", "10500"), text=MAPPING + '[units]\nenergy = "Wh"\n'))

    assert cdr.energy_kwh == Decimal("10.5")
    assert "converted.energy_wh" in cdr.quality


@pytest.mark.parametrize(("unit", "written"), [("h", "1,5"), ("min", "90"), ("s", "5400")])
def test_reads_durations_in_their_unit(statement, unit, written):
    cdr = only(statement(LINE.replace("01:30:00", written), text=MAPPING + f'[units]\nduration = "{unit}"\n'))

    assert cdr.ended_at - cdr.started_at == timedelta(minutes=90)


def test_leaves_an_amount_that_is_not_there_unknown(statement):
    cdr = only(statement(LINE.replace("4,20;5,00", ";")))

    assert (cdr.net, cdr.gross, cdr.is_cost_significant) == (None, None, False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(LINE.replace("10,5", ""), "`energy_kwh` is missing", id="no energy is not zero"),
        pytest.param(LINE.replace("10,5", "viel"), "line 2: `energy_kwh` is 'viel': no number", id="no number"),
        pytest.param(LINE.replace("R-1;S-1", ";"), "`cdr_id` is missing", id="no id"),
        pytest.param(
            LINE.replace("R-1", "4,1E+13"), "spreadsheets damage", id="an id that a spreadsheet took for a number"
        ),
        pytest.param(LINE.replace("12:00", ""), "a day without a time", id="no time"),
        pytest.param(LINE.replace("01:30:00", "90"), "`duration` is '90'", id="a duration in another unit"),
        pytest.param(LINE + ";more", "it has 11 cells", id="shifted cells"),
        pytest.param(";;;;;;Summe;10,5;4,20;5,00", "sums other lines up", id="a line of totals"),
        pytest.param(
            LINE.replace("13.11.2026;12:00", "29.03.2026;02:30"),
            "no clock in Europe/Berlin",
            id="an hour that never was",
        ),
    ],
)
def test_a_row_that_cannot_be_read_costs_itself_and_says_why(statement, line, reason):
    read = statement(line, LINE.replace("R-1", "GOOD"))

    assert [cdr.cdr_id for cdr in read.parsed.cdrs] == ["GOOD"]
    assert reason in read.parsed.rejected[0].reason


def test_takes_the_later_hour_where_the_session_would_end_before_it_starts(statement):
    text = MAPPING.replace('duration = "Dauer"', 'ended_at = ["Datum", "Dauer"]')
    cdr = only(statement(LINE.replace("13.11.2026;12:00;01:30:00", "25.10.2026;02:50;02:10"), text=text))

    assert cdr.ended_at - cdr.started_at == timedelta(minutes=20), "02:10 came a second time that night"
    assert "time.ambiguous" in cdr.quality


NO_ZONE = MAPPING.replace('time_zone = "Europe/Berlin"\n', "")


@pytest.mark.parametrize(
    ("lines", "text", "problem"),
    [
        pytest.param(
            [LINE.replace("10,5;4,20;5,00", "1,234;1;1")], MAPPING, "decimal mark is ambiguous", id="1,234 and no more"
        ),
        pytest.param([LINE, LINE.replace("10,5", "10.5")], MAPPING, "decimal mark changes", id="two cultures"),
        pytest.param(
            [LINE.replace("13.11.2026", "03/11/2026")], MAPPING, "order of day and month is ambiguous", id="3/11"
        ),
        pytest.param([LINE], NO_ZONE, "carry no zone", id="a wall clock of no zone"),
    ],
)
def test_a_culture_is_proven_or_asked_for_and_never_guessed(statement, lines, text, problem):
    with pytest.raises(UnreadableSource, match=problem):
        statement(*lines, text=text)


def test_a_column_that_is_not_there_is_named(statement):
    with pytest.raises(MissingColumns, match="Vorgang"):
        statement(LINE.replace("S-1;", ""), header=HEADER.replace("Vorgang;", ""))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param('cdr_id = "Beleg"\nsession_id = "Vorgang"\n', "", "cdr_id or session_id is missing", id="no id"),
        pytest.param('energy_kwh = "Menge"\n', "", "energy_kwh is missing", id="no energy"),
        pytest.param('currency = "EUR"\n', "", "columns.currency is missing", id="no currency"),
        pytest.param("cdr_id =", "cdrid =", "columns.cdrid is unknown", id="an unknown column"),
        pytest.param('"Menge"', "5", "columns.energy_kwh is 5", id="no name"),
        pytest.param("Europe/Berlin", "Berlin", "culture.time_zone is 'Berlin'", id="no zone"),
    ],
)
def test_a_mapping_that_is_none_is_refused(mapping, old, new, problem):
    with pytest.raises(UnreadableSource, match=problem):
        mapping(MAPPING.replace(old, new))


def workbook(path, *rows):
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("October")
    formats = {
        "when": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        "long": book.add_format({"num_format": "[h]:mm:ss"}),
    }
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(number, place, value, formats["when"])
            elif isinstance(value, timedelta):
                sheet.write_datetime(number, place, value, formats["long"])
            else:
                sheet.write(number, place, value)
    book.close()
    return path


WORKBOOK = MAPPING.replace('["Datum", "Beginn"]', '"Beginn"')
COLUMNS = ("Beleg", "Vorgang", "Ladepunkt", "Karte", "Beginn", "Dauer", "Menge", "Netto", "Brutto")
VALUES = (
    "R-1",
    4711,
    "DE*EVN*E1*1",
    "04A1B2C3D4E5F6",
    datetime(2026, 11, 13, 12),  # noqa: DTZ001 - a workbook knows no zones
    timedelta(hours=26),
    1.234,
    4.2,
    "5,00",
)


def test_reads_a_workbook_whose_values_need_no_culture(tmp_path, mapping):
    path = workbook(tmp_path / "roa.xlsx", COLUMNS, VALUES)

    cdr = only(read_statement(path, mapping=mapping(WORKBOOK), partner="roa", received_at=RECEIVED, is_workbook=True))

    assert (cdr.session_id, cdr.energy_kwh, cdr.net, cdr.gross) == (
        "4711",
        Decimal("1.234"),
        Decimal("4.2"),
        Decimal("5.00"),
    )
    assert cdr.started_at == datetime(2026, 11, 13, 11, tzinfo=UTC)
    assert cdr.ended_at - cdr.started_at == timedelta(hours=26)


def test_does_not_calculate_a_formula(tmp_path, mapping):
    path = workbook(tmp_path / "roa.xlsx", COLUMNS, (*VALUES[:7], "=G2*0.4", 5.0))

    read = read_statement(path, mapping=mapping(WORKBOOK), partner="roa", received_at=RECEIVED, is_workbook=True)

    assert "a formula stands in it" in read.parsed.rejected[0].reason


def test_asks_in_which_zone_the_dates_of_a_workbook_are(tmp_path, mapping):
    path = workbook(tmp_path / "roa.xlsx", COLUMNS, VALUES)
    text = WORKBOOK.replace('time_zone = "Europe/Berlin"\n', "")

    with pytest.raises(UnreadableSource, match="dates of a workbook"):
        read_statement(path, mapping=mapping(text), partner="roa", received_at=RECEIVED, is_workbook=True)


def test_refuses_what_is_no_workbook(tmp_path, mapping):
    path = tmp_path / "roa.xlsx"
    path.write_bytes(b"PK\x03\x04 and no more")

    with pytest.raises(UnreadableSource, match="no whole workbook"):
        read_statement(path, mapping=mapping(WORKBOOK), partner="roa", received_at=RECEIVED, is_workbook=True)


def test_reads_our_own_column_names_without_a_mapping(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text(
        "cdr_id,started_at,ended_at,energy_kwh,net,currency,evse_id,is_credit,last_updated\n"
        "1,2026-11-01T12:00:00Z,2026-11-01T14:00:00+01:00,1.234,0.50,eur,NL*EVN*E1*1,true,2026-11-02T00:00:00Z\n"
    )

    cdr = only(read_statement(path, mapping=None, partner="roa", received_at=RECEIVED))

    assert (cdr.energy_kwh, cdr.net, cdr.currency, cdr.is_credit) == (Decimal("1.234"), Decimal("0.50"), "EUR", True)
    assert cdr.last_updated == datetime(2026, 11, 2, tzinfo=UTC)
    assert cdr.ended_at - cdr.started_at == timedelta(hours=1)
    assert cdr.started_at.time() == time(12)


@pytest.mark.parametrize("written", ["12,345", "0,50", "1,234.5"])
def test_without_a_mapping_no_comma_is_guessed_at(tmp_path, written):
    path = tmp_path / "ours.csv"
    path.write_text(
        "cdr_id;started_at;ended_at;energy_kwh;net;currency;evse_id\n"
        f"1;2026-11-01T12:00:00Z;2026-11-01T13:00:00Z;{written};0.50;EUR;NL*EVN*E1*1\n"
    )

    [bad] = read_statement(path, mapping=None, partner="roa", received_at=RECEIVED).parsed.rejected

    assert f"`energy_kwh` is '{written}'" in bad.reason
    assert "decimal mark" in bad.reason
