"""Starts that nobody ended and stops that no back office was told, out of what the gateway found."""

import msgspec
import pytest

from charging.ocpp.relay.facts import Fact, FactKind
from charging.ocpp.relay.straddling import straddling

BEGAN, ENDED = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"


def fact(kind, number=7, **values):
    return Fact(
        kind=kind,
        station_id="CS-1",
        back_office="legacy",
        transaction=str(number),
        office_transaction=number,
        connector=1,
        **values,
    )


def started(number=7, **values):
    return fact(FactKind.STARTED, number, id_tag="04A1B2C3", meter_start_wh=1000, started_at=BEGAN, **values)


def stop(kind=FactKind.KEPT_STOP, number=7, at=ENDED, meter=8000):
    return fact(kind, number, meter_stop_wh=meter, stopped_at=at)


@pytest.mark.parametrize(
    "kind", [FactKind.KEPT_STOP, FactKind.REFUSED_STOP, FactKind.REPLAYED_STOP, FactKind.SECOND_STOP]
)
def test_a_start_and_a_stop_that_was_kept_are_one_charge(kind):
    found = straddling([started(), stop(kind)])

    (charge,) = found.joined
    assert (charge.start.transaction, charge.energy_wh) == ("7", 7000)
    assert found.left_over == ()


def test_the_same_stop_told_again_is_no_second_charge():
    (charge,) = straddling([started(), stop(), stop(FactKind.REPLAYED_STOP)]).joined

    assert charge.repeated == 1


def test_what_its_back_office_ended_is_neither_open_nor_kept():
    found = straddling([started(), stop(FactKind.STOPPED), stop(FactKind.REPLAYED_STOP)])

    assert (found.starts, found.stops) == (0, 0)


def test_a_number_that_is_given_again_is_another_charge():
    later = "2026-03-02T11:00:00Z"
    again = fact(FactKind.STARTED, id_tag="04FF", meter_start_wh=8000, started_at="2026-03-02T10:00:00Z")

    found = straddling([started(), stop(FactKind.STOPPED), again, stop(at=later, meter=9000)])

    (charge,) = found.joined
    assert (charge.start.id_tag, charge.energy_wh) == ("04FF", 1000)


def test_a_charge_that_runs_is_left_over_without_a_stop():
    found = straddling([started()])

    assert (found.starts, found.stops, found.joined) == (1, 0, ())


def relayed(back_office="target"):
    return Fact(
        kind=FactKind.RELAYED_STOP,
        station_id="CS-1",
        back_office=back_office,
        transaction="7",
        meter_stop_wh=8000,
        stopped_at=ENDED,
    )


@pytest.mark.parametrize("is_start_told_later", [False, True])
def test_a_stop_relayed_to_another_back_office_than_the_starts_is_one_charge_with_it(is_start_told_later):
    facts = [relayed(), started()] if is_start_told_later else [started(), relayed()]

    found = straddling(facts)

    (charge,) = found.joined
    assert (charge.start.transaction, charge.energy_wh, found.left_over) == ("7", 7000, ())


@pytest.mark.parametrize("is_start_told_later", [False, True])
def test_a_stop_relayed_to_the_back_office_of_its_start_has_ended_it(is_start_told_later):
    facts = [relayed("legacy"), started()] if is_start_told_later else [started(), relayed("legacy")]

    found = straddling(facts)

    assert (found.joined, found.left_over) == ((), ())


def test_a_relayed_stop_of_what_nobody_began_here_is_not_left_over():
    assert straddling([relayed()]).left_over == ()


def test_a_relayed_stop_ends_one_charge_where_two_back_offices_count_alike():
    other = msgspec.structs.replace(started(), back_office="target")

    found = straddling([started(), other, relayed("legacy")])

    assert (found.joined, found.starts, found.stops) == ((), 1, 0)
