"""What new ids mean outside: artwork for every sticker that is wanted, costs that add up, and who has been told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from charging import settings as configuration
from charging.database.operations import clean, remapping
from charging.database.operations import identifiers as write
from charging.database.operations.remapping import Word
from charging.network import Evse, Lane, Location, Station
from reports.collected.impact import impact
from tasks import impact as publishing

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COSTS = """
[impact]
sticker_cost = 3.5
visit_cost = "65"
notice_cost = "120.00"
registers = ["national access point"]
[impact.qr]
"NL*EVN" = "https://example.org/{evse_id}"
"""


def word(at=AT):
    return Word(by="The owner", reason="as agreed", at=at, alias_for=180 * DAY)


@pytest.fixture
def costed(settings, home):
    (home / "rehome.toml").write_text(COSTS)
    return configuration.load()


@pytest.fixture
def network(engine):
    """Two locations: an EVSE without an id, one with a name for an id, one whose id is only written oddly."""
    places = [
        Location(
            location_id=one, name=one, street=f"Kade {one}", city="Delft", postal_code="2611 AB", country="NL",
            latitude=None, longitude=None, time_zone=None,
        )
        for one in ("L1", "L2")
    ]  # fmt: skip
    stations = [
        Station(
            station_id=f"CS-{number}", location_id=location, vendor=None, model=None, serial_number=None, firmware=None,
            iccid=None, imsi=None, apn=None, ocpp_protocol=None, lane=Lane.LIVE, last_seen_at=None,
        )
        for number, location in enumerate(("L1", "L1", "L2"), start=1)
    ]  # fmt: skip
    evses = [
        Evse(evse_uid="CS-1*1", station_id="CS-1", connector_id=1, evse_id=None),
        Evse(evse_uid="CS-2*1", station_id="CS-2", connector_id=1, evse_id="pole <b>2</b>"),
        Evse(evse_uid="CS-3*1", station_id="CS-3", connector_id=1, evse_id="nl*evn*e3*1"),
        Evse(evse_uid="CS-3*2", station_id="CS-3", connector_id=2, evse_id="pole 3"),
    ]
    with engine.begin() as connection:
        clean.store_entities(connection, [*places, *stations, *evses], extract_id="legacy-1")
        write.propose(connection, evses, country="NL", operator="EVN", din_operators={}, at=AT)
        remapping.approve(connection, ["CS-1*1", "CS-2*1", "CS-3*1"], word=word())
    return engine


def collected(engine, settings, *, as_of=AT + DAY):
    with engine.connect() as connection:
        return impact(connection, settings, as_of=as_of)


def test_names_the_sticker_that_each_change_needs(network, costed):
    stickers = {each.evse_uid: each.sticker for each in collected(network, costed).changes}

    assert stickers == {"CS-1*1": "first", "CS-2*1": "replace", "CS-3*1": "none", "CS-3*2": "replace"}


def test_costs_add_up_in_either_way(network, costed):
    report = collected(network, costed)

    assert report.total("sticker") == 3 * Decimal("3.5") + 2 * Decimal(65) + 1 * Decimal(120)
    assert report.total("alias") == Decimal("3.5") + Decimal(65) + 2 * Decimal("3.5") + Decimal(120)
    by_item = {cost.item: cost.total for cost in report.costs if cost.way == "sticker"}
    assert sum(visit.cost for visit in report.visits) == by_item["stickers"] + by_item["visits to locations"]


def test_a_cost_that_nobody_named_is_not_known(network, settings):
    report = collected(network, settings)

    assert report.total("sticker") is None
    assert [visit.cost for visit in report.visits] == [None, None]


def test_says_until_when_an_old_id_answers(network, costed):
    until = {each.evse_uid: each.alias_until for each in collected(network, costed).changes}

    assert until == {
        "CS-1*1": None,
        "CS-2*1": AT + 180 * DAY,
        "CS-3*1": None,
        "CS-3*2": AT + DAY + 180 * DAY,
    }


def test_the_code_holds_what_the_operator_says_or_the_id_alone(network, costed, settings):
    assert collected(network, costed).changes[0].qr == "https://example.org/NL*EVN*ECS1*1"
    assert collected(network, settings).changes[0].qr == "NL*EVN*ECS1*1"


def test_who_was_told_is_to_be_told_again_after_a_later_change(network, costed):
    with network.begin() as connection:
        write.store_registration(
            connection, "national access point", state="confirmed", by="The data team", reason="ticket", at=AT + DAY
        )
    (confirmed,) = collected(network, costed).recipients
    with network.begin() as connection:
        remapping.approve(connection, ["CS-3*2"], word=word(AT + 2 * DAY))
    (again,) = collected(network, costed).recipients

    assert (confirmed.state, confirmed.changes) == ("confirmed", 0)
    assert (again.state, again.changes) == ("open", 1)


def test_a_sticker_that_is_on_is_to_be_replaced_when_its_id_is_taken_back(network, costed):
    with network.begin() as connection:
        write.store_stickers(connection, {"CS-2*1": "NL*EVN*ECS2*1"}, by="The crew", at=AT + DAY)
    before = {each.evse_uid: each.work for each in collected(network, costed).changes}
    with network.begin() as connection:
        remapping.revert(connection, ["CS-1*1", "CS-2*1"], word=word(AT + 2 * DAY))
    after = {each.evse_uid: (each.after, each.work) for each in collected(network, costed).changes}
    with network.begin() as connection:
        write.store_stickers(connection, {"CS-2*1": "pole <b>2</b>"}, by="The crew", at=AT + 3 * DAY)
    at_last = {each.evse_uid for each in collected(network, costed).changes}

    assert before["CS-2*1"] == "done"
    assert after["CS-2*1"] == ("pole <b>2</b>", "to_do")
    assert "CS-1*1" not in after
    assert "CS-2*1" not in at_last


def test_publishes_a_page_and_exactly_the_stickers_that_are_wanted(network, costed):
    folder = costed.home / costed.reports / publishing.FOLDER
    folder.mkdir(parents=True)
    (folder / "old.svg").write_text("of a change that was taken back")

    told = publishing.publish_impact.fn()

    assert {file.name for file in folder.iterdir()} == {
        "NLEVNECS11.svg",
        "NLEVNECS21.svg",
        "NLEVNECS32.svg",
        "sheet-1.svg",
    }
    assert told["artwork"] == 4
    page = (costed.home / costed.reports / "impact-evse-ids.html").read_text()
    assert "pole &lt;b&gt;2&lt;/b&gt;" in page
