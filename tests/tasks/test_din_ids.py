"""EVSE ids of DIN come through cleansing as they are, and leave for a target under the id that their owner approved."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging import settings as configuration
from charging.database.tables import evse, question
from charging.target_settings import CsvFolder
from charging.targets import csv_cultures
from charging.targets.csv_folder import CsvTarget
from tasks import identifiers, loading, outgoing
from tasks.cleansing import cleanse_extract

NOW = datetime(2026, 3, 3, tzinfo=UTC)
PUBLISHED = {"CS-1*1": "+31*123*0004*1", "CS-1*2": "Zuil 2"}


@pytest.fixture
def cleansed(engine, settings, home, landed, rows):
    """What cleansing says of two EVSEs whose published ids no partner takes, of operators that the owner has paired."""
    (home / "rehome.toml").write_text('[remap.din_operators]\n"31*123" = "ABC"\n')
    evses = [
        {"station_id": "CS-1", "connector_id": uid[-1], "evse_id": published} for uid, published in PUBLISHED.items()
    ]
    return cleanse_extract(engine, configuration.load(), landed(rows(evse=evses)))


@pytest.fixture
def planned(engine, tmp_path):
    """What a target of files would be sent of each EVSE: the id, or the reason why it stays out."""

    def made():
        target = CsvTarget(tmp_path, csv_cultures.of(CsvFolder(kind="csv")), clock=lambda: NOW)
        with engine.connect() as connection:
            changes = target.plan(loading.wanted_of(connection), check=outgoing.checking(target.kind))
        return {one.key: one.fields.get("evse_id") or one.reason for one in changes if one.entity == "evse"}

    return made


def test_stay_as_they_came_and_are_asked_about(engine, cleansed):
    account = next(each for each in cleansed["accounts"] if each["entity"] == "evse")
    with engine.connect() as connection:
        stored = dict(connection.execute(sa.select(evse.c.evse_uid, evse.c.evse_id)).tuples().all())
        asked = connection.execute(
            sa.select(question.c.key, question.c.rule, question.c.owner).where(question.c.entity == "evse")
        ).all()

    assert (account["loaded"], account["quarantined"], stored) == (2, 0, PUBLISHED)
    assert sorted(map(tuple, asked)) == [
        ("CS-1*1", "id.din", "network owner"),
        ("CS-1*2", "id.nonconforming", "network owner"),
    ]
    assert any("Published EVSE ids" in str(warning) for warning in cleansed["warnings"])


@pytest.mark.usefixtures("cleansed")
def test_wait_for_the_owner_and_are_not_sent_before(planned):
    proposed = identifiers.remap.fn(approve=True)

    assert {(each["evse_uid"], each["rule"], each["after"]) for each in proposed["questions"]} == {
        ("CS-1*1", "id.din", "NL*ABC*E0004*1"),
        ("CS-1*2", "id.nonconforming", "NL*EVN*ECS1*2"),
    }
    assert all("remap" in reason for reason in planned().values())


@pytest.mark.usefixtures("cleansed")
def test_leave_under_the_id_that_was_approved(planned):
    identifiers.remap.fn(approve=True, rules=["id.din"], by="The owner", reason="as agreed")

    sent = planned()

    assert sent["CS-1*1"] == "NL*ABC*E0004*1"
    assert "Zuil 2" in sent["CS-1*2"]
