import base64
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from reports.formats import anchor, cell, counted, enclose, instant, look, measure, money, number, spaced

COLUMNS = [("value", "Value", "text")]


def unpacked(file):
    return base64.b64decode(file.href.partition("base64,")[2]).decode("utf-8-sig")


@dataclass(frozen=True)
class Row:
    value: object
    currency: str = "EUR"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234567, "1\u202f234\u202f567"),
        (-12, "\u221212"),
        (Decimal("1234.5000"), "1\u202f234.5000"),
        (Decimal("1E+4"), "10\u202f000"),
        (Decimal("0.0000000001"), "0.0000000001"),
    ],
)
def test_shows_numbers_as_they_are(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2", "2.00\u202fEUR"),
        ("2.5", "2.50\u202fEUR"),
        ("2.4551", "2.4551\u202fEUR"),
        ("-1234.5", "\u22121\u202f234.50\u202fEUR"),
        ("1E+3", "1\u202f000.00\u202fEUR"),
    ],
)
def test_never_rounds_money(value, shown):
    assert money(Decimal(value), "EUR") == shown


@pytest.mark.parametrize(("many", "shown"), [(0, "0 stations"), (1, "1 station"), (1200, "1\u202f200 stations")])
def test_says_one_of_a_thing_in_the_singular(many, shown):
    assert counted(many, "station") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("limit 5.00 %", "limit 5.00\u202f%"),
        ("5 % of 98 %", "5\u202f% of 98\u202f%"),
        ("per cent (%)", "per cent (%)"),
        ("7.5 kWh", "7.5 kWh"),
    ],
)
def test_keeps_a_number_and_its_per_cent_sign_on_one_line(text, shown):
    assert spaced(text) == shown


def test_keeps_a_number_and_its_unit_on_one_line():
    assert measure(Decimal("1234.50"), "kWh") == "1\u202f234.50\u202fkWh"


@pytest.mark.parametrize(
    ("value", "look"), [("NL*EVN*EGHOST6139281*1", "short"), ("9f2c4a1be07d55316c8e0f3ab1d94c77", "long")]
)
def test_an_id_stays_on_one_line_unless_no_line_can_hold_it(value, look):
    assert cell(Row(value), ("value", "Value", "code"), "UTC") == f'<code class="{look}">{value}</code>'


@pytest.mark.parametrize(
    ("value", "kind", "name"),
    [
        pytest.param(3, "number", "figure", id="a figure"),
        pytest.param("it went back", "text", "words", id="words"),
        pytest.param("it reads 'ws://10.0.0.1:8080/steve/websocket'", "text", "words long", id="an address"),
        pytest.param("a-name-of-many-short-parts-that-may-break", "text", "words", id="hyphens"),
        pytest.param(None, "text", "words", id="nothing"),
        pytest.param("x" * 64, "code", "", id="code breaks by itself"),
    ],
)
def test_lets_break_only_what_no_line_can_hold(value, kind, name):
    assert look(Row(value), ("value", "Value", kind)) == name


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        pytest.param(
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "25 Oct 2026 02:30 CEST", id="before the clocks go back"
        ),
        pytest.param(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "25 Oct 2026 02:30 CET", id="the same hour again"),
    ],
)
def test_tells_the_two_hours_of_an_autumn_night_apart(at, shown):
    assert f">{shown}<" in instant(at, "Europe/Amsterdam")


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("kind", ["text", "number", "money", "instant", "status:stage", "evidence"])
def test_shows_nothing_as_nothing_and_never_as_zero(nothing, kind):
    assert "nothing known" in cell(Row(nothing), ("value", "Value", kind), "UTC")


def test_refuses_a_status_that_has_no_word():
    with pytest.raises(KeyError, match="teleported"):
        cell(Row("teleported"), ("value", "Stage", "status:stage"), "UTC")


def test_links_to_evidence_whatever_its_id_holds():
    shown = cell(Row('a" b'), ("value", "Evidence", "evidence"), "UTC")

    assert f'href="#{anchor(chr(97) + chr(34) + " b")}"' in shown
    assert anchor("a b") != anchor("a-b")


def test_an_enclosed_list_reads_as_it_was_written():
    file = enclose([Row("Zürich"), Row(Decimal("-1.50")), Row(None)], COLUMNS)

    assert (file.suffix, file.href.isascii()) == ("csv", True)
    assert unpacked(file) == 'value\r\nZürich\r\n-1.50\r\n""\r\n'


def test_a_heavy_list_is_enclosed_compressed_and_whole():
    file = enclose([Row("a long explanation " * 10)] * 6000, COLUMNS)

    assert file.suffix == "csv.gz"
    assert len(file.href) < 50_000
    assert gzip.decompress(base64.b64decode(file.href.partition("base64,")[2])).count(b"\r\n") == 6001
