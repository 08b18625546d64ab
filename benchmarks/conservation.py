"""Goal R10: nights of random loss, duplicates, credits and rounding; an independent checker finds every record again.

    python benchmarks/conservation.py [--nights 200] [--records 5000] [--seed 1]

The checker is tests/charging/reconciliation/conservation.py: plain Python that shares nothing with the engine.
"""

import argparse
import json
import random
import sys
import time
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from charging.reconciliation.follow_up.case import Case
from charging.reconciliation.follow_up.follow import About, Round, follow
from charging.reconciliation.night import reconcile
from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.terms import Terms
from charging.tariffs.parse import parse
from charging.tariffs.tariff import Dimension

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "charging" / "reconciliation"))
import conservation

START = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
CENT = Decimal("0.01")
TARIFFS = (
    parse(
        b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
        b'{"type": "FLAT", "price": 0.35, "step_size": 1}, {"type": "ENERGY", "price": 0.4375, "step_size": 1}]}]}'
    ),
)
TERMS = Terms(currency="EUR", time_zone="Europe/Amsterdam")
FAULTS = ("lost", "extra", "duplicate", "credit", "price", "energy", "rounding", "late", "other currency")


def session(number: int, draw: random.Random) -> Cdr:
    """Return our CDR of a session, rightly priced."""
    begin = START + timedelta(seconds=draw.randrange(86_400))
    kwh = Decimal(draw.randrange(500, 80_000)) / 1000
    net = (Decimal("0.35") + kwh * Decimal("0.4375")).quantize(CENT)
    return Cdr(
        side=Side.OURS,
        partner="roa",
        owner="NL-EVN",
        cdr_id=f"C{number}",
        session_id=f"S{number}",
        authorization_reference=None,
        evse_raw=f"NL*EVN*E{number % 97}",
        evse_compact=f"NLEVNE{number % 97}",
        token_uid=f"04{number:012X}",
        contract_compact=f"NLROA{number:09}",
        started_at=begin,
        ended_at=begin + timedelta(minutes=draw.randrange(5, 300)),
        energy_kwh=kwh,
        net=net,
        gross=None,
        currency="EUR",
        tariff_id="T",
        lines=(CdrLine(measure=Dimension.ENERGY, started_at=begin, volume=kwh),),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=begin + timedelta(hours=6),
        raw_sha256=f"{number:064x}",
    )


def stated(ours: Cdr, fault: str | None, draw: random.Random) -> list[Cdr]:  # noqa: PLR0911 - one for each fault
    """Return what the partner states of it."""
    theirs = replace(ours, side=Side.THEIRS, raw_sha256=f"{draw.getrandbits(256):064x}")
    net = ours.net or Decimal(0)
    match fault:
        case "lost" | "late":
            return []
        case "extra":
            ghost = {"cdr_id": f"X{ours.cdr_id}", "session_id": f"X{ours.cdr_id}", "token_uid": "", "evse_compact": "Z"}
            return [theirs, replace(theirs, **ghost, contract_compact=f"Z{ours.cdr_id}", raw_sha256=f"x{ours.cdr_id}")]
        case "duplicate":
            return [theirs, replace(theirs, cdr_id=f"{ours.cdr_id}-R", raw_sha256=f"r{ours.cdr_id}" + "0" * 20)]
        case "credit":
            wrong = replace(theirs, net=net + 1)
            credit = replace(
                wrong,
                cdr_id=f"{ours.cdr_id}-C",
                net=-(net + 1),
                is_credit=True,
                credits_cdr_id=ours.cdr_id,
                raw_sha256=f"c{ours.cdr_id}" + "0" * 20,
            )
            return [wrong, credit, replace(theirs, cdr_id=f"{ours.cdr_id}-N", raw_sha256=f"n{ours.cdr_id}" + "0" * 20)]
        case "price":
            return [replace(theirs, net=net + Decimal(draw.randrange(2, 900)) / 100)]
        case "energy":
            return [replace(theirs, energy_kwh=ours.energy_kwh + Decimal("0.350"))]
        case "rounding":
            return [replace(theirs, net=net + draw.choice((-CENT, CENT)))]
        case "other currency":
            return [replace(theirs, currency="SEK", net=net * 11)]
        case _:
            return [theirs]


def night(records: int, draw: random.Random) -> tuple[conservation.Balance, int]:
    """Judge one random night, follow it up, and hold both against what came in."""
    ours = [session(number, draw) for number in range(records)]
    theirs = [cdr for each in ours for cdr in stated(each, draw.choice(FAULTS) if draw.random() < 0.15 else None, draw)]
    as_of = START + timedelta(days=draw.choice((2, 20)))
    found = reconcile(ours, theirs, terms=TERMS, tariffs=TARIFFS, as_of=as_of)
    ended_at = {cdr.cdr_key: cdr.ended_at for cdr in (*ours, *theirs)}
    followed = follow(
        found.judged,
        [],
        night=Round(
            partner="roa",
            day=date(2026, 3, 28),
            at=as_of,
            about=lambda key: About(ended_at=ended_at[key], station_id=None, wave=None),
            due=lambda at: at + TERMS.lateness,
        ),
    )
    rows = [{name: getattr(cdr, name) for name in ("cdr_key", "side", "currency", "net")} for cdr in (*ours, *theirs)]
    verdicts = [{field.name: getattr(one, field.name) for field in fields(one)} for one in found.judged]
    return conservation.check(rows, verdicts, [_case(case) for case in followed.cases]), len(rows)


def _case(case: Case) -> dict[str, object]:
    names = ("ours_key", "theirs_key", "money_at_risk", "state", "turn")
    return {name: getattr(case, name) for name in names}


def main() -> None:
    """Run the nights and print what was found; the exit status is 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--records", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    began, records, faults = time.perf_counter(), 0, []
    worst = Decimal(1)
    for number in range(wanted.nights):
        balance, count = night(wanted.records, random.Random(wanted.seed * 1_000_003 + number))
        records += count
        faults += [f"night {number}: {fault}" for fault in balance.faults]
        worst = min(worst, balance.share_settled())
    print(
        json.dumps(
            {
                "nights": wanted.nights,
                "records": records,
                "faults": len(faults),
                "first_faults": faults[:5],
                "least_share_of_value_settled": str(round(worst, 6)),
                "seconds": round(time.perf_counter() - began, 1),
            },
            indent=2,
        )
    )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
