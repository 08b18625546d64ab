"""Giving a partner our invoice records: as its sender's pages, or put into its receiver. Dry unless told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from charging.errors import PartnerRefused
from charging.roaming.ocpi.invoice import InvoiceRecord, faults, render
from charging.roaming.ocpi.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One record: what was to be sent, and what came of it."""

    record: InvoiceRecord
    url: str
    body: bytes
    outcome: str
    """`would be sent`, `sent`, `is there already`, or `not sent: …`."""

    @property
    def is_settled(self) -> bool:
        """Whether the partner has it."""
        return self.outcome in {"sent", "is there already"}


def send(
    records: Sequence[InvoiceRecord], *, to: str, transport: Transport, dry_run: bool = True
) -> tuple[Sending, ...]:
    """Put records into a partner's receiver at `{to}/{country_code}/{party_id}/{id}`, as client-owned objects are.

    A PUT may be repeated: a run that was killed is run again, and what is there in the same words is left.

    Raises:
        PartnerUnavailable: if the partner does not answer in a way that can be understood; earlier ones were sent.
    """
    return tuple(_send(record, to=to, transport=transport, dry_run=dry_run) for record in records)


def _send(record: InvoiceRecord, *, to: str, transport: Transport, dry_run: bool) -> Sending:
    country_code, party_id = (*record.party.split("-", 1), "")[:2]
    url = f"{to.rstrip('/')}/{country_code}/{party_id}/{quote(record.record_id, safe='')}"
    body = render(record) if party_id else b""

    def ended(outcome: str) -> Sending:
        return Sending(record=record, url=url, body=body, outcome=outcome)

    if wrong := faults(record):
        return ended(f"not sent: {'; '.join(wrong)}")
    if dry_run:
        return ended("would be sent")
    if _is_there(record, url, transport):
        return ended("is there already")
    try:
        transport.put(url, body)
    except PartnerRefused as refusal:
        return ended(f"not sent: {refusal}")
    return ended("sent")


def _is_there(record: InvoiceRecord, url: str, transport: Transport) -> bool:
    try:
        answer = transport.get(url, is_functional=True)
        there = msgspec.json.decode(answer.envelope.data)
    except (PartnerRefused, msgspec.MsgspecError):
        return False  # not there, or cannot be read back: the PUT will tell
    return isinstance(there, dict) and there == msgspec.json.decode(render(record))


def page(records: Sequence[InvoiceRecord], *, offset: int, limit: int) -> tuple[bytes, int]:
    """Return the `data` of one page of our records as a sender gives them, the oldest first, and their total."""
    ordered = sorted(records, key=lambda record: (record.last_updated, record.party, record.record_id))
    shown = [msgspec.Raw(render(record)) for record in ordered[offset : offset + limit]]
    return msgspec.json.encode(shown), len(ordered)
