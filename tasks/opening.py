"""Opening what tasks work on: settings, the database, both back-offices. Built when needed, never at import."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import sqlalchemy as sa

from charging import settings as configuration
from charging.back_office_settings import BackOffice
from charging.clock import system_clock
from charging.database import connection as database
from charging.database.queries.loading import Stamps
from charging.errors import SettingsError
from charging.roaming.partner import TokenEncoding, origin
from charging.secret import resolve
from charging.settings import Settings
from charging.target_settings import CitrineOs, CsvFolder, OcpiReceiver
from charging.targets import csv_cultures
from charging.targets.citrineos import CitrineTarget
from charging.targets.citrineos_client import GraphQl
from charging.targets.citrineos_tables import CitrineTables
from charging.targets.csv_folder import CsvTarget
from charging.targets.ocpi import OcpiTarget
from charging.targets.ocpi_client import Receiver, ReceiverClient
from charging.targets.ocpi_objects import Manner
from charging.targets.pace import Pace
from charging.targets.steve import SteveTarget
from charging.targets.steve_tags import SteveTags
from charging.targets.target import Target

TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@contextmanager
def engine(settings: Settings | None = None) -> Iterator[sa.Engine]:
    """Yield a way into our database and close it.

    Raises:
        DatabaseUnavailable: if it does not answer.
    """
    opened = database.connect(database.address(settings or configuration.load()))
    try:
        yield opened
    finally:
        opened.dispose()


@contextmanager
def back_office_engine(settings: Settings, name: str) -> Iterator[sa.Engine]:
    """Yield a way into a back-office's own database, for reading or loading.

    Raises:
        DatabaseUnavailable: if it does not answer.
        SettingsError: if the settings do not describe it.
    """
    place = configuration.database_address(settings.back_office(name).database, setting=f"{name}.database")
    opened = database.connect_back_office(place)
    try:
        yield opened
    finally:
        opened.dispose()


@contextmanager
def target(settings: Settings, *, stamps: Stamps) -> Iterator[Target]:
    """Yield the target that the settings describe, of whatever kind.

    Raises:
        DatabaseUnavailable: if its database does not answer.
        SettingsError: if the settings do not describe it.
    """
    table = settings.target_table()
    with httpx.Client(timeout=TIMEOUT) as http:
        if isinstance(table, BackOffice):
            with back_office_engine(settings, "target") as theirs:
                tags = _tags(http, table) if table.tags == "rest" else None
                yield SteveTarget(theirs, "target", tags=tags)
        elif isinstance(table, OcpiReceiver):
            http.event_hooks["request"] = [Pace(table.requests_per_second)]
            yield _receiver(http, settings, table, stamps)
        elif isinstance(table, CsvFolder):
            yield CsvTarget(settings.home / table.folder, _culture(table), clock=system_clock)
        else:
            http.event_hooks["request"] = [Pace(table.requests_per_second)]
            yield _citrineos(http, settings, table)


def _tags(http: httpx.Client, table: BackOffice) -> SteveTags:
    api = table.rest_api("target")
    password = resolve(api.password, setting="target.password")
    return SteveTags(http, api.address, user=api.user, password=password, clock=system_clock)


def _citrineos(http: httpx.Client, settings: Settings, table: CitrineOs) -> CitrineTarget:
    secret = resolve(table.secret, setting="target.secret") if table.secret else None
    tables = CitrineTables(GraphQl(http, table.graphql, secret=secret), tenant=table.tenant)
    return CitrineTarget(tables, clock=system_clock, time_zone=settings.time_zone, publish=table.publish)


def _culture(table: CsvFolder) -> csv_cultures.Culture:
    if table.culture not in csv_cultures.PRESETS:
        known = ", ".join(csv_cultures.PRESETS)
        raise SettingsError("target.culture", f"is {table.culture}, which nobody has described", f"known are {known}")
    return csv_cultures.of(table)


def _receiver(http: httpx.Client, settings: Settings, table: OcpiReceiver, stamps: Stamps) -> OcpiTarget:
    owner = settings.operator.replace("*", "-")
    receiver = Receiver(
        name="target",
        party=table.party,
        owner=owner,
        versions_url=table.versions_url,
        version=table.version,
        origins=(origin(table.versions_url), *map(origin, table.origins)),
        token_encoding=TokenEncoding(table.token_encoding),
    )
    token = resolve(table.token, setting="target.token")
    manner = Manner(
        version=table.version,
        owner=owner,
        time_zone=settings.time_zone,
        publish=table.publish,
        connector=table.connector,
    )
    client = ReceiverClient(receiver, http=http, token=token, clock=system_clock)
    return OcpiTarget(client, manner, clock=system_clock, stamps=stamps)
