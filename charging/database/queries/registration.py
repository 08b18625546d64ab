"""Reading registrations, the journal of handshakes, and tokens that were given."""

import sqlalchemy as sa

from charging.database import tables
from charging.roaming.registration import (
    Action,
    By,
    Event,
    GivenToken,
    Phase,
    Purpose,
    Registration,
    State,
    TokenState,
)


def registration(connection: sa.Connection, partner: str) -> Registration | None:
    """Return how things stand with a partner; None if nothing ever happened."""
    table = tables.partner_registration
    row = connection.execute(sa.select(table).where(table.c.partner == partner)).mappings().one_or_none()
    if row is None:
        return None
    return Registration(
        partner=row["partner"],
        state=State(row["state"]),
        version=row["version"],
        their_url=row["their_url"],
        their_roles=tuple(row["their_roles"]),
        their_endpoints=dict(row["their_endpoints"]),
        held_sha256=row["held_sha256"],
        held_reference=row["held_reference"],
        changed_at=row["changed_at"],
    )


def events(connection: sa.Connection, partner: str) -> list[Event]:
    """Return a partner's journal, the oldest first."""
    table = tables.registration_event
    chosen = sa.select(table).where(table.c.partner == partner).order_by(table.c.event_number)
    return [_event(row) for row in connection.execute(chosen).mappings()]


def open_intent(connection: sa.Connection, partner: str) -> Event | None:
    """Return what we were about to do with a partner when we were cut off, if so."""
    ours = [event for event in events(connection, partner) if event.by is By.US and event.action is not Action.INVITE]
    return ours[-1] if ours and ours[-1].phase is Phase.INTENT else None


def given_token(connection: sa.Connection, token_sha256: str) -> GivenToken | None:
    """Return a token that we gave, dead or alive, by its hash."""
    table = tables.given_token
    row = connection.execute(sa.select(table).where(table.c.token_sha256 == token_sha256)).mappings().one_or_none()
    return None if row is None else _given(row)


def given_tokens(connection: sa.Connection, partner: str) -> list[GivenToken]:
    """Return the tokens that we gave a partner, the oldest first."""
    table = tables.given_token
    chosen = sa.select(table).where(table.c.partner == partner).order_by(table.c.made_at, table.c.token_sha256)
    return [_given(row) for row in connection.execute(chosen).mappings()]


def _given(row: sa.RowMapping) -> GivenToken:
    return GivenToken(
        token_sha256=row["token_sha256"],
        partner=row["partner"],
        purpose=Purpose(row["purpose"]),
        state=TokenState(row["state"]),
        reference=row["reference"],
        first_used_at=row["first_used_at"],
    )


def _event(row: sa.RowMapping) -> Event:
    return Event(
        event_number=row["event_number"],
        partner=row["partner"],
        action=Action(row["action"]),
        phase=Phase(row["phase"]),
        by=By(row["by"]),
        detail=row["detail"],
        given_sha256=row["given_sha256"],
        at=row["at"],
    )
