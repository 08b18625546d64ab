"""A million mutated frames against the quick look and the full parse: none may raise, and both must agree.

    python -m benchmarks.ocpp_fuzz [--frames 1000000] [--seed 1] [--sockets 50000]

With `--sockets`, so many are first thrown at a real gateway: see `ocpp_fuzz_sockets`.

Counted and printed: how often each kind of damage was dealt and each verdict was reached, frames a second, and the
growth of resident memory. Exit status 1 if anything raised, if the two readers disagree, if a frame was not recorded
exactly once, or if a kind of damage never occurred.
"""

import argparse
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import psutil

from benchmarks import ocpp_fuzz_sockets
from benchmarks.ocpp_damage import DAMAGES, damaged
from charging.ocpp.envelope import CALL, Envelope, look
from charging.ocpp.frames import BadFrame, parse
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.effects import Recorded
from charging.ocpp.relay.relay import Relay
from charging.ocpp.relay.rules import Rules

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def disagreement(raw: bytes) -> str:
    """Return how the two readers of the same bytes differ; empty if they do not.

    The quick look may refuse what the full parse takes: half a surrogate pair, 2.0 for 2. It may pass on what the full
    parse refuses: a number of thousands of digits, which it does not read.
    """
    quick, full = look(raw), parse(raw)
    if isinstance(quick, BadFrame):
        is_odd = isinstance(full, BadFrame) or b"\\u" in raw or raw.lstrip(b" [")[1:2] not in {b",", b" "}
        return "" if is_odd else f"the quick look refuses what the full parse takes: {quick.problem}"
    if isinstance(full, BadFrame):
        return (
            ""
            if b"0" * 300 in raw or len(raw) > 4300
            else f"the quick look takes what the full parse refuses: {full.problem}"
        )
    alike = quick.unique_id == full.unique_id and (quick.kind != CALL or quick.action == getattr(full, "action", ""))
    return "" if alike else "they read different envelopes"


def main() -> int:
    """Run, print, and judge."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--frames", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--sockets", type=int, default=0, help="frames on live sockets")
    chosen = arguments.parse_args()
    wrong = ocpp_fuzz_sockets.thrown(chosen.sockets, seed=chosen.seed) if chosen.sockets else []
    rng = random.Random(chosen.seed)
    dealt: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    faults: list[str] = []
    relay = conversation()
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    for number in range(chosen.frames):
        name, raw = damaged(rng)
        dealt[name] += 1
        try:
            problem = disagreement(raw)
            quick = look(raw)
            verdicts["frame" if isinstance(quick, Envelope) else "bad frame"] += 1
            relay = answers(relay, rng, raw)
        except Exception as error:  # noqa: BLE001 - this is what is being looked for
            problem = f"{type(error).__name__}: {error}"
        if problem:
            faults.append(f"frame {number}, {name}: {problem}: {raw[:200]!r}")
    seconds = time.perf_counter() - began
    growth = (process.memory_info().rss - before) / before
    pace = chosen.frames / seconds
    print(f"{chosen.frames:,} frames of seed {chosen.seed}: {pace:,.0f} a second through both readers and a relay")
    print(f"resident memory {growth:+.1%}")
    print("damage:", ", ".join(f"{name} {count:,}" for name, count in sorted(dealt.items())))
    print("verdicts:", ", ".join(f"{name} {count:,}" for name, count in sorted(verdicts.items())))
    print(f"faults: {len(faults)}")
    for fault in faults[:20]:
        print(" ", fault)
    return 1 if faults or wrong or len(dealt) < len(DAMAGES) else 0


def conversation() -> Relay:
    """Return a relay whose links have just come up."""
    rules = Rules(bad_limit=10, queue_limit=4)
    relay = Relay("CS-1", "ocpp1.6", back_office="legacy", book=TransactionBook("legacy"), rules=rules, tag="tag")
    relay.office_up("legacy", NOW)
    return relay


def answers(relay: Relay, rng: random.Random, raw: bytes) -> Relay:
    """Feed the frame to a relay from one side or the other; return the relay, or a new one if the link was given up.

    Raises:
        AssertionError: if the frame was not recorded exactly once.
    """
    held = len(relay.exchange.up.lane.waiting) + len(relay.exchange.down.lane.waiting)
    effects = relay.from_station(raw, NOW) if rng.random() < 0.5 else relay.from_office(raw, NOW)
    recorded = sum(isinstance(effect, Recorded) and effect.direction.startswith("from") for effect in effects)
    waiting = len(relay.exchange.up.lane.waiting) + len(relay.exchange.down.lane.waiting)
    if recorded + waiting - held != 1:
        raise AssertionError(f"recorded {recorded} times, {waiting - held} more wait")
    if any(type(effect).__name__ in {"CloseStation", "CloseOffice"} for effect in effects) or rng.random() < 0.02:
        return conversation()
    return relay


if __name__ == "__main__":
    sys.exit(main())
