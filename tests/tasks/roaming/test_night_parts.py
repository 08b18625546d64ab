"""A night in parts is the night as a whole, in this process and on a Dask cluster."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from charging.reconciliation.aliases import Alias
from charging.reconciliation.night_frame import to_judged
from charging.roaming.frame import to_cdrs, to_frame
from charging.roaming.partner import CreditPolicy
from charging.roaming.terms import Terms
from charging.tariffs.parse import parse
from rehearsal.labelled_night import BEGIN, labelled_night
from tasks.night_parts import Agreement, Workplace, in_this_process, judged
from tasks.on_dask import each_on_dask

TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},'
    b'{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}'
)


@pytest.fixture(scope="module")
def known():
    """Both sides of a night with a clock that is an hour off, a CDR that no column holds, and what was agreed."""
    night = labelled_night(3_000, seed=7, clock_skew_seconds=3600)
    (long,) = to_cdrs(night.theirs[:1])
    long = replace(long, net=Decimal("1.2345678901234"))
    theirs = to_frame([*to_cdrs(night.theirs[1:]), long])
    agreement = Agreement(
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
        tariffs=(TARIFF,),
        as_of=BEGIN + timedelta(days=60),
        aliases={former: (Alias(evse_compact=now),) for former, now in night.former_ids.items()},
        unreadable={"CDR-7": "it is no CDR"},
        credit_policy=CreditPolicy.CREDIT_CDR,
    )
    return (night.ours.lazy(), theirs.lazy(), agreement), {long.cdr_key: long}


@pytest.fixture
def told(known, tmp_path):
    """What judges the night in some parts."""
    night, exact = known

    def done(parts, each=in_this_process):
        return judged(*night, exact=exact, parts=parts, each=each, folder=tmp_path)

    return done


def same(one, other):
    assert one.judged.equals(other.judged)
    assert one.summary == other.summary
    assert to_judged(one) == to_judged(other)


def test_parts_in_files_are_the_whole(told, known, tmp_path):
    whole = judged(*known[0], exact=known[1], parts=1, each=in_this_process, folder=tmp_path)

    in_parts = told(4)

    assert len(list(tmp_path.glob("part-*"))) == 4
    assert whole.summary.clock is not None
    assert len(whole.inexact) == 1
    same(in_parts, whole)


@pytest.mark.parametrize("place", ["vote", "judge"])
def test_a_step_that_is_taken_again_changes_nothing(told, place):
    def twice(step, parts):
        for _ in range(2 if step == place else 1):
            in_this_process(step, parts)

    whole = told(1)

    same(told(3, twice), whole)


@pytest.mark.prefect
def test_a_dask_cluster_judges_as_this_process_does(told):
    whole = told(1)
    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        on_dask = told(3, each_on_dask())

    same(on_dask, whole)


@pytest.mark.parametrize(
    ("cdrs", "parts", "expected"),
    [
        pytest.param(0, 0, 1, id="nothing"),
        pytest.param(2_500_000, 0, 1, id="as many as one part holds"),
        pytest.param(2_500_001, 0, 2, id="one more"),
        pytest.param(10, 3, 3, id="as many as are wanted"),
    ],
)
def test_is_cut_by_its_size(cdrs, parts, expected):
    assert Workplace(parts=parts).parts_of(cdrs) == expected
