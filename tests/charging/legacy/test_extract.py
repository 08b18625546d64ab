"""An extraction lands everything or nothing, as it is, and the same content once."""

import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charging.database import tables
from charging.database.queries import landing as read
from charging.errors import UnreadableSource
from charging.legacy.csv_file import CsvSource
from charging.legacy.extract import extract

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STATIONS = [{"station_id": f"CS-{number}", "vendor": "Supplier A", "model": None} for number in range(5)]
SESSIONS = [{"session_id": f"{number}", "station_id": "CS-1", "token_uid": f"T{number % 2}"} for number in range(3)]


def _extract(source, engine, *, at=AT, **options):
    return extract(source, engine, clock=lambda: at, code_version="1", **options)


def _landed(engine, extract_id, entity):
    with engine.connect() as connection:
        return [tuple(one) for one in read.landed(connection, extract_id=extract_id, entity=entity)]


def _count(engine, table=tables.landed_row):
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_lands_every_row_with_its_place_and_counts_them(engine, listed):
    told = []

    manifest, is_new = _extract(
        listed(station=STATIONS, session=SESSIONS), engine, tell=lambda entity, rows: told.append((entity, rows))
    )

    assert is_new
    assert manifest.row_counts == {"station": 5, "session": 3}
    assert _landed(engine, manifest.extract_id, "station") == [
        (number, "station.csv", number + 1, values) for number, values in enumerate(STATIONS, start=1)
    ]
    assert told == [("station", 2), ("station", 4), ("station", 5), ("session", 2), ("session", 3)]


def test_lands_the_same_content_once(engine, listed):
    first, _ = _extract(listed(station=STATIONS), engine)

    again, is_new = _extract(listed(station=STATIONS), engine, at=AT + timedelta(days=1))

    assert (again, is_new) == (first, False)
    assert _count(engine) == 5
    assert _count(engine, tables.extract) == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param([*STATIONS[:4], {**STATIONS[4], "vendor": "Supplier B"}], id="a value"),
        pytest.param(STATIONS[:4], id="a row less"),
        pytest.param([*STATIONS, STATIONS[0]], id="a row twice"),
        pytest.param(STATIONS[::-1], id="the order"),
        pytest.param([{**row, "model": ""} for row in STATIONS], id="nothing is not an empty text"),
    ],
)
def test_lands_other_content_beside_it(engine, listed, changed):
    _extract(listed(station=STATIONS), engine)

    _, is_new = _extract(listed(station=changed), engine, at=AT + timedelta(days=1))

    assert is_new
    assert _count(engine, tables.extract) == 2


def test_lands_the_same_content_of_another_source_beside_it(engine, listed):
    _extract(listed("legacy", station=STATIONS), engine)

    _, is_new = _extract(listed("target", station=STATIONS), engine)

    assert is_new


def test_tells_a_table_from_another_with_the_same_rows(engine, listed):
    _extract(listed(station=[{"station_id": "CS-1"}], evse=[]), engine)

    _, is_new = _extract(listed(station=[], evse=[{"station_id": "CS-1"}]), engine, at=AT + timedelta(days=1))

    assert is_new


def test_lands_the_entities_that_are_asked_for(engine, listed):
    manifest, _ = _extract(listed(station=STATIONS, session=SESSIONS), engine, entities=("session",))

    assert manifest.row_counts == {"session": 3}
    assert _count(engine) == 3


@pytest.mark.parametrize("broken_after", [0, 2, 4])
def test_lands_nothing_of_a_source_that_breaks_half_way(engine, listed, broken_after):
    class Breaks(listed):
        def rows(self, entity, *, chunk_size=2):
            for number, chunk in enumerate(super().rows(entity, chunk_size=chunk_size)):
                if entity == "session" and number * chunk_size >= broken_after:
                    raise UnreadableSource("legacy", "the line was cut", "try again")
                yield chunk

    with pytest.raises(UnreadableSource, match="the line was cut"):
        _extract(Breaks(station=STATIONS, session=SESSIONS * 3), engine)

    assert _count(engine) == _count(engine, tables.extract) == 0


def test_can_be_done_again_after_it_broke(engine, listed):
    class BreaksOnce(listed):
        has_broken = False

        def rows(self, entity, *, chunk_size=2):
            yield from super().rows(entity, chunk_size=chunk_size)
            if not self.has_broken:
                self.has_broken = True
                raise UnreadableSource("legacy", "the line was cut", "try again")

    source = BreaksOnce(station=STATIONS)
    with pytest.raises(UnreadableSource):
        _extract(source, engine)

    manifest, is_new = _extract(source, engine)

    assert (manifest.row_counts, is_new) == ({"station": 5}, True)


def test_lands_once_what_two_extract_at_the_same_time(engine, listed):
    results = []
    both = [
        threading.Thread(
            target=lambda at=AT + timedelta(seconds=number): results.append(
                _extract(listed(station=STATIONS * 200), engine, at=at)
            )
        )
        for number in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)

    assert sorted(is_new for _, is_new in results) == [False, True]
    assert len({manifest.extract_id for manifest, _ in results}) == 1
    assert _count(engine) == 1000


@given(
    rows=st.lists(
        st.dictionaries(st.text(min_size=1), st.none() | st.text(st.characters(codec=None)), max_size=4), max_size=4
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_keeps_every_text_as_it_came(engine, listed, rows):
    name = sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest()

    manifest, _ = _extract(listed(name, station=rows), engine)

    assert [values for _, _, _, values in _landed(engine, manifest.extract_id, "station")] == rows


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\udfff x", "\\u0000", "😀", "\ud7a3", "", " "])
def test_finds_the_values_of_a_field_whatever_stands_beside_it(engine, listed, text):
    odd = [{"session_id": "1", "token_uid": "T1", "note": text}, {"session_id": "2", "token_uid": text}]
    manifest, _ = _extract(listed(session=[*odd, *SESSIONS, {"session_id": "9", "token_uid": None}, {}]), engine)

    with engine.connect() as connection:
        found = read.values_of(connection, manifest.extract_id, entity="session", field="token_uid")

    assert found == {"T0", "T1", text}


def test_lands_a_file_whose_name_is_no_text(engine, tmp_path):
    file = tmp_path / "export-\udcff.csv"
    file.write_text(
        "session_id,station_id,started_at,stopped_at,energy_kwh\n1,CS-1,2026-03-01T10:00Z,2026-03-01T11:00Z,7\n"
    )

    manifest, is_new = _extract(CsvSource(file), engine)
    again, is_new_again = _extract(CsvSource(file), engine, at=AT + timedelta(days=1))

    assert (is_new, is_new_again) == (True, False)
    assert manifest.row_counts["session"] == 1
    assert again.source == "export-\ufffd.csv"
    assert len(_landed(engine, manifest.extract_id, "session")) == 1
