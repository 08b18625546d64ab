import pytest

from charging.errors import UnreadableSource
from charging.legacy.culture import Evidence, iso_instant, plain_number


def evidence(*, numbers=(), instants=()):
    seen = Evidence(source="export.csv")
    for line, text in enumerate(numbers, start=2):
        seen.see_number(text, line=line)
    for line, text in enumerate(instants, start=2):
        seen.see_instant(text, line=line)
    return seen


@pytest.mark.parametrize(
    ("numbers", "decimal"),
    [
        pytest.param(["1", "250"], ".", id="whole numbers prove nothing"),
        pytest.param(["1.5", "1,234"], ".", id="a point settles a comma that could be either"),
        pytest.param(["1,234.5"], ".", id="a group before a point"),
        pytest.param(["12,5", "1,234"], ",", id="one decimal settles a comma that could be either"),
        pytest.param(["1.234,5"], ",", id="a group before a comma"),
        pytest.param(["0,250"], ",", id="no group begins with a zero"),
        pytest.param(["0.250", "1.500"], ".", id="nor before a point"),
        pytest.param(["1 234,5"], ",", id="a space between thousands"),
    ],
)
def test_proves_the_decimal_mark(numbers, decimal):
    assert evidence(numbers=numbers).decimal() == decimal


@pytest.mark.parametrize(
    ("instants", "order"),
    [
        pytest.param(["2026-03-04 10:00"], "ymd", id="ISO"),
        pytest.param(["04.03.2026 10:00"], "dmy", id="points"),
        pytest.param(["03/04/2026", "13/04/2026"], "dmy", id="a thirteenth first"),
        pytest.param(["03/04/2026", "04/13/2026"], "mdy", id="a thirteenth second"),
        pytest.param(["04-04-2026"], "dmy", id="the same either way"),
    ],
)
def test_proves_the_date_order(instants, order):
    assert evidence(instants=instants).date_order() == order


@pytest.mark.parametrize(
    ("decide", "message"),
    [
        pytest.param(
            evidence(numbers=["1,234", "7"]).decimal, "ambiguous: '1,234' in line 2.*decimal = \",\"", id="decimal"
        ),
        pytest.param(
            evidence(instants=["03/04/2026 10:00"]).date_order,
            "ambiguous: '03/04/2026 10:00' in line 2.*date_order = \"dmy\"",
            id="date order",
        ),
        pytest.param(
            evidence(numbers=["1.234", "7.500"]).decimal,
            "2 numbers are written so, from 1234 to 7500 .* from 1.234 to 7.5 if it is the decimal mark; .*--decimal",
            id="a point",
        ),
        pytest.param(evidence(numbers=["1.5", "1,5"]).decimal, "changes from '1.5' in line 2", id="two marks"),
        pytest.param(
            evidence(instants=["13/04/2026", "04/13/2026"]).date_order, "changes from '13/04/2026'", id="two orders"
        ),
    ],
)
def test_gives_the_evidence_and_names_the_option_where_nothing_is_proven(decide, message):
    with pytest.raises(UnreadableSource, match=message):
        decide()


@pytest.mark.parametrize(
    ("text", "is_zoneless"),
    [
        ("2026-03-04 10:00:00", True),
        ("04.03.2026 10:00", True),
        ("2026-03-04T10:00:00Z", False),
        ("2026-03-04T10:00:00+01:00", False),
        ("2026-03-04", False),
    ],
)
def test_notices_times_without_a_zone(text, is_zoneless):
    assert (evidence(instants=[text]).zoneless is not None) is is_zoneless


@pytest.mark.parametrize(
    ("text", "decimal", "plain"),
    [
        ("12,5", ",", "12.5"),
        ("1.234,56", ",", "1234.56"),
        ("1,234.56", ".", "1234.56"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("-0,5", ",", "-0.5"),
        ("12,5", ".", "12,5"),
        ("n/a", ",", "n/a"),
        ("250", ",", "250"),
        ("1.234", ",", "1234"),
        ("1.234", ".", "1.234"),
        ("1 234,5", ",", "1234.5"),
        ("1'234.50", ".", "1234.50"),
        ("12\u202f345\u202f678", ",", "12345678"),
        ("1 2", ",", "1 2"),
    ],
)
def test_writes_a_number_plainly(text, decimal, plain):
    assert plain_number(text, decimal=decimal) == plain


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("04.03.2026 10:05", "dmy", "2026-03-04 10:05:00"),
        ("3/4/2026 1:05:09 PM", "mdy", "2026-03-04 13:05:09"),
        ("3/4/2026 12:05 a.m.", "mdy", "2026-03-04 00:05:00"),
        ("3/4/2026 12:05 PM", "mdy", "2026-03-04 12:05:00"),
        ("04-03-2026", "dmy", "2026-03-04"),
        ("04.03.2026 10:05:00+01:00", "dmy", "2026-03-04 10:05:00+01:00"),
        ("0014-11-18 15:40:26", "ymd", "0014-11-18 15:40:26"),
        ("yesterday", "dmy", "yesterday"),
    ],
)
def test_writes_an_instant_in_iso_order(text, order, iso):
    assert iso_instant(text, date_order=order) == iso
