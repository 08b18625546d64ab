"""What the committee reads beside a gate's evidence, as it is now. A gate keeps it: later rows replace what it says."""

from collections import Counter
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from charging import canonical
from charging.canonical import Json
from charging.database.queries import clean, gating, moves, roaming

TYPE = ("vendor", "model", "firmware")
STATION = ("station_id", "location_id", *TYPE, "recipe")
ACCOUNT = ("source", "entity", "rows_in", "loaded", "quarantined", "content_sha256", "suite")
NIGHT = ("partner", "day", "period_from")


def context(connection: sa.Connection, plan_id: str, wave: int) -> Json:
    """Return the wave's stations, how earlier waves ended, the suites and each partner's last night; all of it plain.

    The same rows give the same context.
    """
    rows = moves.move_rows(connection, plan_id)
    here = [row for row in rows if row["wave"] == wave]
    before = [row for row in rows if row["wave"] is not None and row["wave"] < wave]
    brought_back = frozenset(map(str, connection.scalars(gating.ordered_back(plan_id))))
    return canonical.plain(
        {
            "planned": len(rows),
            "stations": [{name: row[name] for name in STATION} for row in here],
            "waves": list(_waves(before)),
            "types": list(_types(here, before, brought_back=brought_back)),
            "suites": [{name: account[name] for name in ACCOUNT} for account in clean.accounts(connection)],
            "nights": list(_nights(connection)),
        }
    )


def _waves(before: Sequence[sa.RowMapping]) -> Iterator[dict[str, object]]:
    for wave in sorted({row["wave"] for row in before}):
        yield {"wave": wave, "stages": Counter(row["stage"] for row in before if row["wave"] == wave)}


def _types(
    here: Sequence[sa.RowMapping], before: Sequence[sa.RowMapping], *, brought_back: frozenset[str]
) -> Iterator[dict[str, object]]:
    """Yield how each type of the wave has done before it. A drill that was ordered takes nothing from a success."""
    stages = {row["station_id"]: str(row["stage"]) for row in before} | dict.fromkeys(brought_back, "verified")
    ended = Counter((_type(row), stages[row["station_id"]]) for row in before)
    for kind in sorted({_type(row) for row in here}):
        yield {
            **dict(zip(TYPE, kind, strict=True)),
            "verified": ended[kind, "verified"],
            "rolled_back": ended[kind, "rolled_back"],
        }


def _type(row: sa.RowMapping) -> tuple[str, ...]:
    return tuple(row[name] or "" for name in TYPE)


def _nights(connection: sa.Connection) -> Iterator[dict[str, object]]:
    for night in roaming.last_nights(connection):
        at_risk = roaming.money_at_risk(connection, night["partner"], night["day"])
        verdicts = roaming.cohorts(connection, night["partner"], night["day"])
        yield {name: night[name] for name in NIGHT} | {
            "cohorts": [
                {
                    "cohort": cohort,
                    "verdicts": verdicts[cohort],
                    "money_at_risk": {currency: amount for (of, currency), amount in at_risk.items() if of == cohort},
                }
                for cohort in sorted(verdicts)
            ]
        }
