"""What is read in columns is what is read as objects."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from charging.database.operations import roaming as write
from charging.database.queries import cdr_frames, stored_cdrs
from charging.roaming.cdr import Cdr, CdrLine, Cohort, Side
from charging.roaming.frame import SCHEMA, to_frame
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

START = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
PERIOD = (START, START + timedelta(days=1))
CDR = Cdr(
    side=Side.THEIRS,
    partner="roa",
    owner="NL-EVN",
    cdr_id="1",
    session_id=None,
    authorization_reference=None,
    evse_raw="NL*EVN*E1*1",
    evse_compact="NLEVNE11",
    token_uid="04A1B2C3",
    contract_compact=None,
    started_at=START,
    ended_at=START + timedelta(hours=1),
    energy_kwh=Decimal("10.000"),
    net=Decimal("4.50"),
    gross=None,
    currency="EUR",
    tariff_id=None,
    lines=(CdrLine(measure=Dimension.ENERGY, started_at=START, volume=Decimal("10.000")),),
    is_credit=False,
    credits_cdr_id=None,
    last_updated=START.replace(microsecond=0),
    raw_sha256="a" * 64,
    cohort=Cohort.MOVED,
    start_offset_minutes=60,
    total_hours=Decimal("1.0000"),
)
ODD = {
    "plain": CDR,
    "ids that CSV must quote": replace(CDR, session_id='a "quoted", cut\r\nid\\N %s {x}', tariff_id=r"\N"),
    "an empty id is not one that is missing": replace(CDR, session_id=""),
    "the least below nothing": replace(CDR, net=Decimal("-0.000001"), energy_kwh=Decimal(0)),
    "lists of texts": replace(CDR, quality=('it\'s "odd"', "é"), session_aliases=("[]", "")),
    "no lines": replace(CDR, lines=()),
    "an extreme": replace(
        CDR, lines=(*CDR.lines, CdrLine(measure=Extreme.MAX_POWER, started_at=START, volume=Decimal("-11.1")))
    ),
    "more decimals than the columns hold": replace(CDR, net=Decimal("1.23456789")),
    "a number that is too great": replace(CDR, energy_kwh=Decimal(10) ** 20),
    "a volume in another writing": replace(CDR, lines=(replace(CDR.lines[0], volume=Decimal("1E-9")),)),
    "a clock that was never set": replace(CDR, started_at=datetime(1970, 1, 1, tzinfo=UTC)),
}


@pytest.fixture
def read(engine):
    def kept(cdrs, period=PERIOD):
        with engine.begin() as connection:
            write.store_cdrs(connection, cdrs, at=START)
            found = list(cdr_frames.cdr_frames(connection, "roa", Side.THEIRS, period=period))
            objects = stored_cdrs.cdrs(connection, "roa", Side.THEIRS, period=period)
        frame = pl.concat([SCHEMA.to_frame(), *(part.frame for part in found)]).sort("cdr_key")
        return frame, [cdr for part in found for cdr in part.cdrs], objects

    return kept


def test_is_what_the_objects_say(read):
    cdrs = [replace(cdr, cdr_id=str(number)) for number, cdr in enumerate(ODD.values())]

    frame, long, objects = read(cdrs)

    assert frame.equals(to_frame(objects))
    assert frame.schema == SCHEMA
    assert sorted(map(str, long)) == sorted(
        str(cdr) for cdr, is_exact in zip(objects, frame["is_exact"], strict=True) if not is_exact
    )
    assert len(long) == 3


def test_takes_the_period_half_open(read):
    first, last = replace(CDR, cdr_id="first", ended_at=PERIOD[0]), replace(CDR, cdr_id="last", ended_at=PERIOD[1])

    frame, _, _ = read([first, last])

    assert frame["cdr_id"].to_list() == ["first"]


def test_a_night_without_a_cdr_has_no_rows(read):
    assert read([])[0].height == 0


@pytest.mark.parametrize("every", [1, 2, 3])
def test_every_nth_is_told_by_its_hash(engine, every):
    hashes = [f"{number:08x}".ljust(64, "f") for number in (0, 1, 2, 3, 4, 6, 9, 0xFFFFFFFF)]
    told = [replace(CDR, cdr_id=str(number), raw_sha256=text) for number, text in enumerate([*hashes, "no hash"])]

    with engine.begin() as connection:
        write.store_cdrs(connection, told, at=START)
        found = list(cdr_frames.cdr_frames(connection, "roa", Side.THEIRS, period=PERIOD, every=every))

    chosen = {text for text in hashes if int(text[:8], 16) % every == 0} | {"no hash"}
    assert {text for part in found for text in part.frame["raw_sha256"]} == chosen
