"""Learnt rows as a file of flavours, as the gateway reads it (`charging.ocpp.flavours.reading`)."""

import json
from collections.abc import Iterable, Iterator
from itertools import count

from charging.ocpp.flavours.learning import EVERY, Learnt, Verdict
from charging.ocpp.flavours.recording import Behaviour


def flavours_toml(rows: Iterable[Learnt]) -> str:
    """Return the rows as TOML: what is sure and missing is said to be missing; of the rest the doubt stands beside it.

    A behaviour that is not sure is left as if it were there, for then the gateway does nothing. Rows of one firmware go
    before their model's, because the first flavour that fits is the station's.
    """
    ordered = sorted(rows, key=lambda row: (row.vendor, row.model, row.firmware == EVERY, row.firmware))
    numbers = count(1)
    return "\n\n".join("\n".join(_lines(row, next(numbers))) for row in ordered) + "\n"


def _lines(row: Learnt, number: int) -> Iterator[str]:
    yield "[[flavour]]"
    yield f"name = {_quoted(f'learnt {number}: {row.vendor} {row.model} {row.firmware}')}"
    yield f"vendor = {_quoted(row.vendor or EVERY)}"
    yield f"models = [{_quoted(row.model or EVERY)}]"
    yield f"firmwares = [{_quoted(row.firmware)}]"
    if row.doubt:
        yield f"# not sure as a whole: {row.doubt}"
    for behaviour in Behaviour:
        cell = row.cells[behaviour]
        counted = f"{cell.followed} of {cell.events}"
        doubt = cell.doubt or row.doubt
        if cell.verdict is Verdict.MIXED or doubt:
            yield f"# {behaviour}: {cell.verdict}, {counted}" + (f"; {doubt}" if cell.doubt else "")
        else:
            yield f"{behaviour} = {str(cell.verdict is Verdict.YES).lower()}  # {counted}"


def _quoted(text: str) -> str:
    return json.dumps(text)  # a JSON string is a basic string of TOML
