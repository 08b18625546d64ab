"""Pricing in columns gives what recomputing each CDR alone gives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.frame import to_frame
from charging.roaming.terms import Terms, Tolerances
from charging.tariffs.columns import PRICED, price_frame
from charging.tariffs.parse import parse
from charging.tariffs.recompute import recompute
from charging.tariffs.tariff import Dimension

START = datetime(2026, 11, 16, 12, tzinfo=UTC)
TERMS = Terms(currency="EUR", time_zone="Europe/Amsterdam")
TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "ENERGY", "price": 0.25, "vat": 10, "step_size": 1}, {"type": "FLAT", "price": 0.5, "step_size": 1}]}]}'
)


def cdr(*, cdr_id="1", tariff_id=None, start=START, **volumes):
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
        started_at=start,
        ended_at=start + timedelta(hours=1),
        energy_kwh=Decimal(0),
        net=None,
        gross=None,
        currency="EUR",
        tariff_id=None,
        lines=tuple(
            CdrLine(measure=Dimension[name], started_at=start, volume=Decimal(volume), tariff_id=tariff_id)
            for name, volume in volumes.items()
        ),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=start,
        raw_sha256="ab" * 32,
    )


def priced(*cdrs, tariffs=(TARIFF,), terms=TERMS, **more):
    found = price_frame(to_frame(cdrs), tariffs=tariffs, terms=terms, **more)
    assert found.schema == PRICED
    return found.drop("cdr_key").rows()


def test_prices_each_row_in_its_place():
    found = priced(cdr(ENERGY="20"), cdr(cdr_id="2"), cdr(cdr_id="3", ENERGY="1"))

    assert found == [
        (5_500_000, 6_000_000, 10_000, 2, None),
        (None, None, None, None, "it has no charging periods"),
        (750_000, 780_000, 10_000, 2, None),
    ]


def test_an_agreed_tolerance_counts_to_its_last_whole_millionth():
    terms = replace(TERMS, tolerances=Tolerances(money=Decimal("0.0100019")))

    assert priced(cdr(ENERGY="20"), terms=terms)[0][2] == 10_001


def test_a_row_whose_numbers_do_not_fit_is_priced_from_its_cdr_or_says_so():
    long = cdr(ENERGY="20.0000001")

    assert priced(long, cdrs={long.cdr_key: long}) == [(5_500_000, 6_000_000, 10_000, 2, None)]
    assert "do not fit" in priced(long)[0][4]


@pytest.mark.parametrize(
    ("named", "net"),
    [
        pytest.param(None, 4_000_000, id="none: the one agreed last"),
        pytest.param("T", 5_500_000, id="one of those agreed"),
        pytest.param("U", 4_000_000, id="the other"),
        pytest.param("X", 4_000_000, id="one that was never agreed"),
    ],
)
def test_a_period_is_priced_by_the_agreed_tariff_that_it_names(named, net):
    other = parse(
        b'{"id": "U", "currency": "EUR", "start_date_time": "2026-01-01T00:00:00Z", "elements": [{"price_components": ['
        b'{"type": "ENERGY", "price": 0.20, "step_size": 1}]}]}'
    )

    assert priced(cdr(ENERGY="20", tariff_id=named), tariffs=(TARIFF, other))[0][0] == net


def test_the_tariffs_of_another_instant_count_where_a_column_names_it():
    later = parse(
        b'{"id": "T", "currency": "EUR", "start_date_time": "2026-11-16T12:00:00Z", "elements": [{"price_components": ['
        b'{"type": "ENERGY", "price": 1, "step_size": 1}]}]}'
    )
    one = cdr(ENERGY="20")
    frame = to_frame([one])

    found = [
        price_frame(frame.with_columns(agreed_at=START - ago), tariffs=(TARIFF, later), terms=TERMS, as_of="agreed_at")
        for ago in (timedelta(0), timedelta(microseconds=1))
    ]

    assert [each["net_micro"].item() for each in found] == [20_000_000, 5_500_000]


EVENING = parse(
    b'{"id": "E", "currency": "EUR", "elements": ['
    b'{"price_components": [{"type": "ENERGY", "price": 0.50, "step_size": 1}],'
    b'"restrictions": {"start_time": "17:00", "end_time": "00:00"}},'
    b'{"price_components": [{"type": "ENERGY", "price": 0.20, "step_size": 1}]}]}'
)


def test_each_row_goes_by_the_clock_of_its_own_location():
    begun = cdr(start=START.replace(hour=16), ENERGY="10")  # five in Amsterdam, four in Lisbon
    rows = [
        replace(begun, cdr_id=str(n), time_zone=zone) for n, zone in enumerate([None, "Europe/Lisbon", None, "UTC"])
    ]

    found = priced(*rows, tariffs=[EVENING])

    assert [net for net, *_ in found] == [5_000_000, 2_000_000, 5_000_000, 2_000_000]
    for row, (net, *_) in zip(rows, found, strict=True):
        assert recompute(row, tariffs=[EVENING], terms=TERMS).net == Decimal(net).scaleb(-6)
