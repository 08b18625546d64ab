"""What rules and suites found in a source's latest tables, read from accounts and quarantine."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from charging.database.queries import clean
from charging.errors import UnknownThing
from charging.network.personal import masked, masked_text
from charging.settings import Settings
from reports.data_quality import Answer, DataQuality, FailingRow, RuleCount, SuiteCount
from reports.formats import spaced

MOST_FAILING = 10_000
"""More rows would make the page too heavy to mail; the quarantine has them all."""

Row = sa.RowMapping


def data_quality(
    connection: sa.Connection, settings: Settings, source: str, *, extract_id: str | None = None
) -> DataQuality:
    """Return what was found in each table of a source in its latest extract, or in the one that is meant.

    Raises:
        UnknownThing: if nothing of that source has been cleansed.
    """
    accounts = clean.accounts(connection, source=source, extract_id=extract_id)
    if not accounts:
        raise UnknownThing("cleansed source", source, "extract and cleanse it first")
    aside = {account["entity"]: _set_aside(connection, account) for account in accounts}
    return DataQuality(
        source=source,
        network=settings.operator,
        as_of=max(account["extracted_at"] for account in accounts),
        time_zone=settings.time_zone,
        suites=tuple(_count(account, aside[account["entity"]]) for account in accounts),
        answers=tuple(answer for account in accounts for answer in _answers(account)),
        by_rule=tuple(each for account in accounts for each in _by_rule(account, aside[account["entity"]])),
        failing=tuple(_failing(connection, accounts)),
    )


def _set_aside(connection: sa.Connection, account: Row) -> list[Row]:
    return clean.set_aside(connection, account["extract_id"], entity=account["entity"])


def _count(account: Row, aside: Sequence[Row]) -> SuiteCount:
    failing = sum(each["rows"] for each in aside if each["rule"] == clean.SUITE)
    return SuiteCount(
        suite=account["suite"]["suite"],
        extract_id=account["extract_id"],
        rows_in=account["rows_in"],
        merged=account["merged"],
        by_rules=account["quarantined"] - failing,
        failing=failing,
        loaded=account["loaded"],
        unasked=tuple(account["suite"]["unasked"]),
    )


def _answers(account: Row) -> Iterator[Answer]:
    for result in account["suite"]["results"]:
        yield Answer(
            suite=account["suite"]["suite"],
            expectation_id=result["expectation"],
            column=result["column"],
            sentence=spaced(result["sentence"]),
            consequence=result["consequence"],
            is_met=result["is_met"],
            unexpected_count=result["unexpected"],
        )


def _by_rule(account: Row, aside: Sequence[Row]) -> Iterator[RuleCount]:
    for each in aside:
        if each["rule"] != clean.SUITE:
            yield RuleCount(
                suite=account["suite"]["suite"],
                rule=each["rule"],
                owner=each["owner"],
                rows=each["rows"],
                example=masked_text(each["reason"]),
            )


def _failing(connection: sa.Connection, accounts: Sequence[Row]) -> Iterator[FailingRow]:
    room = MOST_FAILING
    for account in accounts:
        found = clean.set_aside_by(
            connection, account["extract_id"], entity=account["entity"], rule=clean.SUITE, most=room
        )
        room -= len(found)
        for row in found:
            yield FailingRow(
                suite=account["suite"]["suite"],
                key=masked(account["entity"], row["key"]),
                sentence=masked_text(row["reason"]),
                consequence="quarantine",
            )
