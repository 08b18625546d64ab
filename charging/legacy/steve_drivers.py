"""What is asked of SteVe's database about people: their tags, their names, what they have reserved."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from charging.legacy.steve_reading import Reading, by_update
from charging.legacy.steve_schema import SteveSchema, column_or_null


def customers(schema: SteveSchema) -> Iterator[Reading]:
    """Read users: their names and how they are reached, not their birthdays and sexes."""
    if not schema.has("user"):
        return
    user = schema.table("user")
    parts = (sa.func.coalesce(column_or_null(user, schema, name), "") for name in ("first_name", "last_name"))
    first, last = parts
    query = sa.select(
        user.c.user_pk.label("line"),
        user.c.user_pk.label("customer_id"),
        sa.func.nullif(sa.func.trim(sa.func.concat(first, " ", last)), "").label("name"),
        column_or_null(user, schema, "e_mail").label("email"),
        column_or_null(user, schema, "phone").label("phone"),
        column_or_null(user, schema, "note").label("note"),
    )
    yield Reading(file="user", query=query.order_by(user.c.user_pk), **by_update(schema, user))


def tokens(schema: SteveSchema) -> Iterator[Reading]:
    """Read tags. SteVe has no contracts; the user who alone holds a tag rides along as `customer_id`."""
    tag = schema.table("ocpp_tag")
    blocked = sa.case((tag.c.max_active_transaction_count == 0, 1), else_=0)
    count, holder = _holders(schema, tag)
    query = sa.select(
        tag.c.ocpp_tag_pk.label("line"),
        tag.c.id_tag.label("token_uid"),
        tag.c.parent_id_tag.label("parent_uid"),
        sa.null().label("contract_id"),
        sa.null().label("issuer"),
        blocked.label("is_blocked"),
        tag.c.expiry_date.label("expires_at"),
        column_or_null(tag, schema, "note").label("note"),
        tag.c.max_active_transaction_count,
        count.label("owner_count"),
        holder.label("customer_id"),
    )
    # A change of who holds a tag does not touch the tag: a delta would miss it, so tags are read whole.
    yield Reading(file="ocpp_tag", query=query.order_by(tag.c.ocpp_tag_pk))


def _holders(schema: SteveSchema, tag: sa.TableClause) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """How many users hold the tag, and who if it is one; NULL where no tag is linked at all: that proves nothing."""
    where = "user_ocpp_tag" if schema.has("user_ocpp_tag") else "user"  # before V1_0_8, users named their tag
    if not schema.has(where, "ocpp_tag_pk"):
        return sa.null(), sa.null()
    link = schema.table(where)
    of_tag = link.c.ocpp_tag_pk == tag.c.ocpp_tag_pk
    held = sa.select(sa.func.count()).where(of_tag).correlate(tag).scalar_subquery()
    one = sa.select(sa.func.min(link.c.user_pk)).where(of_tag).correlate(tag).having(sa.func.count() == 1)
    any_link = link.alias("any_link")
    is_linked = sa.exists(sa.select(sa.literal(1)).select_from(any_link).where(any_link.c.ocpp_tag_pk.is_not(None)))
    return sa.case((is_linked, held)), one.scalar_subquery()


def reservations(schema: SteveSchema) -> Iterator[Reading]:
    """Read reservations; their times are DATETIMEs, which SteVe's server writes in UTC."""
    if not schema.has("reservation"):
        return
    held, evse = schema.table("reservation"), schema.table(schema.generation)
    query = sa.select(
        held.c.reservation_pk.label("line"),
        held.c.reservation_pk.label("reservation_id"),
        evse.c.charge_box_id.label("station_id"),
        evse.c[schema.evse_number].label("connector_id"),
        column_or_null(held, schema, "id_tag").label("token_uid"),
        column_or_null(held, schema, "transaction_pk").label("session_id"),
        column_or_null(held, schema, "start_datetime").label("starts_at"),
        column_or_null(held, schema, "expiry_datetime").label("expires_at"),
        column_or_null(held, schema, "status").label("status"),
    ).outerjoin_from(held, evse, evse.c[schema.evse_pk] == held.c[schema.reference("reservation")])
    yield Reading(file="reservation", query=query.order_by(held.c.reservation_pk), **by_update(schema, held))
