"""A guest of the hostile partner: pulls from it as the night does, and has what came held against the truth."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi.client import OcpiClient, Pull, Sink
from charging.roaming.ocpi.columns_page import read_cdrs
from charging.roaming.ocpi.transport import Limits
from charging.roaming.ocpi.transport_guard import guarded_client
from charging.roaming.partner import Ids, Partner, TokenEncoding
from charging.roaming.terms import Terms
from charging.secret import Secret
from rehearsal.hostile_cdrs import OWNER
from rehearsal.hostile_play import PARTY, TOKEN, Play
from rehearsal.hostile_wire import Asked, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of a pull: all of it, a part, or nothing but the reason."""

    pull: Pull | None
    why: str | None
    """Why it is not everything; None claims that it is."""


def partner_of(play: Play, *, origin: str) -> Partner:
    """Return the hostile partner as its partner file would describe it."""
    return Partner(
        name="hostile",
        party=PARTY,
        owner=OWNER,
        versions_url=f"{play.base}/versions",
        origins=(origin,),
        token="env:TOKEN",  # noqa: S106 - a reference
        token_encoding=TokenEncoding.BASE64,
        tariffs=(),
        ids=Ids(),
        former_operators=(),
        terms=Terms(currency="EUR", time_zone="Europe/Amsterdam"),
        version=play.version,
        allow_plain_http=True,
        allow_private_addresses=True,
    )


def visit(
    play: Play,
    *,
    origin: str,
    now: datetime,
    limits: Limits | None = None,
    on_page: Sink | None = None,
    wire: httpx.BaseTransport | None = None,
) -> Visit:
    """Pull two days back and one ahead, as the night does; with `wire`, over that instead of sockets."""
    partner, bounds = partner_of(play, origin=origin), limits or Limits()
    seconds = bounds.max_duration.total_seconds()
    if wire is None:
        opened = guarded_client(partner, name="hostile", max_seconds=seconds)
    else:
        opened = httpx.Client(transport=wire)
    with opened as http:
        client = OcpiClient(
            partner, http=http, token=Secret(TOKEN), clock=lambda: now, correlation_id="night", limits=bounds
        )
        try:
            pulled = client.pull(
                date_from=now - timedelta(days=2), date_to=now + timedelta(days=1), on_page=on_page, read=read_cdrs
            )
        except (PartnerRefused, PartnerUnavailable) as refusal:
            return Visit(pull=None, why=str(refusal))
    return Visit(pull=pulled, why=pulled.incomplete_because)


class InProcess(httpx.BaseTransport):
    """A wire without sockets, for thousands of visits to behaviours that are hostile in what they say alone."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and return what is said."""
        asked = Asked(
            method=request.method,
            path=request.url.path,
            query=dict(request.url.params),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        reply = self._answer(asked)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)


def wrongs(visited: Visit, play: Play) -> list[str]:
    """Return what is wrong about a visit: a record lacks though all is said to be there, differs, or never was."""
    return [*_claims(visited, play), *_leaks(visited)]


def _claims(visited: Visit, play: Play) -> Iterator[str]:
    pull = visited.pull
    if visited.why is not None:
        if len(visited.why) <= 20:
            yield f"it does not say why: {visited.why!r}"
        if pull is not None and pull.watermark is not None:
            yield "an incomplete pull moves the watermark"
    elif pull is None:
        yield "nothing came, and no reason"
    elif play.ever or not play.truths:
        yield from _differences(pull, play)
    elif (len(pull.rejected), pull.record_count) != (len(play.truths), len(play.truths)):
        yield "records without ids were not all set aside"


def _differences(pull: Pull, play: Play) -> Iterator[str]:
    known = {cdr.cdr_id.upper() for cdr in pull.cdrs} | {str(record.cdr_id).upper() for record in pull.rejected}
    if lacking := {truth.cdr_id.upper() for truth in play.truths} - known:
        yield f"{len(lacking)} records lack"
    if invented := known - play.ever.keys():
        yield f"{len(invented)} records never were"
    for cdr in pull.cdrs:
        stated = [(truth.energy_kwh, truth.net) for truth in play.ever.get(cdr.cdr_id.upper(), [])]
        if (cdr.energy_kwh, cdr.net) not in stated:
            yield f"{cdr.cdr_id} is not what was sent"


def _leaks(visited: Visit) -> Iterator[str]:
    """Yield where our token is kept in clear."""
    kept = [(visited.why or "").encode()]
    if visited.pull is not None:
        kept += [note.encode() for note in visited.pull.notes]
        kept += [record.raw for record in visited.pull.rejected]
        for page in visited.pull.pages:
            said = [page.answer.url, page.next_url or "", *page.answer.headers.values()]
            kept += [page.answer.body, *(text.encode() for text in said)]
    escaped = "".join(f"\\u{ord(one):04x}" for one in TOKEN)
    for form in (TOKEN.encode(), b64encode(TOKEN.encode()), escaped.encode()):
        if any(form in one for one in kept):
            yield "our token is kept"
