from dataclasses import replace
from pathlib import Path

import pytest

from charging.cleansing.verdict import SHIFTED, TOTAL
from charging.errors import MissingColumns, SettingsError, SourceNotFound, UnreadableSource
from charging.legacy.csv_file import CsvSource
from charging.legacy.mapping import FileMapping

HEADER = "session_id,station_id,started_at,stopped_at,energy_kwh\n"
GOOD = "1,CS-1,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,7.5\n"
REAL = Path(__file__).parents[4] / "shared" / "data" / "workplace-charging-sessions.csv"
COLUMNS_AS_THEY_ARE = {"session": {name: name for name in HEADER.strip().split(",")}}
WITH_STATIONS = FileMapping(
    name="m", entity="session", columns=COLUMNS_AS_THEY_ARE | {"station": {"station_id": "station_id"}}
)
DEPOT = FileMapping(
    name="depot",
    entity="session",
    columns={
        "session": {
            "session_id": "Nr",
            "station_id": "Säule",
            "started_at": "Von",
            "stopped_at": "Bis",
            "energy_kwh": "Menge",
        },
        "station": {"station_id": "Säule"},
    },
)
DEPOT_TEXT = "Nr;Säule;Von;Bis;Menge;Notiz\n1;K 1;13.03.2026 10:00;13.03.2026 11:00;7,5;für Gäste\n"


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "export.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(source, entity="session"):
    return [row for chunk in source.rows(entity) for row in chunk]


def test_yields_text_exactly_as_extracted_with_its_line(file):
    (row,) = rows(CsvSource(file(HEADER.strip() + ",colour\n" + GOOD.strip() + ", blue \n")))

    assert (row.file, row.line) == ("export.csv", 2)
    assert dict(row.values) == {
        "session_id": "1",
        "station_id": "CS-1",
        "started_at": "2026-03-04T10:00:00Z",
        "stopped_at": "2026-03-04T11:00:00Z",
        "energy_kwh": "7.5",
        "colour": " blue ",
    }


def test_yields_an_empty_cell_as_nothing(file):
    (row,) = rows(CsvSource(file(HEADER + GOOD.replace("7.5", ""))))

    assert row.values["energy_kwh"] is None


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", "encoding utf-8"),
        ("utf-8-sig", "encoding utf-8-sig"),
        ("utf-16", "encoding utf-16"),
        ("cp1252", "encoding cp1252 (a fallback: it is not UTF-8)"),
    ],
)
def test_detects_the_encoding_and_says_which(file, encoding, note):
    source = CsvSource(file(DEPOT_TEXT.encode(encoding)), mapping=DEPOT, time_zone="Europe/Berlin")

    assert note in source.inspect().notes
    assert rows(source)[0].values["Notiz"] == "für Gäste"


def test_reads_a_culture_and_keeps_what_was_written(file):
    (row,) = rows(CsvSource(file(DEPOT_TEXT), mapping=DEPOT, time_zone="Europe/Berlin"))

    assert row.values["energy_kwh"] == "7.5"
    assert row.values["energy_kwh_as_extracted"] == "7,5"
    assert row.values["started_at"] == "2026-03-13 10:00:00"
    assert row.values["started_at_as_extracted"] == "13.03.2026 10:00"
    assert row.values["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_detects_the_delimiter(file, delimiter):
    source = CsvSource(file((HEADER + GOOD).replace(",", delimiter)))

    assert f"delimiter {delimiter!r}" in source.inspect().notes
    assert rows(source)[0].values["station_id"] == "CS-1"


@pytest.mark.parametrize(
    ("unit", "text", "kwh"), [("kWh", "7500", "7500"), ("Wh", "7500", "7.500"), ("Wh", "7500.5", "7.5005")]
)
def test_moves_the_point_where_the_file_has_wh(file, unit, text, kwh):
    mapping = replace(DEPOT, energy_unit=unit, decimal=".")
    source = CsvSource(file(DEPOT_TEXT.replace("7,5", text)), mapping=mapping, time_zone="Europe/Berlin")

    assert rows(source)[0].values["energy_kwh"] == kwh


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        pytest.param("1,CS-1\n", 2, "2 cells, and the header has 5", id="too few cells"),
        pytest.param("1,CS,1,2026,2026,7\n", 2, "6 cells", id="too many cells"),
        pytest.param(GOOD + "2,CS-1,2026-03-0", 3, "ends in the middle", id="cut off"),
        pytest.param("1,CS\0-1,2026,2026,7\n", 2, "NUL", id="a NUL byte"),
        pytest.param("1," + "x" * 1_000_000 + ",2026,2026,7\n", 2, "field larger", id="a field of a million"),
        pytest.param('1,"CS"1,2026,2026,7\n', 2, "expected after", id="a quote in the middle"),
    ],
)
def test_marks_one_row_that_cannot_be_read_and_loses_none(file, body, line, problem):
    source = CsvSource(file(HEADER + body + ("" if body.endswith("0") else GOOD)))

    marked = [row for row in rows(source) if SHIFTED in row.values]

    assert [row.line for row in marked] == [line]
    assert problem in marked[0].values[SHIFTED]
    assert len(marked[0].values["raw"]) < 11_000
    assert len(rows(source)) == 2


@pytest.mark.parametrize("rest", [3, 20_000], ids=["to the end", "past any field"])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(file, rest):
    source = CsvSource(file(HEADER + GOOD + '2,"CS-1,2026,2026,7\n' + GOOD * rest))

    found = rows(source)

    assert [row.line for row in found] == list(range(2, rest + 4))
    assert [row.line for row in found if SHIFTED in row.values] == [3]
    assert "never closed" in found[1].values[SHIFTED]


def test_a_header_in_the_middle_costs_its_own_line_only(file):
    found = rows(CsvSource(file(HEADER + GOOD + HEADER + GOOD)))

    assert [row.values.get(SHIFTED) for row in found] == [None, "it is the header once more", None]


def test_a_line_in_another_encoding_costs_itself_only(file):
    good = [GOOD.replace("CS-1", name).encode() for name in ("Köln", "Zürich")]
    source = CsvSource(file(HEADER.encode() + good[0] + GOOD.replace("CS-1", "Köln").encode("cp1252") + good[1]))

    found = rows(source)

    assert [row.values.get("station_id") for row in found] == ["Köln", None, "Zürich"]
    assert "no characters in the encoding" in found[1].values[SHIFTED]
    assert "K\\xf6ln" in found[1].values["raw"]
    assert "encoding utf-8, by 2 lines; 1 lines are not UTF-8 and cannot be read" in source.inspect().notes


def test_says_that_a_file_in_windows_1252_could_partly_be_utf_8(file):
    lines = [GOOD.replace("CS-1", "Köln").encode(encoding) for encoding in ("cp1252", "cp1252", "utf-8")]

    notes = CsvSource(file(HEADER.encode() + b"".join(lines))).inspect().notes

    assert "encoding cp1252 (a fallback: it is not UTF-8); 1 of its lines could be UTF-8, 2 could not" in notes


def test_lines_after_the_table_cost_themselves_only(file):
    found = rows(CsvSource(file(HEADER + GOOD * 2 + "\nTotal: 2 rows\n,,,,\n")))

    assert [row.values.get(SHIFTED) for row in found] == [None, None, "it has 1 cells, and the header has 5", None]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Totaal,,,,123", id="a word for a sum"),
        pytest.param("GRAND TOTAL:,,,,123.5", id="two words"),
        pytest.param("Total: 2 sessions,,,,", id="a sentence"),
        pytest.param(",Summe kWh,,,1.234", id="where another name stands"),
        pytest.param(",,,,123", id="no key and a number"),
    ],
)
def test_tells_a_line_that_sums_up_from_a_row(file, line):
    source = CsvSource(file(f"{HEADER}{GOOD}{line}\n"), mapping=WITH_STATIONS, decimal=".")

    found = rows(source)

    assert [row.values.get(TOTAL) for row in found] == [None, "true"]
    assert found[1].values["raw"] == line
    assert [row.values["station_id"] for row in rows(source, "station")] == ["CS-1"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("2,,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,7.5", id="no station"),
        pytest.param("2,Total,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,", id="a station called Total"),
        pytest.param("2,Totalenergies 12,,,7.5", id="a name that begins so"),
        pytest.param("2,,,,7.5", id="a key and a number"),
        pytest.param(",,,,", id="nothing"),
        pytest.param("total,sum,,,7.5", id="two names"),
    ],
)
def test_takes_no_row_for_a_sum(file, line):
    assert TOTAL not in rows(CsvSource(file(f"{HEADER}{GOOD}{line}\n"), decimal="."))[1].values


def test_takes_the_order_of_dates_and_the_decimal_mark_as_it_is_told(file):
    content = (
        (HEADER + GOOD).replace(",", ";").replace("2026-03-04T10:00:00Z", "03/04/2026 10:00Z").replace("7.5", "1,250")
    )

    found = rows(CsvSource(file(content), date_order="mdy", decimal=","))

    assert (found[0].values["started_at"], found[0].values["energy_kwh"]) == ("2026-03-04 10:00:00Z", "1.250")


def dated(*days):
    return HEADER + "".join(GOOD.replace("2026-03-04T10:00:00Z", f"{day} 10:00Z") for day in days)


@pytest.mark.parametrize(
    ("days", "stated", "said"),
    [
        pytest.param(
            ["03/04/2026", "04/13/2026"],
            "dmy",
            "stated to be day first, and '04/13/2026 10:00Z' in column 'started_at' in line 3 is no such date; "
            "against that order speak 1 of its dates, for it 0; say --date-order mdy",
            id="a month 13",
        ),
        pytest.param(["13.04.2026"], "mdy", "stated to be month first.* in line 2 .*--date-order dmy", id="a day 13"),
        pytest.param(
            ["03/04/2026"], "ymd", "stated to be year first.* in line 2 .*order dmy or mdy", id="no year first"
        ),
        pytest.param(
            ["04/13/2026", "13/04/2026"],
            "dmy",
            "stated.* speak 1 of its dates, for it 1",
            id="as many against it as for it",
        ),
    ],
)
def test_refuses_an_order_of_dates_that_does_not_fit_before_any_row_is_read(file, days, stated, said):
    path = file(dated(*days))

    with pytest.raises(UnreadableSource, match=f"export.csv cannot be read: its dates are {said}"):
        CsvSource(path, date_order=stated).inspect()
    mapping = FileMapping(name="m", entity="session", columns=COLUMNS_AS_THEY_ARE, date_order=stated)
    with pytest.raises(UnreadableSource, match=said):
        CsvSource(path, mapping=mapping).inspect()


@pytest.mark.parametrize(
    ("days", "stated"),
    [
        pytest.param(["13/04/2026", "14/04/2026", "04/13/2026"], "dmy", id="one slip among more dates that fit"),
        pytest.param(["2026-04-13", "2026-04-14", "04/13/2026"], "ymd", id="the same, year first"),
        pytest.param(["2026-04-13"], "dmy", id="dates that need no order"),
        pytest.param(["03/04/2026", "03.04.2026"], "mdy", id="dates that could be either"),
    ],
)
def test_takes_an_order_of_dates_that_more_dates_prove_than_contradict(file, days, stated):
    assert len(rows(CsvSource(file(dated(*days)), date_order=stated))) == len(days)


def test_gives_the_evidence_for_each_reading_of_the_dates(file):
    days = [f"{day:02d}/{month:02d}/2026 10:00Z" for month in (1, 2) for day in (1, 5, 9)]
    content = HEADER + "".join(GOOD.replace("2026-03-04T10:00:00Z", day) for day in days)

    with pytest.raises(UnreadableSource, match="--date-order dmy or mdy") as caught:
        CsvSource(file(content)).inspect()

    assert "read as dmy 6 dates fit, from 2026-01-01 to 2026-02-09 in 2 months" in str(caught.value)
    assert "time goes back 0 times; read as mdy" in str(caught.value)
    assert "time goes back 1 times" in str(caught.value)


def test_a_line_break_inside_quotes_is_part_of_the_cell(file):
    source = CsvSource(file(HEADER + GOOD.replace("CS-1", '"CS\n1"') + GOOD))

    assert [(row.line, row.values["station_id"]) for row in rows(source)] == [(2, "CS\n1"), (4, "CS-1")]


def test_a_character_cut_off_by_the_end_does_not_make_the_file_windows_1252(file):
    source = CsvSource(file((HEADER + GOOD.replace("CS-1", "Köln") + "2,K").encode() + "ö".encode()[:1]))

    assert [row.values.get("station_id") for row in rows(source)] == ["Köln", None]
    assert SHIFTED in rows(source)[1].values


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(HEADER, "a header and no rows", id="header only"),
        pytest.param("one column\nof text\n", "no table", id="no table"),
        pytest.param("a,a,b\n1,2,3\n", "several columns are called 'a'", id="two columns of one name"),
        pytest.param("a,b\n1,2\n".encode("utf-16-le"), "NUL bytes", id="UTF-16 without its mark"),
        pytest.param(b"PK\x05\x06" + b"\0" * 18, "it is a ZIP; read it with rehome extract zip", id="a ZIP"),
        pytest.param(b"a,b\n\x81\x8d,2\n", "neither UTF-8 nor Windows-1252", id="no text"),
        pytest.param(
            HEADER + GOOD.replace("7.5", "1,5").replace("1,5", '"1,250"'), "decimal mark is ambiguous", id="1,250"
        ),
        pytest.param(
            HEADER + GOOD.replace("2026-03-04T10:00:00Z", "03/04/2026 10:00Z"), "ambiguous: '03/04/2026", id="3/4"
        ),
    ],
)
def test_says_in_one_sentence_why_a_file_cannot_be_read(file, content, message):
    with pytest.raises(UnreadableSource, match=message):
        CsvSource(file(content)).inspect()


def test_says_that_there_is_no_file(tmp_path):
    with pytest.raises(SourceNotFound):
        CsvSource(tmp_path / "nothing.csv").inspect()


def test_names_the_columns_that_nobody_can_find(file):
    with pytest.raises(MissingColumns) as caught:
        CsvSource(file("id,place\n1,2\n")).inspect()
    assert "session_id" in caught.value.missing
    assert caught.value.available == ("id", "place")


@pytest.mark.parametrize("time_zone", [None, "Atlantis/Capital"])
def test_asks_for_the_zone_of_times_that_carry_none(file, time_zone):
    source = CsvSource(file(HEADER + GOOD.replace("Z", "")), time_zone=time_zone)

    with pytest.raises(SettingsError, match="time_zone") as caught:
        source.inspect()
    assert "Europe/Amsterdam" in str(caught.value)


def test_needs_no_zone_where_every_time_carries_its_own(file):
    (row,) = rows(CsvSource(file(HEADER + GOOD), time_zone="Europe/Amsterdam"))

    assert "time_zone" not in row.values


def test_yields_what_the_rows_imply_once_with_the_line_that_first_named_it(file):
    source = CsvSource(file(HEADER + GOOD + GOOD.replace("CS-1", "CS-2") + GOOD))

    assert [(row.line, row.values["station_id"]) for row in rows(source, "station")] == [(2, "CS-1"), (3, "CS-2")]
    assert rows(source, "location") == []


@pytest.mark.parametrize("chunk_size", [1, 2, 5000])
def test_yields_chunks_of_the_size_asked_for(file, chunk_size):
    chunks = list(CsvSource(file(HEADER + GOOD * 3)).rows("session", chunk_size=chunk_size))

    assert [len(chunk) for chunk in chunks] == {1: [1, 1, 1], 2: [2, 1], 5000: [3]}[chunk_size]


@pytest.mark.skipif(not REAL.exists(), reason="the workplace file is not part of the project")
def test_recognises_the_workplace_file_by_its_header():
    source = CsvSource(REAL, time_zone="America/New_York")

    assert "mapping workplace (recognised by the header)" in source.inspect().notes
    assert [len(rows(source, entity)) for entity in ("location", "station", "token", "session")] == [25, 105, 85, 3395]
    assert rows(source)[0].values["started_at"] == "0014-11-18 15:40:26"
    assert rows(source)[0].values["currency"] == "USD"
