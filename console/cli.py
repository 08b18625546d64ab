"""The `rehome` command line. Every command imports its part when it is called, so that help answers at once."""

import errno
import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from charging.errors import Refused, RehomeError, SettingsError
from charging.migration.gates import Choice, Decision

T = TypeVar("T")

app = typer.Typer(
    name="rehome",
    help="Move a charging network to another back-office, and prove each night that every charge is billed once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
gate_app = typer.Typer(help="The questions before each wave.", no_args_is_help=True)
extract_app = typer.Typer(help="Take data out of a legacy, cleanse it, prove the counts.", no_args_is_help=True)
app.add_typer(gate_app, name="gate")
app.add_typer(extract_app, name="extract")

WRITABLE = "see that you may read and write it"
MENDS = {
    errno.ENOSPC: "make room, then run it again",
    errno.EDQUOT: "make room, then run it again",
    errno.EACCES: WRITABLE,
    errno.EPERM: WRITABLE,
    errno.EROFS: WRITABLE,
}
"""What to do about what the system refuses."""

AsJson = Annotated[bool, typer.Option("--json", help="Data on standard output as JSON, talk on standard error.")]


class Exit(IntEnum):
    """What the exit status says."""

    PASS = 0
    NO = 1
    ERROR = 2
    INCONCLUSIVE = 3
    REFUSED = 4


def run() -> None:
    """Run the command line; whatever a user can cause ends in one sentence, never in a traceback."""
    try:
        app()
    except Refused as error:
        _fail(error, Exit.REFUSED)
    except RehomeError as error:
        _fail(error, Exit.ERROR)
    except OSError as error:
        mend = MENDS.get(error.errno or 0, "see what is there")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what could not be printed is not tried again at the end
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}; {mend}", Exit.ERROR)


@app.command()
def rehearse(
    stations: Annotated[int, typer.Option(min=8, max=20_000, help="Size of the simulated network.")] = 120,
    seed: Annotated[int, typer.Option(help="The same seed gives the same network.")] = 1,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Wait at each gate for a decision in the UI or here.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Put the last rehearsal away and begin a new one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rehearse a whole migration and a whole night against a simulated network, on real wires."""
    home = _home()
    from console import progress, rehearsing, summary

    wanted = rehearsing.Wanted(stations=stations, seed=seed, is_asking=ask)
    with progress.choose(as_json=as_json) as telling:
        result = rehearsing.rehearse(home, wanted, is_fresh=fresh, telling=telling)
    _show(result, summary.lines, as_json=as_json)
    raise typer.Exit(Exit.PASS if result["is_complete"] else Exit.NO)


@app.command()
def up(*, as_json: AsJson = False) -> None:
    """Start PostgreSQL, the Prefect server and the runner; they go on in the background."""
    home = _home()
    from console import progress, stack, starting, summary

    with progress.choose(as_json=as_json) as telling:
        starting.up(home, telling)
    _show({"parts": stack.states(home)}, summary.parts, as_json=as_json)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show what runs and where it is reached. Exit status 0 if the stack is up, 1 if not."""
    from console import stack, summary

    home = _home(is_made=False)
    states = stack.states(home)
    _show({"parts": states, "stations": stack.stations(home)}, summary.status, as_json=as_json)
    raise typer.Exit(Exit.PASS if all(state.is_running for state in states if state.part != "world") else Exit.NO)


@app.command()
def down(*, as_json: AsJson = False) -> None:
    """Stop everything that `up` or a rehearsal started. Nothing that was stored is lost."""
    from console import stack, summary

    _show({"stopped": stack.down(_home(is_made=False))}, summary.stopped, as_json=as_json)


@extract_app.command("csv")
def extract_csv(
    file: Annotated[Path, typer.Argument(help="The export.")],
    time_zone: Annotated[str | None, typer.Option(help="IANA zone of its times, where they carry none.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, where its columns are not known.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Extract, cleanse and check a CSV export; nothing but our own database is written."""
    from console import exports

    source = exports.csv(file, time_zone=time_zone, mapping=mapping)
    home = _home()
    from console import extracting, progress, summary

    with progress.choose(as_json=as_json) as telling:
        result = extracting.extract_csv(home, source, time_zone=time_zone, telling=telling)
    _show(result, summary.extraction, as_json=as_json)
    raise typer.Exit(Exit.PASS if result["adds_up"] else Exit.NO)


@gate_app.command("list")
def gate_list(
    plan: Annotated[str, typer.Option(help="Plan; the latest if not given.")] = "", *, as_json: AsJson = False
) -> None:
    """List the gates of a plan with their verdicts and decisions."""
    home = _home()
    from console import deciding, summary

    _show({"gates": deciding.listed(home, plan)}, summary.gates, as_json=as_json)


@gate_app.command("show")
def gate_show(
    wave: Annotated[int, typer.Argument(help="The wave that the gate stands before.")],
    plan: Annotated[str, typer.Option(help="Plan; the latest if not given.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show a gate's evidence. Exit status 0 if its verdict is open, 1 if closed, 3 if inconclusive."""
    home = _home()
    from console import deciding, summary

    gate = deciding.one(home, plan, wave)
    _show(gate, summary.gate, as_json=as_json)
    raise typer.Exit({"open": Exit.PASS, "closed": Exit.NO}.get(str(gate["verdict"]), Exit.INCONCLUSIVE))


@gate_app.command("decide")
def gate_decide(  # noqa: PLR0917 - the shell passes options by name
    wave: Annotated[int, typer.Argument(help="The wave that the gate stands before.")],
    decision: Annotated[Choice, typer.Argument(help="What is decided.")],
    by: Annotated[str, typer.Option(help="Who decides; self-declared, and written down.")],
    reason: Annotated[str, typer.Option(help="Why; needed for go unless the verdict is open.")] = "",
    minutes: Annotated[str, typer.Option(help="Reference of the meeting's minutes.")] = "",
    plan: Annotated[str, typer.Option(help="Plan; the latest if not given.")] = "",
    evidence: Annotated[str, typer.Option(help="Evidence that was seen; its hash's first characters do.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Decide at a gate and let the waiting run carry on."""
    home = _home()
    from console import deciding, summary

    word = Decision(choice=decision, by=by, reason=reason, via="console")
    decided = deciding.decide(home, plan, wave, decision=word, evidence=evidence, minutes=minutes)
    _show(decided, summary.gate, as_json=as_json)


def _home(*, is_made: bool = True) -> Path:
    """Return the home, after telling Prefect, which reads its environment when first imported, where it lives.

    Raises:
        SettingsError: if it is to be made where it is missing, and cannot be made or written to.
    """
    from console import prefect_home

    home = Path(os.environ.get("REHOME_HOME", ".rehome")).resolve()
    if is_made:
        try:
            (home / "prefect").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(home, error.strerror) from None
        if not os.access(home, os.W_OK):
            raise _unusable(home, "it is read-only")
    os.environ |= prefect_home.prefect_environment(home)
    return home


def _unusable(home: Path, problem: str | None) -> SettingsError:
    return SettingsError("REHOME_HOME", f"names {home}: {problem}", "name a folder that you may write to")


def _show(result: T, lines: Callable[[T], Iterable[str]], *, as_json: bool) -> None:
    from charging import canonical

    if isinstance(sys.stdout, io.TextIOWrapper):  # what is shown may hold what the terminal's alphabet has not
        sys.stdout.reconfigure(errors="backslashreplace")
    if as_json:
        print(json.dumps(canonical.plain(result), indent=2))  # noqa: T201
    else:
        for line in lines(result):
            print(_printable(line))  # noqa: T201
    sys.stdout.flush()


def _printable(line: str) -> str:
    """Return a line without what would command a terminal: names come from a legacy, and may hold anything."""
    return "".join(character if character.isprintable() else "\ufffd" for character in line)


def _fail(problem: object, status: Exit) -> NoReturn:
    print(f"rehome: {problem}", file=sys.stderr)  # noqa: T201
    sys.exit(status)
