"""Our sessions in columns, and the CDRs without amounts that `own.own_cdrs` makes of them, in columns. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import polars as pl

from charging.identifiers.ledger import Ledger
from charging.network import Evse, Token
from charging.roaming.cdr import BACK_OFFICES, CdrState, Cohort, Protocol, Side
from charging.roaming.compact import compact_contract, compact_evse, compact_token
from charging.roaming.dated import EVER, FACTS, holding
from charging.roaming.frame import INSTANT, SCHEMA, micro_column
from charging.roaming.made import Made
from charging.roaming.partner import IdCase, Ids, Partner
from charging.tariffs.tariff import Dimension

SESSIONS = pl.Schema(
    {
        "back_office": pl.String(),
        "session_id": pl.String(),
        "station_id": pl.String(),
        "connector_id": pl.Int32(),
        "token_uid": pl.String(),
        "started_at": INSTANT,
        "stopped_at": INSTANT,
        "energy_kwh": pl.String(),
        "is_estimated": pl.Boolean(),
        "is_billable": pl.Boolean(),
    }
)
"""One row a session, as a back-office recorded it. Its energy is a text, which is exact however long it is."""
COHORTS: Mapping[str, Cohort] = {office: cohort for cohort, office in BACK_OFFICES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What our sessions are billed by."""

    tokens: Mapping[str, Token]
    """By canonical token uid."""
    evses: Mapping[tuple[str, int], Evse]
    """By station and connector."""
    names: Ledger
    """Which ids they bore when."""
    zones: Mapping[str, str]
    """The time zone of a station's location."""
    tokens_compact: Made[str, str] = field(default_factory=lambda: Made(compact_token))
    contracts_compact: Made[str, str] = field(default_factory=lambda: Made(compact_contract))

    def id_at(self, evse: Evse, at: datetime) -> str | None:
        """Return the id that an EVSE bore at an instant; the present one, where it had none yet."""
        return self.names.known_as(evse.evse_uid, at) or evse.evse_id


def unpriced(told: pl.DataFrame, partner: Partner, known: Known) -> pl.DataFrame:
    """Return CDRs without amounts; their `raw_sha256` tells the session as it came, and where and whose it was."""
    cohorts = {office: str(cohort) for office, cohort in COHORTS.items()}
    whose = told.with_columns(
        _evse_ids(told, known).alias("evse_id"),
        _each(told["station_id"], known.zones.get).alias("time_zone"),
        hashes(told, _AS_IT_CAME).alias("as_it_came"),
        cohort=pl.col("back_office").replace_strict(cohorts, default=None, return_dtype=pl.String),
    ).with_columns(evse_raw=pl.coalesce("evse_id", pl.concat_str("station_id", _CONNECTOR, separator="*")))
    whose = whose.with_columns(
        _each(whose["evse_raw"], compact_evse).alias("evse_compact"),
        hashes(whose, map(pl.col, _WHERE_AND_WHOSE)).alias("raw_sha256"),
    )
    taken = (*_WHERE_AND_WHOSE[1:], "started_at", "station_id", "evse_compact", "raw_sha256")
    stated = {
        **{name: pl.col(name) for name in taken},
        "side": pl.lit(str(Side.OURS)),
        "partner": pl.lit(partner.name),
        "owner": pl.lit(partner.owner),
        "cdr_id": pl.coalesce(_written(partner.ids, partner.ids.cdr).replace("", None), "session_id"),
        "session_id": _written(partner.ids, partner.ids.session),
        "token_uid": pl.col("uid_compact"),
        "ended_at": pl.col("stopped_at"),
        "energy_kwh_micro": micro_column(pl.col("energy_kwh")),
        "currency": pl.lit(partner.terms.currency),
        "lines": _whole_lines(),
        "is_credit": pl.lit(value=False),
        "last_updated": pl.col("stopped_at"),
        "quality": pl.when(pl.col("evse_id").is_null()).then(pl.lit(["id.evse_unknown"])).otherwise(pl.lit([])),
        "protocol": pl.lit(str(Protocol.OCPI)),
        "state": pl.lit(str(CdrState.FINAL)),
        "session_aliases": pl.lit([]),
        "is_cost_significant": pl.lit(value=True),
        "is_exact": pl.lit(value=True),
    }
    nothing = pl.lit(None)
    return whose.select(stated.get(name, nothing).cast(kind).alias(name) for name, kind in SCHEMA.items())


_CONNECTOR = pl.col("connector_id").cast(pl.String).fill_null("None")


def _isoformat(name: str) -> pl.Expr:
    """Return instants as Python writes them."""
    at = pl.col(name).dt
    whole, finer = at.strftime("%Y-%m-%dT%H:%M:%S%:z"), at.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")
    return pl.when(at.microsecond() == 0).then(whole).otherwise(finer)


_AS_IT_CAME = (
    pl.col("session_id"),
    pl.col("station_id"),
    _CONNECTOR,
    pl.col("token_uid"),
    _isoformat("started_at"),
    _isoformat("stopped_at"),
    pl.col("energy_kwh"),
)
"""What tells the versions of a session apart, as `own_cdrs` takes it."""


_WHERE_AND_WHOSE = ("as_it_came", "evse_raw", "contract_compact", "cohort", "time_zone")


def hashes(frame: pl.DataFrame, facts: Iterable[pl.Expr]) -> pl.Series:
    """Return `own.version` of each row's facts."""
    texts = frame.select(pl.concat_str([fact.cast(pl.String).fill_null("None") for fact in facts], separator="|"))
    return pl.Series([sha256(text.encode()).hexdigest() for text in texts.to_series()], dtype=pl.String)


def _each(values: pl.Series, make: Callable[[str], str | None]) -> pl.Series:
    """Return what is made of each of some texts, once for all that are alike."""
    known = values.unique().drop_nulls()
    return values.replace_strict(known, pl.Series(list(map(make, known)), dtype=pl.String), return_dtype=pl.String)


def _evse_ids(told: pl.DataFrame, known: Known) -> pl.Series:
    """Return the id that each session's EVSE bore when it began, as `Known.id_at` does."""
    place = ("station_id", "connector_id")
    there = [
        (station_id, connector_id, evse.evse_uid, evse.evse_id or None)
        for station_id, connector_id in told.select(place).unique().iter_rows()
        if (evse := known.evses.get((station_id, connector_id or 0)))
    ]
    schema = {name: SESSIONS[name] for name in place} | {"evse_uid": pl.String(), "evse_id": pl.String()}
    evses = pl.DataFrame(there, schema=schema, orient="row")
    used = told.select(place).join(evses, on=place, how="left", nulls_equal=True, maintain_order="left")
    borne = [
        (uid, name.number, name.valid_from or EVER[0], name.valid_until or EVER[1], name.evse_id)
        for uid in evses["evse_uid"].unique()
        for name in known.names.names(uid)
    ]
    names = pl.DataFrame(borne, schema=FACTS, orient="row")
    then = holding(names, about=used["evse_uid"], at=told["started_at"]).replace("", None)
    return pl.select(pl.coalesce(then, used["evse_id"])).to_series()


def _whole_lines() -> pl.Expr:
    """Return `own.whole_lines` of each session: hours with four decimals, of whole seconds; none of them is a tie."""
    seconds = (pl.col("stopped_at") - pl.col("started_at")).dt.total_microseconds() // 1_000_000
    volumes = {
        Dimension.ENERGY: micro_column(pl.col("energy_kwh")),
        Dimension.TIME: (seconds * 50 + 9) // 18 * 100,
    }
    lines = [
        pl.struct(
            measure=pl.lit(str(measure)),
            started_at=pl.col("started_at"),
            volume_micro=volume,
            tariff_id=pl.lit(None, pl.String()),
        )
        for measure, volume in volumes.items()
    ]
    return pl.concat_list(lines)


def _written(ids: Ids, template: str | None) -> pl.Expr:
    """Return `Ids.written` of each session's id."""
    if template is None:
        return pl.lit(None, pl.String())
    first, *rest = map(pl.lit, template.split("{session_id}"))
    made = pl.concat_str([first, *(each for text in rest for each in (pl.col("session_id"), text))])
    match ids.case:
        case IdCase.UPPER:
            return made.str.to_uppercase()
        case IdCase.LOWER:
            return made.str.to_lowercase()
    return made
