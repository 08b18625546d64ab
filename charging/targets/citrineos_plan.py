"""What a row needs at a CitrineOS that may be in use. Pure.

Gaps are filled, and what the target says otherwise stays and is listed. Where it says otherwise about identity or
access, nothing is overruled: such a row is refused, and a person decides.
"""

from collections.abc import Mapping
from datetime import datetime

from charging.targets.change import Action, Change, Plain
from charging.targets.citrineos_wishes import ACCEPTED, GROUP, Wish

Held = Mapping[str, Plain]
_SERIAL, _EXPIRY, _STATUS = "chargePointSerialNumber", "cacheExpiryDateTime", "status"


def plan_row(wish: Wish, held: Held | None, *, reason: str, is_twice: bool) -> Change:
    """Create a row, or fill in what the target does not know of it; `reason` is why it must not be sent."""
    if not reason and is_twice:
        reason = "the target has it more than once: a person says which one is meant"
    if not reason and held is not None:
        reason = _overruled(wish, held)
    if reason:
        return Change(entity=wish.entity, key=wish.key, action=Action.REFUSE, reason=reason, fields=wish.fields)
    if held is None:
        after = {**wish.identity, **{name: value for name, value in wish.fields.items() if value is not None}}
        return _change(wish, Action.CREATE, "the target does not have it", after=after)
    after = {name: value for name, value in wish.fields.items() if value is not None and held.get(name) is None}
    if wish.entity == "token":
        after = _access(wish, held, after)
    kept = {
        name: held.get(name) for name, value in wish.fields.items() if name not in after and held.get(name) != value
    }
    if not after:
        return _change(wish, Action.SAME, "the target has it", kept=kept)
    before = {name: held.get(name) for name in after}
    return _change(wish, Action.UPDATE, "the target has gaps that we can fill", after=after, before=before, kept=kept)


def _change(
    wish: Wish,
    action: Action,
    reason: str,
    *,
    after: Held | None = None,
    before: Held | None = None,
    kept: Held | None = None,
) -> Change:
    return Change(
        entity=wish.entity,
        key=wish.key,
        action=action,
        reason=reason,
        before=before or {},
        after=after or {},
        fields=wish.fields,
        kept=kept or {},
        no_place=wish.no_place,
    )


def _access(wish: Wish, held: Held, gaps: Held) -> dict[str, Plain]:
    """Return what of a token's access is brought in line: it is only ever narrowed. Its type stays the target's."""
    after = {name: value for name, value in gaps.items() if name != "idTokenType"}
    if held.get(_STATUS) == ACCEPTED != wish.fields[_STATUS]:
        after[_STATUS] = wish.fields[_STATUS]
    if wish.fields[_EXPIRY] is not None and held.get(_EXPIRY) != wish.fields[_EXPIRY]:
        after[_EXPIRY] = wish.fields[_EXPIRY]
    return after


def _overruled(wish: Wish, held: Held) -> str:
    """Return what of the target's own word about identity or access we would overrule."""
    match wish.entity:
        case "station":
            ours, theirs = wish.fields.get(_SERIAL), held.get(_SERIAL)
            if ours and theirs and ours != theirs:
                return f"the target has this identity with serial number {theirs}, and ours is {ours}"
        case "evse":
            ours, theirs = wish.fields.get("evseId"), held.get("evseId")
            if held.get("removed"):
                return "the target has it as removed"
            if ours and theirs and ours != theirs:
                return f"the target publishes it as {theirs}, and we as {ours}"
        case "token":
            return _overruled_access(wish, held)
    return ""


def _overruled_access(wish: Wish, held: Held) -> str:
    status, expiry = held.get(_STATUS), held.get(_EXPIRY)
    if wish.fields[_STATUS] == ACCEPTED != status:
        return f"the target has it as {status or 'nothing'}, and we as {ACCEPTED}"
    ours = wish.fields[_EXPIRY]
    if expiry and (ours is None or datetime.fromisoformat(str(ours)) > datetime.fromisoformat(str(expiry))):
        return f"the target lets it expire at {expiry}, and we {ours or 'never'}"
    group = held.get(GROUP)
    if group and wish.fields.get(GROUP) and group != wish.fields[GROUP]:
        return f"the target has it grouped under {group}, and we under {wish.fields[GROUP]}"
    return ""
