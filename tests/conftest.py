"""What every test may ask for: a fresh PostgreSQL database, on DATABASE_URL's server or on an embedded one."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Literal

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis
from sqlalchemy.engine import make_url
from starlette.types import ASGIApp

from charging.database import connection as database
from charging.database import embedded
from charging.database.operations import cases as write_cases
from charging.database.operations import clean
from charging.database.operations import moves as write
from charging.database.operations import roaming as write_roaming
from charging.legacy.source import COLUMNS, Inspection, LandedRow
from charging.migration.lifecycle import Stage
from charging.network import Lane, Station
from charging.reconciliation.follow_up.case import Case, case_key, happened, record
from charging.reconciliation.follow_up.lifecycle import State
from charging.reconciliation.night_frame import JUDGED, NightFrame
from charging.reconciliation.summary import Summary
from charging.reconciliation.verdict import Judged, Verdict
from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import micro
from charging.roaming.ocpi.parse import parse_cdrs
from charging.secret import Secret
from charging.settings import with_driver
from rehearsal.listening import web

PLANNED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_numbers = count()


def pytest_configure(config: pytest.Config) -> None:
    """Keep Great Expectations and Prefect from calling home, in this process and in those that tests start."""
    for variable in ("GX_ANALYTICS_ENABLED", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        os.environ[variable] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    # The same examples each time: what fails for one fails for all. HYPOTHESIS_PROFILE=searching looks for new ones.
    hypothesis.register_profile("steady", derandomize=True, deadline=None)
    hypothesis.register_profile("searching", deadline=None, max_examples=1_000)
    hypothesis.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that start the whole stack run one after the other, beside all others: first, as they take longest."""
    for item in items:
        if item.get_closest_marker("stack"):
            item.add_marker(pytest.mark.xdist_group("stack"))
    items.sort(key=lambda item: item.get_closest_marker("stack") is None)


@pytest.fixture(scope="session")
def open_folders() -> Iterator[Callable[[], Path]]:
    """What makes a fresh folder that an unprivileged server can walk to, for the whole run."""
    with _folders() as made:
        yield made


@pytest.fixture(scope="session")
def server_url(open_folders: Callable[[], Path]) -> Iterator[str]:
    """The address of a server on which tests may create databases."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield with_driver(given, setting="DATABASE_URL")
        return
    cluster = embedded.locate(open_folders())
    yield embedded.start(cluster, durable=False)
    embedded.stop(cluster)


@pytest.fixture
def database_url(server_url: str, worker_id: str) -> Iterator[str]:
    """The address of a fresh, empty database that is dropped after the test."""
    name = f"test_{os.getpid()}_{worker_id}_{next(_numbers)}"
    yield embedded.create_database(server_url, name)
    _drop(server_url, name)


@pytest.fixture(scope="session")
def template(server_url: str, worker_id: str) -> Iterator[str]:
    """The name of a database that has our tables, for others to be copied from it: migrating takes far longer."""
    name = f"test_{os.getpid()}_{worker_id}_template"
    engine = database.connect(Secret(embedded.create_database(server_url, name)))
    database.migrate(engine)
    engine.dispose()
    yield name
    _drop(server_url, name)


@pytest.fixture(scope="session")
def copied(server_url: str, worker_id: str, template: str) -> Callable[[], AbstractContextManager[str]]:
    """What gives the address of a fresh database with our tables, and drops it at the end of the block."""

    @contextmanager
    def made() -> Iterator[str]:
        name = f"test_{os.getpid()}_{worker_id}_{next(_numbers)}"
        with psycopg.connect(_plain(server_url), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        _drop(server_url, name)

    return made


@pytest.fixture
def migrated_url(copied: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a fresh database with our tables, dropped after the test."""
    with copied() as url:
        yield url


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    """A way into a fresh database with our tables."""
    opened = database.connect(Secret(migrated_url))
    yield opened
    opened.dispose()


@pytest.fixture
def home(open_folder: Callable[[], Path]) -> Path:
    """A fresh home folder."""
    return open_folder()


@pytest.fixture
def open_folder() -> Iterator[Callable[[], Path]]:
    """What makes a fresh folder that an unprivileged server can walk to; all of them are gone after the test."""
    with _folders() as made:
        yield made


@pytest.fixture
def serve() -> Iterator[Callable[[ASGIApp], str]]:
    """What serves an ASGI application on a free port of this machine, and returns its address."""
    with contextlib.ExitStack() as until_the_end:
        yield lambda app: until_the_end.enter_context(_served(app))


@pytest.fixture(scope="session")
def serve_on() -> Iterator[Callable[[ASGIApp], str]]:
    """The same, of applications that serve one test after the other: each start costs a second."""
    with contextlib.ExitStack() as until_the_end:
        yield lambda app: until_the_end.enter_context(_served(app))


class Listed:
    """A legacy source whose rows are listed: per entity, the values of each row."""

    kind: Literal["csv"] = "csv"

    def __init__(self, name: str = "listed", **entities: list[dict[str, str | None]]) -> None:
        self.name = name
        self.entities = entities

    def inspect(self) -> Inspection:
        columns = {entity: COLUMNS[entity] for entity in self.entities}
        return Inspection(source=self.name, kind=self.kind, schema_generation=None, notes=(), entities=columns)

    def rows(self, entity: str, *, chunk_size: int = 2) -> Iterator[list[LandedRow]]:
        rows = [
            LandedRow(entity=entity, file=f"{entity}.csv", line=line, values=values)
            for line, values in enumerate(self.entities.get(entity, []), start=2)
        ]
        for start in range(0, len(rows), chunk_size):
            yield rows[start : start + chunk_size]


@dataclass
class UploadPlace:
    """Where stations put their logs, over HTTP; what came is in `files`, by path."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        is_put = scope["type"] == "http" and scope["method"] == "PUT"
        if is_put:
            self.files[scope["path"]] = body
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 201 if is_put else 405, "headers": []})
            await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def upload_place(serve: Callable[[ASGIApp], str]) -> UploadPlace:
    """A folder on a real server into which stations upload."""
    place = UploadPlace()
    place.url = f"{serve(place)}/in"
    return place


@pytest.fixture(scope="session")
def listed() -> type[Listed]:
    """What makes a legacy source of lists of rows."""
    return Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A station of a plan, as far as a test cares."""

    station_id: str
    wave: int | None = 0
    stage: Stage = Stage.PLANNED
    model: str = "A1"
    deadline_at: datetime | None = None
    reason: str = ""


@pytest.fixture(scope="session")
def moving() -> type[Moving]:
    """What makes a station of a plan."""
    return Moving


@pytest.fixture(scope="session")
def store_plan() -> Callable[..., str]:
    """What stores clean stations and a plan for them, and returns the plan's id."""

    def stored(engine: sa.Engine, *moves: Moving, plan_id: str = "plan-1", at: datetime = PLANNED_AT) -> str:
        with engine.begin() as connection:
            clean.store_entities(connection, [_station(move) for move in moves], extract_id="legacy-1")
            write.store_plan(
                connection,
                plan_id=plan_id,
                parameters={"pilot": 1},
                content_sha256="0",
                moves=[_move(move) for move in moves],
                at=at,
            )
        return plan_id

    return stored


def _station(move: Moving) -> Station:
    return Station(
        station_id=move.station_id,
        location_id="L1",
        vendor="Supplier A",
        model=move.model,
        serial_number=None,
        firmware="4.2",
        iccid=None,
        imsi=None,
        apn=None,
        ocpp_protocol="ocpp1.6",
        lane=Lane.LIVE,
        last_seen_at=None,
    )


def _move(move: Moving) -> dict[str, object]:
    return {
        "station_id": move.station_id,
        "wave": move.wave,
        "lane": "live",
        "recipe": "supplier-a" if move.wave is not None else None,
        "stage": move.stage,
        "attempt": 1,
        "deadline_at": move.deadline_at,
        "reason": move.reason,
    }


@contextlib.contextmanager
def _folders() -> Iterator[Callable[[], Path]]:
    """Folders beside pytest's own: those are private, and made so again by every pytest that starts meanwhile."""
    folders: list[Path] = []

    def made() -> Path:
        folders.append(Path(tempfile.mkdtemp(prefix="rehome-")))
        folders[-1].chmod(0o711)
        return folders[-1]

    try:
        yield made
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(app: ASGIApp) -> Iterator[str]:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    server = web(app)
    running = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listening]),), daemon=True)
    running.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    running.join(timeout=60)


def _drop(server_url: str, name: str) -> None:
    with psycopg.connect(_plain(server_url), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)


@pytest.fixture(scope="session")
def night_of() -> Callable[[Sequence[Judged]], NightFrame]:
    """What makes a judged night of verdicts that are given as values; of its summary nothing is asked."""

    def made(judged: Sequence[Judged]) -> NightFrame:
        rows = [{name: _column(one, name) for name in JUDGED} for one in judged]
        nothing = Summary(
            ours=0, theirs=0, verdicts={}, tiers={}, cohorts={}, ours_total={}, theirs_total={}, money_at_risk={}
        )
        return NightFrame(judged=pl.DataFrame(rows, schema=JUDGED), summary=nothing)

    return made


def _column(one: Judged, name: str) -> object:
    match name:
        case "difference_micro" | "money_at_risk_micro":
            amount = getattr(one, name.removesuffix("_micro"))
            return None if amount is None else micro(amount)
        case "tier":
            return None if one.tier is None else int(one.tier)
        case "kinds":
            return [str(kind) for kind in one.kinds]
        case "is_exact":
            return True
        case "ended_at":
            return None
        case _:
            value = getattr(one, name)
            return None if value is None else str(value)


@pytest.fixture
def open_case(engine: sa.Engine) -> Callable[..., Case]:
    """What stores both CDRs of a session of roa's driver, priced differently, and the case that a night made of it."""

    def opened(hour: int, *, at_risk: str = "0.44", **values: Any) -> Case:
        ours, theirs = (_cdr(hour, side=side, net=net) for side, net in ((Side.OURS, "0.36"), (Side.THEIRS, "0.80")))
        at = ours.ended_at + timedelta(days=1)
        case = Case(
            **{
                "case_key": case_key("roa", record(ours.cdr_key)),
                "partner": "roa",
                "subject": record(ours.cdr_key),
                "state": State.FOUND,
                "verdict": Verdict.OURS_RIGHT,
                "kinds": (),
                "ours_key": ours.cdr_key,
                "theirs_key": theirs.cdr_key,
                "currency": "EUR",
                "difference": Decimal(at_risk),
                "money_at_risk": Decimal(at_risk),
                "day": ours.ended_at.date(),
                "ended_at": ours.ended_at,
                "opened_at": at,
                "changed_at": at,
                "due_at": None,
                "explanation": "ours says 0.36 EUR, theirs 0.80 EUR",
                "next_step": "dispute their amount",
            }
            | values
        )
        with engine.begin() as connection:
            write_roaming.store_cdrs(connection, [ours, theirs], at=at)
            entry = happened(case, "opened", before=None, at=at, by="the night", reason=case.explanation)
            write_cases.store(connection, [case], [entry])
        return case

    return opened


def _cdr(hour: int, *, side: Side, net: str) -> Cdr:
    begin, end = f"2026-03-01T{hour:02}:00:00Z", f"2026-03-01T{hour:02}:45:00Z"
    stated = {
        "country_code": "NL",
        "party_id": "EVN",
        "id": f"CDR-{hour}",
        "start_date_time": begin,
        "end_date_time": end,
        "cdr_token": {"uid": "04A1B2C3D4E5F6", "contract_id": "NL-ROA-C00122045-4"},
        "cdr_location": {"evse_id": "NL*EVN*E1", "coordinates": {"latitude": "52.011", "longitude": "4.357"}},
        "currency": "EUR",
        "charging_periods": [{"start_date_time": begin, "dimensions": [{"type": "ENERGY", "volume": 0.9}]}],
        "total_cost": {"excl_vat": float(net)},
        "total_energy": 0.9,
        "total_time": 0.75,
        "last_updated": end,
    }
    (cdr,) = parse_cdrs(json.dumps([stated]).encode(), partner="roa").cdrs
    return replace(cdr, side=side)
