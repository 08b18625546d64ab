"""What stands in a work list: one line for each case, what is protected, and what the other party fills in."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from charging.cleansing.answers import Choice
from charging.cleansing.meter_values import SIGNED
from charging.cleansing.verdict import Owner
from charging.database.queries.quarantine import Case, fields_of

DECISION, CORRECTIONS, WHY, BY, ON = "Decision", "Corrected values", "Why", "Answered by", "Answered on"
ANSWERS = (DECISION, CORRECTIONS, WHY, BY, ON)
"""What the other party fills in; everything else comes back as it was sent."""
KEY, VERSION = "Key", "Version"
PLACE = ("Source", "Extract", "Entity", "File", "Line")
ABOUT = ("Row", "Rule", "What is wrong", "Whose turn", "Waiting since")
FIXED = (KEY, VERSION, *PLACE, *ABOUT)
VALUE = "value: "
"""Before the name of a field of the row, so that none can be taken for a column of ours."""

WORDS: Mapping[str, Choice] = {
    "release": Choice.RELEASED,
    "correct": Choice.CORRECTED,
    "discard": Choice.DISCARDED,
}
"""What the drop-down offers; empty means that the case goes on waiting."""

OUTSIDERS = frozenset({"station maker", "carrier", "maintenance"})
"""Parties that answer for machines, and need nobody's card to do so."""
PERSONAL = frozenset(
    {
        *("token_uid", "parent_uid", "contract_id", "customer_id", "name", "email", "phone", "note"),
    }
)
ASKED_BY_ID = frozenset({"token_uid", "contract_id"})
"""What a roaming partner has issued itself, and must see to answer; all else of a person may be another's."""
WITHHELD = "(withheld)"

LONGEST = 32_000
"""A spreadsheet's cell holds 32,767 characters; what is longer is shown by its beginning."""
_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""`_x0041_` is how a spreadsheet's file writes a character; programs disagree on who takes it for one."""


def header(cases: Sequence[Case]) -> list[str]:
    """Return the columns of a list: whose case it is, what the row says, and what is to be answered."""
    return [*FIXED, *ANSWERS, *(f"{VALUE}{name}" for name in fields_of(cases))]


def lines(cases: Sequence[Case]) -> Iterator[dict[str, str]]:
    """Yield each case as the cells of its line; those of the answer are empty."""
    columns = header(cases)
    for case in cases:
        yield dict.fromkeys(columns, "") | cells(case)


def cells(case: Case) -> dict[str, str]:
    """Return the protected cells of a case, as they are shown."""
    fixed = (
        *(f"Q-{case.key}", f"V-{case.version}", case.source, case.extract_id, case.entity, case.file),
        *(str(case.line), case.row_key, case.rule, case.reason, case.whose_turn, f"{case.first_at:%Y-%m-%d}"),
    )
    kept_back = _kept_back(case)
    values = {
        f"{VALUE}{name}": WITHHELD if name in kept_back and value else shown(value)
        for name, value in seen(case.fields).items()
    }
    return dict(zip(FIXED, map(shown, fixed), strict=True)) | values


def seen(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's fields as people are shown them: what a meter signed names the driver, and stays evidence."""
    evidence = {"signed", "value"} if fields.get("format") == SIGNED else {"signed"}
    return {
        name: f"(evidence, {len(str(value))} characters)" if name in evidence and value else value
        for name, value in fields.items()
    }


def _kept_back(case: Case) -> frozenset[str]:
    """Return the fields that the party which must answer need not see."""
    if case.owner == Owner.ROAMING_PARTNER:
        return PERSONAL - ASKED_BY_ID
    return PERSONAL if case.owner in OUTSIDERS else frozenset()


def shown(value: object) -> str:
    """Return a value as a cell shows it: printable, on lines that end alike, and no longer than a cell can be."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _ESCAPE.sub("_\u200b", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
