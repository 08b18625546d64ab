"""What a person reads when a command is done: plain lines, made from the same values that `--json` prints."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from console.stack import State

MOVED = {
    "verified": "moved",
    "rolled_back": "rolled back",
    "to_site": "sent to site",
    "on_hold": "on hold",
    "planned": "still to move",
}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the closing summary of a rehearsal."""
    yield ""
    yield _row("stations", _stations(result["stations"]))
    yield from _rows(result["rows"])
    for night in result["nights"]:
        money = ", ".join(f"{amount} {currency}" for currency, amount in night["money_at_risk"].items()) or "nothing"
        verdicts = ", ".join(f"{number} {verdict}" for verdict, number in night["verdicts"].items())
        yield _row(f"CDRs {night['partner']}", f"{sum(night['verdicts'].values())} verdicts: {verdicts}")
        yield _row("", f"money at risk: {money}{'' if night['is_complete'] else ' (INCOMPLETE)'}")
    for report in result["reports"]:
        yield _row("report", _below(report["path"]))
    yield _row("Prefect UI", result["ui"])
    yield _row("stop it all", f"{command()} down")
    yield _row("put it away", f"{command()} rehearse --end")


def parts(result: Mapping[str, Sequence[State]]) -> Iterator[str]:
    """Yield one line for each part of the stack."""
    for state in result["parts"]:
        yield f"{'●' if state.is_running else '○'} {state.part:10} {state.address or '-':40} {state.detail}"


def status(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each part of the stack, and where the stations are."""
    yield from parts(result)
    if result["stations"]:
        yield f"stations {_stations(result['stations'])}"


def stopped(result: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what was stopped."""
    yield f"stopped: {', '.join(result['stopped'])}" if result["stopped"] else "nothing was running"


def ended(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is there now."""
    what = "the rehearsal is put away, with its data and reports" if result["has_ended"] else "there was no rehearsal"
    yield f"{what}: what is done in {result['home']} from now on is about the real network"


def extraction(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what came of an extraction: what was detected, the counts, the energy, and whose turn it is."""
    for note in result["notes"]:
        yield _row("read", note)
    yield from _rows(result["rows"])
    for fix in result["fixes"]:
        yield _row("mended", f"{fix['rows']} x {fix['rule']}")
    for waiting in result["quarantine"]:
        yield _row(
            "quarantined", f"{waiting['rows']} x {waiting['rule']}, for the {waiting['owner']}: {waiting['reason']}"
        )
    if number := result["questions"]:
        waits = f"{number} question{'s' * (number > 1)} about rows that are in: {command()} quarantine list"
        yield _row("asked", waits)
    for warning in result["warnings"]:
        yield _row("warning", warning)
    yield _row("adds up", "yes" if result["adds_up"] else "NO")
    yield _row("data quality", _below(result["data_quality"]))
    yield _row("data docs", _below(result["data_docs"]))


def gates(result: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Yield one line for each gate."""
    if not result["gates"]:
        yield "no gate has been opened: it opens when the flow cut_over comes to its wave"
    for gate_ in result["gates"]:
        decision = f"{gate_['decision']} by {gate_['decided_by']}" if gate_["decision"] else "waiting for a decision"
        yield f"wave {gate_['wave']:>3}  {gate_['verdict']:12} {decision}"


def gate(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield a gate's verdict, findings and decision."""
    yield _row("gate", f"before wave {result['wave']} of {result['plan_id']}")
    yield _row("verdict", result["verdict"])
    for finding in result["findings"]:
        yield _row("", f"{finding['verdict']:12} {finding['criterion']}: {finding['reason']}")
    yield _row("evidence", result["evidence_sha256"])
    if result["decision"]:
        yield _row("decision", f"{result['decision']} by {result['decided_by']} ({result['decided_via']})")
    else:
        yield _row("decision", f"waiting: {command()} gate decide {result['wave']} go --by NAME")


def _below(path: str) -> str:
    """Return a path as seen from where the command was called, if it lies below."""
    here = Path(path)
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else path


def command() -> str:
    """Return what to type for this very program: its name where the shell finds it, else its path."""
    here = Path(sys.argv[0])
    if shutil.which("rehome") or here.name != "rehome":
        return "rehome"
    return os.path.relpath(here)


def _stations(stages: Mapping[str, int]) -> str:
    named = [f"{stages[stage]} {word}" for stage, word in MOVED.items() if stage in stages]
    other = [f"{number} {stage}" for stage, number in stages.items() if stage not in MOVED]
    return f"{sum(stages.values())}: {', '.join(named + other)}"


def _rows(accounts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for account in accounts:
        if not account["rows_in"]:
            continue
        merged = f" + {account['merged']} merged" if account["merged"] else ""
        yield _row(
            f"{account['source']} {account['entity']}",
            f"{account['rows_in']} rows in = {account['loaded']} loaded{merged} + {account['quarantined']} quarantined",
        )
        if account["kwh_before"] is not None:
            kwh = {name: account[f"kwh_{name}"] for name in ("before", "loaded", "quarantined", "adjusted")}
            rules = ", ".join(f"{rule} {amount}" for rule, amount in account["kwh_adjustments"].items())
            yield _row(
                "",
                f"{kwh['before']} kWh = {kwh['loaded']} loaded + {kwh['quarantined']} quarantined"
                f" + {kwh['adjusted']} adjusted{f' ({rules})' if rules else ''}",
            )
    if empty := [f"{account['source']} {account['entity']}" for account in accounts if not account["rows_in"]]:
        yield _row("no rows", ", ".join(empty))


def _row(name: str, text: str) -> str:
    return f"{name:>18}  {text}"
