from decimal import Decimal

import pytest

from charging import settings as configuration
from charging.errors import SettingsError


def load(home, text):
    (home / "rehome.toml").write_text(text)
    return configuration.load(home)


def test_takes_costs_exactly_as_they_are_written(home):
    found = load(home, '[impact]\nsticker_cost = 3.35\nvisit_cost = "65.10"\n').impact

    assert (found.sticker_cost, found.visit_cost, found.notice_cost) == (Decimal("3.35"), Decimal("65.10"), None)


def test_keeps_an_old_id_as_an_alias_for_half_a_year_unless_told_otherwise(home):
    assert load(home, "").remap.alias_days == 180
    assert load(home, "[remap]\nalias_days = 30\n").remap.alias_days == 30


def test_pairs_no_din_operator_by_itself(home):
    assert load(home, "").remap.din_operators == {}
    assert load(home, '[remap.din_operators]\n"49*823" = "823"\n').remap.din_operators == {"49*823": "823"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param('[remap.din_operators]\n"DE*823" = "823"\n', "remap.din_operators", id="no calling code"),
        pytest.param('[remap.din_operators]\n"49*823" = "8231"\n', "remap.din_operators", id="four characters"),
        pytest.param("[remap]\nalias_days = -1\n", "remap.alias_days", id="less than no time"),
        pytest.param('[impact.qr]\n"NL*EVN" = "https://example.org"\n', "impact.qr", id="a code that holds no id"),
        pytest.param("[impact]\nsticker_cost = -1\n", "impact.sticker_cost", id="less than nothing"),
        pytest.param("[impact]\nstickers = 1\n", "impact.stickers", id="an unknown key"),
    ],
)
def test_names_what_is_not_right(home, text, key):
    with pytest.raises(SettingsError, match=key.replace(".", r"\.")):
        load(home, text)
