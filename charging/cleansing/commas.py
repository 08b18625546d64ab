"""Rule for decimal commas: `mv.garbage`, where a whole file proves what a comma means."""

from charging.cleansing.case import Case, Repair
from charging.cleansing.values import number
from charging.cleansing.verdict import Confidence, Context


def mend_comma(case: Case, column: str, context: Context) -> bool:
    """Read a decimal comma as one if all decimals of its file have one; return whether it was read."""
    text = case.values.get(column) or ""
    vote = context.facts.has_commas(case.row.file)
    pointed = text.replace(",", ".")
    if vote is None or text.count(",") != 1 or "." in text or number(pointed) is None:
        return False
    case.repair(Repair(field=column, rule=vote.rule, after=pointed, confidence=Confidence.VOTE, evidence=vote.sentence))
    return True
