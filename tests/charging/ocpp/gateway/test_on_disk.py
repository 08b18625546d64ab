"""What lies on a gateway's disk: no secrets, for us alone, and no longer than is said."""

import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from charging.clock import system_clock
from charging.ocpp.gateway import entries
from charging.ocpp.gateway.credential import Credential
from charging.ocpp.gateway.journal import Journal
from charging.ocpp.gateway.recorder import Recorder
from charging.ocpp.gateway.stored import _SUSPECT, READ_BYTES, _may_be_suspect, clean
from charging.secret import Secret

NOTHING = Credential(is_open=True)
CANARY = "hunter2-hunter2"
TAG = "04A1B2C3D4F2"
PIECES = ["pass", "PSK", "Authori", "seCret", "private", "api", "-", "key", "pin", "vpn", "id", "_", "tag", "token"]
PIECES += ["group", "://", "@", "\\u00", "\\", "u00", "a", " ", '"', "/"]


def test_neither_a_password_nor_a_token_of_a_frame_is_ever_in_a_segment(world, parts):
    said = [
        json.dumps([2, "d", "DataTransfer", {"vendorId": "ACME", "data": json.dumps({"password": CANARY})}]),
        json.dumps([2, "a", "Authorize", {"idTag": TAG}]),
        f'[2,"x","Heartbeat",{{"password":"{CANARY}"',
    ]

    async def scenario():
        async with parts.office() as legacy:
            world.add_office("legacy", legacy.address)
            world.route(["CS-1"], "legacy", credential=NOTHING)
            async with (
                parts.gateway(world.plan()) as opened,
                parts.station(opened.ports[0], "CS-1", secret=None) as one,
            ):
                for frame in said:
                    await one.send(frame)
                    if frame is not said[-1]:
                        await one.recv()
                await one.send('[2,"h","Heartbeat",{}]')
                await one.recv()
                found = {segment: segment.read_bytes() for segment in (world.folder / "gateway-1").glob("*.segment")}
                return legacy.heard["CS-1"], found

    heard, found = asyncio.run(scenario())

    assert heard[:2] == said[:2]
    written = b"".join(found.values())
    assert b"DataTransfer" in written
    assert CANARY.encode() not in written
    assert TAG.encode() not in written
    assert {stat.S_IMODE(segment.stat().st_mode) for segment in found} == {0o600}
    frame = parts.tables.frame.c
    (row,) = world.rows(parts.tables.frame, frame.action == "Authorize", frame.direction == "from_station")
    assert json.loads(row["received"])[3] == {"idTag": "04A1…F2"}  # once: a token that is shortened twice is nobody's


def test_what_a_former_version_wrote_loses_its_secrets_on_its_way_out(world, parts):
    raw = json.dumps([2, "a", "Authorize", {"idTag": TAG}]).encode()
    at, way = entries.stamp(system_clock()), "from_station"
    former = ("f", at, "CS-1", "legacy", way, raw, None, True, 2, "a", "Authorize", "")
    ended = ("e", 0, 1, "answered", raw)

    framed = entries.decode(entries.encode(former))
    record(world, [entries.encode(former), entries.encode(ended)])

    assert (framed.is_clean, entries.decode(entries.encode(ended)).is_clean) == (False, False)
    (row,) = world.rows(parts.tables.frame)
    assert json.loads(row["received"])[3] == {"idTag": "04A1…F2"}


def record(world, written, **more):
    journal = Journal(world.folder / "r", segment_bytes=4096)
    for entry in written:
        journal.append(entry)
    journal.close()
    told = {"clock": system_clock, "retention": timedelta(days=30), "alarms_kept": timedelta(days=365)} | more
    recorder = Recorder(world.folder / "r", gateway="r", address=Secret(world.url), **told)
    try:
        assert recorder.catch_up()
    finally:
        recorder.close()


def test_alarms_are_kept_for_as_long_as_is_said_and_no_longer(world, parts):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    ages = [timedelta(days=10), timedelta(days=10, seconds=1), timedelta(0)]
    with world.engine.begin() as connection:
        told = {"gateway": "r", "kind": "k", "problem": "p"}
        connection.execute(sa.insert(parts.tables.alarm), [told | {"at": now - age} for age in ages])

    record(world, [entries.encode(entries.Begun(entries.stamp(now), 1))], clock=lambda: now, alarms_kept=ages[0])

    assert sorted(now - row["at"] for row in world.rows(parts.tables.alarm)) == [ages[2], ages[0]]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=30))
@example("API key")
@example("x://user:word@host")
def test_the_quick_look_finds_whatever_the_search_finds(text):
    raw = text.encode()

    if _SUSPECT.search(raw):
        assert _may_be_suspect(raw.lower())
    else:
        assert clean(raw) is raw


@pytest.mark.parametrize("longer", [0, 1])
def test_a_suspicious_frame_that_is_too_long_to_be_read_while_others_wait_is_cut(longer):
    start, end = b'{"password":"' + CANARY.encode() + b'","a":"', b'"}'
    raw = start + b"x" * (READ_BYTES + longer - len(start) - len(end)) + end

    found = clean(raw)

    assert CANARY.encode() not in found
    assert found.endswith(b"too long to be read here)" if longer else end)
