"""`rehome extract`."""

from pathlib import Path
from typing import Annotated

import typer

from console import shell
from console.commands.check_freeze import check_freeze

app = typer.Typer(help="Take data out of a legacy, cleanse it, prove the counts.", no_args_is_help=True)
app.command("check-freeze")(check_freeze)

_Zone = Annotated[str, typer.Option(help="IANA zone of its times, where they carry none.")]
_Mapping = Annotated[Path | None, typer.Option(help="A mapping file, where its columns are not known.")]
_DateOrder = Annotated[str, typer.Option(help="dmy, mdy or ymd, where its dates do not prove it.")]
_Decimal = Annotated[str, typer.Option(help="The decimal mark, a point or a comma, where its numbers do not prove it.")]
_Encoding = Annotated[str, typer.Option(help="Its encoding, such as utf-8 or cp1252, where detection is wrong.")]
_Delta = Annotated[bool, typer.Option("--delta", help="Only what came since its latest extract that was cleansed.")]


@app.command("csv")
def extract_csv(
    file: Annotated[Path, typer.Argument(help="The export.")],
    *,
    time_zone: _Zone = "",
    mapping: _Mapping = None,
    date_order: _DateOrder = "",
    decimal: _Decimal = "",
    encoding: _Encoding = "",
    as_json: shell.AsJson = False,
) -> None:
    """Extract, cleanse and check a CSV export; nothing but our own database is written."""
    _extract(
        "csv",
        {"path": str(file), "time_zone": time_zone, "mapping": _path(mapping), "encoding": encoding}
        | _culture(date_order, decimal),
        as_json=as_json,
    )


@app.command("zip")
def extract_zip(
    file: Annotated[Path, typer.Argument(help="The archive: SteVe's own export, or CSV files.")],
    *,
    time_zone: _Zone = "",
    mapping: _Mapping = None,
    date_order: _DateOrder = "",
    decimal: _Decimal = "",
    encoding: _Encoding = "",
    as_json: shell.AsJson = False,
) -> None:
    """Extract, cleanse and check a ZIP of CSV files; nothing but our own database is written."""
    _extract(
        "zip",
        {"path": str(file), "time_zone": time_zone, "mapping": _path(mapping), "encoding": encoding}
        | _culture(date_order, decimal),
        as_json=as_json,
    )


@app.command("steve")
def extract_steve(
    back_office: Annotated[str, typer.Option(help="legacy or target, as rehome.toml describes it.")] = "legacy",
    *,
    delta: _Delta = False,
    as_json: shell.AsJson = False,
) -> None:
    """Extract, cleanse and check a SteVe by its database; nothing in it is written."""
    _extract("steve", {"back_office": back_office}, as_json=as_json, delta=delta)


@app.command("sql")
def extract_sql(
    database: Annotated[str, typer.Option(help="Reference to the address of the database: env:LEGACY_URL.")],
    mapping: Annotated[Path, typer.Option(help="A mapping file: which table and column means what.")],
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Hold the mapping against the live schema, and land nothing.")
    ] = False,
    delta: _Delta = False,
    as_json: shell.AsJson = False,
) -> None:
    """Extract, cleanse and check any SQL database by a mapping file; nothing in it is written."""
    named = {"database": database, "mapping": str(mapping)}
    if not explain:
        _extract("sql", named, as_json=as_json, delta=delta)
    from charging.legacy import sql_explain
    from charging.legacy.named import Named, SourceKind, sql

    with sql(Named(kind=SourceKind.SQL, **named)) as source:
        told = sql_explain.explain(source)
    shell.show(told, sql_explain.lines, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if told["fits"] else shell.Exit.NO)


def _culture(date_order: str, decimal: str) -> dict[str, str]:
    for option, value, known in (
        ("--date-order", date_order, ("dmy", "mdy", "ymd")),
        ("--decimal", decimal, (",", ".")),
    ):
        if value and value not in known:
            raise typer.BadParameter(f"{value!r} is none of {' '.join(known)}", param_hint=option)
    return {"date_order": date_order, "decimal": decimal}


def _path(path: Path | None) -> str:
    return "" if path is None else str(path)


def _extract(kind: str, named: dict[str, str], *, as_json: bool, delta: bool = False) -> None:
    from charging.legacy.named import Named, SourceKind, opened

    found = Named(kind=SourceKind(kind), **named)
    with opened(found) as source:  # before anything is started: a slip of the pen is answered at once
        home = shell.own_work("the extract")
        from console import extracting, progress, summary

        with progress.choose(as_json=as_json) as telling:
            result = extracting.extract(home, source, time_zone=found.time_zone or None, telling=telling, delta=delta)
    shell.show(result, summary.extraction, as_json=as_json)
    raise typer.Exit(shell.Exit.PASS if result["adds_up"] else shell.Exit.NO)
