"""Each party is shown what waits for it, and nothing that it need not know."""

from datetime import UTC, datetime

import pytest

from charging.database.operations import clean as write
from charging.database.operations import landing
from charging.database.operations.landing import Manifest
from charging.settings import Settings
from reports.collected.work_list import work_lists
from reports.render import render

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def waiting(engine):
    """Two sessions that wait for maintenance, a token for the network owner, and a row that is our own to mend."""
    with engine.begin() as connection:
        landing.store_manifest(
            connection,
            Manifest(
                extract_id="legacy-1",
                source="legacy",
                kind="csv",
                schema_generation=None,
                notes=[],
                row_counts={"session": 3, "token": 1},
                content_sha256="0",
                code_version="1",
                extracted_at=AT,
            ),
        )
        for entity, rows in {
            "session": [("1", "maintenance"), ("2", "maintenance"), ("3", "data team")],
            "token": [("T", "network owner")],
        }.items():
            write.store_account(
                connection,
                {"extract_id": "legacy-1", "entity": entity, "rows_in": 3, "loaded": 0, "merged": 0, "quarantined": 3},
            )
            write.store_quarantined(
                connection,
                [
                    {
                        "entity": entity,
                        "key": key,
                        "file": f"{entity}.csv",
                        "line": line,
                        "rule": "tx.zero",
                        "reason": "a <b>dead</b> meter?",
                        "owner": owner,
                        "fields": {"token_uid": "04A1B2C3D4E5F6"},
                    }
                    for line, (key, owner) in enumerate(rows, start=2)
                ],
                extract_id="legacy-1",
                entity=entity,
                at=AT,
            )


def test_lists_what_waits_party_by_party(waiting, engine, home):
    with engine.connect() as connection:
        found = {report.owner: report for report, _ in work_lists(connection, Settings(home=home))}

    assert {owner: [case.row_key for case in report.cases] for owner, report in found.items()} == {
        "maintenance": ["1", "2"],
        "network owner": ["T"],
    }
    assert found["maintenance"].headline == "2 cases wait for an answer of the maintenance."
    assert found["network owner"].stem == "work-list-network-owner"


def test_is_a_page_that_trusts_no_text_and_tells_no_card(waiting, engine, home):
    with engine.connect() as connection:
        pages = [render(report) for report, _ in work_lists(connection, Settings(home=home))]

    assert all("a &lt;b&gt;dead&lt;/b&gt; meter?" in page for page in pages)
    assert not any("04A1B2C3D4E5F6" in page for page in pages)
