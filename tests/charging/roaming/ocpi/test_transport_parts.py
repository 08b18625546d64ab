"""The parts of a request: how long to wait, what is masked, what a body may cost and in which letters it comes."""

import gzip
import json
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.roaming.ocpi.pull_link import judge
from charging.roaming.ocpi.transport_body import TooLarge, in_utf8, read_body
from charging.roaming.ocpi.transport_redaction import Redaction
from charging.roaming.ocpi.transport_waiting import MAX_WAIT_SECONDS, Passing, retry_after
from charging.secret import Secret

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TOKEN = "s3cret/token+with=all"
ORIGIN = "https://roa.example:443"


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        pytest.param("0", 0, id="at once"),
        pytest.param(" 7 ", 7, id="seconds"),
        pytest.param("120", MAX_WAIT_SECONDS, id="the longest"),
        pytest.param("121", MAX_WAIT_SECONDS, id="more than the longest"),
        pytest.param("9" * 5000, MAX_WAIT_SECONDS, id="five thousand digits"),
        pytest.param(format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30, id="a date"),
        pytest.param(format_datetime(NOW - timedelta(days=3650), usegmt=True), 0, id="ten years ago"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", MAX_WAIT_SECONDS, id="the year 9999"),
        pytest.param("Sat, 21 Nov 2026 00:00:30 -0000", None, id="a date without a zone"),
        pytest.param("-5", None, id="less than nothing"),
        pytest.param("1e9", None, id="no whole number"),
        pytest.param("", None, id="nothing"),
        pytest.param("soon", None, id="a word"),
    ],
)
def test_a_partner_has_us_wait_within_reason(stated, seconds):
    assert retry_after(stated, now=NOW) == seconds


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(TOKEN, id="as it is"),
        pytest.param(b64encode(TOKEN.encode()).decode(), id="in Base64"),
        pytest.param(b64encode(f"{TOKEN}\n".encode()).decode(), id="in Base64 with the newline of OCPI's samples"),
        pytest.param(json.dumps(TOKEN).replace("/", "\\/"), id="as PHP escapes it"),
        pytest.param(TOKEN.replace("+", "\\u002B").replace("=", "\\u003d"), id="as .NET escapes it"),
        pytest.param("".join(f"\\u{ord(one):04X}" for one in TOKEN), id="all escaped"),
        pytest.param(TOKEN.replace("/", "%2F").replace("+", "%2b").replace("=", "%3D"), id="as in a URL"),
    ],
)
def test_our_token_is_masked_in_every_form(form):
    masked = Redaction(Secret(TOKEN)).of_text(f'{{"remark": "you sent {form}, twice {form}"}}')

    assert masked.replace('"****"', "****") == '{"remark": "you sent ****, twice ****"}'


@given(body=st.binary())
def test_an_innocent_body_stays_as_it_is(body):
    assert Redaction(Secret(TOKEN)).of_bytes(body) == body


def test_a_short_token_is_not_looked_for_in_innocent_text():
    assert Redaction(Secret("token")).of_text("a token") == "a token"


def read(*pieces, max_bytes=1_000_000, now=lambda: 0.0, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(200, headers=named, stream=Stream(pieces))
    return read_body(response, max_bytes=max_bytes, max_seconds=10, now=now)


class Stream(httpx.SyncByteStream):
    def __init__(self, pieces):
        self.pieces = pieces

    def __iter__(self):
        yield from self.pieces


@given(body=st.binary(max_size=300_000), cut=st.integers(min_value=0, max_value=400))
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "zlib"])
def test_what_is_packed_comes_out_whole_wherever_it_is_cut(pack, body, cut):
    packed = pack(body)

    assert read(packed[:cut], packed[cut:], content_encoding="gzip") == body


def test_a_large_body_of_gzip_comes_out_whole():
    body = bytes(range(256)) * 4_000

    assert read(gzip.compress(body), max_bytes=len(body) + 1, content_encoding="gzip") == body


@pytest.mark.parametrize("size", [999, 1000, 1001])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_may_be_as_large_as_agreed_and_not_a_byte_larger(size, encoding):
    body = b" " * size
    sent = gzip.compress(body) if encoding == "gzip" else body

    if size <= 1000:
        assert read(sent, max_bytes=1000, content_encoding=encoding) == body
    else:
        with pytest.raises(TooLarge):
            read(sent, max_bytes=1000, content_encoding=encoding)


def test_no_more_of_an_endless_body_is_taken_than_needed():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b" " * 100

    response = httpx.Response(200, stream=Stream(endless()))
    with pytest.raises(TooLarge):
        read_body(response, max_bytes=1000, max_seconds=10, now=lambda: 0.0)

    assert len(taken) == 11


def test_a_body_that_drips_is_given_up():
    seconds = iter(range(100))

    with pytest.raises(Passing, match="longer than 10 s"):
        read(*[b" "] * 50, now=lambda: float(next(seconds)))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param("Zürich".encode(), "application/json", id="UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + "Zürich".encode(), "application/json", id="with a mark"),
        pytest.param("Zürich".encode("utf-16"), "application/json", id="UTF-16"),
        pytest.param(b"\xfe\xff" + "Zürich".encode("utf-16-be"), "", id="UTF-16, the other way round"),
        pytest.param("Zürich".encode("utf-32"), "", id="UTF-32"),
        pytest.param("Zürich".encode("latin-1"), "application/json; charset=ISO-8859-1", id="Latin-1"),
        pytest.param("Zürich".encode("cp1252"), 'text/json;charset="windows-1252"', id="of Windows"),
        pytest.param("Zürich".encode(), "application/json; charset=latin1", id="UTF-8 that says Latin-1"),
    ],
)
def test_letters_come_right_whatever_they_are_written_in(body, content_type):
    assert in_utf8(body, content_type=content_type).decode() == "Zürich"


@pytest.mark.parametrize(
    ("url", "is_followed"),
    [
        pytest.param("https://roa.example/cdrs?date_from=a&offset=2", True, id="to the next record"),
        pytest.param("https://roa.example/cdrs?date_from=a&offset=1", True, id="overlapping"),
        pytest.param("https://roa.example/cdrs?date_from=a&offset=3", False, id="skipping one"),
        pytest.param("https://roa.example/cdrs?date_from=a&offset=0", False, id="back to the beginning"),
        pytest.param("https://roa.example/cdrs?offset=2", False, id="without the filter"),
        pytest.param("https://roa.example/cdrs?cursor=xyz", True, id="opaque"),
        pytest.param("https://roa.example:8443/cdrs?date_from=a&offset=2", False, id="another port"),
        pytest.param("http://roa.example/cdrs?date_from=a&offset=2", False, id="unencrypted"),
        pytest.param("https://roa.example.evil.example/cdrs?cursor=1", False, id="another host that begins alike"),
        pytest.param("https://roa.example@evil.example/cdrs?cursor=1", False, id="another host behind a user"),
        pytest.param("https://roa.example/cdrs?cursor=1&token=****", False, id="with our token"),
        pytest.param("https://[::1:9/cdrs", False, id="no address"),
    ],
)
def test_a_link_is_followed_where_it_leads_to_the_next_records(url, is_followed):
    link = judge(url, origins=[ORIGIN], filters=["date_from", "limit"], between=(0, 2))

    assert link.is_followed == is_followed
