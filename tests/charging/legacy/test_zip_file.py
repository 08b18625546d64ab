import zipfile

import pytest

from charging.errors import SourceError, SourceNotFound, UnreadableSource
from charging.legacy import archive as archives
from charging.legacy import mapping as mappings
from charging.legacy.archive import Archive
from charging.legacy.zip_file import ZipSource

SESSIONS = (
    "session_id,station_id,started_at,stopped_at,energy_kwh\n"
    "1,CS-1,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,7.5\n"
    "2,CS-2,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,0.5\n"
)
STATIONS = "station_id,vendor\nCS-1,Alfen\n"
SEVERAL = """
[culture]
time_zone = "Europe/Berlin"
decimal = ","

[format]
delimiter = ";"

[files."lade*.csv"]
entity = "session"
[files."lade*.csv".columns.session]
session_id = "Nr"
station_id = "Säule"
started_at = "Von"
stopped_at = "Bis"
energy_kwh = "kWh"

[files."karten.csv"]
entity = "token"
[files."karten.csv".format]
delimiter = ","
[files."karten.csv".columns.token]
token_uid = "Karte"
"""


@pytest.fixture
def packed(tmp_path):
    """What packs texts by their names into a ZIP, and returns its path."""

    def made(**files):
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return path

    return made


def source(path, **options):
    return ZipSource(Archive(path), **options)


def rows(source, entity):
    return [row for chunk in source.rows(entity) for row in chunk]


def test_reads_the_one_file_of_a_zip(packed):
    found = rows(source(packed(**{"out/sessions.csv": SESSIONS})), "session")

    assert [(row.file, row.line, row.values["session_id"]) for row in found] == [
        ("sessions.csv", 2, "1"),
        ("sessions.csv", 3, "2"),
    ]


def test_reads_several_files_each_by_its_header_and_says_what_it_does_not_read(packed):
    read = source(packed(**{"a.csv": SESSIONS, "b.csv": STATIONS, "c.csv": "colour,size\nred,1\n", "readme.txt": "hi"}))

    inspection = read.inspect()

    assert list(inspection.entities) == ["station", "session"]
    assert "readme.txt is not read: it is no CSV file" in inspection.notes
    assert any(note.startswith("c.csv is not read: c.csv has no column for") for note in inspection.notes)
    assert "a.csv: encoding utf-8" in inspection.notes


def test_a_file_of_its_own_goes_before_what_others_imply(packed):
    both = rows(source(packed(**{"a.csv": SESSIONS, "b.csv": STATIONS})), "station")
    implied = rows(source(packed(**{"a.csv": SESSIONS})), "station")

    assert [row.values["station_id"] for row in both] == ["CS-1"]
    assert [row.values["station_id"] for row in implied] == ["CS-1", "CS-2"]


def test_reads_several_files_by_one_mapping(packed, tmp_path):
    (tmp_path / "mapping.toml").write_text(SEVERAL, encoding="utf-8")
    table = "Nr;Säule;Von;Bis;kWh\n1;S-1;04.03.2026 10:00;04.03.2026 11:00;7,5\n"
    path = packed(**{"ladevorgaenge.csv": table.encode("cp1252"), "karten.csv": "Karte,Name\n04A1B2C3,x\n"})

    read = source(path, mappings=mappings.load_several(tmp_path / "mapping.toml"))

    (session,), (token,) = rows(read, "session"), rows(read, "token")
    assert (session.values["started_at"], session.values["time_zone"]) == ("2026-03-04 10:00:00", "Europe/Berlin")
    assert (session.values["energy_kwh"], token.values["token_uid"]) == ("7.5", "04A1B2C3")


def test_names_the_file_and_the_key_of_a_wrong_mapping(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(SEVERAL.replace('kWh"', 'kWh"\ncolour = "x"'), encoding="utf-8")

    with pytest.raises(UnreadableSource, match=r'files."lade\*.csv".*columns.session.colour is unknown'):
        mappings.load_several(path)


def test_is_gone_when_it_is_closed(packed):
    archive = Archive(packed(**{"a.csv": SESSIONS}))

    archive.close()

    assert not archive.folder.exists()


@pytest.mark.parametrize("keep", [0.2, 0.6, 0.95])
def test_refuses_a_truncated_zip(packed, keep):
    path = packed(**{"a.csv": SESSIONS * 100})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])

    with pytest.raises(UnreadableSource, match="no ZIP, or cut off"):
        Archive(path)


def test_refuses_a_zip_with_a_broken_file(packed):
    path = packed(**{"a.csv": SESSIONS * 100})
    content = bytearray(path.read_bytes())
    content[60:70] = b"\0" * 10
    path.write_bytes(bytes(content))

    with pytest.raises(UnreadableSource, match=r"a\.csv in it is broken"):
        Archive(path)


def test_refuses_an_encrypted_zip(packed):
    path = packed(**{"a.csv": SESSIONS})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(bytes(content))

    with pytest.raises(UnreadableSource, match="encrypted"):
        Archive(path)


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "a\\..\\evil.csv", "C:evil.csv"])
def test_refuses_a_file_that_would_land_outside(packed, name):
    with pytest.raises(UnreadableSource, match="outside"):
        Archive(packed(**{name: SESSIONS}))


def test_refuses_a_bomb_before_it_is_unpacked(packed):
    with pytest.raises(UnreadableSource, match="times its size; 200 times is the most"):
        Archive(packed(**{"a.csv": b"\0" * (archives._SMALL + 1)}))


def test_refuses_too_many_files(packed):
    with pytest.raises(UnreadableSource, match="1000 files and 20 GiB are the most"):
        Archive(packed(**{f"{number}.csv": "" for number in range(archives.MOST_FILES + 1)}))


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        pytest.param({"readme.txt": "hi"}, "no CSV file", id="no CSV"),
        pytest.param({"a.csv": "", "b.csv": STATIONS}, "a.csv cannot be read: the file is empty", id="an empty file"),
        pytest.param({"a.csv": "x,y\n1,2\n", "b.csv": "x,y\n1,2\n"}, "none of its files is known", id="none known"),
        pytest.param({"a.csv": "x,y\n1,2\n"}, "has no column for", id="the one file is not known"),
    ],
)
def test_says_in_one_sentence_why_there_is_nothing_to_read(packed, files, problem):
    with pytest.raises(SourceError, match=problem):
        source(packed(**files)).inspect()


def test_says_that_there_is_no_file(tmp_path):
    with pytest.raises(SourceNotFound):
        Archive(tmp_path / "nothing.zip")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(UnreadableSource, match="no ZIP"):
        Archive(tmp_path / "text.zip")
