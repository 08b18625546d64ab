"""Taking a CDR of ours back, in the way that a partner understands."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from charging import canonical
from charging.roaming.cdr import Cdr
from charging.roaming.partner import CreditPolicy

LONGEST_ID = 39
"""Of a CDR's id (OCPI 2.2.1 mod_cdrs: 36 characters, and 3 for a credit's suffix)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncreditable:
    """Why no CDR can take another back."""

    reason: str


def corrections(
    original: Cdr, *, net: Decimal | None, gross: Decimal | None, policy: CreditPolicy, at: datetime
) -> tuple[Cdr, ...] | Uncreditable:
    """Return the CDRs that take one of ours back and bill `net` and `gross` instead; None: nothing is owed.

    A credit copies everything and negates the total alone (OCPI 2.2.1 mod_cdrs); in 2.1.1 there is none, and a CDR of a
    negative amount stands for it.
    """
    if original.net is None:
        return Uncreditable(reason=f"{original.cdr_id} states no amount")
    if policy is CreditPolicy.NONE:
        return Uncreditable(reason="the partner takes no corrections in its feed")
    if policy is CreditPolicy.RESENT_ID:
        zero = Decimal(0)
        owed = (zero if net is None else net, (zero if original.gross is not None else None) if net is None else gross)
        return (_dated(replace(original, net=owed[0], gross=owed[1]), at),)
    if len(original.cdr_id) + 2 > LONGEST_ID:
        return Uncreditable(reason=f"{original.cdr_id} leaves no room for a credit's suffix")
    credit = replace(
        original,
        cdr_id=f"{original.cdr_id}-C",
        net=-original.net,
        gross=None if original.gross is None else -original.gross,
        is_credit=policy is CreditPolicy.CREDIT_CDR,
        credits_cdr_id=original.cdr_id if policy is CreditPolicy.CREDIT_CDR else None,
    )
    if net is None:
        return (_dated(credit, at),)
    replacement = replace(original, cdr_id=f"{original.cdr_id}-R", net=net, gross=gross)
    return (_dated(credit, at), _dated(replacement, at))


def _dated(cdr: Cdr, at: datetime) -> Cdr:
    stated = [cdr.cdr_id, cdr.net, cdr.gross, cdr.is_credit, cdr.credits_cdr_id]
    return replace(cdr, last_updated=at, raw_sha256=canonical.digest([cdr.raw_sha256, stated]))
