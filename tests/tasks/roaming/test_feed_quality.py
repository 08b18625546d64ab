"""What a partner sends is asked for its quality in each night: said where it is odd, and not judged where it blocks."""

from datetime import date

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.database.queries import nights
from charging.errors import QualityBlocked
from charging.roaming import partner_file
from reports.collected.partner_reconciliation import partner_reconciliation
from tasks import feed_quality

DAY = date(2026, 3, 1)


@pytest.fixture
def said(engine):
    """Which expectations were not met, by the run in which they were asked."""

    def read():
        row = tables.validation.c
        with engine.connect() as connection:
            found = (
                connection.execute(sa.select(row.run, row.stage, row.source, row.rows, row.results)).mappings().all()
            )
        return {
            (one["run"], one["stage"], one["source"], one["rows"]): [
                result["expectation"] for result in one["results"] if not result["is_met"]
            ]
            for one in found
        }

    return read


def test_says_what_is_odd_and_judges_all_the_same(reconciled, make_record, said, engine, settings):
    odd = make_record(9, started="2026-03-01T10:00:00+01:00", ended="2026-03-01T10:45:00+01:00")

    told = reconciled(make_record(8), odd)

    assert told["verdicts"] == {"equal": 2}
    assert (told["feed"]["cdrs"], told["feed"]["asked"], told["feed"]["blocks"]) == (2, 2, [])
    (warning,) = [each for each in told["feed"]["warnings"] if "UTC" in each]
    assert warning.startswith("Instants are written in UTC. It does not hold for 1 row (theirs|roa|NL-EVN|CDR-9|")
    (unmet,) = said().items()
    assert unmet[0] == ("night-roa-2026-03-01", "feed", "roa", 2)
    assert "time.offset_stated" in unmet[1]
    assert len(unmet[1]) == len(told["feed"]["warnings"])
    with engine.connect() as connection:
        partner = partner_file.read(settings.home / settings.partners / "roa.toml")
        report = partner_reconciliation(connection, partner, nights.night(connection, "roa", DAY), key=None)
    assert report.feed.warnings == tuple(told["feed"]["warnings"])


def test_says_nothing_of_a_night_without_a_cdr(reconciled, said):
    told = reconciled()

    assert told["feed"] == feed_quality.NOT_ASKED
    assert said() == {}


def test_judges_nothing_of_a_feed_in_another_unit_and_keeps_what_came(reconciled, make_record, engine, said):
    in_wh = [make_record(hour, kwh=900) for hour in (8, 9, 10)]

    with pytest.raises(QualityBlocked, match="another unit"):
        reconciled(*in_wh)

    with engine.connect() as connection:
        assert nights.night(connection, "roa", DAY) is None
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.cdr)) == 3
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.followed_case)) == 0
    assert "feed.units_agree" in said()["night-roa-2026-03-01", "feed", "roa", 3]


def test_keeps_what_was_said_of_a_night_that_is_judged_again(reconciled, make_record, engine):
    first = reconciled(make_record(8))["feed"]

    reconciled(make_record(8), make_record(9), day=date(2026, 3, 2), at="2026-03-03T04:30:00+00:00")

    with engine.connect() as connection:
        assert nights.night(connection, "roa", DAY)["summary"]["feed"] == first


def test_a_night_left_out_whose_feed_blocks_waits_and_is_said(reconciled, make_record, engine):
    reconciled(day=date(2026, 2, 28), at="2026-03-01T04:30:00+00:00")
    in_wh = [make_record(hour, kwh=900) for hour in (8, 9, 10)]

    told = reconciled(*in_wh, day=date(2026, 3, 3), at="2026-03-04T04:30:00+00:00")

    (because,) = [one["because"] for one in told["reopened"] if one["day"] == "2026-03-01"]
    assert because.startswith("not judged yet: ")
    with engine.connect() as connection:
        assert nights.night(connection, "roa", DAY) is None


def test_of_a_great_night_as_many_are_asked_about_as_take_seconds(reconciled, make_record, monkeypatch):
    monkeypatch.setattr(feed_quality, "MOST", 2)

    told = reconciled(*(make_record(hour) for hour in range(8, 18)))

    assert told["feed"]["cdrs"] == 10
    assert 0 < told["feed"]["asked"] < 10
