from datetime import UTC, datetime

import pytest

from charging.database.queries.quarantine import Case

HOSTILE = (
    *("=1+1", "+31 6 12345678", "-5.0", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", "'=1+1", '=HYPERLINK("http://x.y","z")'),
    *("0123456", "1E5", "2026-03-01T10:00:00Z", "a\r\nb", "_x0041_", "\x01\x07", "é€😀", "http://x.y/", "", None),
)


def case(number: int = 1, **values) -> Case:
    fields = {
        "session_id": f"{number:07}",
        "station_id": f"CS-{number % 50:03}",
        "token_uid": "04A1B2C3D4E5F6",
        "energy_kwh": "7.5",
        "note": HOSTILE[number % len(HOSTILE)],
    }
    return Case(
        **{
            "key": f"{number:012x}",
            "kind": "row",
            "source": "legacy",
            "extract_id": "legacy-20260302T000000000000",
            "entity": "session",
            "file": "session.csv",
            "line": number + 1,
            "row_key": f"{number:07}",
            "rule": "tx.zero",
            "reason": "it delivered nothing in 0:45:00: a car that was full, or a meter that is dead?",
            "owner": "network owner",
            "first_at": datetime(2026, 3, 2, tzinfo=UTC),
            "decision": "waiting",
            "decided_by": None,
            "decided_because": None,
            "decided_at": None,
            "row_sha256": f"{number:064x}",
            "fields": fields,
        }
        | values
    )


@pytest.fixture(scope="session")
def make_case():
    """What makes a case; the number makes it another one."""
    return case


@pytest.fixture(scope="session")
def hostile():
    """Texts that spreadsheets calculate, re-type or cannot hold."""
    return HOSTILE
