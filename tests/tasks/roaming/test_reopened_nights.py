"""A night is judged again when something comes, or fails to come, that belongs to it; and only then."""

import json
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import cases, gating, nights
from charging.errors import PartnerUnavailable
from tasks import judged_nights, night, stored_nights

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


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


def test_says_what_came_late_and_settles_its_case(reconciled, make_record, engine):
    reconciled(make_record(8))
    assert _standing(engine) == {"9": ("late", "waiting")}

    told = reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")

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


def test_ends_in_the_same_rows_when_it_is_run_again(reconciled, make_record, stored):
    reconciled(make_record(8), make_record(9, kwh=1.4), make_record(20))
    once = stored()

    again = reconciled(make_record(8), make_record(9, kwh=1.4), make_record(20))

    assert stored() == once
    assert again["reopened"] == []
    assert again["changed"] == {}


@pytest.mark.parametrize(
    ("room", "place"),
    [(judged_nights, "judge"), (judged_nights, "_follow"), (stored_nights, "store_ours"), (stored_nights, "store")],
)
def test_ends_in_the_same_rows_when_it_was_killed(reconciled, make_record, stored, monkeypatch, room, place, engine):
    records = (make_record(8), make_record(9, kwh=1.4))
    with monkeypatch.context() as broken:
        broken.setattr(room, place, _killed)
        with pytest.raises(KeyboardInterrupt):
            reconciled(*records)

    told = reconciled(*records)

    assert (told["judged"], told["to_follow_up"]) == (2, 1)
    assert len(stored()["case_event"]) == 2  # opened, proposed


def test_finds_missing_what_has_not_come_in_time(reconciled, make_record, engine):
    reconciled(make_record(8))

    told = reconciled(make_record(8), day=date(2026, 3, 4), at="2026-03-05T04:30:00+00:00")

    (again,) = told["reopened"]
    assert (again["because"], again["changed"]) == (nights.NOW_DUE, {"late > missing_at_partner": 1})
    assert _standing(engine) == {"9": ("missing_at_partner", "proposed")}


def test_is_complete_once_everything_has_come(reconciled, make_record, engine):
    told = reconciled(make_record(8), because="1 record came of the 2 that the partner says it has")
    assert told["is_complete"] is False

    reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")

    with engine.connect() as connection:
        assert nights.night(connection, "roa", FIRST)["is_complete"] is True
        assert nights.versions(connection, "roa", FIRST)[-1]["is_complete"] is True


def test_stays_complete_when_a_later_pull_is_not(reconciled, make_record, engine):
    reconciled(make_record(8), make_record(9))

    told = reconciled(make_record(8), because="it broke off")

    assert (told["is_complete"], told["verdicts"]) == (True, {"equal": 2})


def test_is_judged_again_when_a_session_of_ours_comes_late(reconciled, make_record, partner_network, own_session):
    reconciled(make_record(8), make_record(9), make_record(10))
    partner_network(own_session(10))

    told = reconciled(make_record(8), make_record(9), make_record(10), day=SECOND, at="2026-03-03T04:30:00+00:00")

    (again,) = told["reopened"]
    assert (again["because"], again["verdicts"]) == (nights.OWN_SESSIONS, {"equal": 3})


def test_is_judged_again_when_the_tariff_that_was_agreed_is_mended(reconciled, make_record, roa, engine):
    reconciled(make_record(8), make_record(9))
    tariff = json.loads((roa / "roa.json").read_text())
    for component in tariff["elements"][0]["price_components"]:
        component["price"] *= 2
    (roa / "roa.json").write_text(json.dumps(tariff))

    told = reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")
    once_more = reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:31:00+00:00")

    (again,) = told["reopened"]
    assert (again["because"], again["changed"]) == (nights.OTHER_AGREEMENT, {"equal > ours_right": 2})
    assert once_more["reopened"] == []
    with engine.connect() as connection:
        assert [one["because"] for one in nights.versions(connection, "roa", FIRST)][1:] == [nights.OTHER_AGREEMENT]


def test_is_left_alone_by_a_tariff_that_begins_later(reconciled, make_record, roa, engine):
    reconciled(make_record(8), make_record(9))
    now = json.loads((roa / "roa.json").read_text())
    until, start = {"end_date_time": "2026-03-03T00:00:00Z"}, {"start_date_time": "2026-03-03T00:00:00Z"}
    (roa / "roa.json").write_text(json.dumps([now | until, now | start | {"id": "later"}]))

    told = reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")

    assert told["reopened"] == []


def test_gives_a_cdr_to_the_night_in_which_ours_ended(reconciled, make_record, partner_network, engine, own_session):
    early = make_record(23, started="2026-03-01T23:15:00Z", ended="2026-03-01T23:59:30Z")
    reconciled(early)
    assert ("CDR-23" in _standing(engine)) is True
    ours = own_session(23, started_at="2026-03-01T23:15:30+00:00", stopped_at="2026-03-02T00:00:00+00:00")
    partner_network(ours)

    told = reconciled(early, day=SECOND, at="2026-03-03T04:30:00+00:00")

    assert told["judged"] == 1
    with engine.connect() as connection:
        keys = connection.scalars(
            sa.select(tables.verdict.c.theirs_key).where(tables.verdict.c.theirs_key.is_not(None))
        )
        assert len(list(keys)) == 1


def test_leaves_everything_as_it_was_when_the_partner_does_not_answer(reconciled, make_record, stored, monkeypatch):
    reconciled(make_record(8))
    before = stored()

    def away(*_, **__):
        raise PartnerUnavailable("roa", "no answer", "wait")

    monkeypatch.setattr(night, "_fetch", away)
    with pytest.raises(PartnerUnavailable):
        night.reconcile_partner.fn("roa", day=FIRST, days=1)

    assert stored() == before


def test_keeps_the_gate_from_judging_by_an_incomplete_night(reconciled, make_record, engine):
    reconciled(make_record(8), because="it broke off")

    with engine.connect() as connection:
        evidence = gating.evidence(connection, "none", 1, as_of=datetime(2026, 3, 2, tzinfo=UTC), heard_at={})

    assert evidence.incomplete_nights == ("roa: it broke off",)


def test_learns_how_late_a_partner_is(reconciled, make_record, engine, monkeypatch):
    told = reconciled(make_record(8))

    assert told["lateness"] == {"hours": 72, "is_learnt": False, "sample": 0}


def _killed(*_, **__):
    raise KeyboardInterrupt


def test_takes_turns_of_days_in_any_order(reconciled, make_record, stored):
    reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:30:00+00:00")
    reconciled(make_record(8), make_record(9), day=FIRST, at="2026-03-03T04:31:00+00:00")
    once = stored()["verdict"]

    reconciled(make_record(8), make_record(9), day=SECOND, at="2026-03-03T04:32:00+00:00")

    assert stored()["verdict"] == once


def test_judges_what_was_left_out_since(reconciled, make_record):
    records = (make_record(8), make_record(9))
    reconciled(day=date(2026, 2, 28), at="2026-03-01T04:30:00+00:00")

    told = reconciled(*records, day=date(2026, 3, 3), at="2026-03-04T04:30:00+00:00")

    assert [(one["day"], one["because"], one["verdicts"]) for one in told["reopened"]] == [
        ("2026-03-01", night.LEFT_OUT, {"equal": 2})
    ]
    assert reconciled(*records, day=date(2026, 3, 3), at="2026-03-04T04:31:00+00:00")["reopened"] == []


@pytest.mark.parametrize(
    ("change", "verdicts"),
    [
        pytest.param({"id": "cdr-8"}, {"equal": 2}, id="its id in lower case"),
        pytest.param({"last_updated": "2026-03-01T09:45:00+01:00"}, {"equal": 2}, id="a date with an offset"),
        pytest.param({"remark": "sent again"}, {"equal": 2}, id="a remark"),
        pytest.param({"total_cost": {"excl_vat": 0.37}}, {"equal": 2, "duplicate": 1}, id="another amount"),
    ],
)
def test_tells_another_version_from_another_writing(reconciled, make_record, change, verdicts):
    reconciled(make_record(8), make_record(9))

    told = reconciled(make_record(8, **change), make_record(9), at="2026-03-02T05:30:00+00:00")

    assert told["verdicts"] == verdicts
