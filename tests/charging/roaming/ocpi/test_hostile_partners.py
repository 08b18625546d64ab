"""Goal R9: whatever a partner does, every record comes exactly, or it is said why not; our token stays at home."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.roaming.ocpi.transport import Limits
from rehearsal.hostile_behaviour import Outcome
from rehearsal.hostile_cdrs import VERSIONS
from rehearsal.hostile_drawn import Plan, Trouble, behaviour_of
from rehearsal.hostile_guest import visit, wrongs
from rehearsal.hostile_partner import BEHAVIOURS, HostilePartner

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
# Each behaviour in one version here, the versions taking turns; benchmarks/hostile.py plays each in all of them.
CASES = [
    pytest.param(behaviour, version, id=f"{name} in {version}")
    for number, (name, behaviour) in enumerate(BEHAVIOURS.items())
    for version in [behaviour.versions[number % len(behaviour.versions)]]
]


@pytest.fixture(scope="module")
def hostile():
    stamina.set_testing(True, attempts=2)
    with HostilePartner().listening() as partner:
        yield partner
    stamina.set_testing(False)


def pull(play, hostile, *, seconds=20.0, on_page=None):
    limits = Limits(max_bytes=3_000_000, max_records=2_000, max_duration=timedelta(seconds=seconds))
    return visit(play, origin=hostile.origin, now=NOW, limits=limits, on_page=on_page)


@pytest.mark.parametrize(("behaviour", "version"), CASES)
def test_every_record_comes_exactly_or_it_is_said_why_not(hostile, behaviour, version):
    play = hostile.play(behaviour.name, version=version, seed=1, until=NOW)

    visited = pull(play, hostile, seconds=0.5 if behaviour.is_slow else 20.0)

    assert play.dangers > 0, "the danger never happened: this proves nothing"
    assert wrongs(visited, play) == []
    if behaviour.outcome is not Outcome.EITHER:
        assert (visited.why is None) == (behaviour.outcome is Outcome.ALL), visited.why


def test_no_other_origin_hears_of_us(hostile):
    for name in ("link_to_another_host", "redirect_to_another_host", "endpoint_on_another_host"):
        for version in VERSIONS:
            pull(hostile.play(name, version=version, seed=2, until=NOW), hostile)

    assert hostile.received == []


def test_there_are_more_than_forty_behaviours_with_each_outcome_among_them():
    assert len(BEHAVIOURS) >= 40
    assert {behaviour.outcome for behaviour in BEHAVIOURS.values()} == set(Outcome)


@pytest.mark.parametrize("name", ["order_is_shuffled", "total_missing", "one_page_is_empty_once"])
def test_handing_pages_over_as_they_come_brings_the_same_records(hostile, name):
    taken = []
    play = hostile.play(name, version="2.2.1", seed=3, until=NOW)

    pulled = pull(play, hostile, on_page=taken.append).pull

    assert pulled.is_complete
    assert pulled.pages == pulled.cdrs == ()
    came = [json.loads(record)["id"] for page in taken for record in page.records()]
    assert set(came) == {truth.cdr_id for truth in play.truths}
    assert pulled.record_count == len(play.truths)


@pytest.mark.parametrize("version", VERSIONS)
def test_energy_and_money_come_to_the_last_digit(hostile, version):
    play = hostile.play("gzip_as_it_should_be", version=version, seed=4, until=NOW)

    pulled = pull(play, hostile).pull

    assert sum(cdr.energy_kwh for cdr in pulled.cdrs) == sum(truth.energy_kwh for truth in play.truths)
    assert sum(cdr.net or Decimal(0) for cdr in pulled.cdrs) == sum(truth.net for truth in play.truths)
    assert pulled.version == version


PLANS = st.builds(
    Plan,
    size=st.integers(min_value=1, max_value=9),
    has_links=st.booleans(),
    has_total=st.booleans(),
    is_shuffled=st.booleans(),
    is_listed_twice=st.booleans(),
    troubles=st.dictionaries(st.integers(min_value=1, max_value=12), st.sampled_from(Trouble), max_size=5),
)


@settings(max_examples=15)
@given(plan=PLANS, count=st.integers(min_value=0, max_value=12), version=st.sampled_from(VERSIONS), seed=st.integers())
def test_any_list_comes_exactly_or_it_is_said_why_not(hostile, plan, count, version, seed):
    """Fifteen drawn plans here, ten thousand in benchmarks/hostile.py."""
    play = hostile.play_of(behaviour_of(plan), version=version, seed=seed, until=NOW, count=count)

    visited = pull(play, hostile)

    assert wrongs(visited, play) == []
    if not plan.is_shuffled and plan.has_total and not plan.troubles:
        assert visited.why is None, "there is no reason not to have them all"


def test_a_record_that_comes_with_the_proof_of_the_end_is_not_overlooked(hostile):
    troubles = {2: Trouble.ARRIVAL, 8: Trouble.REMOVAL}
    plan = Plan(size=5, has_links=False, is_shuffled=True, troubles=troubles)
    for seed in range(5):
        play = hostile.play_of(behaviour_of(plan), version="2.2.1", seed=seed, until=NOW, count=3)

        visited = pull(play, hostile)

        assert wrongs(visited, play) == []


def test_a_record_that_goes_while_another_comes_hides_none_that_lacks(hostile):
    """The total falls at the first page of a later reading, and has risen again at its second."""
    troubles = {5: Trouble.REMOVAL, 1: Trouble.BUSY, 6: Trouble.ARRIVAL}
    plan = Plan(size=5, has_links=False, is_shuffled=True, troubles=troubles)
    for seed in range(5):
        play = hostile.play_of(behaviour_of(plan), version="2.3.0", seed=seed, until=NOW, count=9)

        visited = pull(play, hostile)

        assert wrongs(visited, play) == []


def test_a_bomb_and_ten_gigabytes_cost_little_memory():
    """In a process of its own, whose memory is measured with the limits that are the default."""
    measured = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True, timeout=120)

    assert 40_000_000 < int(measured.stdout) < 250_000_000, "bytes at the peak, of the partner's own, too"


_MEASURE = """
import tracemalloc
from datetime import UTC, datetime
import stamina
from rehearsal.hostile_guest import visit
from rehearsal.hostile_partner import HostilePartner
now = datetime(2026, 11, 21, tzinfo=UTC)
stamina.set_testing(True, attempts=1)
tracemalloc.start()
with HostilePartner().listening() as hostile:
    for name in ("gzip_bomb", "ten_gigabytes"):
        play = hostile.play(name, version="2.2.1", seed=1, until=now)
        why = visit(play, origin=hostile.origin, now=now).why
        assert "more than 50000000 bytes" in why, why
print(tracemalloc.get_traced_memory()[1])
"""
