"""How good the EVSE data are that would be published: computed here, before anybody else computes it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from prefect import task

from charging import settings as configuration
from charging.clock import system_clock
from charging.database.queries import clean
from charging.database.queries import identifiers as ledger
from charging.settings import Settings
from charging.targets import ocpi_objects
from expectations.published import judge_published
from expectations.score import Score
from tasks import opening
from tasks.validations import store

Row = dict[str, object]


@task
def score_published() -> str | None:
    """Judge what would be published now, and write it down; return the score of 100, if there is anything to judge."""
    settings = configuration.load()
    with opening.engine(settings) as engine:
        score = judge_clean(engine, settings, at=system_clock())
    return None if score.score is None else str(score.score)


def judge_clean(engine: sa.Engine, settings: Settings, *, at: datetime) -> Score:
    """Judge the clean network as OCPI 2.2.1 would publish it, and write down what was found."""
    with engine.begin() as connection:
        published = {
            "location": list(_locations(connection, settings)),
            "evse": list(_evses(connection)),
            "connector": list(_connectors(connection, settings)),
        }
        every, score = judge_published(published)
        for findings in every:
            told = _told(score, findings.suite.rpartition(".")[2])
            run = f"published-{at:%Y%m%dT%H%M%S}"
            store(connection, findings, run=run, stage="published", source="clean", at=at, score=told)
    return score


def _locations(connection: sa.Connection, settings: Settings) -> Iterator[Row]:
    manner = _manner(settings)
    for place in clean.locations(connection):
        document = ocpi_objects.location(place, manner)
        # A time zone that only the settings know is nothing that the network's own data say.
        yield document | {"key": place.location_id, "time_zone": place.time_zone, **document.get("coordinates", {})}


def _evses(connection: sa.Connection) -> Iterator[Row]:
    sockets = Counter(connector.evse_uid for connector in clean.connectors(connection))
    for one in ledger.remapped(connection, clean.evses(connection)):
        yield {**ocpi_objects.evse(one), "key": one.evse_uid, "connectors": sockets.get(one.evse_uid)}


def _connectors(connection: sa.Connection, settings: Settings) -> Iterator[Row]:
    manner = _manner(settings)
    for one in clean.connectors(connection):
        yield {**ocpi_objects.connector(one, manner), "key": f"{one.evse_uid}#{one.connector_number}"}


def _manner(settings: Settings) -> ocpi_objects.Manner:
    return ocpi_objects.Manner(
        version="2.2.1",
        owner=settings.operator.replace("*", "-"),
        time_zone=settings.time_zone,
        publish=True,
        connector=None,
    )


def _told(score: Score, entity: str) -> dict[str, object]:
    own = Score(fields=tuple(each for each in score.fields if each.entity == entity))
    return {
        "score": _text(own.score),
        "completeness": _text(own.completeness),
        "correctness": _text(own.correctness),
        "of_all": _text(score.score),
        "fields": [
            {name: getattr(each, name) for name in ("entity", "field", "weight", "rows", "filled", "correct")}
            for each in own.fields
        ],
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
