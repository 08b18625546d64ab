"""What a partner pushed is judged with what it was asked for, once, and what was refused is counted."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.roaming import partner_file
from charging.roaming.ocpi import receiver_cdrs

AT = datetime(2026, 3, 1, 20, tzinfo=UTC)


@pytest.fixture
def push(partner_network, engine, settings):
    """What takes a record as our receiver does."""
    partner = partner_file.read(settings.home / settings.partners / "roa.toml")

    def done(record):
        with engine.begin() as connection:
            body = json.dumps(record).encode()
            url = "https://us.example/ocpi/2.2.1/cdrs"
            return receiver_cdrs.post(connection, body, partner=partner, version="2.2.1", at=AT, module_url=url)

    return done


def test_a_pushed_cdr_is_judged_with_those_that_were_pulled(push, reconciled, make_record):
    push(make_record(8))

    told = reconciled(make_record(9))

    assert told["verdicts"] == {"equal": 2}


def test_a_cdr_that_was_pushed_and_pulled_is_one(push, reconciled, make_record):
    push(make_record(8))

    told = reconciled(make_record(8), make_record(9))

    assert told["verdicts"] == {"equal": 2}


def test_what_was_refused_is_kept_with_its_reason(push, reconciled, make_record, engine):
    push(make_record(8))
    push(make_record(8, kwh=99))
    push(make_record(9) | {"currency": None})

    reconciled(make_record(9))

    with engine.connect() as connection:
        refused = (
            connection.execute(sa.select(tables.rejected_cdr.c.cdr_id, tables.rejected_cdr.c.reason)).tuples().all()
        )
    assert sorted(cdr_id for cdr_id, _ in refused) == ["CDR-8", "CDR-9"]
    assert any("other content" in reason for _, reason in refused)
