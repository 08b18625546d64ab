"""Random nights with injected loss, duplicates, credits and rounding: no record and no cent is lost (goal R10)."""

import importlib.util
import random
import sys
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def _loaded(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


checker = _loaded("conservation", HERE / "conservation.py")
nights = _loaded("conservation_nights", ROOT / "benchmarks" / "conservation.py")


@pytest.mark.parametrize("seed", range(6))
def test_every_record_and_every_cent_is_found_again(seed):
    balance, records = nights.night(150, random.Random(seed))

    assert balance.faults == []
    assert sum(balance.records.values()) == records


@pytest.mark.parametrize("fault", nights.FAULTS)
def test_every_kind_of_fault_happens(fault):
    draw = random.Random(1)
    ours = nights.session(1, draw)

    assert nights.stated(ours, fault, draw) != nights.stated(ours, None, draw)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(lambda verdicts: verdicts[1:], "is in no verdict", id="a verdict is lost"),
        pytest.param(lambda verdicts: [*verdicts, verdicts[0]], "is in 2 verdicts", id="a record is judged twice"),
        pytest.param(
            lambda verdicts: [verdicts[0] | {"difference": Decimal("0.01")}, *verdicts[1:]], "0.01 is not", id="a cent"
        ),
        pytest.param(
            lambda verdicts: [verdicts[0] | {"ours_key": "made up"}, *verdicts[1:]], "never came in", id="made up"
        ),
        pytest.param(
            lambda verdicts: [verdicts[0] | {"money_at_risk": Decimal(1)}, *verdicts[1:]],
            "at risk, equal",
            id="at risk",
        ),
    ],
)
def test_the_checker_finds_what_is_spoiled(night, ours, theirs, spoil, fault):
    cdrs = [ours("1"), theirs("1")]
    rows = [{name: getattr(cdr, name) for name in ("cdr_key", "side", "currency", "net")} for cdr in cdrs]
    judged = night(cdrs[:1], cdrs[1:]).judged
    verdicts = [{field.name: getattr(one, field.name) for field in fields(one)} for one in judged]
    assert checker.check(rows, verdicts).faults == []

    found = checker.check(rows, spoil(verdicts)).faults

    assert any(fault in each for each in found)


def test_the_checker_finds_an_open_verdict_without_a_case(night, ours):
    cdr = ours("1")
    rows = [{name: getattr(cdr, name) for name in ("cdr_key", "side", "currency", "net")}]
    verdicts = [{field.name: getattr(one, field.name) for field in fields(one)} for one in night([cdr], []).judged]

    assert "in no case" in checker.check(rows, verdicts, []).faults[0]
