"""What a night said before, beside what it says now: in columns, and only what differs as values."""

from datetime import date
from decimal import Decimal

import polars as pl
import sqlalchemy as sa

from charging.database import tables
from charging.database.binary.reading import frames
from charging.database.queries import nights
from charging.reconciliation.follow_up.changes import Changes, changes
from charging.reconciliation.night_frame import NightFrame
from charging.reconciliation.night_share import KEYS, about, subject
from charging.reconciliation.wording import number_text

_SAID = (*KEYS, "verdict", "kinds", "difference", "money_at_risk", "currency", "cohort")
_AMOUNTS = ("difference", "money_at_risk")
_READ_AS = pl.Schema({"verdict_number": pl.Int64()} | dict.fromkeys(_SAID, pl.String()))


def changed(connection: sa.Connection, night: NightFrame, *, partner: str, day: date) -> Changes:
    """Return what lies between a night as it is stored and as it is judged now."""
    was = _stored(connection, partner, day).with_columns(subject=subject())
    now = _said(night).with_columns(subject=subject())
    differ = [
        one.join(other, on=_SAID, how="anti", nulls_equal=True)["subject"] for one, other in ((was, now), (now, was))
    ]
    subjects = pl.concat(differ).unique().to_list()
    numbers = was.filter(pl.col("subject").is_in(subjects))["verdict_number"].to_list()
    return changes(nights.judged(connection, partner, day, numbers=numbers), about(night, subjects))


def _stored(connection: sa.Connection, partner: str, day: date) -> pl.DataFrame:
    row = tables.verdict.c
    stated = {
        **{name: row[name] for name in _SAID},
        "kinds": sa.cast(row.kinds, sa.Text),
        "currency": sa.func.coalesce(row.currency, ""),
        **{name: sa.cast(sa.func.trim_scale(row[name]), sa.Text) for name in _AMOUNTS},
    }
    chosen = sa.select(row.verdict_number, *(stated[name] for name in _SAID)).where(
        row.partner == partner, row.day == day
    )
    return pl.concat([_READ_AS.to_frame(), *frames(connection, chosen, _READ_AS)]).sort("verdict_number")


def _said(night: NightFrame) -> pl.DataFrame:
    """Return what the verdicts say, written as PostgreSQL writes it."""
    listed = pl.col("kinds").list.eval(pl.format('"{}"', pl.element())).list.join(", ")
    told = night.judged.select(
        *KEYS,
        "verdict",
        "cohort",
        "is_exact",
        kinds=pl.format("[{}]", listed),
        currency=pl.col("currency").fill_null(""),
        **{
            name: number_text(pl.col(f"{name}_micro")).str.strip_chars_end("0").str.strip_chars_end(".")
            for name in _AMOUNTS
        },
    )
    if not night.inexact:
        return told
    exactly = {(one.ours_key, one.theirs_key): one for one in night.inexact}
    places = (~told["is_exact"]).arg_true()
    long = [exactly[keys] for keys in told[places].select(KEYS).iter_rows()]
    return told.with_columns(
        told[name].scatter(places, [_trimmed(getattr(one, name)) for one in long]) for name in _AMOUNTS
    )


def _trimmed(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
