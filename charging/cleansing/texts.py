"""Rules for names and addresses of any entity: `txt.*`."""

from collections.abc import Callable, Iterable, Sequence

from charging.cleansing.case import Case, Repair
from charging.cleansing.verdict import Owner
from charging.cleansing.words import is_lossy, without_entities, without_mojibake

_COLUMN_WIDTHS = frozenset({35, 50, 255})
"""20 is the width of what stations say of themselves, see `charging.cleansing.stations`."""
_REPAIRS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("txt.mojibake", without_mojibake),
    ("txt.html", without_entities),
)


def judge_texts(case: Case, columns: Iterable[str]) -> None:
    """txt.mojibake, txt.html: undo what is proven, and ask about what is lost."""
    for column in columns:
        for rule, mend in _REPAIRS:
            if text := case.values.get(column):
                case.repair(Repair(field=column, rule=rule, after=mend(text)))
        if is_lossy(case.values.get(column) or ""):
            case.ask("txt.mojibake", f"what should {column} be? Characters of it are lost", Owner.DATA_TEAM)


def judge_truncated(cases: Sequence[Case], columns: Iterable[str], widths: frozenset[int] = _COLUMN_WIDTHS) -> None:
    """txt.truncated: a text that fills its column exactly may have been cut; not where another row has a longer one."""
    for column in columns:
        longest = max((len(case.row.values.get(column) or "") for case in cases), default=0)
        for case in cases if longest in widths else ():
            if len(case.row.values.get(column) or "") == longest:
                case.ask("txt.truncated", f"was {column} cut off at the width of its column?", Owner.DATA_TEAM)
