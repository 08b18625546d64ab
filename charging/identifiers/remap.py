"""Propose an EVSE id for every EVSE that has none, or one that partners refuse. Ids that conform are never touched."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from charging.identifiers import evse_id
from charging.identifiers.countries import COUNTRY_OF_CALLING_CODE
from charging.identifiers.notation import letters_and_digits
from charging.network import Evse

_HASH_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change of one EVSE id. `needs_owner` where an id that drivers or partners know would be replaced."""

    evse_uid: str
    before: str | None
    after: str
    rule: str
    needs_owner: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Several EVSEs would answer to one identifier, because separators mean nothing. None of them is changed."""

    compact: str
    evse_uids: tuple[str, ...]
    evse_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remap:
    """What was proposed, what stays, and what nobody can decide but the owner."""

    proposals: tuple[Proposal, ...]
    kept: tuple[str, ...]
    """`evse_uid`s whose id conforms and stays."""
    collisions: tuple[Collision, ...]


def propose(
    evses: Iterable[Evse], *, country: str = "NL", operator: str = "EVN", din_operators: Mapping[str, str] | None = None
) -> Remap:
    """Propose ids of the form `CC*OPR*E<stem>*<connector>`, the stem made from the station's identity.

    Connector 0 is the station itself and gets none. `din_operators` states which operator code took over a DIN one.
    """
    kept: dict[str, str] = {}
    proposals: dict[str, Proposal] = {}
    for evse in sorted(evses, key=lambda each: each.evse_uid):
        if evse.connector_id == 0:
            continue
        proposal = _proposal(evse, country=country, operator=operator, din_operators=din_operators or {})
        if proposal is None:
            kept[evse.evse_uid] = evse.evse_id or ""
        else:
            proposals[evse.evse_uid] = proposal
    collisions = _collisions(kept | {uid: proposal.after for uid, proposal in proposals.items()})
    refused = {uid for collision in collisions for uid in collision.evse_uids}
    return Remap(
        proposals=tuple(proposal for uid, proposal in proposals.items() if uid not in refused),
        kept=tuple(uid for uid in kept if uid not in refused),
        collisions=collisions,
    )


def _proposal(evse: Evse, *, country: str, operator: str, din_operators: Mapping[str, str]) -> Proposal | None:
    """Return the change that the EVSE needs, or None if its id stays."""
    before = evse.evse_id or None
    parsed = evse_id.parse(before) if before else None
    if parsed and parsed.is_publishable and parsed.text == before:
        return None
    needs_owner, rule, reason = (
        True,
        "id.nonconforming",
        "partners refuse it as it is; it may be printed on the station",
    )
    after = generate(evse, country=country, operator=operator)
    if before is None:
        needs_owner, rule, reason = False, "id.none", "it has none"
    elif parsed and parsed.is_publishable:
        needs_owner, rule, reason = False, "id.notation", "only case, space or separators differ: it is the same id"
        after = parsed.text
    elif parsed and (converted := evse_id.from_din(parsed, operators=din_operators)) and converted.is_publishable:
        rule, reason = "id.din", "DIN SPEC 91286 gave way to ISO 15118; the operator codes are paired by the owner"
        after = converted.text
    elif parsed and parsed.standard is evse_id.Standard.DIN:
        reason = _unpaired(parsed, din_operators)
    return Proposal(
        evse_uid=evse.evse_uid, before=before, after=after, rule=rule, needs_owner=needs_owner, reason=reason
    )


def _unpaired(din: evse_id.EvseId, operators: Mapping[str, str]) -> str:
    """Say why an id of DIN cannot be converted."""
    pair = f"{din.country}*{din.operator}"
    if pair in operators or din.country not in COUNTRY_OF_CALLING_CODE:
        return "it does not convert into an id that partners take; it may be printed on the station"
    return f'DIN SPEC 91286: say which operator "{pair}" became, in [remap.din_operators], and it is converted instead'


def generate(evse: Evse, *, country: str, operator: str) -> str:
    """Return a publishable id for an EVSE. A stem that is too long is cut and told apart by a hash of the whole."""
    suffix = f"*{evse.connector_id}"
    room = evse_id.MAX_OUTLET - len(suffix)
    stem = letters_and_digits(evse.station_id)
    if not stem or len(stem) > room:
        digest = sha256(evse.station_id.encode()).hexdigest()[:_HASH_LENGTH].upper()
        stem = stem[: room - _HASH_LENGTH] + digest
    return f"{country}*{operator}*E{stem}{suffix}"


def _collisions(ids: Mapping[str, str]) -> tuple[Collision, ...]:
    by_compact: defaultdict[str, list[str]] = defaultdict(list)
    for evse_uid, text in ids.items():
        by_compact[evse_id.compact(text) or text].append(evse_uid)
    return tuple(
        Collision(compact=compact, evse_uids=tuple(uids), evse_ids=tuple(ids[uid] for uid in uids))
        for compact, uids in sorted(by_compact.items())
        if len(uids) > 1
    )
