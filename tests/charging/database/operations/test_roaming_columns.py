"""What is written from columns is what is written from objects."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
import sqlalchemy as sa
from plain_cdr import AT, CDR, DAY, PERIOD, START

from charging.database import tables
from charging.database.operations import roaming as write_objects
from charging.database.operations import roaming_columns as write
from charging.database.queries import nights, stored_cdrs
from charging.reconciliation.night import reconcile_frames
from charging.reconciliation.night_frame import to_judged
from charging.roaming.cdr import Side
from charging.roaming.frame import to_frame
from charging.roaming.terms import Terms

ODD = [
    pytest.param(CDR, id="a plain one"),
    pytest.param(replace(CDR, session_id='a "quoted", cut\r\nid\\N'), id="an id that CSV must quote"),
    pytest.param(replace(CDR, session_id="", tariff_id=r"\N"), id="an empty id is not one that is missing"),
    pytest.param(replace(CDR, net=Decimal("-0.000001"), energy_kwh=Decimal(0)), id="the least below nothing"),
    pytest.param(replace(CDR, quality=('it\'s "odd"', "é"), session_aliases=("[]",)), id="lists of texts"),
    pytest.param(replace(CDR, lines=()), id="no lines"),
    pytest.param(
        replace(CDR, lines=(*CDR.lines, replace(CDR.lines[0], volume=Decimal("-1.5"), tariff_id='a"b\\'))), id="lines"
    ),
    pytest.param(replace(CDR, net=Decimal("1.23456789")), id="more decimals than the columns hold"),
    pytest.param(replace(CDR, started_at=datetime(1970, 1, 1, tzinfo=UTC)), id="a clock that was never set"),
]


@pytest.mark.parametrize("cdr", ODD)
def test_keeps_a_cdr_as_it_is(engine, cdr):
    with engine.begin() as connection:
        fresh = _store(connection, [cdr])
        found = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=PERIOD)

    assert (fresh, found) == (1, [cdr])


def test_says_the_same_as_objects_say_where_postgresql_cannot_hold_a_text(engine):
    cdr = replace(CDR, session_id="a\0b", lines=(replace(CDR.lines[0], tariff_id="\0"),), quality=("\0",))
    with engine.begin() as connection:
        _store(connection, [cdr])
        found = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=PERIOD)
        connection.execute(sa.delete(tables.cdr))
        write_objects.store_cdrs(connection, [cdr], at=AT)
        expected = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=PERIOD)

    assert found == expected


def test_a_version_that_is_there_keeps_the_day_on_which_it_came(engine):
    again = [CDR, CDR, replace(CDR, raw_sha256="b" * 64, net=Decimal("4.51"))]
    with engine.begin() as connection:
        _store(connection, [CDR])
        fresh = _store(connection, again, at=AT + timedelta(days=1))
        stored_at = connection.execute(sa.select(tables.cdr.c.stored_at).order_by("cdr_key")).scalars().all()

    assert (fresh, stored_at) == (1, [AT, AT + timedelta(days=1)])


@pytest.mark.parametrize(
    ("again", "fresh"),
    [
        pytest.param(replace(CDR, cdr_id="ABC", raw_sha256="b" * 64), 0, id="its id in capitals"),
        pytest.param(replace(CDR, cdr_id="abc", raw_sha256="b" * 64, quality=("odd",)), 0, id="written oddly"),
        pytest.param(replace(CDR, cdr_id="abc", raw_sha256="b" * 64, net=Decimal("4.51")), 1, id="another amount"),
        pytest.param(replace(CDR, cdr_id="abd", raw_sha256="b" * 64), 1, id="another record"),
        pytest.param(replace(CDR, cdr_id="ABC", raw_sha256="b" * 64, side=Side.OURS), 1, id="one of ours"),
        pytest.param(replace(CDR, cdr_id="ABC", raw_sha256="b" * 64, partner="hub"), 1, id="another partner's"),
        pytest.param(
            replace(CDR, cdr_id="ABC", raw_sha256="b" * 64, ended_at=CDR.ended_at + timedelta(seconds=1)),
            1,
            id="another end",
        ),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_tells_a_version_from_another_writing_of_it_as_objects_do(engine, again, fresh, at_once):
    first = replace(CDR, cdr_id="abc")
    with engine.begin() as connection:
        came = (
            [_store(connection, [first, again])] if at_once else [_store(connection, [one]) for one in (first, again)]
        )
        kept = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=PERIOD)
        connection.execute(sa.delete(tables.cdr))
        for one in (first, again):
            write_objects.store_cdrs(connection, [one], at=AT)
        expected = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=PERIOD)

    assert (sum(came), kept) == (1 + fresh, expected)


def test_a_record_that_comes_in_three_writings_at_once_is_one(engine):
    written = [
        replace(CDR, cdr_id=name, raw_sha256=sha * 64) for name, sha in (("abc", "a"), ("ABC", "b"), ("Abc", "c"))
    ]
    with engine.begin() as connection:
        assert _store(connection, written) == 1


def test_an_id_that_postgresql_cannot_hold_is_stored_once(engine):
    cdr = replace(CDR, cdr_id="a\0b")
    with engine.begin() as connection:
        assert [_store(connection, [cdr]) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("cdr_id", ["", "NULL", '"', "\\", "{a,b}", '\\",\n"{', "Straße é"])
def test_whatever_an_id_holds_it_is_known_again(engine, cdr_id):
    first = replace(CDR, cdr_id=cdr_id)
    other_writing = replace(first, raw_sha256="b" * 64, quality=("odd",))
    with engine.begin() as connection:
        assert [_store(connection, [one]) for one in (first, first, other_writing)] == [1, 0, 0]


def test_keeps_the_verdicts_of_a_night_in_their_order_and_makes_them_exactly_these(engine):
    dear = Decimal("12345678901234567890.12345678")
    ours = [replace(CDR, side=Side.OURS, cdr_id=str(number)) for number in range(4)]
    theirs = [
        replace(CDR, cdr_id="1"),
        replace(CDR, cdr_id="2", net=Decimal("5.00"), evse_compact="NLEVNE2"),
        replace(CDR, cdr_id="9", net=dear, started_at=START - timedelta(days=9), evse_compact="E9"),
    ]
    night = _night(ours, theirs)
    with engine.begin() as connection:
        for judged in (_night(ours, []), night):
            write.store_night(connection, HEAD, judged, partner="roa", day=DAY)
        found = nights.judged(connection, "roa", DAY)

    assert found == to_judged(night)
    assert any(one.money_at_risk == dear for one in found)


HEAD = {
    "time_zone": "Europe/Amsterdam",
    "period_from": PERIOD[0],
    "period_until": PERIOD[1],
    "is_complete": True,
    "incomplete_because": None,
    "summary": {},
    "inputs_sha256": "0",
    "reconciled_at": AT,
}


def _store(connection, cdrs, at=AT):
    frame = to_frame(cdrs)
    inexact = [cdr for cdr, is_exact in zip(cdrs, frame["is_exact"], strict=True) if not is_exact]
    return write.store_cdr_frame(connection, frame, cdrs=inexact, at=at)


def _night(ours, theirs):
    return reconcile_frames(
        to_frame(ours),
        to_frame(theirs),
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
        tariffs=[],
        as_of=AT + timedelta(days=9),
        exact={cdr.cdr_key: cdr for cdr in (*ours, *theirs)},
    )


def test_looks_each_record_up_by_its_id_whatever_postgresql_knows_of_the_table(engine):
    with engine.begin() as connection:
        _store(connection, [replace(CDR, cdr_id=f"{number:04}", raw_sha256=f"{number:064}") for number in range(2_000)])
        connection.execute(sa.text("ANALYZE roaming.cdr"))
        asked = write.versions_of("roa", pl.Series(["0007", "none"]))
        found = connection.execute(asked).all()
        plan = "\n".join(connection.scalars(sa.text(f"EXPLAIN {_literal(asked, connection)}")))

    assert [(place, side) for place, side, _, _ in found] == [(1, "theirs")]
    assert "ix_cdr_record" in plan
    assert "Seq Scan" not in plan
    assert "pk_cdr" not in plan


def _literal(asked, connection):
    return asked.compile(connection, compile_kwargs={"literal_binds": True})
