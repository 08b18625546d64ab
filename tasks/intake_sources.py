"""Where a partner's CDRs lie beside an OCPI endpoint: in a folder that it puts files into, or at a hub."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from charging.clock import system_clock
from charging.database.queries import stored_cdrs
from charging.errors import PartnerUnavailable, SourceNotFound
from charging.roaming.file_reading import FileRead
from charging.roaming.files import read_files
from charging.roaming.mutual_tls import mutual_tls
from charging.roaming.ocpi.pull import Pull
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.oicp.client import OicpClient
from charging.roaming.partner import Partner


def from_folder(engine: sa.Engine, partner: Partner, *, now: datetime, keep: Callable[[FileRead], None]) -> Pull:
    """Hand over every file that was not read before, and return whether everything in the folder could be read.

    Raises:
        PartnerUnavailable: if the folder is not there: that says nothing of what the partner has.
    """
    with engine.connect() as connection:
        known = stored_cdrs.page_hashes(connection, partner.name)
    try:
        found = read_files(partner, known=known, now=now)
    except SourceNotFound as problem:
        raise PartnerUnavailable(partner.name, f"its folder {problem.source} is not there", problem.mend) from problem
    for file in found.fresh:
        keep(file)
    known_note = (f"{len(found.known)} files were read before",) if found.known else ()
    return Pull(
        pages=(),
        cdrs=(),
        rejected=(),
        total_count=None,
        incomplete_because=found.incomplete_because,
        notes=(*(note for file in found.fresh for note in file.notes), *known_note),
        version=partner.version,
        record_count=sum(len(file.parsed) for file in found.fresh),
        page_count=len(found.fresh),
    )


def from_hub(partner: Partner, *, date_from: datetime, date_to: datetime) -> Pull:
    """Pull everything that a hub of OICP has for us of a period.

    Raises:
        PartnerFileError: if our certificate is not there, or the file does not say where to ask.
        PartnerRefused: if the hub says no.
        PartnerUnavailable: if it does not answer at all.
    """
    with guarded_client(partner, name=partner.name, tls=mutual_tls(partner)) as http:
        return OicpClient(partner, http=http, clock=system_clock).pull(date_from=date_from, date_to=date_to)
