"""Hostile bodies: cut off, blown up, wrongly packed, in another charset; and hostile records within sound ones."""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from rehearsal import hostile_wire
from rehearsal.hostile_behaviour import Behaviour, Outcome, behaviour
from rehearsal.hostile_cdrs import Record, stamp
from rehearsal.hostile_pages import Ask, answered, envelope, page, with_headers
from rehearsal.hostile_play import TOKEN
from rehearsal.hostile_wire import Reply

BODIES: dict[str, Behaviour] = {}
TEN_GIGABYTES = 10 * 1024**3
_UNREADABLE: dict[str, Any] = {"total_energy": "twelve"}


def _records(reply: Reply) -> list[Record]:
    return list(msgspec.json.decode(reply.body, type=dict[str, Any])["data"])


def _edited(ask: Ask, edit: Callable[[Record], Record]) -> Reply:
    """Return the honest page, each record of it edited. Its numbers stay as they were written."""
    reply = page(ask)
    decoded = json.loads(reply.body, parse_float=_Literal, parse_int=_Literal)
    decoded["data"] = [edit(one) for one in decoded["data"]]
    if decoded["data"]:
        ask.danger()
    return with_headers(reply, {}, body=_dump(decoded))


class _Literal(str):
    __slots__ = ()


def _dump(value: Any) -> bytes:
    if isinstance(value, _Literal):
        return value.encode()
    if isinstance(value, dict):
        return b"{" + b",".join(json.dumps(key).encode() + b":" + _dump(each) for key, each in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_dump, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


@behaviour(BODIES, Outcome.ALL)
def cut_off_once(ask: Ask) -> Reply:
    if ask.number == 2:
        ask.danger()
        return with_headers(page(ask), {}, body=page(ask).body[:-200])
    return page(ask)


@behaviour(BODIES, Outcome.SAID)
def cut_off_always(ask: Ask) -> Reply:
    ask.danger()
    return with_headers(page(ask), {}, body=page(ask).body[:-200])


@behaviour(BODIES, Outcome.ALL)
def shorter_than_it_says_once(ask: Ask) -> Reply:
    if ask.number == 2:
        ask.danger()
        return Reply(verbatim=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + page(ask).body[:1000])
    return page(ask)


@behaviour(BODIES, Outcome.SAID)
def chunks_are_nonsense(ask: Ask) -> Reply:
    ask.danger()
    return Reply(verbatim=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n{}\r\n-5\r\n")


@behaviour(BODIES, Outcome.SAID)
def chunks_do_not_end(ask: Ask) -> Reply:
    ask.danger()
    body = page(ask).body
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Reply(verbatim=head + f"{len(body):x}\r\n".encode() + body + b"\r\n")


@behaviour(BODIES, Outcome.ALL)
def chunks_are_tiny(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in honest.body) + b"0\r\n\r\n"
    headers = b"".join(f"{name}: {value}\r\n".encode() for name, value in honest.headers.items())
    return Reply(verbatim=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + headers + b"\r\n" + chunks)


@behaviour(BODIES, Outcome.SAID)
def body_is_empty(ask: Ask) -> Reply:
    ask.danger()
    return Reply(body=b"")


@behaviour(BODIES, Outcome.SAID)
def data_is_null(ask: Ask) -> Reply:
    ask.danger()
    return answered(None)


@behaviour(BODIES, Outcome.SAID)
def data_is_one_object(ask: Ask) -> Reply:
    ask.danger()
    return answered(_records(page(ask))[0])


@behaviour(BODIES, Outcome.ALL)
def gzip_as_it_should_be(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    return with_headers(honest, {"Content-Encoding": "gzip"}, body=gzip.compress(honest.body))


@behaviour(BODIES, Outcome.ALL)
def gzip_in_two_members(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    packed = gzip.compress(honest.body[:300]) + gzip.compress(honest.body[300:])
    return with_headers(honest, {"Content-Encoding": "x-gzip"}, body=packed)


@behaviour(BODIES, Outcome.SAID)
def gzip_bomb(ask: Ask) -> Reply:
    ask.danger()
    return Reply(headers={"Content-Encoding": "gzip"}, pieces=hostile_wire.bomb(TEN_GIGABYTES))


@behaviour(BODIES, Outcome.SAID)
def gzip_is_cut_off(ask: Ask) -> Reply:
    ask.danger()
    return Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(page(ask).body)[:-20])


@behaviour(BODIES, Outcome.SAID)
def gzip_is_none(ask: Ask) -> Reply:
    ask.danger()
    return with_headers(page(ask), {"Content-Encoding": "gzip"})


@behaviour(BODIES, Outcome.SAID)
def gzip_within_gzip(ask: Ask) -> Reply:
    ask.danger()
    twice = gzip.compress(gzip.compress(page(ask).body))
    return Reply(headers={"Content-Encoding": "gzip, gzip"}, body=twice)


@behaviour(BODIES, Outcome.SAID)
def brotli_unasked(ask: Ask) -> Reply:
    ask.danger()
    return with_headers(page(ask), {"Content-Encoding": "br"})


@behaviour(BODIES, Outcome.SAID)
def ten_gigabytes(ask: Ask) -> Reply:
    ask.danger()
    return Reply(pieces=hostile_wire.spaces(TEN_GIGABYTES))


@behaviour(BODIES, Outcome.ALL)
def byte_order_mark(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    return with_headers(honest, {}, body=b"\xef\xbb\xbf" + honest.body)


@behaviour(BODIES, Outcome.ALL)
def in_utf_16(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    return with_headers(honest, {}, body=honest.body.decode().encode("utf-16"))


@behaviour(BODIES, Outcome.ALL)
def in_latin_1_and_says_so(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    headers = {"Content-Type": "application/json; charset=ISO-8859-1"}
    return with_headers(honest, headers, body=honest.body.decode().encode("latin-1"))


@behaviour(BODIES, Outcome.ALL)
def in_latin_1_and_does_not_say_so(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    return with_headers(honest, {}, body=honest.body.decode().encode("latin-1"))


@behaviour(BODIES, Outcome.ALL)
def our_token_in_base64(ask: Ask) -> Reply:
    return _edited(ask, lambda record: {**record, "remark": f"you sent {b64encode(TOKEN.encode()).decode()}"})


@behaviour(BODIES, Outcome.ALL)
def our_token_as_it_is(ask: Ask) -> Reply:
    return _edited(ask, lambda record: {**record, "remark": TOKEN})


@behaviour(BODIES, Outcome.ALL)
def our_token_escaped(ask: Ask) -> Reply:
    escaped = "".join(f"\\u{ord(one):04x}" for one in TOKEN)
    reply = _edited(ask, lambda record: {**record, "remark": "ECHO"})
    return with_headers(reply, {}, body=reply.body.replace(b"ECHO", escaped.encode()))


@behaviour(BODIES, Outcome.ALL)
def ids_in_lower_case_every_other_time(ask: Ask) -> Reply:
    if ask.number % 2:
        return page(ask)
    return _edited(ask, lambda record: {**record, "id": record["id"].lower()})


@behaviour(BODIES, Outcome.ALL)
def one_record_is_malformed(ask: Ask) -> Reply:
    first = ask.play.truths[0].cdr_id
    return _edited(ask, lambda record: {**record, **_UNREADABLE} if record["id"] == first else record)


@behaviour(BODIES, Outcome.ALL)
def records_without_id(ask: Ask) -> Reply:
    ask.play.ever.clear()
    return _edited(ask, lambda record: {name: value for name, value in record.items() if name != "id"})


@behaviour(BODIES, Outcome.ALL)
def one_number_is_huge(ask: Ask) -> Reply:
    first = ask.play.truths[0].cdr_id
    huge = _Literal("1" + "0" * 999)
    return _edited(ask, lambda record: {**record, "total_energy": huge} if record["id"] == first else record)


@behaviour(BODIES, Outcome.SAID)
def one_number_is_none(ask: Ask) -> Reply:
    return _edited(ask, lambda record: {**record, "total_energy": _Literal("NaN")})


@behaviour(BODIES, Outcome.SAID)
def one_record_is_a_hundred_thousand_deep(ask: Ask) -> Reply:
    deep = _Literal("[" * 100_000 + "]" * 100_000)
    ask.danger()
    return Reply(body=_dump({"data": [{"id": "deep", "depth": deep}], "status_code": _Literal("1000")}))


@behaviour(BODIES, Outcome.ALL)
def dates_with_offset(ask: Ask) -> Reply:
    return _edited(ask, lambda record: {**record, "last_updated": record["last_updated"].replace("Z", "+00:00")})


@behaviour(BODIES, Outcome.ALL)
def dates_in_a_leap_second(ask: Ask) -> Reply:
    first = ask.play.truths[0].cdr_id
    leap = {"last_updated": stamp(ask.play.truths[0].last_updated)[:-9] + "23:59:60Z"}
    return _edited(ask, lambda record: {**record, **leap} if record["id"] == first else record)


@behaviour(BODIES, Outcome.ALL)
def dates_in_the_year_9999(ask: Ask) -> Reply:
    first = ask.play.truths[0].cdr_id
    far = {"last_updated": "9999-12-31T23:59:59-12:00"}
    return _edited(ask, lambda record: {**record, **far} if record["id"] == first else record)


@behaviour(BODIES, Outcome.ALL)
def clock_is_twelve_hours_ahead(ask: Ask) -> Reply:
    return _shifted(ask, timedelta(hours=12))


@behaviour(BODIES, Outcome.ALL)
def clock_is_twelve_hours_behind(ask: Ask) -> Reply:
    return _shifted(ask, timedelta(hours=-12))


def _shifted(ask: Ask, shift: timedelta) -> Reply:
    shifted = {truth.cdr_id: replace(truth, last_updated=truth.last_updated + shift) for truth in ask.play.truths}
    return _edited(ask, lambda record: {**record, "last_updated": stamp(shifted[record["id"]].last_updated)})


@behaviour(BODIES, Outcome.ALL)
def data_before_status(ask: Ask) -> Reply:
    ask.danger()
    honest = page(ask)
    padded = honest.body.replace(b'"status_message":"ok"', b'"status_message":"' + b"x" * 100_000 + b'"')
    return with_headers(honest, {}, body=padded)


@behaviour(BODIES, Outcome.SAID)
def two_answers_in_one(ask: Ask) -> Reply:
    ask.danger()
    return with_headers(page(ask), {}, body=page(ask).body + envelope([]))
