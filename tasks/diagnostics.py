"""Asking stations for their logs, and following whether they come. Costs a station that is well nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, cast, get_args
from urllib.parse import urlsplit

import sqlalchemy as sa

from charging import secret
from charging.clock import Clock, system_clock
from charging.database import connection as database
from charging.database.operations import diagnostics as store
from charging.database.operations.diagnostics import Request
from charging.database.queries import gateway_routes
from charging.errors import RemoteError, SettingsError
from charging.migration.cutover import Outcome
from charging.migration.diagnostics import LogSource, Standing, State, begun, standing
from charging.migration.lifecycle import Stage
from charging.ocpp.channels.gateway import open_gateway
from charging.ocpp.redact import redact
from charging.secret import Secret
from charging.settings import Settings
from tasks import channels

T = TypeVar("T")
Via = Literal["legacy", "target", "gateway"]
_AT_ONCE = 8
_BY = "cut_over"
_EARLIER = timedelta(days=1)
"""A back-office's clock may be behind ours by less than this."""
_SCHEMES = frozenset({"ftp", "ftps", "sftp", "http", "https"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose log, through what, by whom and why."""

    station_id: str
    via: Via
    by: str
    reason: str


def location(settings: Settings, given: str = "") -> Secret:
    """Return the folder that stations are told, from a reference or the settings.

    Raises:
        SettingsError: if there is none, or it is no URL that stations upload to.
    """
    reference, setting = given or settings.diagnostics.location, "--to" if given else "diagnostics.location"
    if not reference:
        mend = "name where stations put their logs, as in env:LOG_FOLDER with ftp://user:password@logs.example/in/"
        raise SettingsError(setting, "is missing", mend)
    found = secret.resolve(reference, setting=setting)
    parts = urlsplit(found.reveal())
    if parts.scheme not in _SCHEMES or not parts.hostname or any(sign.isspace() for sign in found.reveal()):
        known = ", ".join(sorted(_SCHEMES))
        raise SettingsError(setting, "is no URL that stations upload to", f"write one of {known}, with its host")
    return found


async def fetch(
    settings: Settings, engine: sa.Engine, wanted: Sequence[Asked], *, to: Secret, clock: Clock = system_clock
) -> list[dict[str, Any]]:
    """Ask each station once for its log, and return how each request stands; one that is silent costs no other its own.

    Each request is written down before the station is asked: killed in between, it stays `unknown`, and is not repeated
    by itself.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(one: Asked, source: LogSource) -> dict[str, Any]:
        async with turns:
            try:
                news_after = await _last_news(source, one.station_id, before=clock())
            except RemoteError as problem:
                return _not_asked(one, str(problem), at=clock())
            shown = str(redact(to.reveal()))
            request = Request(**asdict(one), location=shown, asked_at=clock(), news_after=news_after)
            number = await _stored(engine, lambda tables: store.intend(tables, request))
            known, file_name = await _answer(source, one.station_id, to, number=number, clock=clock)
            await _stored(engine, lambda tables: store.stand(tables, number, known, file_name=file_name))
            return _shown(one, known, request_number=number, file_name=file_name)

    found: dict[str, dict[str, Any]] = {}
    for via in get_args(Via):
        those = [one for one in wanted if one.via == via]
        async with _sources(settings, engine, via, [one.station_id for one in those]) as sources:
            known = [one for one in those if one.station_id in sources]
            answers = await asyncio.gather(*(ask(one, sources[one.station_id]) for one in known))
        found |= {one.station_id: answer for one, answer in zip(known, answers, strict=True)}
        for one in those:
            if one.station_id not in found:
                found[one.station_id] = _not_asked(one, "the gateway has no route for it", at=clock())
    return [found[one.station_id] for one in wanted]


async def after_a_wave(
    settings: Settings, engine: sa.Engine, outcomes: Sequence[Outcome], *, behind_gateway: Collection[str]
) -> list[dict[str, Any]]:
    """Ask each station that was touched and did not come to serve at the target for its log, where there is a place.

    Its stage is what it is, whatever comes of this. One that is back is asked through the legacy, one that is left to a
    person through the target, and if that does not reach it through the legacy. A wave that is run again asks nobody
    twice for the same.
    """
    if settings.diagnostics.location is None:
        return []
    to = location(settings)
    failed = [one for one in outcomes if one.is_touched and one.stage is not Stage.VERIFIED]
    with engine.connect() as connection:
        rows = store.requests(connection, [one.station_id for one in failed]) if failed else []
    before = {(row["station_id"], row["reason"]) for row in rows if row["by"] == _BY}
    failed = [one for one in failed if (one.station_id, _why(one)) not in before]

    def asked(one: Outcome, via: Via) -> Asked:
        way: Via = "gateway" if one.station_id in behind_gateway else via
        return Asked(station_id=one.station_id, via=way, by=_BY, reason=_why(one))

    first: list[Asked] = [asked(one, "legacy" if one.stage is Stage.ROLLED_BACK else "target") for one in failed]
    found = {one["station_id"]: one for one in await fetch(settings, engine, first, to=to)}
    unheard = {State.UNKNOWN, State.NOT_ASKED}
    again = [
        asked(one, "legacy")
        for one, how in zip(failed, first, strict=True)
        if how.via == "target" and State(found[one.station_id]["state"]) in unheard
    ]
    found |= {one["station_id"]: one for one in await fetch(settings, engine, again, to=to)}
    return list(found.values())


def _why(one: Outcome) -> str:
    return f"{one.stage} in attempt {one.attempt}: {one.reason}"


async def follow(
    settings: Settings, engine: sa.Engine, station_ids: Sequence[str] = (), *, clock: Clock = system_clock
) -> dict[str, str]:
    """Look for what has been said of the open requests, store it, and return who could not be asked, and why."""
    with engine.connect() as connection:
        rows = store.requests(connection, station_ids, only_open=True)
    silent: dict[str, str] = {}
    for via in get_args(Via):
        those = [row for row in rows if row["via"] == via]
        if not those:
            continue
        try:
            async with _sources(settings, engine, via, [row["station_id"] for row in those]) as sources:
                await _follow(engine, those, sources, clock=clock)
        except (RemoteError, SettingsError) as problem:
            silent[via] = str(problem)
    return silent


async def _follow(
    engine: sa.Engine, rows: Sequence[sa.RowMapping], sources: Mapping[str, LogSource], *, clock: Clock
) -> None:
    since = min(row["news_after"] for row in rows)
    for source in dict.fromkeys(sources.values()):
        those = [row for row in rows if sources.get(row["station_id"]) is source]
        news = await source.log_news(sorted({row["station_id"] for row in those}), since=since)
        for row in those:
            known = store.standing_of(row)
            said = [one for one in news.get(row["station_id"], ()) if one.at > row["news_after"]]
            after = standing(known, said, request_number=row["request_number"], now=clock())
            if after.state is not known.state:
                number = row["request_number"]
                await _stored(engine, lambda tables, n=number, a=after: store.stand(tables, n, a))  # type: ignore[misc]


async def _last_news(source: LogSource, station_id: str, *, before: datetime) -> datetime:
    since = before - _EARLIER
    news = await source.log_news([station_id], since=since)
    return max((one.at for one in news.get(station_id, ())), default=since)


def _not_asked(one: Asked, problem: str, *, at: datetime) -> dict[str, Any]:
    return _shown(one, Standing(state=State.NOT_ASKED, reason=problem, since=at), request_number=None, file_name=None)


def _shown(one: Asked, known: Standing, *, request_number: int | None, file_name: str | None) -> dict[str, Any]:
    return {
        "request_number": request_number,
        "station_id": one.station_id,
        "via": one.via,
        "by": one.by,
        "asked_because": one.reason,
        "file_name": file_name,
        "state": str(known.state),
        "reason": known.reason,
        "since": known.since,
    }


async def _answer(
    source: LogSource, station_id: str, to: Secret, *, number: int, clock: Clock
) -> tuple[Standing, str | None]:
    try:
        told = await source.fetch_log(station_id, to.reveal(), request_number=number)
    except RemoteError as problem:
        return Standing(state=State.UNKNOWN, reason=str(problem), since=clock()), None
    return begun(told, at=clock()), told.file_name


@asynccontextmanager
async def _sources(
    settings: Settings, engine: sa.Engine, via: Via, station_ids: Sequence[str]
) -> AsyncIterator[Mapping[str, LogSource]]:
    """Open the way to each station; behind our gateway that is by the back-office that its route names."""
    if not station_ids:
        yield {}
    elif via != "gateway":
        async with channels.office(settings, via) as office:
            yield dict.fromkeys(station_ids, office)
    else:
        with engine.connect() as connection:
            routes = gateway_routes.shown(connection, station_ids)
        names = {str(row["station_id"]): str(row["back_office"]) for row in routes}
        async with _gateways(settings, sorted(set(names.values()))) as gateways:
            yield {station_id: gateways[name] for station_id, name in names.items()}


@asynccontextmanager
async def _gateways(settings: Settings, names: Sequence[str]) -> AsyncIterator[Mapping[str, LogSource]]:
    if not names:
        yield {}
        return
    first, *others = names
    async with (
        open_gateway(first, address=database.address(settings), clock=system_clock) as opened,
        _gateways(settings, others) as more,
    ):
        yield {first: cast("LogSource", opened), **more}


async def _stored(engine: sa.Engine, write: Callable[[sa.Connection], T]) -> T:
    def written() -> T:
        with engine.begin() as connection:
            return write(connection)

    return await asyncio.to_thread(written)
