"""Files for importers: in their culture, the same bytes for the same rows, and proven by being read back."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging.network import Connector, Evse, Lane, Location, Station, Token
from charging.target_settings import CsvFolder
from charging.targets import csv_cultures
from charging.targets.change import Action
from charging.targets.csv_folder import CsvTarget
from charging.targets.outcome import Verdict, outcomes
from charging.targets.wanted import Wanted

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def write(tmp_path):
    """What loads a network into a folder in some culture, and returns how each row ended."""

    def written(wanted, **said):
        made = CsvTarget(tmp_path, csv_cultures.of(CsvFolder(kind="csv", **said)), clock=lambda: NOW)
        changes = made.plan(wanted)
        ended = outcomes(changes, list(made.apply(changes)), made.verify(changes))
        return {(one.entity, one.key): one for one in ended}

    written.folder = tmp_path
    return written


def location(**fields):
    return replace(
        Location(
            location_id="L1",
            name="Kade",
            street="Kade 5",
            city="Delft",
            postal_code="2611 AB",
            country="NL",
            latitude=Decimal("52.011"),
            longitude=Decimal("-4.5"),
            time_zone=None,
        ),
        **fields,
    )


def station(station_id="CS-1"):
    return Station(
        station_id=station_id,
        location_id="L1",
        vendor="Supplier A",
        model="A1",
        serial_number=f"S-{station_id}",
        firmware=None,
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol=None,
        lane=Lane.LIVE,
        last_seen_at=None,
    )


def token(token_uid="04A1B2C3", **fields):
    given = {"is_blocked": False, "expires_at": None} | fields
    return Token(token_uid=token_uid, parent_uid=None, contract_id="NL-EVN-C1", issuer=None, **given)


def network(size=2):
    names = [f"CS-{number}" for number in range(1, size + 1)]
    plug = {"standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
    return Wanted(
        locations=[location()],
        stations=[station(name) for name in names],
        evses=[
            Evse(evse_uid=f"{name}*{n}", station_id=name, connector_id=n, evse_id=None)
            for name in names
            for n in (0, 1)
        ],
        connectors=[
            Connector(
                evse_uid="CS-1*1", connector_number=n, max_voltage=400, max_amperage=32, max_power_w=22000, **plug
            )
            for n in (1, 2)
        ],
        tokens=[token(), token("04FF", is_blocked=True)],
    )


def text(write, name):
    return (write.folder / name).read_bytes().decode()


@pytest.mark.parametrize("culture", csv_cultures.PRESETS)
def test_a_file_of_any_culture_reads_back_as_it_was_meant(write, culture):
    ended = write(network(), culture=culture)

    assert {one.verdict for one in ended.values()} == {Verdict.LOADED}


def test_writes_a_row_for_each_socket(write):
    write(network(), culture="monta")

    header, *rows = text(write, "socket-001.csv").splitlines()
    assert header.startswith("Charge point identifier,Charge point name,Brand")
    assert [row.rpartition(",")[2] for row in rows] == ["CS-1*1#1", "CS-1*1#2", "CS-2*1#1"]
    assert rows[0].startswith("S-CS-1,Kade,Supplier A,A1,1,22,")


def test_writes_numbers_and_dates_in_the_importers_culture(write):
    write(network(), culture="greenflux")
    write(replace(network(), tokens=[token(expires_at=NOW)]), culture="be-energised", dates="%d.%m.%Y")

    assert "52,011;-4,5;" in text(write, "station-001.csv")
    assert text(write, "token-001.csv").splitlines() == [
        "Tag ID;Card number;Expires at;Active;rehome_key",
        "04A1B2C3;NL-EVN-C1;21.11.2026;0;04A1B2C3",
    ]


def test_the_same_rows_are_the_same_bytes_and_are_not_written_again(write):
    write(network())
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in write.folder.iterdir()}

    write(network())

    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in write.folder.iterdir()} == before


def test_splits_a_table_into_files_of_so_many_rows(write):
    write(network(5), max_rows=2, has_bom=True)
    assert sorted(path.name for path in write.folder.glob("station*")) == [f"station-00{n}.csv" for n in (1, 2, 3)]
    assert (write.folder / "station-001.csv").read_bytes().startswith(b"\xef\xbb\xbf")

    ended = write(network(5), max_rows=9)

    assert {one.verdict for one in ended.values()} == {Verdict.LOADED}


def test_leaves_out_the_columns_that_nobody_asked_for(write):
    write(network(), headers={"token_uid": "Card", "station_id": "Box"})

    assert text(write, "token-001.csv").splitlines()[0] == "Card,rehome_key"
    assert not (write.folder / "location-001.csv").exists()


def test_keeps_formulas_from_running_and_ids_from_changing(write):
    ended = write(replace(network(), locations=[location(name="=1+1")], tokens=[token("+31")]))

    assert "'=1+1" in text(write, "location-001.csv")
    assert ended["token", "+31"].verdict is Verdict.REFUSED


@pytest.mark.parametrize("serial", [None, "", " "])
def test_refuses_a_row_that_lacks_what_the_importer_requires_and_says_whose_it_is(write, serial):
    made = network()

    ended = write(
        replace(made, stations=[replace(made.stations[0], serial_number=serial), made.stations[1]]), culture="monta"
    )

    reason = "Charge point identifier is empty: the source has no serial number of station CS-1"
    refused = {key: one.reason for (_, key), one in ended.items() if one.verdict is Verdict.REFUSED}
    assert refused == {"CS-1*1#1": reason, "CS-1*1#2": reason}
    assert [row.rpartition(",")[2] for row in text(write, "socket-001.csv").splitlines()[1:]] == ["CS-2*1#1"]


@pytest.mark.parametrize("published", ["Zuil 1", "+31*123*0004*1"])
def test_sends_no_evse_id_that_partners_refuse(write, published):
    made = network()

    ended = write(replace(made, evses=[replace(one, evse_id=published) for one in made.evses if one.connector_id]))

    assert ended["evse", "CS-1*1"].verdict is Verdict.REFUSED
    assert "remap" in ended["evse", "CS-1*1"].reason


def test_finds_what_somebody_has_changed_in_a_file(write):
    write(network())
    path = write.folder / "token-001.csv"
    path.write_text(path.read_text().replace("NL-EVN-C1", "NL-EVN-C9", 1))
    made = CsvTarget(write.folder, csv_cultures.PRESETS["plain"], clock=lambda: NOW)

    changed = [change for change in made.plan(network()) if change.action is not Action.SAME]

    assert [(change.key, change.before["contract_id"]) for change in changed] == [("04A1B2C3", "NL-EVN-C9")]


@pytest.mark.parametrize("culture", csv_cultures.PRESETS)
def test_leaves_our_key_out_and_reads_back_all_the_same(write, culture):
    ended = write(network(), culture=culture, has_key=False)

    assert {one.verdict for one in ended.values()} == {Verdict.LOADED}
    assert not [path for path in write.folder.iterdir() if "rehome_key" in path.read_text()]
    before = {path.name: path.stat().st_mtime_ns for path in write.folder.iterdir()}
    write(network(), culture=culture, has_key=False)
    assert {path.name: path.stat().st_mtime_ns for path in write.folder.iterdir()} == before


@pytest.mark.parametrize("has_key", [True, False], ids=["with", "without"])
def test_writes_files_anew_whose_key_is_to_come_or_to_go(write, has_key):
    write(network(), has_key=not has_key)

    write(network(), has_key=has_key)

    assert {("rehome_key" in path.read_text()) for path in write.folder.iterdir()} == {has_key}


def _planned(write, **said):
    made = CsvTarget(write.folder, csv_cultures.of(CsvFolder(kind="csv", has_key=False, **said)), clock=lambda: NOW)
    return [(change.key, str(change.action)) for change in made.plan(network()) if change.action is not Action.SAME]


def test_finds_a_changed_row_by_the_importers_own_id_where_it_has_one(write):
    write(network(), culture="be-energised", has_key=False)
    path = write.folder / "token-001.csv"
    path.write_text(path.read_text().replace("NL-EVN-C1", "NL-EVN-C9", 1))

    assert _planned(write, culture="be-energised") == [("04A1B2C3", "update")]


def test_takes_a_changed_row_for_a_missing_one_where_only_whole_rows_tell(write):
    write(network(), culture="monta", has_key=False)
    path = write.folder / "socket-001.csv"
    path.write_text(path.read_text().replace("Kade 5", "Kade 6", 1))

    ((key, action),) = _planned(write, culture="monta")
    assert (key.partition("#")[0], action) == ("CS-1*1", "create")  # its two sockets are written alike


def test_reads_files_without_our_key_whose_lines_have_too_many_cells_or_too_few(write):
    write(network(), culture="monta", has_key=False)
    path = write.folder / "socket-001.csv"
    header, first, second, *others = path.read_text().splitlines()
    path.write_text("\n".join([header, f"{first},more", second.rpartition(",")[0], *others]))

    assert [action for _, action in _planned(write, culture="monta")] == ["create", "create"]


def test_says_by_what_rows_are_found_again():
    def found_by(**said):
        return CsvTarget(None, csv_cultures.of(CsvFolder(kind="csv", **said)), clock=lambda: NOW).found_by

    assert found_by(culture="monta") == {"socket": "rehome_key"}
    assert found_by(culture="monta", has_key=False) == {"socket": "all cells of a row"}
    assert found_by(culture="greenflux", has_key=False) == {"station": "Charge station"}
