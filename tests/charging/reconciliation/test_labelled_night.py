from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from charging.reconciliation.aliases import Alias
from charging.reconciliation.clock_offset import OffsetKind
from charging.reconciliation.night import reconcile_frames
from charging.roaming.frame import SCHEMA
from rehearsal.labelled_ids import derived_ids, stated_ids
from rehearsal.labelled_night import labelled_night

AS_OF = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=[stated_ids, derived_ids])
def labelled(request):
    return labelled_night(4000, seed=7, clock_skew_seconds=95, ids_of=request.param)


@pytest.fixture(scope="module")
def judged(labelled):
    from conftest import TARIFF, TERMS

    return reconcile_frames(
        labelled.ours,
        labelled.theirs,
        terms=TERMS,
        tariffs=[TARIFF],
        as_of=AS_OF,
        aliases={former: (Alias(evse_compact=now),) for former, now in labelled.former_ids.items()},
    )


@pytest.fixture
def pairs(labelled, judged):
    truth = labelled.truth.select("cdr_key", "session", "part", "is_decidable")
    certain = judged.judged.drop_nulls(["ours_key", "theirs_key"]).filter(pl.col("verdict") != "ambiguous")
    ours = certain.join(truth, left_on="ours_key", right_on="cdr_key")
    return ours.join(truth, left_on="theirs_key", right_on="cdr_key", suffix="_theirs")


def test_both_sides_are_in_the_columns_of_every_night(labelled):
    assert labelled.ours.schema == labelled.theirs.schema == SCHEMA


def test_no_wrong_pair_is_taken_for_certain(pairs):
    wrong = pairs.filter((pl.col("session") != pl.col("session_theirs")) | (pl.col("part_theirs") != "live"))

    assert wrong.height == 0


def test_nearly_all_that_can_be_decided_is(labelled, pairs):
    decidable = labelled.truth.filter("is_decidable")["session"].n_unique()

    assert pairs.filter("is_decidable").height >= 0.9999 * decidable
    assert decidable > 3500


def test_every_record_is_in_exactly_one_verdict(labelled, judged):
    told = Counter(judged.judged["ours_key"].drop_nulls()) + Counter(judged.judged["theirs_key"].drop_nulls())

    assert told == Counter([*labelled.ours["cdr_key"], *labelled.theirs["cdr_key"]])


def test_the_clock_of_theirs_is_found_by_vote_and_shown(judged):
    clock = judged.summary.clock

    assert (clock.kind, abs(clock.offset - timedelta(seconds=95)) <= timedelta(seconds=1)) == (
        OffsetKind.CONSTANT,
        True,
    )
    assert clock.votes > 0.9 * clock.pairs > 20


def test_repetitions_and_credits_are_what_they_are(labelled, judged):
    parts = labelled.truth.filter(pl.col("cdr_key").str.starts_with("theirs")).select("cdr_key", "part")
    verdicts = judged.judged.select("theirs_key", "verdict").join(parts, left_on="theirs_key", right_on="cdr_key")

    by_part = {part: set(found["verdict"]) for (part,), found in verdicts.partition_by("part", as_dict=True).items()}
    assert by_part["duplicate"] == {"duplicate"}
    assert by_part["credit"] == by_part["credited"] == {"credit_paired"}
