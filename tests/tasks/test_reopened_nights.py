"""A night is judged again when something comes, or fails to come, that belongs to it; and only then."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import cases, gating, nights
from charging.errors import PartnerUnavailable
from charging.roaming.ocpi.parse import parse_cdrs, read_envelope
from charging.roaming.ocpi.pull import Pull
from charging.roaming.ocpi.pull_page import read_page
from charging.roaming.ocpi.transport import Answer
from tasks import cleansing, judged_nights, night

UID, CONTRACT = "04A1B2C3D4E5F6", "NL-ROA-C00122045-4"
AT = datetime(2026, 3, 2, tzinfo=UTC)
FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)
TARIFF = {
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "step_size": 1}]}],
}
FILE = """
name = "roa"
party = "NL-ROA"
owner = "NL-EVN"
versions_url = "https://roa.example/ocpi/versions"
token = "env:ROA_TOKEN"
tariff = "roa.json"
currency = "EUR"
time_zone = "UTC"
lateness_days = 3
"""


def record(hour, *, kwh=0.9, started="2026-03-01T{hour:02}:00:00Z", ended="2026-03-01T{hour:02}:45:00Z", **more):
    begin, end = started.format(hour=hour), ended.format(hour=hour)
    dimensions = [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": 0.75}]
    return {
        "country_code": "NL",
        "party_id": "EVN",
        "id": f"CDR-{hour}",
        "start_date_time": begin,
        "end_date_time": end,
        "cdr_token": {"uid": UID, "contract_id": CONTRACT},
        "cdr_location": {"evse_id": "NL*EVN*E1", "coordinates": {"latitude": "52.011", "longitude": "4.357"}},
        "currency": "EUR",
        "charging_periods": [{"start_date_time": begin, "dimensions": dimensions}],
        "total_cost": {"excl_vat": round(kwh * 0.4, 2)},
        "total_energy": kwh,
        "total_time": 0.75,
        "last_updated": end,
    } | more


@pytest.fixture
def network(engine, settings, landed, rows, make_session):
    """A cleansed network with sessions of a partner's driver, and the partner's file."""
    (settings.home / "rehome.toml").write_text('time_zone = "UTC"\n')
    folder = settings.home / settings.partners
    folder.mkdir(exist_ok=True)
    (folder / "roa.toml").write_text(FILE)
    (folder / "roa.json").write_text(json.dumps(TARIFF))

    instants = iter(AT + timedelta(hours=number) for number in range(5))

    def made(*sessions):
        token = [{"token_uid": UID, "contract_id": CONTRACT, "is_blocked": "0"}]
        entities = rows(token=token, session=list(sessions) or [make_session("8", hour=8), make_session("9", hour=9)])
        cleansing.cleanse_extract(engine, settings, landed(entities, at=next(instants)))

    made()
    return made


@pytest.fixture
def reconciled(network, engine, monkeypatch):
    """What judges a night at an instant with what the partner has then, and returns what it tells."""

    def done(*records, day=FIRST, at="2026-03-02T04:30:00+00:00", because=None):
        body = json.dumps({"data": records, "status_code": 1000}).encode()
        envelope, now = read_envelope(body), datetime.fromisoformat(at)
        answer = Answer(url="u", status=200, headers={}, body=body, fetched_at=now, envelope=envelope)
        parsed = parse_cdrs(envelope.data, partner="roa")
        page = read_page(answer)
        pull = Pull(
            pages=(page,),
            cdrs=parsed.cdrs,
            rejected=parsed.rejected,
            total_count=None,
            incomplete_because=because,
            notes=(),
        )
        monkeypatch.setattr(night, "_fetch", lambda *_, **__: pull)
        monkeypatch.setattr(night, "system_clock", lambda: now)
        return night.reconcile_partner.fn("roa", day=day, days=1)

    return done


@pytest.fixture
def stored(engine):
    """Every row that the nights have made, but for when they were judged."""

    def read():
        kept = {}
        with engine.connect() as connection:
            for table in ("cdr", "verdict", "followed_case", "case_event", "proposal", "night", "reconciliation"):
                found = connection.execute(sa.select(tables.metadata.tables[f"roaming.{table}"])).mappings()
                left_out = {"reconciled_at", "stored_at"}
                kept[table] = sorted(
                    repr({name: value for name, value in row.items() if name not in left_out}) for row in found
                )
        return kept

    return read


def _standing(engine):
    with engine.connect() as connection:
        found = cases.cases(connection, cases.Wanted(partner="roa"))
        return {str(case.ours_key or case.theirs_key).split("|")[3]: (case.verdict, case.state) for case in found}


def test_says_what_came_late_and_settles_its_case(reconciled, engine):
    reconciled(record(8))
    assert _standing(engine) == {"9": ("late", "waiting")}

    told = reconciled(record(8), record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")

    (again,) = told["reopened"]
    assert (again["day"], again["because"], again["changed"]) == ("2026-03-01", nights.LATE_CDRS, {"late > equal": 1})
    assert _standing(engine) == {"9": ("equal", "settled")}
    with engine.connect() as connection:
        versions = nights.versions(connection, "roa", FIRST)
    assert [(one["version"], one["because"]) for one in versions] == [
        (1, "it was judged for the first time"),
        (2, nights.LATE_CDRS),
    ]
    assert versions[1]["changes"]["at_risk"] == {"EUR": "-0.36"}


def test_ends_in_the_same_rows_when_it_is_run_again(reconciled, stored):
    reconciled(record(8), record(9, kwh=1.4), record(20))
    once = stored()

    again = reconciled(record(8), record(9, kwh=1.4), record(20))

    assert stored() == once
    assert again["reopened"] == []
    assert again["changed"] == {}


@pytest.mark.parametrize("place", ["judge", "_follow", "_store"])
def test_ends_in_the_same_rows_when_it_was_killed(reconciled, stored, monkeypatch, place, engine):
    records = (record(8), record(9, kwh=1.4))
    with monkeypatch.context() as broken:
        broken.setattr(judged_nights, place, _killed)
        with pytest.raises(KeyboardInterrupt):
            reconciled(*records)

    told = reconciled(*records)

    assert (told["judged"], told["to_follow_up"]) == (2, 1)
    assert len(stored()["case_event"]) == 2  # opened, proposed


def test_finds_missing_what_has_not_come_in_time(reconciled, engine):
    reconciled(record(8))

    told = reconciled(record(8), day=date(2026, 3, 4), at="2026-03-05T04:30:00+00:00")

    (again,) = told["reopened"]
    assert (again["because"], again["changed"]) == (nights.NOW_DUE, {"late > missing_at_partner": 1})
    assert _standing(engine) == {"9": ("missing_at_partner", "proposed")}


def test_is_complete_once_everything_has_come(reconciled, engine):
    told = reconciled(record(8), because="1 record came of the 2 that the partner says it has")
    assert told["is_complete"] is False

    reconciled(record(8), record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")

    with engine.connect() as connection:
        assert nights.night(connection, "roa", FIRST)["is_complete"] is True
        assert nights.versions(connection, "roa", FIRST)[-1]["is_complete"] is True


def test_stays_complete_when_a_later_pull_is_not(reconciled, engine):
    reconciled(record(8), record(9))

    told = reconciled(record(8), because="it broke off")

    assert (told["is_complete"], told["verdicts"]) == (True, {"equal": 2})


def test_is_judged_again_when_a_session_of_ours_comes_late(reconciled, network, make_session):
    reconciled(record(8), record(9), record(10))
    network(make_session("8", hour=8), make_session("9", hour=9), make_session("10", hour=10))

    told = reconciled(record(8), record(9), record(10), day=SECOND, at="2026-03-03T04:30:00+00:00")

    (again,) = told["reopened"]
    assert (again["because"], again["verdicts"]) == (nights.OWN_SESSIONS, {"equal": 3})


def test_gives_a_cdr_to_the_night_in_which_ours_ended(reconciled, network, engine, make_session):
    early = record(23, started="2026-03-01T23:15:00Z", ended="2026-03-01T23:59:30Z")
    reconciled(early)
    assert ("CDR-23" in _standing(engine)) is True
    ours = make_session("23", hour=8, started_at="2026-03-01T23:15:30Z", stopped_at="2026-03-02T00:00:00Z")
    network(ours)

    told = reconciled(early, day=SECOND, at="2026-03-03T04:30:00+00:00")

    assert told["judged"] == 1
    with engine.connect() as connection:
        keys = connection.scalars(
            sa.select(tables.verdict.c.theirs_key).where(tables.verdict.c.theirs_key.is_not(None))
        )
        assert len(list(keys)) == 1


def test_leaves_everything_as_it_was_when_the_partner_does_not_answer(reconciled, stored, monkeypatch):
    reconciled(record(8))
    before = stored()

    def away(*_, **__):
        raise PartnerUnavailable("roa", "no answer", "wait")

    monkeypatch.setattr(night, "_fetch", away)
    with pytest.raises(PartnerUnavailable):
        night.reconcile_partner.fn("roa", day=FIRST, days=1)

    assert stored() == before


def test_keeps_the_gate_from_judging_by_an_incomplete_night(reconciled, engine):
    reconciled(record(8), because="it broke off")

    with engine.connect() as connection:
        evidence = gating.evidence(connection, "none", 1, as_of=datetime(2026, 3, 2, tzinfo=UTC), heard_at={})

    assert evidence.incomplete_nights == ("roa: it broke off",)


def test_learns_how_late_a_partner_is(reconciled, engine, monkeypatch):
    told = reconciled(record(8))

    assert told["lateness"] == {"hours": 72, "is_learnt": False, "sample": 0}


def _killed(*_, **__):
    raise KeyboardInterrupt


def test_takes_turns_of_days_in_any_order(reconciled, stored):
    reconciled(record(8), record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")
    reconciled(record(8), record(9), day=FIRST, at="2026-03-03T04:31:00+00:00")
    once = stored()["verdict"]

    reconciled(record(8), record(9), day=SECOND, at="2026-03-03T04:32:00+00:00")

    assert stored()["verdict"] == once
