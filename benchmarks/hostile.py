"""Goal R9: every hostile behaviour in every version, drawn ones by the thousand, bombs, and a list of a million.

    make bench-hostile            or  python benchmarks/hostile.py [--sets 10000] [--records 1000000]

Exits with 1 if anything is lost in silence, if our token leaves its host or is kept, if a danger never happened, or if
a bomb or the million cost more memory than 500 MB. All over real sockets on this machine, but for the drawn ones.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charging.roaming.ocpi.transport import Limits
from rehearsal.hostile_behaviour import Behaviour, Outcome, Place
from rehearsal.hostile_cdrs import VERSIONS, Truth, record
from rehearsal.hostile_drawn import Plan, Trouble, behaviour_of
from rehearsal.hostile_guest import InProcess, visit, wrongs
from rehearsal.hostile_pages import Ask, envelope
from rehearsal.hostile_partner import BEHAVIOURS, HostilePartner
from rehearsal.hostile_wire import Reply

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
PAGE = 1_000
MEGABYTE = 1_000_000
MOST_MEGABYTES = 500
SMALL = Limits(max_bytes=3 * MEGABYTE, max_records=2_000, max_duration=timedelta(seconds=30))


def main() -> int:
    """Run all parts and print what came of them, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--part", choices=["bombs", "million"])
    chosen = parser.parse_args()
    stamina.set_testing(True, attempts=2)
    if chosen.part:
        print(json.dumps({"bombs": bombs, "million": lambda: million(chosen.records)}[chosen.part]()))
        return 0
    found = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, httpx {version('httpx')}",
        "named": named(),
        "drawn": drawn(chosen.sets),
        "bombs": _alone("bombs", chosen.records),
        "million": _alone("million", chosen.records),
    }
    print(json.dumps(found, indent=2))
    failed = [part for part, said in found.items() if isinstance(said, dict) and said["wrong"]]
    print(f"failed: {', '.join(failed)}" if failed else "nothing was lost in silence", file=sys.stderr)
    return 1 if failed else 0


def named() -> dict:
    """Play each behaviour in each of its versions."""
    outcomes, dangers, wrong, began = Counter(), Counter(), [], time.perf_counter()
    with HostilePartner().listening() as hostile:
        for name, behaviour in BEHAVIOURS.items():
            for one in behaviour.versions:
                play = hostile.play(name, version=one, seed=1, until=NOW)
                limits = replace(SMALL, max_duration=timedelta(seconds=0.5)) if behaviour.is_slow else SMALL
                visited = visit(play, origin=hostile.origin, now=NOW, limits=limits)
                outcomes["all" if visited.why is None else "said"] += 1
                dangers[name] += play.dangers
                wrong += [f"{name} in {one}: {said}" for said in wrongs(visited, play)]
                if behaviour.outcome is not Outcome.EITHER and (visited.why is None) != (behaviour.outcome == "all"):
                    wrong.append(f"{name} in {one}: {visited.why}")
        received = len(hostile.received)
    wrong += [f"{name}: its danger never happened" for name in BEHAVIOURS if not dangers[name]]
    wrong += [f"{received} requests came to the other origin"] if received else []
    return {
        "behaviours": len(BEHAVIOURS),
        "plays": sum(outcomes.values()),
        "outcomes": outcomes,
        "dangers": dangers.total(),
        "fewest_dangers_of_one": min(dangers.values()),
        "requests_at_the_other_origin": received,
        "seconds": round(time.perf_counter() - began, 1),
        "wrong": wrong,
    }


def drawn(sets: int) -> dict:
    """Pull from drawn partners with drawn lists, as many as asked for; Hypothesis shrinks what fails."""
    outcomes, dangers, wrong, began = Counter(), Counter(), [], time.perf_counter()
    plans = st.builds(
        Plan,
        size=st.integers(min_value=1, max_value=10),
        has_links=st.booleans(),
        has_total=st.booleans(),
        is_shuffled=st.sampled_from([False, False, False, True]),
        is_listed_twice=st.sampled_from([False, False, False, True]),
        troubles=st.dictionaries(st.integers(min_value=1, max_value=15), st.sampled_from(Trouble), max_size=5),
    ).filter(_is_decidable)
    with HostilePartner().listening() as hostile:
        wire = InProcess(hostile.answer)

        @settings(max_examples=sets, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(plan=plans, count=st.integers(0, 20), one=st.sampled_from(VERSIONS), seed=st.integers())
        def pulled(plan: Plan, count: int, one: str, seed: int) -> None:
            play = hostile.play_of(behaviour_of(plan), version=one, seed=seed, until=NOW, count=count)
            visited = visit(play, origin=hostile.origin, now=NOW, limits=SMALL, wire=wire)
            hostile.forget(play)
            outcomes["all" if visited.why is None else "said"] += 1
            dangers.update(plan.troubles.values())
            found = wrongs(visited, play)
            if visited.why and not plan.is_shuffled and plan.has_total and not plan.troubles:
                found.append(visited.why)
            assert not found, f"{plan}, {count} records, {one}, seed {seed}: {'; '.join(found)}"

        try:
            pulled()
        except AssertionError as failure:
            wrong.append(str(failure)[:2_000])
    return {
        "sets": sum(outcomes.values()),
        "outcomes": outcomes,
        "troubles": dangers,
        "seconds": round(time.perf_counter() - began, 1),
        "wrong": wrong + [f"{one} never happened" for one in Trouble if not dangers[one]],
    }


def _is_decidable(plan: Plan) -> bool:
    """Without a total nobody can tell that one record went and another came between two answers."""
    moves = {Trouble.REMOVAL, Trouble.CHANGE} & set(plan.troubles.values())
    return plan.has_total or not moves or (Trouble.ARRIVAL not in plan.troubles.values() and not plan.is_shuffled)


def bombs() -> dict:
    """Be sent ten gigabytes, and a bomb of as many, with the limits that are the default."""
    before, reasons = _peak(), []
    with HostilePartner().listening() as hostile:
        for name in ("gzip_bomb", "ten_gigabytes"):
            play = hostile.play(name, version="2.2.1", seed=1, until=NOW)
            reasons.append(str(visit(play, origin=hostile.origin, now=NOW).why))
    wrong = [] if all("more than" in why for why in reasons) else reasons
    return _with_memory({"reasons": reasons}, before, wrong)


def million(records: int) -> dict:
    """Pull a long list with every page handed over as it comes, and count what was handed over."""
    before, taken, began = _peak(), Counter(), time.perf_counter()

    def take(page: object) -> None:
        taken["records"] += len(page)
        taken["bytes"] += len(page.answer.body)

    with HostilePartner().listening() as hostile:
        play = hostile.play_of(_long(records), version="2.2.1", seed=1, until=NOW, count=0)
        visited = visit(play, origin=hostile.origin, now=NOW, on_page=take)
    seconds = time.perf_counter() - began
    is_right = visited.why is None and visited.pull.record_count == records == taken["records"]
    stated = {"records": records, "megabytes": taken["bytes"] // MEGABYTE, "records_per_second": int(records / seconds)}
    return _with_memory(stated | {"seconds": round(seconds, 1)}, before, [] if is_right else [str(visited.why)])


def _long(records: int) -> Behaviour:
    sample = Truth(cdr_id="@", energy_kwh=Decimal("12.345"), net=Decimal("6.78"), last_updated=NOW)
    head, tail = envelope([record(sample, version="2.2.1")]).split(b"[", 1)
    one, end = tail.rsplit(b"]", 1)

    def player(ask: Ask) -> Reply:
        numbers = range(ask.offset, min(ask.offset + PAGE, records))
        body = head + b"[" + b",".join(one.replace(b"@", b"C%d" % number) for number in numbers) + b"]" + end
        return Reply(headers={"X-Total-Count": str(records)}, body=body)

    return Behaviour(
        name="long", outcome=Outcome.ALL, player=player, place=Place.CDRS, count=0, versions=VERSIONS, is_slow=False
    )


def _with_memory(stated: dict, before: int, wrong: list[str]) -> dict:
    megabytes = _peak()
    too_much = [f"{megabytes} MB at the peak"] if megabytes > MOST_MEGABYTES else []
    return stated | {"megabytes_before": before, "megabytes_at_the_peak": megabytes, "wrong": wrong + too_much}


def _peak() -> int:
    """Return this process's greatest memory so far in megabytes; Linux's own figure, and not its parent's."""
    stated = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(stated[1]) * 1024 // MEGABYTE if stated else 0


def _alone(part: str, records: int) -> dict:
    """Run a part in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--part", part, "--records", str(records)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
