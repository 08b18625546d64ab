"""Frames of OCPP, and ways to damage them."""

import json
import random
from collections.abc import Callable

Damage = Callable[[random.Random, bytes], bytes]


def _flip(rng: random.Random, raw: bytes) -> bytes:
    place = rng.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << rng.randrange(8))]) + raw[place + 1 :]


def _cut(rng: random.Random, raw: bytes) -> bytes:
    return raw[: rng.randrange(len(raw))]


def _drop(rng: random.Random, raw: bytes) -> bytes:
    place = rng.randrange(len(raw))
    return raw[:place] + raw[place + rng.randrange(1, 9) :]


def _repeat(rng: random.Random, raw: bytes) -> bytes:
    place = rng.randrange(len(raw))
    return raw[:place] + raw[place : place + 20] * rng.randrange(2, 6) + raw[place + 20 :]


def _insert(rng: random.Random, raw: bytes) -> bytes:
    odd = (b"\x00", b"\xff\xfe", b"\\ud800", b"NaN", b"1e999", b"-", b'"', b"[[[[", b"{}", b"null", b"\xed\xa0\x80")
    place = rng.randrange(len(raw))
    return raw[:place] + rng.choice(odd) + raw[place:]


def _deepen(rng: random.Random, raw: bytes) -> bytes:
    depth = rng.choices((30, 31, 100, 5000), (60, 30, 9, 1))[0]
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return raw.replace(b"{", b'{"deep":' + opening * depth + b"1" + closing * depth + b",", 1)


def _enlarge(rng: random.Random, raw: bytes) -> bytes:
    before, after = raw.rsplit(b'"', 1)
    return before + b"x" * rng.choices((40, 5_000, 300_000), (80, 19, 1))[0] + b'"' + after


def _swap(rng: random.Random, raw: bytes) -> bytes:
    members = json.loads(raw)
    rng.shuffle(members)
    return json.dumps(members).encode()


def _retype(rng: random.Random, raw: bytes) -> bytes:
    members = json.loads(raw)
    odd = (None, True, 0, -1, 2**70, 1.5, "", "x" * 37, [], {}, "\ud800")
    members[rng.randrange(len(members))] = rng.choice(odd)
    return json.dumps(members).encode()


def _retype_inside(rng: random.Random, raw: bytes) -> bytes:
    members = json.loads(raw)
    payload = members[-1]
    if payload:
        payload[rng.choice(list(payload))] = rng.choice((None, True, 0, -1, 2**70, 1.5, "", [], {}, "é" * 300))
    return json.dumps(members).encode()


def _none(_: random.Random, raw: bytes) -> bytes:
    return raw


DAMAGES: tuple[Damage, ...] = (
    _flip, _cut, _drop, _repeat, _insert, _deepen, _enlarge, _swap, _retype, _retype_inside, _none,
)  # fmt: skip

_STAMP = "2026-11-02T12:00:00Z"
SEEDS: tuple[bytes, ...] = tuple(
    json.dumps(frame, separators=separators).encode()
    for separators in ((",", ":"), (", ", ": "))
    for frame in (
        [2, "1", "Heartbeat", {}],
        [2, "2", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": "1"}],
        [2, "3", "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}],
        [2, "4", "StartTransaction", {"connectorId": 1, "idTag": "T", "meterStart": 10, "timestamp": _STAMP}],
        [2, "5", "StopTransaction", {"transactionId": 17, "meterStop": 90, "timestamp": _STAMP}],
        [2, "6", "MeterValues", {"connectorId": 1, "transactionId": 17, "meterValue": [
            {"timestamp": _STAMP, "sampledValue": [{"value": "15", "unit": "Wh"}] * 3}]}],
        [2, "7", "TransactionEvent", {"eventType": "Ended", "timestamp": _STAMP, "seqNo": 1,
            "transactionInfo": {"transactionId": "T-1"}, "evse": {"id": 1}}],
        [2, "8", "RemoteStopTransaction", {"transactionId": 17}],
        [2, "9", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {"transactionId": 17}}],
        [3, "4", {"transactionId": 17, "idTagInfo": {"status": "Accepted"}}],
        [3, "x", {}],
        [4, "5", "InternalError", "no", {}],
    )
)  # fmt: skip


def damaged(rng: random.Random) -> tuple[str, bytes]:
    """Return one frame, and the name of what was done to it."""
    damage = rng.choice(DAMAGES)
    return damage.__name__.strip("_"), damage(rng, rng.choice(SEEDS))
