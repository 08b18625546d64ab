"""CDRs that are pushed to us: taken once, given back at their Location, and never changed (OCPI, mod_cdrs)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from charging.database.operations import receiving as write
from charging.database.operations.receiving import Pushed
from charging.database.queries import receiving as read
from charging.database.queries.receiving import REFUSED, UNREADABLE
from charging.roaming.cdr import Cdr
from charging.roaming.ocpi.parse import Rejected, UnreadablePage, parse_cdrs
from charging.roaming.ocpi.receiver_answer import CLIENT_ERROR, INVALID, NoJson, Reply, decode, refusal
from charging.roaming.partner import CreditPolicy, OurRole, Partner

MODULE = "cdrs"
_LONGEST_ID = 200
"""Five times what OCPI allows, as legacies are given to longer ones; it must fit into an index."""


def post(
    connection: sa.Connection, body: bytes, *, partner: Partner, version: str, at: datetime, module_url: str
) -> Reply:
    """Take a CDR, and say where it can be read from then on.

    What cannot be read is kept with the reason; so is one that has come before with other content.

    Raises:
        NoJson: if the body is no JSON.
    """
    given = decode(body)
    if not isinstance(given, dict):
        return _unreadable(connection, body, "one CDR object is wanted", partner=partner, version=version, at=at)
    try:
        parsed = parse_cdrs(b"[" + body + b"]", partner=partner.name, version=version, owner=owner(partner))
    except UnreadablePage as problem:
        raise NoJson(str(problem)) from problem
    if parsed.rejected or not parsed.cdrs:
        found: tuple[Rejected, ...] = parsed.rejected
        reason = found[0].reason if found else "it is no CDR"
        cdr_id = found[0].cdr_id if found else None
        return _unreadable(connection, body, reason, partner=partner, version=version, at=at, cdr_id=cdr_id)
    if len(parsed.cdrs[0].cdr_id) > _LONGEST_ID:
        reason = f"its id is longer than {_LONGEST_ID} characters"
        return _unreadable(connection, body, reason, partner=partner, version=version, at=at)
    return _take(connection, body, parsed.cdrs[0], partner=partner, version=version, at=at, module_url=module_url)


def get(connection: sa.Connection, place: str, *, partner: Partner) -> Reply:
    """Give a CDR back to whoever pushed it, as it came."""
    try:
        record_key = urlsafe_b64decode(place + "=" * (-len(place) % 4)).decode()
    except (NotBase64, ValueError):
        record_key = ""
    found = read.current(connection, partner.name, MODULE, record_key)
    return refusal(CLIENT_ERROR, "unknown CDR", status=404) if found is None else Reply(data=found.raw)


def owner(partner: Partner) -> str | None:
    """Return whose CDRs a partner of 2.1.1 speaks of, as they do not say; behind a hub, the EVSE id must tell."""
    if partner.our_role is OurRole.CPO:
        return partner.owner
    return None if partner.hub else partner.party


def _take(
    connection: sa.Connection, body: bytes, cdr: Cdr, *, partner: Partner, version: str, at: datetime, module_url: str
) -> Reply:
    record = Pushed(
        partner=partner.name,
        module=MODULE,
        record_key=f"{cdr.owner}|{cdr.cdr_id}",
        version=version,
        raw=body,
        received_at=at,
        last_updated=cdr.last_updated,
    )
    location = {"Location": f"{module_url}/{urlsafe_b64encode(record.record_key.encode()).decode().rstrip('=')}"}
    if partner.hub is None and cdr.owner not in {partner.party, partner.owner}:
        reason = f"it is of {cdr.owner}, and neither yours nor ours"
        write.keep_aside(connection, record, state=REFUSED, reason=reason)
        return refusal(INVALID, reason)
    write.alone(connection, partner.name, record.record_key)
    there = read.current(connection, partner.name, MODULE, record.record_key)
    if there is not None and decode(there.raw) == decode(body):
        return Reply(headers=location, message="it is here already")
    if there is not None and partner.credit_policy is not CreditPolicy.RESENT_ID:
        reason = "this CDR is here with other content, and CDRs do not change: send a credit CDR and a new one"
        write.keep_aside(connection, record, state=REFUSED, reason=reason)
        return refusal(CLIENT_ERROR, reason, headers=location)
    write.keep_current(connection, record)
    return Reply(status=200 if there else 201, headers=location)


def _unreadable(
    connection: sa.Connection,
    body: bytes,
    reason: str,
    *,
    partner: Partner,
    version: str,
    at: datetime,
    cdr_id: str | None = None,
) -> Reply:
    hashed = sha256(body).hexdigest()
    record = Pushed(
        partner=partner.name,
        module=MODULE,
        record_key=f"?|{cdr_id}" if cdr_id else f"sha256:{hashed}",
        version=version,
        raw=body,
        received_at=at,
    )
    write.keep_aside(connection, record, state=UNREADABLE, reason=reason)
    return refusal(INVALID, f"not taken: {reason}")
