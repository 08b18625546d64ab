"""CDRs in columns say the same as CDRs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.roaming.cdr import Cdr, CdrLine, CdrState, Cohort, Protocol, Side
from charging.roaming.frame import SCHEMA, from_micro, micro, to_cdrs, to_frame
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

START = datetime(2026, 10, 25, 0, 59, 59, 123456, tzinfo=UTC)
PLAIN = Cdr(
    side=Side.THEIRS,
    partner="roa",
    owner="NL-EVN",
    cdr_id="1",
    session_id=None,
    authorization_reference="ref",
    evse_raw="NL*EVN*E1*1",
    evse_compact="NLEVNE11",
    token_uid="04A1B2C3",
    contract_compact=None,
    started_at=START,
    ended_at=START + timedelta(hours=1),
    energy_kwh=Decimal("12.3456"),
    net=Decimal("-4.5"),
    gross=None,
    currency="EUR",
    tariff_id="T",
    lines=(
        CdrLine(measure=Dimension.ENERGY, started_at=START, volume=Decimal("12.3456"), tariff_id="T"),
        CdrLine(measure=Extreme.MAX_POWER, started_at=START, volume=Decimal(11)),
    ),
    is_credit=True,
    credits_cdr_id="0",
    last_updated=START,
    raw_sha256="ab" * 32,
    quality=("unit.energy_wh",),
    cohort=Cohort.MOVED,
    protocol=Protocol.OCHP,
    state=CdrState.REVISED,
    session_aliases=("hub-1",),
    total_hours=Decimal("0.3334"),
    start_offset_minutes=120,
    is_cost_significant=False,
)


def test_a_frame_gives_back_the_cdrs_it_was_made_of():
    cdrs = [PLAIN, replace(PLAIN, cdr_id="2", lines=(), cohort=None, quality=(), net=None)]

    frame = to_frame(cdrs)

    assert frame.schema == SCHEMA
    assert to_cdrs(frame) == cdrs
    assert frame["cdr_key"].to_list() == [cdr.cdr_key for cdr in cdrs]


def test_no_cdrs_are_a_frame_without_rows():
    assert to_frame([]).schema == SCHEMA


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"net": Decimal("0.0000001")}, id="an amount with seven decimals"),
        pytest.param({"energy_kwh": Decimal("9223372036854.775808")}, id="one micro too great"),
        pytest.param({"net": Decimal("1.0000000000000000000000000001")}, id="a tail beyond the usual precision"),
        pytest.param(
            {"lines": (CdrLine(measure=Dimension.TIME, started_at=START, volume=Decimal("0.00000001")),)}, id="a line"
        ),
    ],
)
def test_a_number_that_does_not_fit_is_said_and_never_rounded(change):
    frame = to_frame([replace(PLAIN, **change)])

    assert frame["is_exact"].to_list() == [False]
    with pytest.raises(ValueError, match="not exact"):
        to_cdrs(frame)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_six_decimals_survive_exactly(number):
    scaled = micro(number)

    assert scaled is not None
    assert from_micro(scaled) == number
