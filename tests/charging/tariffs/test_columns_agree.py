"""Random tariffs and sessions: columns state what recomputing each CDR alone states."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.frame import micro, to_frame
from charging.roaming.terms import Terms
from charging.tariffs.columns import price_frame
from charging.tariffs.cost import NotPriceable
from charging.tariffs.parse import parse
from charging.tariffs.recompute import recompute
from charging.tariffs.rounding import RoundAt, Rounding, RoundMode
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Europe/Amsterdam", "Europe/Lisbon", "Australia/Lord_Howe", "America/St_Johns"]
DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]

amounts = st.one_of(
    st.integers(0, 500).map(lambda cents: f"{cents / 100:.2f}"), st.sampled_from(["0.1234", "0.123456789", "0", "100"])
)
clocks = st.tuples(st.integers(0, 23), st.sampled_from([0, 30])).map(lambda at: f"{at[0]:02}:{at[1]:02}")
quantities = st.sampled_from(["0", "2", "2.5", "11", "16", "32.0005"])
days = st.integers(0, 364).map(lambda day: (NEW_YEAR + timedelta(days=day)).date().isoformat())
components = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["FLAT", "ENERGY", "TIME", "PARKING_TIME"]),
        "price": amounts,
        "step_size": st.sampled_from([0, 1, 60, 300, 900, 1000]),
    },
    optional={"vat": st.sampled_from([0, "5.2", 21, "7.123"])},
)
restrictions = st.fixed_dictionaries(
    {},
    optional={
        "start_time": clocks,
        "end_time": clocks,
        "start_date": days,
        "end_date": days,
        "day_of_week": st.lists(st.sampled_from(DAYS), max_size=3),
        "min_kwh": quantities,
        "max_kwh": quantities,
        "min_duration": st.integers(0, 4).map(lambda hours: hours * 1800),
        "max_duration": st.integers(0, 8).map(lambda hours: hours * 1800),
    },
)
rare = st.fixed_dictionaries(
    {},
    optional={
        "min_current": quantities,
        "max_current": quantities,
        "min_power": quantities,
        "max_power": quantities,
        "reservation": st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]),
    },
)
elements = st.fixed_dictionaries(
    {"price_components": st.lists(components, min_size=1, max_size=3)},
    optional={"restrictions": st.one_of(restrictions, restrictions, st.builds(dict.__or__, restrictions, rare))},
)
limits = st.fixed_dictionaries({"excl_vat": amounts}, optional={"incl_vat": amounts})
tariffs = st.fixed_dictionaries(
    {
        "id": st.sampled_from("TU"),
        "currency": st.sampled_from(["EUR", "EUR", "JPY", "KWD"]),
        "elements": st.lists(elements, min_size=1, max_size=4),
    },
    optional={
        "min_price": limits,
        "max_price": limits,
        "tax_included": st.sampled_from(["NO", "NO", "YES", "N/A"]),
        "start_date_time": st.integers(0, 300).map(lambda day: (NEW_YEAR + timedelta(days=day)).isoformat()),
    },
).map(json.dumps)
versions = st.sampled_from([None, None, "2.1.1"])
lasting = st.one_of(st.integers(1, 14_400), st.sampled_from([0, 36, 360, 1200, 3600])).map(
    lambda seconds: timedelta(seconds=seconds)
)
hours = st.sampled_from([2, 4, 6])


def recorded(lines, *, cdr_id="1", started_at=NEW_YEAR, ended_at=NEW_YEAR + timedelta(hours=1)):
    return Cdr(
        side=Side.THEIRS,
        partner="roa",
        owner="NL-EVN",
        cdr_id=cdr_id,
        session_id=None,
        authorization_reference=None,
        evse_raw="NL*EVN*E1*1",
        evse_compact="NLEVNE11",
        token_uid=None,
        contract_compact=None,
        started_at=started_at,
        ended_at=ended_at,
        energy_kwh=Decimal(0),
        net=None,
        gross=None,
        currency="EUR",
        tariff_id=None,
        lines=tuple(lines),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=ended_at,
        raw_sha256="ab" * 32,
    )


@st.composite
def cdrs(draw):
    """Sessions whose volumes stand as feeds state them: rounded to some digits, sometimes off, sometimes nonsense."""
    at = NEW_YEAR + timedelta(minutes=draw(st.integers(0, 365 * 24 * 60)))
    started_at, lines = at, []
    for _ in range(draw(st.sampled_from([1, 2, 3, 4, 0]))):
        lasts = draw(lasting)
        stated = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    Dimension.ENERGY: st.integers(-1, 30_000).map(lambda wh: Decimal(wh) / 1000),
                    Dimension.TIME: st.just(None),
                    Dimension.PARKING_TIME: st.one_of(
                        st.just(None), st.integers(0, 9999).map(lambda n: Decimal(n) / 10_000)
                    ),
                },
            )
        )
        if draw(st.integers(0, 9)) == 0:
            stated |= {Dimension.RESERVATION_TIME: None}
        if draw(st.booleans()):
            stated |= {
                measure: Decimal(draw(quantities))
                for measure in draw(st.sampled_from([list(Extreme), [Extreme.MAX_POWER]]))
            }
        tariff_id = draw(st.sampled_from([None, None, "T", "U", "X", ""]))
        for measure, volume in stated.items():
            published = round(Decimal(lasts // timedelta(seconds=1)) / 3600, draw(hours)) if volume is None else volume
            lines.append(CdrLine(measure=measure, started_at=at, volume=published, tariff_id=tariff_id))
        at += lasts
    if draw(st.integers(0, 9)) == 0:
        lines.reverse()
    return recorded(lines, cdr_id=str(draw(st.integers(0, 999_999))), started_at=started_at, ended_at=at)


terms = st.builds(
    Terms,
    currency=st.just("EUR"),
    time_zone=st.sampled_from(ZONES),
    vat_percent=st.sampled_from([None, Decimal(21)]),
    rounding=st.builds(Rounding, at=st.sampled_from(RoundAt), mode=st.sampled_from(RoundMode)),
)


def alone(cdr, **agreed):
    found = recompute(cdr, **agreed)
    if isinstance(found, NotPriceable):
        return (cdr.cdr_key, None, None, None, None, found.reason)
    amounts = (None if amount is None else micro(amount) for amount in (found.net, found.gross, found.tolerance))
    return (cdr.cdr_key, *amounts, found.line_count, None)


@settings(max_examples=50)
@given(
    stated=st.lists(st.tuples(tariffs, versions), max_size=3),
    sessions=st.lists(cdrs(), min_size=1, max_size=6),
    terms=terms,
)
def test_columns_state_what_each_cdr_alone_states(stated, sessions, terms):
    agreed = {"tariffs": [parse(text, version=version) for text, version in stated], "terms": terms}
    beside = {cdr.cdr_key: cdr for cdr in sessions}

    found = price_frame(to_frame(sessions), cdrs=beside, **agreed)

    assert found.rows() == [alone(cdr, **agreed) for cdr in sessions]


great = st.one_of(st.integers(0, 18), st.integers(0, 18)).flatmap(lambda digits: st.integers(0, 9 * 10**digits))


@settings(max_examples=80)
@given(
    price=st.builds(
        lambda whole, digits: str(Decimal(whole).scaleb(-digits)), great.filter(lambda n: n < 10**15), st.integers(0, 7)
    ),
    vat=st.sampled_from(["0", "21", "100", "100.01", "999"]),
    kind=st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]),
    step=st.sampled_from([1, 900, 10**9, 10**9 + 1, 10**14]),
    volume=great,
    most=st.one_of(st.none(), great.filter(lambda n: n < 10**15)),
    terms=terms,
)
def test_what_64_bits_cannot_hold_is_priced_all_the_same(price, vat, kind, step, volume, most, terms):
    components = [{"type": kind, "price": price, "vat": vat, "step_size": step}]
    limits = {} if most is None else {"max_price": {"excl_vat": most, "incl_vat": most}}
    stated = {"id": "T", "currency": "EUR", "elements": [{"price_components": components}]} | limits
    measure = Dimension.ENERGY if kind == "FLAT" else Dimension[kind]
    session = recorded([CdrLine(measure=measure, started_at=NEW_YEAR, volume=Decimal(volume).scaleb(-6))])
    agreed = {"tariffs": [parse(json.dumps(stated))], "terms": terms}

    found = price_frame(to_frame([session]), cdrs={session.cdr_key: session}, **agreed)

    expected = alone(session, **agreed)
    if expected[-1] is None and None in expected[1:3]:
        assert found["reason"].to_list() == ["its price is too great a number"]
    else:
        assert found.rows() == [expected]
