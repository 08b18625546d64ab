"""Asking of what is about to be sent whether its target takes it."""

from collections.abc import Mapping

import pandas as pd

from charging.targets.target import Check, Sent
from expectations.findings import Findings
from expectations.outgoing.check import SUITES, check_outgoing


def checking(target_kind: str, found: list[Findings] | None = None) -> Check:
    """Return what asks a kind of target's suites; of what there is no suite for, nothing is asked.

    What the suites say is added to `found`.
    """

    def check(entity: str, sent: Sent) -> Mapping[str, str]:
        if entity not in SUITES.get(target_kind, {}) or not sent:
            return {}
        names = list(dict.fromkeys(name for row in sent.values() for name in row))
        columns = {"key": list(sent)} | {name: [row.get(name) for row in sent.values()] for name in names}
        findings = check_outgoing(target_kind, entity, pd.DataFrame(columns, dtype=object))
        if found is not None:
            found.append(findings)
        findings.require_no_blocks()
        return {str(key): " ".join(reasons) for key, reasons in findings.quarantined_keys.items()}

    return check
