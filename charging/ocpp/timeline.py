"""A station's recorded frames as a story that a person can read, and a station maker can check frame by frame.

Every frame of the recording is behind exactly one moment: calls with their answers, and the everyday ones (heartbeats,
meter values, which nobody reads one by one) counted together. A moment names the frames that it stands for.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from charging.ocpp.telling import Told, of_call, of_rule, shown


class Topic(StrEnum):
    """What a moment is about."""

    LINK = "link"
    BOOT = "boot"
    CHARGE = "charge"
    FAULT = "fault"
    STATUS = "status"
    ORDER = "order"
    ASKED = "asked"
    """A call of the back office."""
    MOVE = "move"
    RULE = "rule"
    FIRMWARE = "firmware"
    ALARM = "alarm"
    SAID = "said"
    """Anything else that the station said."""
    EVERYDAY = "everyday"
    """Heartbeats and meter values, counted."""
    STRAY = "stray"
    """Bytes that are no frame, and answers that nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFrame:
    """A frame as it was stored, without secrets. Text, as JSON."""

    at: datetime
    back_office: str
    direction: str
    """`charging.ocpp.relay.effects.Direction`."""
    kind: int
    unique_id: str
    action: str
    rule: str
    received: str
    """Empty where it was made by the gateway."""
    sent: str | None
    """None: as it came. Empty: it did not go on."""
    mark: str = ""
    """How the frame is found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the story. `until` is later than `at` where it stands for a while."""

    at: datetime
    until: datetime
    topic: Topic
    text: str
    frames: tuple[str, ...] = ()
    """The marks of the frames that it stands for, in order."""
    is_rewritten: bool = False


@dataclass(slots=True)
class _Open:
    """A call, until its answer is found."""

    call: RecordedFrame
    answers: list[RecordedFrame] = field(default_factory=list)


_EVERYDAY = frozenset({"Heartbeat", "MeterValues"})
_PATIENCE = timedelta(minutes=10)
"""An answer later than that is another call's."""


def timeline(frames: Iterable[RecordedFrame], events: Iterable[Moment] = ()) -> list[Moment]:
    """Return the story of one station, oldest first: its frames, and what else is known of it (links, moves, alarms).

    The frames are of one station, in the order in which they were recorded.
    """
    exchanges = list(_paired(frames))
    moments = [*_moves(exchanges), *_told(exchanges), *events]
    return sorted(moments, key=lambda moment: moment.at)


def _paired(frames: Iterable[RecordedFrame]) -> Iterator[_Open]:
    """Put each answer to the latest call of its id that came from the other side and has none yet."""
    found: list[_Open] = []
    waiting: dict[tuple[bool, str], _Open] = {}
    for frame in frames:
        is_to_station = frame.direction in {"from_office", "to_station"}
        if frame.kind == 2:
            entry = _Open(frame)
            found.append(entry)
            waiting[is_to_station, frame.unique_id] = entry
            continue
        call = waiting.get((not is_to_station, frame.unique_id)) if frame.kind in {3, 4} else None
        if call is not None and not call.answers and frame.at - call.call.at <= _PATIENCE:
            call.answers.append(frame)
        else:
            found.append(_Open(frame))
    yield from found


def _told(exchanges: list[_Open]) -> Iterator[Moment]:
    told = Told()
    everyday: list[_Open] = []
    for exchange in exchanges:
        if _is_everyday(exchange):
            everyday.append(exchange)
            continue
        if everyday:
            yield _counted(everyday)
            everyday = []
        yield _moment(exchange, told)
    if everyday:
        yield _counted(everyday)


def _is_everyday(exchange: _Open) -> bool:
    call = exchange.call
    is_plain = not call.rule and call.direction == "from_station" and call.action in _EVERYDAY and call.kind == 2
    return is_plain and len(exchange.answers) == 1 and exchange.answers[0].kind == 3 and not exchange.answers[0].rule


def _counted(everyday: list[_Open]) -> Moment:
    counts = Counter(exchange.call.action for exchange in everyday)
    names = {"Heartbeat": ("heartbeat", "heartbeats"), "MeterValues": ("message of meter values",) * 2}
    parts = [f"{count} {names[action][count > 1]}" for action, count in sorted(counts.items())]
    parts = [part.replace("message of", "messages of") if not part.startswith("1 ") else part for part in parts]
    return Moment(
        at=everyday[0].call.at,
        until=everyday[-1].answers[-1].at,
        topic=Topic.EVERYDAY,
        text=" and ".join(parts) + ", each answered",
        frames=_marks(*everyday),
    )


def _moment(exchange: _Open, told: Told) -> Moment:
    call = exchange.call
    answer = exchange.answers[0] if exchange.answers else None
    if call.kind != 2:
        what = "an answer that nobody asked for" if call.kind else "bytes that are no frame"
        topic, text = Topic.STRAY, f"{_who(call)} sends {what}: {shown(call.received or call.sent or '', 80)}"
    else:
        name, text = of_call(
            told,
            action=call.action,
            at=call.at,
            sender=_who(call),
            is_station=call.direction in {"from_station", "to_office"},
            call=call.received or call.sent or "",
            answer=None if answer is None else answer.received or answer.sent or "",
            answered_after=None if answer is None else answer.at - call.at,
        )
        topic = Topic.ORDER if call.rule == "order" else Topic(name)
    ruled = (call, *(exchange.answers if call.received else ()))  # that our own call's answer stays here goes unsaid
    rules = [of_rule(frame.rule, frame.received, frame.sent) for frame in ruled if frame.rule]
    if rules and topic is not Topic.ORDER and call.direction in {"to_station", "to_office"}:
        topic = Topic.RULE
    noted = [rule for rule in rules if rule]
    return Moment(
        at=call.at,
        until=answer.at if answer else call.at,
        topic=topic,
        text="; ".join([text, *dict.fromkeys(noted)]),
        frames=_marks(exchange),
        is_rewritten=any(frame.received and frame.sent for frame in (call, *exchange.answers)),
    )


def _moves(exchanges: list[_Open]) -> Iterator[Moment]:
    before = ""
    for exchange in exchanges:
        call = exchange.call
        if call.back_office and before and call.back_office != before:
            text = f"from here on with {shown(call.back_office)}, before with {shown(before)}"
            yield Moment(at=call.at, until=call.at, topic=Topic.MOVE, text=text)
        before = call.back_office or before


def _who(frame: RecordedFrame) -> str:
    match frame.direction:
        case "from_station":
            return "the station"
        case "from_office":
            return shown(frame.back_office or "the back office")
        case _:
            return "the gateway"


def _marks(*exchanges: _Open) -> tuple[str, ...]:
    return tuple(frame.mark for exchange in exchanges for frame in (exchange.call, *exchange.answers) if frame.mark)
