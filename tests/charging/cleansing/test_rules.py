"""Every id that a rule of cleansing writes down is among those that are known, and none is known that none writes."""

import ast
import re
from pathlib import Path

from charging import cleansing
from charging.cleansing.rules import RULES
from charging.identifiers import token_uid

_ID = re.compile(r"[a-z]+\.[a-z_0-9]+")


def test_knows_every_rule_and_no_other():
    files = [*Path(cleansing.__file__).parent.glob("*.py"), Path(token_uid.__file__)]
    written = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.fullmatch(node.value)
    }

    assert written == RULES
