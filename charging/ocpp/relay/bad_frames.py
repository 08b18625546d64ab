"""Bytes that are no frame: one costs itself, a row of them costs the link."""

from datetime import datetime

from charging.ocpp.envelope import CALL_ERROR, Envelope
from charging.ocpp.frames import BadFrame, CallError, encode
from charging.ocpp.relay.effects import (
    Alarm,
    CloseOffice,
    CloseStation,
    Direction,
    Effects,
    OpenOffice,
    Recorded,
    ToOffice,
    ToStation,
)

POLICY_VIOLATION = 1008
"""RFC 6455 §7.4.1."""


def violation(protocol: str) -> str:
    """Return the CALLERROR code for a frame or payload of a wrong form; OCPP-J 1.6 spells it in its own way."""
    return "FormationViolation" if protocol == "ocpp1.6" else "FormatViolation"


def answer_bad(frame: BadFrame, way: Direction, protocol: str, at: datetime, effects: Effects) -> None:
    """Record it, and refuse it where it has an id."""
    effects.append(unpassed(way, frame, frame.raw, f"bad frame: {frame.problem}", at))
    if frame.unique_id is not None:
        code, rule = violation(protocol), "answer to a bad frame"
        refuse(way, frame.unique_id, "", code=code, why=frame.problem, rule=rule, at=at, effects=effects)


def refuse(
    way: Direction, unique_id: str, action: str, *, code: str, why: str, rule: str, at: datetime, effects: Effects
) -> None:
    """Answer a call with a CALLERROR, back to where it came from."""
    raw = encode(CallError(unique_id=unique_id, code=code, description=why[:255], details={}))
    is_station = way is Direction.FROM_STATION
    back = Direction.TO_STATION if is_station else Direction.TO_OFFICE
    effects += [
        Recorded(back, b"", raw, CALL_ERROR, unique_id, action, rule, at),
        ToStation(raw) if is_station else ToOffice(raw),
    ]


def close_after_row(way: Direction, limit: int, back_office: str, effects: Effects) -> None:
    """Give up a link over which nothing but bad frames comes; the back office's is opened again."""
    who = "station" if way is Direction.FROM_STATION else "back office"
    effects.append(Alarm("bad_frames", f"{limit} bad frames in a row came from the {who}"))
    if way is Direction.FROM_STATION:
        effects.append(CloseStation(POLICY_VIOLATION, "too many bad frames"))
    else:
        effects += [CloseOffice("too many bad frames"), OpenOffice(back_office)]


def unpassed(way: Direction, frame: Envelope | BadFrame, raw: bytes, rule: str, at: datetime) -> Recorded:
    """Return the record of something that arrived and went nowhere."""
    if isinstance(frame, BadFrame):
        return Recorded(way, frame.raw, None, 0, frame.unique_id or "", "", rule, at)
    return Recorded(way, raw, None, frame.kind, frame.unique_id, frame.action, rule, at)
