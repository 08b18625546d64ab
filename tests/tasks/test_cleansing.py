"""Every row and every kWh of an extract is loaded, merged or set aside; running it again changes nothing."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from charging.database import connection as database
from charging.database import tables
from charging.database.queries import clean as read
from charging.database.queries.session_frames import session_frames
from charging.errors import QualityBlocked, UnknownThing
from charging.legacy.extract import extract
from charging.secret import Secret
from charging.settings import Settings
from tasks import cleansing

FAR = "L" * 40
"""Longer than the suite lets a location's id be; the rules have nothing against it."""
COUNTS = ("rows_in", "loaded", "merged", "quarantined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleansed:
    """A database in which the dirty network has been cleansed. Whoever asks for it leaves it as it is."""

    engine: sa.Engine
    extract_id: str
    result: dict[str, Any]

    def again(self) -> dict[str, Any]:
        return cleansing.cleanse_extract(self.engine, Settings(home=Path("unused")), self.extract_id)


@pytest.fixture
def cleanse(engine, settings):
    def made(extract_id, **options):
        return cleansing.cleanse_extract(engine, settings, extract_id, **options)

    return made


@pytest.fixture(scope="module")
def cleansed(copied, listed, dirty):
    with copied() as url:
        engine = database.connect(Secret(url))
        manifest, _ = extract(
            listed("legacy", **dirty), engine, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC), code_version="1"
        )
        made = Cleansed(engine=engine, extract_id=manifest.extract_id, result={})
        yield replace(made, result=made.again())
        engine.dispose()


@pytest.fixture(scope="module")
def dirty(rows, make_location, make_session):
    """A network in which each way of going wrong is gone once."""
    return rows(
        location=[make_location(), make_location(FAR)],
        session=[
            make_session("1", hour=8),
            make_session("2", hour=9, currency="USD", cost="1.50"),
            make_session("3", hour=10, station_id="CS-9"),
            make_session("4", hour=11),
            make_session("4", hour=11),
        ],
    )


def _everything(engine):
    with engine.connect() as connection:
        return {
            str(table): sorted(map(repr, connection.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
            if table.schema in {"clean", "quarantine"}
        }


def _sessions(engine):
    row = tables.session.c
    with engine.connect() as connection:
        found = sa.select(row.back_office, row.session_id, row.energy_kwh).order_by(row.back_office, row.session_id)
        return connection.execute(found).tuples().all()


def _accounts(result):
    return {account["entity"]: tuple(account[name] for name in COUNTS) for account in result["accounts"]}


def test_loads_a_network_that_is_as_it_should_be(cleanse, landed, rows, engine):
    result = cleanse(landed(rows()))

    assert _accounts(result) == {
        "location": (1, 1, 0, 0),
        "station": (1, 1, 0, 0),
        "evse": (1, 1, 0, 0),
        "token": (1, 1, 0, 0),
        "session": (2, 2, 0, 0),
    }
    assert result["quarantine"] == []
    with engine.connect() as connection:
        assert [one.location_id for one in read.locations(connection)] == ["L1"]
        assert [one.station_id for one in read.stations(connection)] == ["CS-1"]
        assert [one.evse_id for one in read.evses(connection)] == ["NL*EVN*E1"]
        assert [one.contract_id for one in read.tokens(connection)] == ["NL-TNM-C00122045-K"]
    assert _sessions(engine) == [("legacy", "1", Decimal("0.9")), ("legacy", "2", Decimal("0.9"))]


def test_accounts_for_every_row(cleansed):
    accounts = _accounts(cleansed.result)

    assert accounts["location"] == (2, 1, 0, 1)
    assert accounts["session"] == (5, 2, 1, 2)
    for rows_in, loaded, merged, quarantined in accounts.values():
        assert rows_in == loaded + merged + quarantined


def test_accounts_for_every_kwh(cleansed):
    (account,) = (account for account in cleansed.result["accounts"] if account["entity"] == "session")
    kwh = {name: Decimal(account[f"kwh_{name}"]) for name in ("before", "loaded", "quarantined", "adjusted")}
    assert kwh == {
        "before": Decimal("4.5"),
        "loaded": Decimal("1.8"),
        "quarantined": Decimal("1.8"),
        "adjusted": Decimal("0.9"),
    }
    assert kwh["before"] == kwh["loaded"] + kwh["quarantined"] + kwh["adjusted"]


def test_sets_aside_what_the_suite_refuses_and_counts_it(cleansed):
    with cleansed.engine.connect() as connection:
        row = tables.quarantined_row.c
        found = connection.execute(
            sa.select(row.entity, row.key, row.rule, row.owner, row.reason).order_by(row.entity, row.key)
        ).all()
        assert [tuple(one) for one in found] == [
            (
                "location",
                FAR,
                "suite",
                "data team",
                "Location ids are printable and at most 36 characters long, as OCPI 2.2.1 wants them.",
            ),
            ("session", "2", "suite", "data team", "Every currency is one that the network bills in."),
            (
                "session",
                "3",
                "cp.ghost",
                "data team",
                "the source has no station 'CS-9': import it, or confirm that it is gone",
            ),
        ]
        assert [one.location_id for one in read.locations(connection)] == ["L1"]
    assert [session_id for _, session_id, _ in _sessions(cleansed.engine)] == ["1", "4"]
    waiting = [(each["entity"], each["rule"], each["rows"]) for each in cleansed.result["quarantine"]]
    assert sorted(waiting) == [
        ("location", "suite", 1),
        ("session", "cp.ghost", 1),
        ("session", "suite", 1),
    ]


def test_bills_in_the_sources_currency_where_it_says_one(cleanse, landed, rows, make_session):
    extract_id = landed(rows(session=[make_session("1", hour=8, currency="USD", cost="1.50")]))

    assert _accounts(cleanse(extract_id))["session"] == (1, 0, 0, 1)
    assert _accounts(cleanse(extract_id, currency="USD"))["session"] == (1, 1, 0, 0)


def test_changes_nothing_when_it_runs_again(cleansed):
    before = _everything(cleansed.engine)

    again = cleansed.again()

    assert again == cleansed.result
    assert _everything(cleansed.engine) == before


def test_keeps_the_date_and_the_decision_of_what_waits(cleanse, landed, dirty, engine):
    extract_id = landed(dirty)
    cleanse(extract_id)
    row = tables.quarantined_row.c
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        connection.execute(sa.update(tables.quarantined_row).values(quarantined_at=long_ago))
        decided = sa.update(tables.quarantined_row).where(row.key == "3")
        connection.execute(decided.values(decision="it was scrapped", decided_at=long_ago))

    result = cleanse(extract_id)

    with engine.connect() as connection:
        found = connection.execute(sa.select(row.key, row.quarantined_at, row.decision).order_by(row.key)).all()
    assert [tuple(one) for one in found] == [
        ("2", long_ago, None),
        ("3", long_ago, "it was scrapped"),
        (FAR, long_ago, None),
    ]
    assert _accounts(result)["session"] == (5, 2, 1, 2)
    assert "cp.ghost" not in {waiting["rule"] for waiting in result["quarantine"]}


def test_stores_nothing_where_a_suite_blocks(cleanse, landed, dirty, engine):
    blocked = landed(dirty | {"station": []})

    with pytest.raises(QualityBlocked, match="suite stations blocks: There is at least one row"):
        cleanse(blocked)

    assert {table: rows for table, rows in _everything(engine).items() if rows} == {}


def test_says_why_where_nothing_is_left_of_a_table(cleanse, landed, dirty, make_session):
    elsewhere = landed(dirty | {"session": [make_session("1", hour=8, station_id="ELSEWHERE")]})

    with pytest.raises(QualityBlocked, match=r"all 1 rows were set aside, 1 of them by cp\.ghost \(the source has no"):
        cleanse(elsewhere)


def test_takes_a_nights_sessions_alone_and_none_at_all(cleanse, landed, rows, make_session):
    cleanse(landed(rows()))

    some = cleanse(landed({"session": [make_session("3", hour=12)]}, source="target"))
    none = cleanse(landed({"session": []}, source="other"))

    assert _accounts(some) == {"session": (1, 1, 0, 0)}
    assert _accounts(none) == {"session": (0, 0, 0, 0)}


def test_keeps_the_sessions_of_two_back_offices_apart(cleanse, landed, rows, make_session, engine):
    cleanse(landed(rows()))
    cleanse(landed({"session": [make_session("1", hour=20)]}, source="target"))

    assert [found[:2] for found in _sessions(engine)] == [("legacy", "1"), ("legacy", "2"), ("target", "1")]


def test_reads_an_issuers_sessions_of_a_half_open_period(cleanse, landed, rows, engine):
    cleanse(landed(rows()))
    stops = datetime(2026, 3, 1, 8, 45, tzinfo=UTC)

    def found(issuer, since, until):
        with engine.connect() as connection:
            parts = session_frames(connection, issuer=issuer, period=(since, until))
            return [row[:2] for part in parts for row in part.rows()]

    assert found("NL-TNM", stops - timedelta(hours=1), stops) == []
    assert found("NL-TNM", stops, stops + timedelta(hours=1)) == [("legacy", "1")]
    assert found("DE-HUB", stops, stops + timedelta(hours=1)) == []


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["NUL", "half a pair"])
def test_is_stopped_by_no_text(cleanse, landed, rows, make_session, make_station, make_location, text):
    accounts = _accounts(
        cleanse(
            landed(
                rows(
                    location=[make_location(), make_location(f"L{text}", name=text)],
                    station=[make_station(), make_station(f"CS{text}", serial_number=text)],
                    token=[{"token_uid": f"04{text}", "is_blocked": "0", "note": text}, *rows()["token"]],
                    session=[
                        make_session("1", hour=8, token_uid=text),
                        make_session(text, hour=9),
                        make_session("3", hour=10, station_id=text),
                    ],
                )
            )
        )
    )

    for rows_in, loaded, merged, quarantined in accounts.values():
        assert rows_in == loaded + merged + quarantined


def test_is_done_in_turns(cleansed):
    before, results = _everything(cleansed.engine), []
    both = [threading.Thread(target=lambda: results.append(cleansed.again())) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)

    assert results == [cleansed.result] * 2
    assert _everything(cleansed.engine) == before


def test_knows_the_latest_extract_of_a_source(settings, landed, rows, make_session):
    landed(rows())
    latest = landed(rows(session=[make_session("7", hour=7)]), at=datetime(2026, 3, 3, tzinfo=UTC))

    assert cleansing.cleanse_latest.fn("legacy")["extract_id"] == latest


def test_says_what_to_extract_first(settings, cleanse):
    with pytest.raises(UnknownThing, match="there is no extract 'of legacy': run the flow extract_legacy first"):
        cleansing.cleanse_latest.fn("legacy")
    with pytest.raises(UnknownThing, match="there is no extract 'nonsense': extract a source first"):
        cleanse("nonsense")
