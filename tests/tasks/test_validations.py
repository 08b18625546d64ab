"""What suites say of an extract is written down, stops what must stop, and is shown without anybody's card."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from charging.database import tables
from charging.errors import QualityBlocked
from charging.settings import Settings
from tasks import extraction
from tasks.cleansing import cleanse_extract
from tasks.data_docs import publish_docs
from tasks.published import judge_clean
from tasks.validations import check_extract

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
LOCATION = {"location_id": "L1", "name": "Stationsplein", "country": "NL", "latitude": "52.09", "longitude": "5.12"}
STATION = {"station_id": "CS-1", "location_id": "L1", "vendor": "Supplier A", "model": "A1", "firmware": "4.2"}
TOKENS = [{"token_uid": f"04A1B2C3D4E5F{digit}", "is_blocked": "false", "issuer": "TNM"} for digit in "012"]


@pytest.fixture
def settings(home):
    return Settings(home=home)


def recorded(engine):
    with engine.connect() as connection:
        return list(connection.execute(sa.select(tables.validation).order_by(tables.validation.c.suite)).mappings())


def test_writes_down_what_was_said_of_an_extract_once(engine, listed):
    landed = extraction.land(listed(location=[LOCATION], token=TOKENS), engine)
    first = recorded(engine)

    with engine.begin() as connection:
        check_extract(connection, landed["extract_id"], source="listed", at=AT)

    assert [(row["run"], row["suite"], row["stage"]) for row in first] == [
        (landed["extract_id"], "landing.location", "landing"),
        (landed["extract_id"], "landing.token", "landing"),
    ]
    assert recorded(engine) == first


def test_says_what_it_warns_of(engine, listed):
    landed = extraction.land(listed(token=[TOKENS[0], TOKENS[0] | {"issuer": None}]), engine)

    assert landed["warnings"] == ["No token came twice: cleansing merges, or asks. It does not hold for 2 rows (1, 2)."]


def test_does_not_cleanse_an_extract_that_was_not_read_rightly(engine, listed, settings):
    landed = extraction.land(listed(token=[{"token_uid": None, "note": "x"}]), engine)

    with pytest.raises(QualityBlocked, match="column token_uid"):
        cleanse_extract(engine, settings, landed["extract_id"])

    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.account)) == 0


def test_shows_every_run_and_nobodys_card(engine, listed, settings):
    landed = extraction.land(listed(location=[LOCATION], station=[STATION], token=TOKENS), engine)
    cleanse_extract(engine, settings, landed["extract_id"])
    judge_clean(engine, settings, at=AT)

    index = publish_docs(engine, settings)

    text = {
        str(path.relative_to(index.parent)): path.read_text(encoding="utf-8") for path in index.parent.rglob("*.html")
    }
    assert landed["extract_id"] in text["index.html"]
    assert {name.rpartition("/")[2] for name in text} >= {
        "landing-token.html",
        "clean-token.html",
        "published-location.html",
    }
    assert not [name for name, page in text.items() if "04A1B2C3D4E5F" in page]


def test_is_the_same_site_when_nothing_was_asked_since(engine, listed, settings):
    extraction.land(listed(location=[LOCATION]), engine)
    index = publish_docs(engine, settings)
    before = {path: path.read_bytes() for path in index.parent.rglob("*.html")}

    publish_docs(engine, settings)

    assert {path: path.read_bytes() for path in index.parent.rglob("*.html")} == before


def test_has_nothing_to_show_before_anything_was_asked(engine, settings):
    assert not publish_docs(engine, settings).exists()
