"""What a person reads of the ledger of EVSE ids, in lines."""

from collections.abc import Iterator, Mapping
from typing import Any


def list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what is proposed, an EVSE a line."""
    for each in result["remappings"]:
        yield f"{each.state:>12}  {each.evse_uid}: {each.before or 'none'} → {each.after} ({each.rule}: {each.reason})"
    yield from state_lines(result)


def state_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say how many EVSEs stand where."""
    states = ", ".join(f"{number} {state}" for state, number in sorted(result["states"].items()))
    yield f"{'in all':>12}  {states or 'nothing is proposed: extract, cleanse, then rehome remap propose'}"


def outcome_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what was, or would be, done to each EVSE."""
    for each in result["outcomes"]:
        why = f" ({each.reason})" if each.reason else ""
        yield f"{each.result:>12}  {each.evse_uid}: {each.before or 'none'} → {each.after or 'none'}{why}"
    if not result["outcomes"]:
        yield f"{'nothing':>12}  no EVSE waits for that"
    if result["dry_run"]:
        yield f"{'dry run':>12}  nothing was changed: add --yes to do it"


def history_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say who did what, an event a line."""
    for event in result["events"]:
        change = f"{event['evse_uid']}: {event['before'] or 'none'} → {event['after'] or 'none'}"
        yield f"{event['at']:%Y-%m-%d %H:%M}Z  {event['action']:>8}  {change}, by {event['by']}: {event['reason']}"


def resolve_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say whose an id was."""
    if result["evse_uid"] is None:
        yield f"{'nobody':>12}  {result['id']} meant none of our EVSEs then"
        return
    now = result["current"] or "none"
    yield f"{result['was']:>12}  {result['id']} meant EVSE {result['evse_uid']}, which now bears {now}"


def name_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what an EVSE was called."""
    yield f"{'then':>12}  {result['id'] or 'none'}"
    for name in result["names"]:
        since = f"{name.valid_from:%Y-%m-%d %H:%M}Z" if name.valid_from else "ever"
        until = "to now"
        if name.valid_until:
            until = f"until {name.valid_until:%Y-%m-%d %H:%M}Z, an alias until {name.answers_until:%Y-%m-%d}"
        yield f"{'':>12}  {name.evse_id}, since {since} {until} ({name.rule})"
