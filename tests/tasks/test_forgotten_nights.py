"""A night after a forgetting says what it said before and brings nobody back; the partner's pages stay as they came."""

import json
import zlib
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from charging import settings as configuration
from charging.database import tables
from charging.database.queries import roaming
from charging.personal.forgetting import Kind
from charging.roaming.ocpi.client import Pull
from charging.roaming.ocpi.parse import parse_cdrs, read_envelope
from charging.roaming.ocpi.pull_page import read_page
from charging.roaming.ocpi.transport import Answer
from tasks import cleansing, extraction, forgetting, night

UID, CONTRACT, ANOTHER = "04A1B2C3D4E5F6", "NL-ROA-C00122045-4", "04B1B2C3D4E5F6"
OTHER_CONTRACT = "NL-ROA-C00122046-1"
DAY = date(2026, 3, 1)


def record(cdr_id, hour, *, uid=UID, contract=CONTRACT, kwh=0.9, **more):
    return {
        "country_code": "NL",
        "party_id": "EVN",
        "id": cdr_id,
        "start_date_time": f"2026-03-01T{hour:02}:00:00Z",
        "end_date_time": f"2026-03-01T{hour:02}:45:00Z",
        "cdr_token": {"uid": uid, "contract_id": contract},
        "cdr_location": {"evse_id": "NL*EVN*E1", "coordinates": {"latitude": "52.011", "longitude": "4.357"}},
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": f"2026-03-01T{hour:02}:00:00Z",
                "dimensions": [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": 0.75}],
            }
        ],
        "total_cost": {"excl_vat": round(kwh * 0.4, 2)},
        "total_energy": kwh,
        "total_time": 0.75,
        "last_updated": f"2026-03-01T{hour:02}:45:00Z",
    } | more


RECORDS = (
    record("A", 8),  # by the token
    record("B", 9, uid="APP-USER-4711"),  # by the contract; the partner has another uid for the same person
    record("C", 10, kwh=1.4),  # another energy, and another cost
    record("D", 11, uid=ANOTHER, contract=OTHER_CONTRACT),
    record("E", 20),  # nothing of ours
    record("F", 12, total_energy="many"),  # no CDR, and it names the person all the same
)


@pytest.fixture
def network(engine, settings, monkeypatch, landed, rows, make_session, roa):
    """A cleansed network with sessions of two of a partner's drivers, and the partner's file."""
    monkeypatch.setenv("PSEUDONYM_KEY", "a key of no importance")
    (settings.home / "rehome.toml").write_text('pseudonym_key = "env:PSEUDONYM_KEY"\ntime_zone = "UTC"\n')
    entities = rows(
        token=[
            {"token_uid": UID, "contract_id": CONTRACT, "is_blocked": "0"},
            {"token_uid": ANOTHER, "contract_id": OTHER_CONTRACT, "is_blocked": "0"},
        ],
        session=[make_session(str(hour), hour=hour) for hour in (8, 9, 10, 13)]
        + [make_session("11", hour=11, token_uid=ANOTHER)],
    )
    cleansing.cleanse_extract(engine, settings, landed(entities))
    return entities


@pytest.fixture
def reconciled(network, engine, monkeypatch):
    """What reconciles the night with what the partner has then, pulled anew."""

    def done(*records):
        body = json.dumps({"data": records, "status_code": 1000}).encode()
        envelope = read_envelope(body)
        answer = Answer(url="u", status=200, headers={}, body=body, fetched_at=datetime.now(UTC), envelope=envelope)
        parsed = parse_cdrs(envelope.data, partner="roa")
        page = read_page(answer)
        pull = Pull(
            pages=(page,),
            cdrs=parsed.cdrs,
            rejected=parsed.rejected,
            total_count=None,
            incomplete_because=None,
            notes=(),
        )
        monkeypatch.setattr(night, "_fetch", lambda *_, **__: pull)
        night.reconcile_partner.fn("roa", day=DAY, days=1)
        with engine.connect() as connection:
            found = roaming.verdicts(connection, "roa", DAY)
            (head,) = roaming.last_nights(connection)
        names = ("verdict", "tier", "difference", "money_at_risk", "currency", "kinds", "ours_cdr_id", "theirs_cdr_id")
        ordered = sorted(found, key=lambda one: (one["ours_cdr_id"] or "", one["theirs_cdr_id"] or ""))
        return [tuple(one[name] for name in names) for one in ordered], head["summary"]

    return done


def forget(engine, text=UID):
    settings = configuration.load()
    return forgetting.forget(engine, settings, Kind.TOKEN, text, by="The officer", reason="asked", dry_run=False)


def traces(engine, *, but=("page",)):
    with engine.connect() as connection:
        stored = {
            str(table): json.dumps([repr(row) for row in connection.execute(sa.select(table))])
            for table in tables.metadata.sorted_tables
            if table.name not in but
        }
    names = (UID, CONTRACT, CONTRACT.replace("-", "")[:-1], "APP-USER-4711")
    return {(table, name) for table, text in stored.items() for name in names if name in text}


def test_a_night_after_a_forgetting_gives_the_same_verdicts_and_money(reconciled, engine):
    before = reconciled(*RECORDS)
    assert {one[0] for one in before[0]} > {"equal"}
    assert any(one[3] for one in before[0])

    forget(engine)

    assert reconciled(*RECORDS) == before
    assert traces(engine) == set()


def test_pages_that_come_after_a_forgetting_bring_nobody_back(reconciled, engine):
    forget(engine)

    _, summary = reconciled(*RECORDS)

    assert traces(engine) == set()
    assert summary["rejected"] == 1
    with engine.connect() as connection:
        uids = set(connection.scalars(sa.select(tables.cdr.c.token_uid)))
        contracts = set(connection.scalars(sa.select(tables.cdr.c.contract_compact)))
    assert ANOTHER in uids
    assert contracts == {"NLROAC00122046", *(each for each in contracts if each.startswith("NLROAC"))}


def test_pages_stay_as_they_came_and_are_counted(reconciled, engine):
    reconciled(*RECORDS)
    with engine.connect() as connection:
        before = connection.execute(sa.select(tables.page)).all()

    result = forget(engine, UID.lower())

    assert result["kept"] == {"roaming.page.body": 1}
    assert "dispute window" in result["kept_because"]["roaming.page.body"]
    with engine.connect() as connection:
        assert connection.execute(sa.select(tables.page)).all() == before
        (body,) = connection.scalars(sa.select(tables.page.c.body))
    assert UID in zlib.decompress(body).decode()


def test_a_nights_intake_of_sessions_brings_nobody_back(network, engine, listed, make_session):
    forget(engine)

    landed = extraction.land(listed("target", session=[make_session("99", hour=15, token_uid=UID.lower())]), engine)
    cleansing.cleanse_extract(engine, configuration.load(), landed["extract_id"])

    assert traces(engine) == set()
