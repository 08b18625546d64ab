"""Writing registrations, the journal of handshakes, and tokens that are given: by hash, never the token."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from charging.database import tables
from charging.database.operations import rows
from charging.roaming.registration import Action, By, GivenToken, Phase, Purpose, State, TokenState


def journal(
    connection: sa.Connection,
    partner: str,
    *,
    action: Action,
    phase: Phase,
    by: By,
    detail: str,
    at: datetime,
    given_sha256: str | None = None,
) -> None:
    """Write a line into the journal."""
    connection.execute(
        tables.registration_event.insert().values(
            partner=partner,
            action=action.value,
            phase=phase.value,
            by=by.value,
            detail=detail,
            given_sha256=given_sha256,
            at=at,
        )
    )


def settle(
    connection: sa.Connection,
    partner: str,
    *,
    state: State,
    at: datetime,
    version: str | None = None,
    their_url: str | None = None,
    their_roles: Sequence[str] = (),
    their_endpoints: Mapping[str, str] | None = None,
    held_sha256: str | None = None,
    held_reference: str | None = None,
) -> None:
    """Make this how things stand with a partner."""
    row = {
        "partner": partner,
        "state": state.value,
        "version": version,
        "their_url": their_url,
        "their_roles": list(their_roles),
        "their_endpoints": dict(their_endpoints or {}),
        "held_sha256": held_sha256,
        "held_reference": held_reference,
        "changed_at": at,
    }
    rows.upsert(connection, tables.partner_registration, [row])


def give(
    connection: sa.Connection, partner: str, *, token_sha256: str, purpose: Purpose, reference: str, at: datetime
) -> None:
    """Let a token open our doors from now on; one that is known is left as it is."""
    row = {
        "token_sha256": token_sha256,
        "partner": partner,
        "purpose": purpose.value,
        "state": TokenState.LIVE.value,
        "reference": reference,
        "made_at": at,
    }
    rows.insert_new(connection, tables.given_token, [row])


def replace_others(connection: sa.Connection, partner: str, *, by: str, at: datetime, are_dead: bool) -> None:
    """Make every other token of a partner one that was replaced: dead, or taken until the new one has been used."""
    table = tables.given_token
    state = TokenState.DEAD if are_dead else TokenState.REPLACED
    connection.execute(
        sa.update(table)
        .where(table.c.partner == partner, table.c.token_sha256 != by, table.c.state != TokenState.DEAD.value)
        .values(state=state.value, ended_at=at if are_dead else None)
    )


def end_all(connection: sa.Connection, partner: str, *, at: datetime) -> None:
    """Let no token of a partner open anything any more."""
    table = tables.given_token
    connection.execute(
        sa.update(table)
        .where(table.c.partner == partner, table.c.state != TokenState.DEAD.value)
        .values(state=TokenState.DEAD.value, ended_at=at)
    )


def end_invitations(connection: sa.Connection, partner: str, *, at: datetime) -> None:
    """Let no earlier invitation of a partner open anything any more."""
    table = tables.given_token
    connection.execute(
        sa.update(table)
        .where(
            table.c.partner == partner,
            table.c.purpose == Purpose.INVITATION.value,
            table.c.state != TokenState.DEAD.value,
        )
        .values(state=TokenState.DEAD.value, ended_at=at)
    )


def end(connection: sa.Connection, token_sha256: str, *, at: datetime) -> None:
    """Let one token open nothing any more."""
    table = tables.given_token
    connection.execute(
        sa.update(table).where(table.c.token_sha256 == token_sha256).values(state=TokenState.DEAD.value, ended_at=at)
    )


def used(connection: sa.Connection, token: GivenToken, *, at: datetime) -> None:
    """Note that a partner came with a live token: it has got it, so what it replaced is dead."""
    table = tables.given_token
    connection.execute(sa.update(table).where(table.c.token_sha256 == token.token_sha256).values(first_used_at=at))
    connection.execute(
        sa.update(table)
        .where(table.c.partner == token.partner, table.c.state == TokenState.REPLACED.value)
        .values(state=TokenState.DEAD.value, ended_at=at)
    )
