"""What comes in columns is what comes as objects: the same rows, codes and refusals, whatever stands on the page."""

import json
import re
from copy import deepcopy

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from charging.roaming.frame import SCHEMA, to_frame
from charging.roaming.ocpi.columns import parse_frame
from charging.roaming.ocpi.columns_page import read_cdrs
from charging.roaming.ocpi.parse import UnreadablePage, parse_cdrs, read_envelope, records
from charging.roaming.ocpi.pull_record import heads

RAW = re.compile(r'"@@(.*?)@@"')
"""What stands between the signs becomes a bare token."""


def as_objects(pages, *, version, owner=None):
    parsed = [parse_cdrs(read_envelope(page).data, partner="roa", version=version, owner=owner) for page in pages]
    return [cdr for one in parsed for cdr in one.cdrs], tuple(bad for one in parsed for bad in one.rejected)


def assert_same(pages, *, version, owner=None):
    cdrs, rejected = as_objects(pages, version=version, owner=owner)

    found = parse_frame(pages, partner="roa", version=version, owner=owner)

    for data in (read_envelope(page).data for page in pages):
        assert list(read_cdrs(data, version).heads()) == heads(records(data))
    assert_frame_equal(found.frame, to_frame(cdrs))
    assert found.rejected == rejected
    inexact = [cdr for cdr, is_exact in zip(cdrs, found.frame["is_exact"], strict=True) if not is_exact]
    assert list(found.cdrs) == inexact
    return found


def envelope(records, **more):
    text = json.dumps({"data": records, "status_code": 1000, "timestamp": "2026-11-01T00:00:00Z"} | more)
    return RAW.sub(lambda match: match.group(1), text).encode()


def places(value, path=()):
    """Yield the way to every value within a record."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def put(record, path, value):
    place = record
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = deepcopy(value)


NUMBERS = (
    "0", "-0", "-0.0", "1e1", "1E-2", "10.1230000", "0.1234567", "123456.789", "1234567", "9" * 30, "1" + "0" * 400,
    "-4.55", "0.000000", "10123", "8000", "2123", "30", "1800", "4.55000000000000000000000000000000000000",
)  # fmt: skip
TEXTS = (
    "", " ", "#NA", "4.55", " 4.55", "4,55", "1e2", "NaN", "Infinity", "+1", "007", "T1", "eur", "nl*evn*e1*1",
    "NL-EVN-E1-1", "BE*BEC*E041503001", "NL-ROA-C00010069-K", "NLROAC00010069", "Gireve2Advenir", "DEADBEEF", "[?] x",
    "[*]", "Säule", "\u2028", "a\nb", 'say "no"', "BE", "BEL", "51.047599", "3.729944", "999", "ENERGY", "FLAT",
    "STATE_OF_CHARGE", "2026-11-01T12:00:00", "2026-11-01T13:00:00+01:00", "2026-11-01T12:00:00.1234567Z",
    "2026-11-01T23:59:60Z", "2026-02-29T00:00:00Z", "2024-02-29T00:00:00z", "1970-1-1T00:00:00Z",
    "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-01", "2026-11-01T12:00:00+24:00", "2026-11-01 12:00:00Z",
    "2026-11-01T14:00:00Z", "2026-11-01T12:00:00-00:30", "0001-01-01T00:00:00Z",
)  # fmt: skip
ODD = st.one_of(
    st.just(...),
    st.sampled_from([None, True, False, [], {}, [None], [1], {"amount": 1}, [{}], [{"id": "x"}]]),
    st.sampled_from([f"@@{number}@@" for number in NUMBERS]),
    st.sampled_from(TEXTS),
    st.text(max_size=4),
)


@st.composite
def dirty(draw, plain):
    """A record of which up to three values were replaced or taken out."""
    record = deepcopy(plain)
    for _ in range(draw(st.integers(0, 3))):
        ways = [way for way in places(record) if way]
        if ways:
            put(record, draw(st.sampled_from(ways)), draw(ODD))
    return record


VERSIONS = pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])


@VERSIONS
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_columns_say_what_objects_say(plain_records, version, data):
    records = data.draw(st.lists(dirty(plain_records[version]), max_size=4))
    owner = data.draw(st.sampled_from([None, "NL-EVN"]))
    is_spaced = data.draw(st.booleans())
    page = envelope(records)
    if is_spaced:
        page = page.replace(b", ", b" ,\n\t").replace(b'": ', b'"\r :')

    assert_same([page, envelope([plain_records[version]])], version=version, owner=owner)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_bytes_gone_wrong_are_read_alike_or_not_at_all(plain_records, data):
    page = bytearray(envelope([plain_records["2.2.1"], plain_records["2.2.1"]]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(page) - 1))
        page[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b"\xff", b"\x00", b"\n", b"0", b"\xc3\xa9"]
            )
        )
    try:
        as_objects([bytes(page)], version="2.2.1")
    except UnreadablePage:
        with pytest.raises(UnreadablePage):
            parse_frame([bytes(page)], partner="roa")
        return

    assert_same([bytes(page)], version="2.2.1")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"id": "C", "id": "D"', id="twice"),
        pytest.param('{"\\u0069d": "C"', id="escaped"),
        pytest.param('{"id": "C", "total_energy": 1', id="twice, at both ends"),
    ],
)
def test_keys_that_come_twice_or_in_disguise_are_read_alike(plain_records, text):
    rest = json.dumps({key: value for key, value in plain_records["2.2.1"].items() if key != "id"})[1:]
    page = f'{{"status_code": 1000, "data": [{text}, {rest}]}}'.encode()

    assert len(assert_same([page], version="2.2.1")) == 1


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[", id="cut off"),
        pytest.param(b'{"data": []}', id="no status code"),
        pytest.param(b'{"status_code": 1000}', id="no data"),
        pytest.param(b'{"status_code": 1000, "data": null}', id="null"),
        pytest.param(b'{"status_code": "1000", "data": []}', id="a status code as text"),
        pytest.param(b'{"status_code": 1000, "data": []} x', id="more behind it"),
        pytest.param(b'{"status_code": 1000, "data": ' + b"[" * 5000 + b"]" * 5000 + b"}", id="too deep"),
    ],
)
def test_a_page_that_is_none_is_refused(page):
    with pytest.raises(UnreadablePage):
        parse_frame([page], partner="roa")


def test_a_record_that_nests_too_deeply_costs_itself(plain_records):
    deep = plain_records["2.2.1"] | {"novelty": f"@@{'[' * 500}{']' * 500}@@"}

    assert_same([envelope([plain_records["2.2.1"], deep])], version="2.2.1")


def test_a_bare_list_is_a_page(plain_records):
    found = parse_frame([json.dumps([plain_records["2.2.1"]]).encode()], partner="roa")

    assert found.frame["cdr_id"].to_list() == ["C-1"]


def test_no_pages_are_a_frame_without_rows():
    assert parse_frame([], partner="roa").frame.schema == SCHEMA
    assert parse_frame([envelope([])], partner="roa").frame.schema == SCHEMA


def test_records_stay_in_their_order_whichever_way_they_are_read(record):
    records = [record(id=f"C-{place}", total_energy="@@1.0e1@@" if place % 2 else 10) for place in range(6)]

    found = assert_same([envelope(records[:3]), envelope(records[3:])], version="2.2.1")

    assert found.frame["cdr_id"].to_list() == [f"C-{place}" for place in range(6)]


def test_a_long_number_is_kept_in_the_object_and_said(record):
    found = assert_same([envelope([record(), record(total_cost__excl_vat="@@4.5500000001@@")])], version="2.2.1")

    assert found.frame["is_exact"].to_list() == [True, False]
    assert str(found.cdrs[0].net) == "4.5500000001"


def test_a_message_that_is_not_ascii_refuses_nothing(record):
    page = json.dumps(
        {"data": [record()], "status_code": 1000, "status_message": "gelesen für Sie"}, ensure_ascii=False
    )

    assert len(assert_same([page.encode()], version="2.2.1")) == 1


def test_a_version_that_we_do_not_know_is_refused():
    with pytest.raises(ValueError, match=r"2\.0"):
        parse_frame([], partner="roa", version="2.0")


def test_the_columns_are_the_schema(record):
    frame = parse_frame([envelope([record()])], partner="roa").frame

    assert frame.schema == SCHEMA
    assert frame.select(pl.col("started_at").dt.year()).item() == 2026
