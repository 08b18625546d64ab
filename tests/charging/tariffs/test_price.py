"""The specification's own examples (OCPI 2.2.1 mod_tariffs, mod_cdrs), recomputed; its misprints are named."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.frame import micro, to_frame
from charging.roaming.terms import Terms
from charging.tariffs.columns import price_frame
from charging.tariffs.cost import NotPriceable, Price
from charging.tariffs.parse import parse
from charging.tariffs.price import price
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme, Period, Usage

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
SATURDAY = MONDAY + timedelta(days=5)


def component(kind, amount, *, vat=None, step=1):
    stated = {"type": kind, "price": amount, "step_size": step}
    return stated if vat is None else {**stated, "vat": vat}


def element(*components, **restrictions):
    return {"price_components": list(components)} | ({"restrictions": restrictions} if restrictions else {})


def tariff(*elements, **more):
    return parse(json.dumps({"id": "T", "currency": "EUR", "elements": list(elements), **more}))


def usage(*periods, start=MONDAY, zone="UTC", expired=False):
    """Periods as (minutes on the clock, {dimension: volume}), volumes in kWh and minutes."""
    made, at = [], start
    for minutes, volumes in periods:
        measured, extremes = {}, {}
        for name, volume in volumes.items():
            if name in Extreme.__members__:
                extremes[Extreme[name]] = Decimal(str(volume))
            else:
                hours = Decimal(str(volume)) / 60
                measured[Dimension[name]] = Decimal(str(volume)) if name == "ENERGY" else round(hours, 4)
        made.append(Period(started_at=at, volumes=measured, extremes=extremes))
        at += timedelta(minutes=minutes)
    return Usage(ended_at=at, periods=tuple(made), time_zone=zone, has_expired_reservation=expired)


def cost(tariff, *periods, **how):
    found = price(usage(*periods, **how), tariffs={}, default=tariff)
    assert isinstance(found, Price), found
    return found.excl_vat, found.incl_vat


def recorded(measured):
    """A CDR that measures this."""
    lines = [
        CdrLine(measure=measure, started_at=period.started_at, volume=volume)
        for period in measured.periods
        for measure, volume in {**period.volumes, **period.extremes}.items()
    ]
    return Cdr(
        side=Side.THEIRS,
        partner="roa",
        owner="NL-EVN",
        cdr_id="1",
        session_id=None,
        authorization_reference=None,
        evse_raw="NL*EVN*E1*1",
        evse_compact="NLEVNE11",
        token_uid=None,
        contract_compact=None,
        started_at=measured.periods[0].started_at,
        ended_at=measured.ended_at,
        energy_kwh=Decimal(0),
        net=None,
        gross=None,
        currency="EUR",
        tariff_id=None,
        lines=tuple(lines),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=measured.ended_at,
        raw_sha256="ab" * 32,
    )


def energy(kwh):
    return (60, {"ENERGY": kwh})


def charging(minutes, **more):
    return (minutes, {"TIME": minutes, **more})


def parking(minutes):
    return (minutes, {"PARKING_TIME": minutes})


def reserved(minutes):
    return (minutes, {"RESERVATION_TIME": minutes})


PER_KWH = component("ENERGY", 0.25, vat=10)
START_FEE = component("FLAT", 0.50, vat=20)
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
COMPLEX = tariff(
    element(component("FLAT", 2.50, vat=15)),
    element(component("TIME", 1.00, vat=20, step=900), max_current=32),
    element(component("TIME", 2.00, vat=20, step=600), min_current=32, day_of_week=WEEKDAYS),
    element(component("TIME", 1.25, vat=20, step=600), min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
    element(component("PARKING_TIME", 5, vat=10, step=300), start_time="09:00", end_time="18:00", day_of_week=WEEKDAYS),
    element(
        component("PARKING_TIME", 6, vat=10, step=300), start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]
    ),
)
SWITCHING = tariff(
    element(
        component("TIME", 1.20, step=1800),
        component("PARKING_TIME", 1.00, step=900),
        start_time="00:00",
        end_time="17:00",
    ),
    element(
        component("TIME", 2.40, step=900),
        component("PARKING_TIME", 1.00, step=900),
        start_time="17:00",
        end_time="20:00",
    ),
    element(component("TIME", 2.40, step=900), start_time="20:00", end_time="23:59"),
)
RESERVATION = {
    15: tariff(element(component("TIME", 5, vat=20, step=60), reservation="RESERVATION"), element(START_FEE, PER_KWH)),
    16: tariff(
        element(component("FLAT", 2, vat=20), component("TIME", 5, vat=20, step=300), reservation="RESERVATION"),
        element(START_FEE, PER_KWH),
    ),
    17: tariff(
        element(component("FLAT", 4, vat=20), reservation="RESERVATION_EXPIRES"),
        element(component("TIME", 2, vat=20, step=600), reservation="RESERVATION"),
        element(START_FEE, PER_KWH),
    ),
    18: tariff(
        element(component("TIME", 6, vat=20, step=600), reservation="RESERVATION_EXPIRES"),
        element(component("TIME", 3, vat=20, step=600), reservation="RESERVATION"),
        element(START_FEE, PER_KWH),
    ),
}
LIMITED = {"excl_vat": 10, "incl_vat": 11}
LEAST = {"excl_vat": 0.50, "incl_vat": 0.55}
CURRENT_16 = {"MIN_CURRENT": 16, "MAX_CURRENT": 16}
CURRENT_43 = {"MIN_CURRENT": 43, "MAX_CURRENT": 43}


def at(day, clock):
    hours, minutes = clock.split(":")
    return {"start": day + timedelta(hours=int(hours), minutes=int(minutes))}


VECTORS = [
    pytest.param(tariff(element(PER_KWH)), [energy(20)], {}, "5.00", "5.50", id="8: energy"),
    pytest.param(tariff(element(START_FEE, PER_KWH)), [energy(20)], {}, "5.50", "6.10", id="9: start fee"),
    pytest.param(
        tariff(element(PER_KWH), min_price=LEAST), [energy(20)], {}, "5.00", "5.50", id="12: above the minimum"
    ),
    pytest.param(tariff(element(PER_KWH), min_price=LEAST), [energy(1.5)], {}, "0.50", "0.55", id="12: at the minimum"),
    pytest.param(
        tariff(element(START_FEE, PER_KWH, component("PARKING_TIME", 2, vat=20, step=900))),
        [energy(20), parking(40)],
        {},
        "7.00",
        "7.90",
        id="10: 40 minutes parked, 45 billed",
    ),
    pytest.param(
        tariff(element(START_FEE, PER_KWH), max_price=LIMITED), [energy(50)], {}, "10", "11", id="6: at the maximum"
    ),
    pytest.param(
        tariff(element(START_FEE, PER_KWH), max_price=LIMITED), [energy(30)], {}, "8", "8.85", id="6: below it"
    ),
    pytest.param(
        tariff(element(component("TIME", 2, vat=10, step=60))), [charging(150)], {}, "5", "5.50", id="1: time"
    ),
    pytest.param(
        tariff(element(component("TIME", 3, vat=10, step=60), component("PARKING_TIME", 5, vat=20, step=300))),
        [charging(150), parking(42)],
        {},
        "11.25",
        "12.75",
        id="13: time, then parking",
    ),
    pytest.param(
        tariff(element(component("TIME", 1.90, vat=5.2, step=300))),
        [charging(150)],
        {},
        "4.75",
        "4.997",
        id="2: the text prints 5.00 with VAT",
    ),
    pytest.param(
        tariff(element(START_FEE, component("ENERGY", 0.25, vat=10, step=100))),
        [energy(20.45)],
        {},
        "5.625",
        "6.2375",
        id="3: 2.3.0 edition 2 prints 5.11 and 5.62, forgetting the step",
    ),
    pytest.param(
        COMPLEX,
        [charging(165, **CURRENT_16), (42, {"PARKING_TIME": 42, **CURRENT_16})],
        at(MONDAY, "09:30"),
        "9.00",
        "10.30",
        id="4: Monday at 16 A",
    ),
    pytest.param(
        COMPLEX,
        [charging(114, **CURRENT_43), (71, {"PARKING_TIME": 71, **CURRENT_43})],
        at(SATURDAY, "13:30"),
        "12.375",
        "13.975",
        id="4: Saturday; the text prints 12.28 and 13.861, having taken 2.28 for 114 min at 1.25",
    ),
    pytest.param(
        SWITCHING,
        [charging(5), charging(5), parking(2)],
        at(MONDAY, "16:55"),
        "0.55",
        "0.55",
        id="14: over 17:00, then parking",
    ),
    pytest.param(
        SWITCHING, [charging(25), charging(10)], at(MONDAY, "16:35"), "1.30", "1.30", id="14: 25 + 20 minutes"
    ),
    pytest.param(
        SWITCHING,
        [charging(12), parking(8), parking(12)],
        at(MONDAY, "19:40"),
        "0.73",
        "0.73",
        id="14: parking is free after 20:00, its step is filled before",
    ),
    pytest.param(RESERVATION[15], [reserved(15), energy(20)], {}, "6.75", "7.60", id="15: reserved"),
    pytest.param(RESERVATION[16], [reserved(13), energy(20)], {}, "8.75", "10.00", id="16: with a fee"),
    pytest.param(RESERVATION[17], [reserved(22), energy(20)], {}, "6.50", "7.30", id="17: used"),
    pytest.param(RESERVATION[18], [reserved(22), energy(20)], {}, "7.00", "7.90", id="18: used"),
    pytest.param(RESERVATION[17], [reserved(60)], {"expired": True}, "6.00", "7.20", id="17: expired"),
    pytest.param(RESERVATION[18], [reserved(90)], {"expired": True}, "9.00", "10.80", id="18: expired"),
    pytest.param(
        tariff(
            element(component("ENERGY", 0.20), max_power=16),
            element(component("ENERGY", 0.35), max_power=32),
            element(component("ENERGY", 0.50)),
        ),
        [(60, {"ENERGY": kwh, "MIN_POWER": power, "MAX_POWER": power}) for kwh, power in ((1, 6), (40, 48), (0.5, 4))],
        {},
        "20.30",
        "20.30",
        id="max_power",
    ),
    pytest.param(
        tariff(
            element(component("ENERGY", 0), max_duration=1800),
            element(component("ENERGY", 0.25), max_duration=3600),
            element(component("ENERGY", 0.40)),
        ),
        [(30, {"ENERGY": 5}), (15, {"ENERGY": 1.2})],
        {},
        "0.30",
        "0.30",
        id="max_duration",
    ),
    pytest.param(
        tariff(element(component("ENERGY", 0), max_kwh=1), element(component("ENERGY", 0.20), min_kwh=1)),
        [energy(1), energy(19)],
        {},
        "3.80",
        "3.80",
        id="7: the first kWh is free",
    ),
    pytest.param(
        tariff(element(component("ENERGY", 0.25, step=1))), [energy(0.1152)], {}, "0.029", "0.029", id="Wh, step 1"
    ),
    pytest.param(
        tariff(element(component("ENERGY", 0.25, step=25))), [energy(0.1152)], {}, ".03125", ".03125", id="step 25"
    ),
    pytest.param(
        tariff(element(component("ENERGY", 0.25, step=500))), [energy(0.1152)], {}, "0.125", "0.125", id="step 500"
    ),
    pytest.param(
        tariff(
            element(component("ENERGY", 0.20, step=500), end_time="17:00"),
            element(component("ENERGY", 0.27, step=500)),
        ),
        [energy(4.3), energy(1.1)],
        at(MONDAY, "16:00"),
        "1.184",
        "1.184",
        id="energy over 17:00: 4.3 and 1.2 kWh billed",
    ),
    pytest.param(
        tariff(element(component("TIME", 5, step=600), end_time="17:00"), element(component("TIME", 7, step=600))),
        [charging(6), charging(22)],
        at(MONDAY, "16:54"),
        "3.30",
        "3.30",
        id="time over 17:00: 6 and 24 minutes billed",
    ),
    pytest.param(
        tariff(element(component("FLAT", 0, step=0))), [energy(20)], {}, "0", "0", id="5: free of charge, step 0"
    ),
]


@pytest.mark.parametrize(("subject", "periods", "how", "excl", "incl"), VECTORS)
def test_costs_what_the_specification_means(subject, periods, how, excl, incl):
    assert cost(subject, *periods, **how) == (Fraction(excl), Fraction(incl))


@pytest.mark.parametrize(
    ("subject", "periods", "how"), [pytest.param(*case.values[:3], id=case.id) for case in VECTORS]
)
def test_columns_cost_the_same(subject, periods, how):
    measured = usage(*periods, **how)
    cdr = recorded(measured)
    terms = Terms(currency="EUR", time_zone=measured.time_zone)

    (found,) = price_frame(to_frame([cdr]), tariffs=[subject], terms=terms).rows(named=True)

    alone = price(measured, tariffs={}, default=subject)
    charge = alone.rounded(terms.rounding)
    if alone.doubts:
        assert found["reason"] == alone.doubts[0]
    else:
        assert (found["net_micro"], found["gross_micro"]) == (micro(charge.net), micro(charge.gross))


def test_costs_what_the_specification_s_cdr_says():
    started_at = datetime(2015, 6, 29, 21, 39, 9, tzinfo=UTC)
    measured = Usage(
        ended_at=datetime(2015, 6, 29, 23, 37, 32, tzinfo=UTC),
        periods=(Period(started_at=started_at, volumes={Dimension.TIME: Decimal("1.973")}),),
        time_zone="Europe/Brussels",
    )

    found = price(measured, tariffs={}, default=tariff(element(component("TIME", 2, vat=10, step=300))))

    assert (found.excl_vat, found.incl_vat) == (4, Fraction("4.40"))


@pytest.mark.parametrize(
    ("hours", "clock_minutes", "billed_minutes"),
    [
        pytest.param("0.3334", 20, 20, id="the timestamps agree in every published digit"),
        pytest.param("0.33", 20, 20, id="two digits, and the timestamps agree"),
        pytest.param("0.3333", 90, 20, id="no agreement: the nearest whole second"),
        pytest.param("0.1667", 90, 10, id="rounded up on the wire, it fills no other block either"),
        pytest.param("0.3336", 90, 25, id="a second too much is another block"),
    ],
)
def test_a_rounded_digit_fills_no_further_block(hours, clock_minutes, billed_minutes):
    measured = Usage(
        ended_at=MONDAY + timedelta(minutes=clock_minutes),
        periods=(Period(started_at=MONDAY, volumes={Dimension.TIME: Decimal(hours)}),),
        time_zone="UTC",
    )

    found = price(measured, tariffs={}, default=tariff(element(component("TIME", 1, step=300))))

    assert found.lines[0].billed * 60 == billed_minutes


@pytest.mark.parametrize(
    ("clock", "is_night"),
    [
        pytest.param("21:59", False, id="before"),
        pytest.param("22:00", True, id="from"),
        pytest.param("00:00", True, id="over midnight"),
        pytest.param("05:59", True, id="still"),
        pytest.param("06:00", False, id="until, exclusive"),
    ],
)
def test_a_time_of_day_may_wrap_over_midnight(clock, is_night):
    night = tariff(
        element(component("ENERGY", 0.10), start_time="22:00", end_time="06:00"), element(component("ENERGY", 0.30))
    )

    assert cost(night, (1, {"ENERGY": 10}), **at(MONDAY, clock))[0] == (1 if is_night else 3)


def test_midnight_as_an_end_means_the_end_of_the_day():
    evening = tariff(element(component("ENERGY", 0.10), start_time="20:00", end_time="00:00"))

    assert cost(evening, (1, {"ENERGY": 10}), **at(MONDAY, "23:30"))[0] == 1


@pytest.mark.parametrize(
    ("night", "minutes", "expected"),
    [
        pytest.param(
            datetime(2026, 10, 25, tzinfo=UTC), (30, 90, 119, 120), [1, 1, 1, 3], id="autumn: 02:30 comes twice"
        ),
        pytest.param(
            datetime(2026, 3, 29, tzinfo=UTC), (30, 59, 60, 90), [1, 1, 3, 3], id="spring: 03:00 follows 01:59"
        ),
    ],
)
def test_times_of_day_are_local_on_both_sides_of_a_clock_change(night, minutes, expected):
    until_three = tariff(
        element(component("ENERGY", 0.10), end_time="03:00"), element(component("ENERGY", 0.30), start_time="03:00")
    )

    found = [
        cost(until_three, (1, {"ENERGY": 10}), start=night + timedelta(minutes=after), zone="Europe/Amsterdam")[0]
        for after in minutes
    ]

    assert found == expected


@pytest.mark.parametrize("day", [datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)])
def test_a_duration_is_not_changed_by_the_clock(day):
    first_two_hours = tariff(
        element(component("TIME", 1), max_duration=7200), element(component("TIME", 10), min_duration=7200)
    )

    assert cost(first_two_hours, charging(120), charging(60), start=day, zone="Europe/Amsterdam")[0] == 12


def test_energy_adds_up_over_all_periods_before_a_restriction_is_tested():
    from_two = tariff(element(component("ENERGY", 0.10), max_kwh=2), element(component("ENERGY", 1), min_kwh=2))

    assert cost(from_two, energy(1), energy(1), energy(1))[0] == Fraction("1.20")


def test_dimensions_may_come_from_different_elements():
    mixed = tariff(
        element(component("ENERGY", 0.10), max_kwh=5),
        element(component("ENERGY", 0.50), component("FLAT", 1)),
    )

    assert cost(mixed, energy(2))[0] == Fraction("1.20")


def test_a_line_says_what_was_measured_and_what_was_billed():
    found = price(
        usage(parking(40)), tariffs={}, default=tariff(element(component("PARKING_TIME", 2, vat=20, step=900)))
    )

    (line,) = found.lines
    assert (line.measured, line.billed, line.unit_price, line.step_size) == (Fraction(2, 3), Fraction(3, 4), 2, 900)
    assert (line.excl_vat, line.incl_vat) == (Fraction("1.50"), Fraction("1.80"))


@pytest.mark.parametrize(
    ("subject", "measured", "reason"),
    [
        pytest.param(None, usage(energy(1)), "none is agreed", id="no tariff"),
        pytest.param(COMPLEX, usage(charging(10)), "depends on the current", id="the current is not stated"),
        pytest.param(tariff(element(PER_KWH)), usage(), "no charging periods", id="nothing measured"),
    ],
)
def test_says_why_it_cannot_be_priced(subject, measured, reason):
    found = price(measured, tariffs={}, default=subject)

    assert isinstance(found, NotPriceable)
    assert reason in found.reason


def test_a_price_that_rests_on_the_average_power_says_so():
    fast = tariff(element(component("ENERGY", 0.20), max_power=16), element(component("ENERGY", 0.50)))

    assert price(usage(energy(20)), tariffs={}, default=fast).doubts != ()


def test_a_tariff_that_changes_within_a_period_leaves_a_doubt():
    assert price(
        usage(charging(10), start=MONDAY + timedelta(hours=16, minutes=55)), tariffs={}, default=SWITCHING
    ).doubts
    assert not price(
        usage(charging(5), start=MONDAY + timedelta(hours=16, minutes=55)), tariffs={}, default=SWITCHING
    ).doubts
