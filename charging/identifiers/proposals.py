"""From what the rules propose to what the ledger allows: by rule, no id is given that another EVSE ever bore. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from charging.identifiers import evse_id
from charging.identifiers.ledger import Ledger
from charging.identifiers.remap import Remap
from charging.identifiers.remapping import Remapping, State
from charging.network import Evse

_COLLIDES = "id.collides"


def under_present_ids(evses: Sequence[Evse], ledger: Ledger) -> list[Evse]:
    """Return EVSEs under the ids that they bear now: the ledger's where it knows the EVSE, else their own."""
    return [
        replace(evse, evse_id=ledger.current(evse.evse_uid)) if ledger.names(evse.evse_uid) else evse for evse in evses
    ]


def remappings(remap: Remap, *, ledger: Ledger, foreign: Collection[str]) -> list[Remapping]:
    """Return every proposal with its state. `foreign` are compact ids that partners know as somebody else's."""
    made = [*_proposed(remap, ledger, foreign), *_collided(remap, ledger)]
    return sorted(made, key=lambda each: each.evse_uid)


def _proposed(remap: Remap, ledger: Ledger, foreign: Collection[str]) -> Iterator[Remapping]:
    for proposal in remap.proposals:
        found = Remapping(
            evse_uid=proposal.evse_uid,
            before=proposal.before,
            after=proposal.after,
            rule=proposal.rule,
            state=State.NEEDS_OWNER if proposal.needs_owner else State.PROPOSED,
            needs_owner=proposal.needs_owner,
            reason=proposal.reason,
        )
        problem = _taken(found, ledger, foreign)
        yield replace(found, state=State.COLLIDES, needs_owner=True, reason=problem) if problem else found


def _taken(found: Remapping, ledger: Ledger, foreign: Collection[str]) -> str | None:
    bearers = ledger.bearers(found.after)
    other = next((name for name in bearers if name.evse_uid != found.evse_uid), None)
    if other is not None:
        return f"{found.after} is, or was, the id of EVSE {other.evse_uid}"
    if not bearers and evse_id.comparable(found.after) in foreign:
        return f"a partner's CDRs use {found.after} for a station that is none of ours"
    return None


def _collided(remap: Remap, ledger: Ledger) -> Iterator[Remapping]:
    for collision in remap.collisions:
        for uid, text in zip(collision.evse_uids, collision.evse_ids, strict=True):
            others = ", ".join(other for other in collision.evse_uids if other != uid)
            yield Remapping(
                evse_uid=uid,
                before=ledger.current(uid),
                after=text,
                rule=_COLLIDES,
                state=State.COLLIDES,
                needs_owner=True,
                reason=f"separators mean nothing, so {text} would also be {others}",
            )
