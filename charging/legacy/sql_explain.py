"""What a mapping will do to a database, before it does: tables, columns and types, counts, samples, statements."""

from collections.abc import Iterator
from typing import Any

from charging.legacy.personal import masked
from charging.legacy.sql import SqlSource
from charging.legacy.sql_plan import Plan

_SAMPLE = 3


def explain(source: SqlSource) -> dict[str, Any]:
    """Return what would be read, per entity. A few rows are read for it, and shown with personal values masked.

    Raises:
        SourceError: if the database cannot be reached.
        SettingsError: if a time carries no zone, and the mapping states none.
    """
    with source:
        entities = [_entity(source, plan) for plan in source.plans.values()]
    return {
        "source": source.name,
        "mapping": source.mapping.name,
        "entities": entities,
        "fits": not any(entity["problems"] for entity in entities),
    }


def _entity(source: SqlSource, plan: Plan) -> dict[str, Any]:
    spec = source.mapping.entities[plan.entity]
    told: dict[str, Any] = {
        "entity": plan.entity,
        "tables": list(plan.tables),
        "columns": [
            {
                "column": name,
                "from": str(column.reference) if column.reference else None,
                "constant": column.constant,
                "type": plan.types.get(name),
                "unit": column.unit,
                "is_missing": name not in plan.types,
            }
            for name, column in spec.columns.items()
        ],
        "key": [str(key) for key in spec.key],
        "watermark": str(spec.watermark) if spec.watermark else None,
        "problems": list(plan.problems),
        "rows": None,
        "sample": [],
        "statement": None,
    }
    if plan.query is not None:
        with source._snapshot.connection() as connection:  # noqa: SLF001
            told["rows"] = source.count(connection, plan)
            told["statement"] = str(plan.query.compile(connection, compile_kwargs={"literal_binds": True}))
        sample = source.read(plan.entity, plan.query.limit(_SAMPLE), chunk_size=_SAMPLE)
        told["sample"] = [masked(plan.entity, row.values) for row in sample]
    return told


def lines(told: dict[str, Any]) -> Iterator[str]:
    """Yield what a person reads of it."""
    yield f"{told['source']}, by mapping {told['mapping']}"
    for entity in told["entities"]:
        count = "not counted" if entity["rows"] is None else f"{entity['rows']:,} rows"
        delta = f", delta by {entity['watermark']}" if entity["watermark"] else ""
        yield ""
        yield f"{entity['entity']}: {', '.join(entity['tables'])} ({count}; key {', '.join(entity['key'])}{delta})"
        for column in entity["columns"]:
            origin = column["from"] or repr(column["constant"])
            found = "MISSING" if column["is_missing"] else column["type"]
            unit = f" in {column['unit']}" if column["unit"] else ""
            yield f"  {column['column']:<20} {origin:<32} {found}{unit}"
        yield from (f"  problem: {problem}" for problem in entity["problems"])
        for row in entity["sample"]:
            yield "  sample   " + ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)
        if entity["statement"]:
            yield "  asks     " + " ".join(entity["statement"].split())
    yield ""
    yield (
        "the mapping fits; nothing has been landed"
        if told["fits"]
        else "the mapping does not fit; nothing has been read"
    )
