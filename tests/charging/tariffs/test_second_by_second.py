"""A price worked out a second and a watt-hour at a time, from OCPI's text alone, is the price."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from charging.tariffs.parse import parse
from charging.tariffs.price import price
from charging.tariffs.tariff import Dimension
from charging.tariffs.usage import Extreme, Period, Usage

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
# The two nights on which the clock changes in Europe, and a plain one.
NIGHTS = [datetime(2026, *day, 20, tzinfo=UTC) for day in ((3, 28), (10, 24), (11, 16))]
UNITS_PER_PRICE = {"ENERGY": 1000, "TIME": 3600, "PARKING_TIME": 3600, "RESERVATION_TIME": 3600, "FLAT": 1}


def holds(rule, at, zone, elapsed, wh, extremes):
    """Whether each restriction is satisfied, one after the other."""
    local = at.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    start, end = rule.get("start_time", "00:00"), rule.get("end_time", "00:00")
    if end == "00:00":
        is_open = clock >= start
    elif start < end:
        is_open = start <= clock < end
    else:
        is_open = clock >= start or clock < end
    for name, is_broken in [
        ("start_time", not is_open),
        ("end_time", not is_open),
        ("day_of_week", bool(rule.get("day_of_week")) and DAYS[local.weekday()] not in rule.get("day_of_week", [])),
        ("start_date", f"{local:%Y-%m-%d}" < rule.get("start_date", "")),
        ("end_date", f"{local:%Y-%m-%d}" >= rule.get("end_date", "9")),
        ("min_kwh", Fraction(wh, 1000) < rule.get("min_kwh", 0)),
        ("max_kwh", Fraction(wh, 1000) >= rule.get("max_kwh", 9999)),
        ("min_duration", elapsed < rule.get("min_duration", 0)),
        ("max_duration", elapsed >= rule.get("max_duration", 999_999)),
        ("min_current", extremes["MIN_CURRENT"] < rule.get("min_current", 0)),
        ("max_current", extremes["MAX_CURRENT"] >= rule.get("max_current", 9999)),
        ("min_power", extremes["MIN_POWER"] < rule.get("min_power", 0)),
        ("max_power", extremes["MAX_POWER"] >= rule.get("max_power", 9999)),
    ]:
        if name in rule and is_broken:
            return False
    return True


def component(tariff, kind, reservation, *moment):
    for element in tariff["elements"]:
        rule = element.get("restrictions", {})
        if rule.get("reservation") == reservation and holds(rule, *moment):
            for each in element["price_components"]:
                if each["type"] == kind:
                    return each
    return None


def reserved(tariff, kind, is_expired, *moment):
    for reservation in ["RESERVATION_EXPIRES", "RESERVATION"] if is_expired else ["RESERVATION"]:
        found = component(tariff, kind, reservation, *moment)
        if found is not None:
            return found
    return None


def fill(coins):
    """Fill the last step of each group coin by coin."""
    for group in (["ENERGY"], ["TIME", "PARKING_TIME"], ["RESERVATION_TIME"]):
        laid = [coin for coin in coins if coin[0] in group]
        if laid:
            last = laid[-1]
            same = sum(1 for coin in laid if coin[0] == last[0])
            while same % max(1, last[1]["step_size"]):
                coins.append(last)
                same += 1


def cost(tariff, start, zone, stretches, is_expired):
    """Count one coin for each second, watt-hour and fee."""
    coins, at, wh, begins = [], start, 0, None
    for kind, lasting, energy, extremes in stretches:
        if begins is None and kind != "RESERVATION_TIME":
            begins = at
        moment = (at, zone, (at - (begins or at)).total_seconds(), wh, extremes)
        if kind == "RESERVATION_TIME":
            fee, each = (reserved(tariff, of, is_expired, *moment) for of in ("FLAT", "TIME"))
        else:
            fee, each = (component(tariff, of, None, *moment) for of in ("FLAT", kind))
        if fee is not None and not any(laid is fee for _, laid in coins):
            coins.append(("FLAT", fee))
        per_wh = component(tariff, "ENERGY", None, *moment)
        coins.extend([("ENERGY", per_wh)] * (energy if per_wh is not None else 0))
        coins.extend([(kind, each)] * (lasting if each is not None else 0))
        at += timedelta(seconds=lasting)
        wh += energy
    fill(coins)
    net, gross = Fraction(0), Fraction(0)
    for kind, each in coins:
        one = Fraction(each["price"]) / UNITS_PER_PRICE[kind]
        net, gross = net + one, gross + one * (1 + Fraction(each.get("vat", 0)) / 100)
    for limit, choose in (("min_price", max), ("max_price", min)):
        if limit in tariff:
            net = choose(net, Fraction(tariff[limit]["excl_vat"]))
            gross = choose(gross, Fraction(tariff[limit]["incl_vat"]))
    return net, gross


amounts = st.integers(0, 500).map(lambda cents: f"{cents / 100:.2f}")
clocks = st.tuples(st.sampled_from([0, 1, 2, 3, 20, 21, 22, 23]), st.sampled_from([0, 30])).map(
    "{0[0]:02}:{0[1]:02}".format
)
bounds = st.integers(0, 4)
components = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["FLAT", "ENERGY", "TIME", "PARKING_TIME"]),
        "price": amounts,
        "step_size": st.sampled_from([0, 1, 60, 300, 700]),
    },
    optional={"vat": st.sampled_from(["0", "5.2", "21"])},
)
restrictions = st.fixed_dictionaries(
    {},
    optional={
        "start_time": clocks,
        "end_time": clocks,
        "start_date": st.sampled_from(["2026-03-29", "2026-10-25", "2026-11-17"]),
        "end_date": st.sampled_from(["2026-03-29", "2026-10-25", "2026-11-17"]),
        "day_of_week": st.lists(st.sampled_from(DAYS), max_size=3),
        "min_kwh": bounds,
        "max_kwh": bounds,
        "min_duration": bounds.map(lambda hours: hours * 1800),
        "max_duration": bounds.map(lambda hours: hours * 1800),
        "min_current": bounds,
        "max_current": bounds,
        "min_power": bounds,
        "max_power": bounds,
    },
)
elements = st.fixed_dictionaries(
    {"price_components": st.lists(components, min_size=1, max_size=3, unique_by=lambda each: each["type"])},
    optional={"restrictions": restrictions},
)
for_reservations = st.fixed_dictionaries(
    {
        "price_components": st.lists(
            st.builds(dict.__or__, components, st.sampled_from([{"type": "TIME"}, {"type": "FLAT"}])),
            min_size=1,
            max_size=2,
            unique_by=lambda each: each["type"],
        ),
        "restrictions": st.fixed_dictionaries({"reservation": st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"])}),
    }
)
limits = st.fixed_dictionaries({"excl_vat": amounts, "incl_vat": amounts})
tariffs = st.fixed_dictionaries(
    {
        "id": st.just("T"),
        "currency": st.just("EUR"),
        "elements": st.lists(st.one_of(elements, for_reservations), min_size=1, max_size=4),
    },
    optional={"min_price": limits, "max_price": limits},
)
extremes = st.fixed_dictionaries({extreme.value: bounds for extreme in Extreme})
booked = st.tuples(st.just("RESERVATION_TIME"), st.integers(1, 3000), st.just(0), extremes)
charged = st.tuples(st.sampled_from(["TIME", "PARKING_TIME"]), st.integers(1, 5400), st.integers(0, 3000), extremes)


@settings(max_examples=120)
@given(
    stated=tariffs,
    booking=st.one_of(st.just([]), st.lists(booked, min_size=1, max_size=1)),
    stretches=st.lists(charged, max_size=3),
    start=st.builds(
        lambda night, minutes: night + timedelta(minutes=minutes), st.sampled_from(NIGHTS), st.integers(0, 480)
    ),
    zone=st.sampled_from(["UTC", "Europe/Amsterdam", "Europe/Lisbon"]),
)
def test_a_price_is_what_its_seconds_and_watt_hours_cost(stated, booking, stretches, start, zone):
    stretches = [*booking, *stretches]
    at, periods = start, []
    for kind, lasting, wh, bounds_of in stretches:
        volumes = {Dimension[kind]: round(Decimal(lasting) / 3600, 4), Dimension.ENERGY: Decimal(wh) / 1000}
        named = {Extreme[name]: Decimal(value) for name, value in bounds_of.items()}
        periods.append(Period(started_at=at, volumes=volumes, extremes=named))
        at += timedelta(seconds=lasting)
    is_expired = len(booking) == len(stretches) > 0
    usage = Usage(ended_at=at, periods=tuple(periods), time_zone=zone, has_expired_reservation=is_expired)

    found = price(usage, tariffs={}, default=parse(json.dumps(stated)))

    if not stretches:
        assert found.reason == "it has no charging periods"
    else:
        assert (found.excl_vat, found.incl_vat) == cost(stated, start, zone, stretches, is_expired)
