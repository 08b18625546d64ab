from dataclasses import replace
from decimal import Decimal

import pytest

from reports.impact import total


@pytest.fixture
def report(factories):
    return factories["impact"](3)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        pytest.param([], Decimal(0), id="nothing"),
        pytest.param([Decimal("3.50"), Decimal("0.05")], Decimal("3.55"), id="all known"),
        pytest.param([Decimal("3.50"), None], None, id="one not known"),
    ],
)
def test_a_total_is_not_known_while_a_part_of_it_is_not(amounts, expected):
    assert total(amounts) == expected


def test_the_headline_says_what_either_way_costs(report):
    assert report.headline == "3 EVSEs change their ids: 7.00\u202fEUR with new stickers now, not known with aliases."


def test_the_headline_says_that_nothing_changes(report):
    assert replace(report, changes=()).headline == "No EVSE changes its id."


def test_stickers_of_one_location_are_printed_together(report):
    one, two, three = report.changes
    mixed = replace(report, changes=(replace(three, location_id="L0"), two, replace(one, location_id="L9")))

    assert [each.location_id for each in mixed.sheets] == ["L0", two.location_id, "L9"]


@pytest.mark.parametrize(
    ("after", "name"),
    [
        pytest.param("NL*EVN*E1*1", "NLEVNE11.svg", id="an id"),
        pytest.param("../../x", "x-", id="what would leave the folder"),
        pytest.param("pole 7", "pole7-", id="what is no id"),
    ],
)
def test_artwork_never_leaves_its_folder(report, after, name):
    found = replace(report.changes[0], after=after).artwork

    assert found.startswith(name)
    assert "/" not in found


def test_what_stays_right_needs_no_artwork(report):
    assert replace(report.changes[0], sticker="none").artwork == ""
