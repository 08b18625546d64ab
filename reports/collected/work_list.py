"""What waits for each party, read from quarantine."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from charging.cleansing.answers import Choice
from charging.database.queries import quarantine
from charging.database.queries.quarantine import Case, Wanted
from charging.settings import Settings
from reports.work_list import Waiting, WorkList

OURSELVES = "data team"
"""Who needs no list sent: it has the quarantine itself."""


def work_lists(connection: sa.Connection, settings: Settings) -> Iterator[tuple[WorkList, list[Case]]]:
    """Yield the list of each other party for which something waits, and its cases."""
    found = quarantine.cases(connection, Wanted(decision=str(Choice.WAITING)))
    for owner in sorted({case.whose_turn for case in found} - {OURSELVES}):
        cases = [case for case in found if case.whose_turn == owner]
        yield _work_list(owner, cases, settings), cases


def _work_list(owner: str, cases: Sequence[Case], settings: Settings) -> WorkList:
    return WorkList(
        owner=owner,
        network=settings.operator,
        as_of=max(case.first_at for case in cases),
        time_zone=settings.time_zone,
        cases=tuple(
            Waiting(
                key=f"Q-{case.key}",
                entity=case.entity,
                row_key=case.row_key,
                rule=case.rule,
                reason=case.reason,
                source=case.source,
                file=case.file,
                line=case.line,
                waiting_since=case.first_at,
            )
            for case in cases
        ),
    )
