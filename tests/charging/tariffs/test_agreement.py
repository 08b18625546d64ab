"""Two implementations that share nothing agree on random tariffs and sessions."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from charging.tariffs.parse import parse
from charging.tariffs.price import price
from charging.tariffs.rounding import Rounding
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Period, Usage
from rehearsal.pricing import DAYS, cost

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Europe/Amsterdam", "Europe/Lisbon"]

amounts = st.integers(0, 500).map(lambda cents: cents / 100)
clocks = st.integers(0, 23).map(lambda hour: f"{hour:02}:00")
components = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["FLAT", "ENERGY", "TIME", "PARKING_TIME"]),
        "price": amounts,
        "step_size": st.sampled_from([0, 1, 60, 300, 900, 1000]),
    },
    optional={"vat": st.sampled_from([0, 5.2, 9, 21])},
)
restrictions = st.fixed_dictionaries(
    {},
    optional={
        "start_time": clocks,
        "end_time": clocks,
        "day_of_week": st.lists(st.sampled_from(DAYS), max_size=3),
        "min_kwh": st.integers(0, 20),
        "max_kwh": st.integers(0, 40),
        "min_duration": st.integers(0, 4).map(lambda hours: hours * 3600),
        "max_duration": st.integers(0, 8).map(lambda hours: hours * 3600),
    },
)
elements = st.fixed_dictionaries(
    {"price_components": st.lists(components, min_size=1, max_size=3)}, optional={"restrictions": restrictions}
)
limits = amounts.map(lambda amount: {"excl_vat": amount, "incl_vat": round(amount * 1.21, 2)})
tariffs = st.fixed_dictionaries(
    {"id": st.just("T"), "currency": st.just("EUR"), "elements": st.lists(elements, min_size=1, max_size=4)},
    optional={"min_price": limits, "max_price": limits},
)
# Minutes of a multiple of 36 s are whole ten-thousandths of an hour, so that nothing was rounded on the wire.
stretches = st.lists(
    st.tuples(st.integers(1, 400), st.integers(0, 30_000), st.sampled_from(["TIME", "PARKING_TIME"])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(
    stated=tariffs,
    stretches=stretches,
    start=st.integers(0, 365 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)),
    zone=st.sampled_from(ZONES),
)
def test_agrees_with_the_slow_and_obvious_implementation(stated, stretches, start, zone):
    at, periods, wire = start, [], []
    for units, wh, kind in stretches:
        volumes = {Dimension.ENERGY: Decimal(wh) / 1000, Dimension[kind]: Decimal(units) / 100}
        periods.append(Period(started_at=at, volumes=volumes))
        dimensions = [{"type": name.value, "volume": volume} for name, volume in volumes.items()]
        wire.append({"start_date_time": at, "dimensions": dimensions})
        at += timedelta(seconds=36 * units)

    ours = price(
        Usage(ended_at=at, periods=tuple(periods), time_zone=zone), tariffs={}, default=parse(json.dumps(stated))
    )
    theirs = cost(stated, wire, time_zone=zone)

    assert (ours.excl_vat, ours.incl_vat) == (theirs.net, theirs.gross)
    charge = ours.rounded(Rounding())
    assert (charge.net, charge.gross) == theirs.in_cents()
