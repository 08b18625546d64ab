"""What is decided on rows in quarantine is kept, and their rows rejoin as if they had been judged so from the start."""

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.cleansing.answers import Choice
from charging.database import tables
from charging.database.queries import clean
from charging.database.queries.quarantine import Wanted
from charging.errors import AnswerRefused, UnknownThing
from charging.legacy.source import COLUMNS
from tasks import cleansing, quarantine
from tasks.quarantine import Order

WAITING = Wanted(decision="waiting")
COUNTS = ("rows_in", "loaded", "merged", "quarantined")


@pytest.fixture
def cleansed(engine, settings, landed, rows, make_session):
    """An extract in which a session delivered nothing, one says no energy that can be read, and one is a ghost's."""
    extract_id = landed(
        rows(
            session=[
                make_session("1", hour=8),
                make_session("2", hour=10, meter_stop_wh="10000"),
                make_session("3", hour=12, meter_stop_wh="12.9k"),
                make_session("4", hour=14, station_id="CS-9"),
            ]
        )
    )
    cleansing.cleanse_extract(engine, settings, extract_id)
    return extract_id


@pytest.fixture
def decide(engine, settings):
    def decided(wanted, choice=Choice.RELEASED, *, given=(), by="the fitter", because="seen on site", dry_run=False):
        order = Order(choice=choice, by=by, because=because, given=given)
        return quarantine.decide(engine, settings, wanted, order, via="console", dry_run=dry_run)

    return decided


def waiting(engine, **wanted):
    return {case["row_key"]: case for case in quarantine.listed(engine, Wanted(decision="waiting", **wanted))["cases"]}


def one(engine, row_key):
    return Wanted(keys=[waiting(engine)[row_key]["key"]])


def account(engine):
    row = tables.account.c
    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.account).where(row.entity == "session")).mappings().one()
    return tuple(found[name] for name in COUNTS)


def everything(engine):
    """What is stored, but for what the suites said, which is asked of whole tables alone."""
    with engine.connect() as connection:
        return {
            str(table): sorted(
                map(repr, connection.execute(sa.select(*(column for column in table.c if column.name != "suite"))))
            )
            for table in tables.metadata.sorted_tables
            if table.schema in {"clean", "quarantine"}
        }


def test_lists_what_waits_with_its_owner_and_age(cleansed, engine):
    result = quarantine.listed(engine, WAITING)

    assert {(group["rule"], group["owner"], group["cases"]) for group in result["counts"]} == {
        ("tx.zero", "maintenance", 1),
        ("mv.garbage", "station maker", 1),
        ("cp.ghost", "data team", 1),
    }
    assert {case["age_days"] for case in result["cases"]} == {0}
    assert account(engine) == (4, 1, 0, 3)


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ({"owner": "maintenance"}, {"2"}),
        ({"rule": "mv.garbage"}, {"3"}),
        ({"entity": "token"}, set()),
        ({"source": "legacy"}, {"2", "3", "4"}),
        ({"before": datetime(2026, 1, 1, tzinfo=UTC)}, set()),
    ],
    ids=["owner", "rule", "entity", "source", "age"],
)
def test_lists_what_is_meant(cleansed, engine, wanted, keys):
    assert set(waiting(engine, **wanted)) == keys


def test_a_released_row_rejoins_and_the_counts_add_up(cleansed, engine, decide):
    result = decide(one(engine, "2"))

    assert [case["became"] for case in result["cases"]] == ["rejoined"]
    assert account(engine) == (4, 2, 0, 2)
    with engine.connect() as connection:
        assert set(connection.scalars(sa.select(tables.session.c.session_id))) == {"1", "2"}


def test_a_dry_run_says_the_same_and_changes_nothing(cleansed, engine, decide):
    before, meant = everything(engine), one(engine, "2")

    shown = decide(meant, dry_run=True)

    assert everything(engine) == before
    done = decide(meant)
    assert {name: shown[name] for name in ("cases", "after")} == {name: done[name] for name in ("cases", "after")}


def test_a_corrected_value_is_logged_as_the_owners_answer(cleansed, engine, decide):
    decide(one(engine, "3"), given=["meter_stop_wh=12900"])

    fix = tables.fix.c
    with engine.connect() as connection:
        found = sa.select(fix.key, fix.field, fix.before, fix.after).where(fix.rule == "owner.answer")
        assert connection.execute(found).tuples().all() == [("3", "meter_stop_wh", "12.9k", "12900")]
        energy = sa.select(tables.session.c.energy_kwh).where(tables.session.c.session_id == "3")
        assert str(connection.scalar(energy)) == "0.9"


def test_a_corrected_value_is_judged_like_any_other(cleansed, engine, decide):
    (case,) = decide(one(engine, "3"), given=["meter_stop_wh=-5"])["cases"]

    assert case["became"].startswith("waits again, tx.neg")
    assert waiting(engine)["3"]["rule"] == "tx.neg"
    assert account(engine) == (4, 1, 0, 3)


def test_another_rule_still_judges_what_was_released(engine, settings, landed, rows, make_session, decide):
    extract_id = landed(
        rows(session=[make_session("1", hour=8), make_session("2", hour=10, station_id="CS-9", meter_stop_wh="10000")])
    )
    cleansing.cleanse_extract(engine, settings, extract_id)

    (case,) = decide(one(engine, "2"))["cases"]
    assert case["became"].startswith("waits again, tx.zero")

    (case,) = decide(one(engine, "2"), because="and it did stand still")["cases"]
    assert case["became"].startswith("waits again, suite")

    decide(one(engine, "2"), because="the station is gone, the session is real")
    assert account(engine) == (2, 2, 0, 0)
    assert len(quarantine.shown(engine, case["key"])["history"]) == 3


def test_a_discarded_row_stays_out_and_is_counted(cleansed, engine, settings, decide):
    decide(Wanted(decision="waiting", rule="tx.zero"), Choice.DISCARDED)

    assert "2" not in waiting(engine)
    assert account(engine) == (4, 1, 0, 3)
    decided = quarantine.listed(engine, Wanted(decision="discarded"))["cases"]
    assert [(case["row_key"], case["decided_by"]) for case in decided] == [("2", "the fitter")]


def test_cleansing_all_of_it_again_ends_the_same(cleansed, engine, settings, decide):
    decide(one(engine, "2"))
    decide(one(engine, "3"), given=["meter_stop_wh=12900"])
    decide(one(engine, "4"), Choice.DISCARDED)
    before = everything(engine)

    cleansing.cleanse_extract(engine, settings, cleansed)

    assert everything(engine) == before
    assert account(engine) == (4, 3, 0, 1)


def test_a_later_extract_asks_nobody_twice(cleansed, engine, settings, decide, landed, rows, make_session):
    decide(one(engine, "2"))
    decide(one(engine, "4"), Choice.DISCARDED)
    later = landed(
        rows(
            session=[
                make_session("0", hour=6),
                make_session("2", hour=10, meter_stop_wh="10000"),
                make_session("4", hour=14, station_id="CS-9"),
                make_session("5", hour=16, meter_stop_wh="16000"),
            ]
        ),
        at=datetime(2026, 3, 3, tzinfo=UTC),
    )

    cleansing.cleanse_extract(engine, settings, later)

    assert set(waiting(engine)) == {"5"}
    discarded = quarantine.listed(engine, Wanted(decision="discarded"))["cases"]
    assert [(case["row_key"], case["extract_id"]) for case in discarded] == [("4", later)]


def test_an_age_is_kept_over_extracts(cleansed, engine, settings, landed, rows, make_session):
    row = tables.quarantined_row
    first = datetime(2026, 3, 2, tzinfo=UTC)
    with engine.begin() as connection:
        connection.execute(sa.update(row).values(quarantined_at=first))
    cleansing.cleanse_extract(engine, settings, cleansed)
    later = landed(
        rows(session=[make_session("1", hour=8), make_session("2", hour=10, meter_stop_wh="10000")]),
        at=datetime(2026, 3, 3, tzinfo=UTC),
    )

    cleansing.cleanse_extract(engine, settings, later)

    (case,) = quarantine.listed(engine, WAITING)["cases"]
    assert (case["extract_id"], case["first_at"]) == (later, first)


def test_deciding_the_same_twice_changes_nothing(cleansed, engine, decide):
    meant = one(engine, "2")
    decide(meant)
    before = everything(engine)

    assert decide(meant)["cases"] == []
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("row_key", "options", "message"),
    [
        pytest.param("2", {"by": " "}, "nobody is named who decides; say who with --by", id="nobody"),
        pytest.param("2", {"by": "m"}, "'m' is too short a name; say who with --by, in 3 letters or more", id="short"),
        pytest.param("2", {"because": ""}, "no reason is given; say why with --reason", id="no reason"),
        pytest.param("3", {}, "mv.garbage misses a value that only its owner can give", id="needs a value"),
        pytest.param("2", {"given": ["colour=red"]}, "there is no field 'colour'; the row has session_id", id="field"),
    ],
)
def test_refuses_what_cannot_be_decided_so(cleansed, engine, decide, row_key, options, message):
    before = everything(engine)

    with pytest.raises(AnswerRefused, match=message):
        decide(one(engine, row_key), **options)

    assert everything(engine) == before


def test_refuses_to_discard_what_was_released(cleansed, engine, decide):
    meant = one(engine, "2")
    decide(meant)

    with pytest.raises(AnswerRefused, match="the fitter has released it, and it is loaded"):
        decide(meant, Choice.DISCARDED)


def test_says_that_there_is_no_such_case(cleansed, decide):
    with pytest.raises(UnknownThing, match="there is no case 'Q-0': see rehome quarantine list"):
        decide(Wanted(keys=["Q-0"]))


def test_of_many_those_that_need_a_value_are_left_and_named(cleansed, engine, decide):
    result = decide(WAITING)

    assert {case["row_key"]: case["became"].split(":")[0] for case in result["cases"]} == {
        "2": "rejoined",
        "4": "waits again, suite",
    }
    assert [no["problem"].split()[0] for no in result["refused"]] == ["mv.garbage"]
    assert account(engine) == (4, 2, 0, 2)


def test_a_question_that_is_answered_is_asked_no_more(engine, settings, landed, rows, make_location, decide):
    extract_id = landed(rows(location=[make_location(), make_location("L2")]))
    cleansing.cleanse_extract(engine, settings, extract_id)
    asked = quarantine.listed(engine, WAITING)["cases"]
    assert {case["kind"] for case in asked} == {"question"}

    decide(Wanted(decision="waiting", entity="location"))

    assert quarantine.listed(engine, WAITING)["cases"] == []
    cleansing.cleanse_extract(engine, settings, extract_id)
    assert quarantine.listed(engine, WAITING)["cases"] == []
    later = landed(rows(location=[make_location(), make_location("L2")], token=[]), at=datetime(2026, 3, 3, tzinfo=UTC))
    assert later != extract_id


@pytest.fixture
def taken_back(engine, settings):
    def done(key, *, dry_run=False, by="the fitter", because="it was another station"):
        order = Order(choice=Choice.WAITING, by=by, because=because)
        return quarantine.decide(engine, settings, Wanted(keys=[key]), order, via="console", dry_run=dry_run)

    return done


@pytest.mark.parametrize(
    ("row_key", "choice", "given"),
    [
        pytest.param("2", Choice.RELEASED, (), id="released"),
        pytest.param("3", Choice.CORRECTED, ["meter_stop_wh=12900"], id="corrected"),
        pytest.param("4", Choice.DISCARDED, (), id="discarded"),
    ],
)
def test_what_is_taken_back_waits_as_it_did(cleansed, engine, settings, decide, taken_back, row_key, choice, given):
    without = _but_decisions(everything(engine))
    key = waiting(engine)[row_key]["key"]
    decide(Wanted(keys=[key]), choice, given=given)
    decided = everything(engine)

    assert taken_back(key, dry_run=True)["cases"][0]["became"].startswith("waits again")
    assert everything(engine) == decided
    taken_back(key)

    assert _but_decisions(everything(engine)) == without
    assert account(engine) == (4, 1, 0, 3)
    assert [made["choice"] for made in quarantine.shown(engine, key)["history"]] == [str(choice), "waiting"]
    cleansing.cleanse_extract(engine, settings, cleansed)
    assert _but_decisions(everything(engine)) == without
    with pytest.raises(AnswerRefused, match="it waits, so there is nothing to take back"):
        taken_back(key)


def _but_decisions(stored):
    """All but the history; a sum of nothing is 0 however many decimals it was taken with."""
    return {
        name: [re.sub(r"Decimal\('0\.0+'\)", "Decimal('0')", row) for row in rows]
        for name, rows in stored.items()
        if name != "quarantine.decision"
    }


def test_taking_back_needs_no_full_run(cleansed, engine, decide, taken_back, monkeypatch):
    key = waiting(engine)["2"]["key"]
    decide(Wanted(keys=[key]))
    monkeypatch.setattr(cleansing, "cleanse_on", None)

    taken_back(key)

    assert set(waiting(engine)) == {"2", "3", "4"}


def test_what_was_taken_back_can_be_decided_anew(cleansed, engine, decide, taken_back):
    key = waiting(engine)["2"]["key"]
    decide(Wanted(keys=[key]))
    with pytest.raises(AnswerRefused, match="take it back first"):
        decide(Wanted(keys=[key]), Choice.DISCARDED)
    taken_back(key)

    decide(Wanted(keys=[key]), Choice.DISCARDED)

    assert account(engine) == (4, 1, 0, 3)
    assert "2" not in waiting(engine)


def test_a_row_that_a_question_is_about_is_taken_out_and_what_names_it_is_told(
    engine, settings, landed, rows, make_location, make_station, decide
):
    stations = [make_station("CS-1"), make_station("CS-2")]
    nowhere = make_location(latitude="", longitude="")
    extract_id = landed(rows(location=[nowhere, *(make_location(f"L{n}") for n in range(2, 60))], station=stations))
    cleansing.cleanse_extract(engine, settings, extract_id)
    asked = waiting(engine, entity="location")["L1"]

    told = decide(Wanted(keys=[asked["key"]]), Choice.DISCARDED)

    (outcome,) = told["cases"]
    assert outcome["became"] == "taken out; what names it stays until it is cleansed again: 2 x station"
    with engine.connect() as connection:
        assert "L1" not in connection.scalars(sa.select(tables.location.c.location_id)).all()


@pytest.mark.parametrize("entity", COLUMNS)
def test_asks_what_names_a_row_of_any_entity(engine, entity):
    with engine.connect() as connection:
        assert clean.referring(connection, entity, ["none", "nor this"]) == {}
