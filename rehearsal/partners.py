"""The roaming partners of the rehearsal: OCPI 2.2.1 servers whose CDRs come from the truth and from listed faults."""

from base64 import b64decode
from binascii import Error as NotBase64
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rehearsal.partner_cdrs import Book, Record, former_evse_id
from rehearsal.partner_faults import Fault, draw, extras
from rehearsal.truth import Network, TrueSession

_VAT = 21
_TARIFFS: dict[str, dict[str, Any]] = {
    "roa": {
        "country_code": "NL",
        "party_id": "EVN",
        "id": "ROA-1",
        "currency": "EUR",
        "elements": [
            {
                "price_components": [
                    {"type": "FLAT", "price": 0.50, "vat": _VAT, "step_size": 1},
                    {"type": "ENERGY", "price": 0.39, "vat": _VAT, "step_size": 1},
                ]
            }
        ],
        "last_updated": "2026-01-01T00:00:00Z",
    },
    "hub": {
        "country_code": "NL",
        "party_id": "EVN",
        "id": "HUB-1",
        "currency": "EUR",
        "min_price": {"excl_vat": 1.00, "incl_vat": 1.21},
        "elements": [
            {
                "price_components": [
                    {"type": "ENERGY", "price": 0.42, "vat": _VAT, "step_size": 1},
                    {"type": "PARKING_TIME", "price": 2.00, "vat": _VAT, "step_size": 900},
                ]
            }
        ],
        "last_updated": "2026-01-01T00:00:00Z",
    },
}
PAGE_SIZE = {"roa": 50, "hub": 20}
_LAST_UPDATED: Callable[[Record], datetime] = itemgetter("last_updated")
_JSON = msgspec.json.Encoder(decimal_format="number")
_Endpoint = Callable[[Request], Awaitable[Response]]


def tariff(name: str) -> dict[str, Any]:
    """Return the tariff agreed with a partner, as an OCPI 2.2.1 Tariff object."""
    return msgspec.json.decode(msgspec.json.encode(_TARIFFS[name]), type=dict[str, Any])


class Partner:
    """One partner: "roa" keeps the protocol and our ids; "hub" rewrites ids, forgets Links and sends short pages.

    `app` is an ASGI application. `planted` lists every fault by CDR id; nothing that the network sees refers to it.
    """

    def __init__(self, *, name: str, party: str, network: Network, seed: int, token: str) -> None:
        self.name, self.party, self._network, self._token = name, party, network, token
        self._book = Book(tariff=_TARIFFS[name], does_rewrite_ids=name == "hub")
        self._records: dict[str, Record] = {}
        self._in_order: list[Record] = []
        self._planted: dict[str, Fault] = {}
        self._session_ids: dict[str, str] = {}
        roamed = [session for session in network.sessions if session.party == party and _is_billable(session)]
        faults = draw(roamed, seed=seed, party=party)
        for session in roamed:
            self._file(session, faults.get(session.session_id))
        for session in extras(roamed, seed=seed, party=party):
            ghost = self._book.ghost(session)
            self._records[ghost["id"]] = ghost
            self._planted[ghost["id"]] = Fault.EXTRA
        self.app = Starlette(
            routes=[
                Route("/ocpi/versions", self._guarded(self._versions)),
                Route("/ocpi/2.2.1", self._guarded(self._details)),
                Route("/ocpi/2.2.1/credentials", self._guarded(self._credentials), methods=["GET", "POST", "PUT"]),
                Route("/ocpi/2.2.1/cdrs", self._guarded(self._cdrs)),
            ]
        )

    @property
    def planted(self) -> Mapping[str, Fault]:
        """Every fault, by the id of its CDR: the truth that tests compare verdicts with."""
        return self._planted

    @property
    def session_ids(self) -> Mapping[str, str]:
        """The true session of every CDR that has one, by the CDR's id."""
        return self._session_ids

    @property
    def former_evse_ids(self) -> Mapping[str, str]:
        """The EVSE ids that this partner still uses, and what they have been replaced by."""
        by_id = self._network.session_by_id
        sessions = [by_id[self._session_ids[cdr]] for cdr, fault in self._planted.items() if fault is Fault.OLD_EVSE]
        return {former_evse_id(session.evse_id): session.evse_id for session in sessions}

    def record(self, session: TrueSession) -> None:
        """File the CDR of a charge that has just ended, if its driver is this partner's; twice is once."""
        if session.party == self.party and _is_billable(session):
            self._file(session, None)

    def _file(self, session: TrueSession, fault: Fault | None) -> None:
        plain_id = self._book.cdr_id(session.session_id)
        if fault is Fault.MISSING:
            self._planted[plain_id] = fault
            self._session_ids[plain_id] = session.session_id
        self._in_order = []
        for record, its_fault in self._book.records(session, fault, before=self._network.as_of):
            self._records[record["id"]] = record
            self._session_ids[record["id"]] = session.session_id
            if its_fault:
                self._planted[record["id"]] = its_fault

    def _guarded(self, endpoint: _Endpoint) -> _Endpoint:
        async def answer(request: Request) -> Response:
            if _token_of(request.headers.get("authorization", "")) != self._token:
                return _envelope(None, status=401, code=2001, message="unknown token")
            return await endpoint(request)

        return answer

    async def _versions(self, request: Request) -> Response:
        return _envelope([{"version": "2.2.1", "url": f"{_base(request)}/2.2.1"}])

    async def _details(self, request: Request) -> Response:
        base = f"{_base(request)}/2.2.1"
        modules = (("credentials", "RECEIVER"), ("cdrs", "SENDER"))
        endpoints = [{"identifier": name, "role": role, "url": f"{base}/{name}"} for name, role in modules]
        return _envelope({"version": "2.2.1", "endpoints": endpoints})

    async def _credentials(self, request: Request) -> Response:
        if request.method == "POST":  # we are registered: a new platform would PUT (OCPI 2.2.1 credentials)
            return _envelope(None, status=405, code=2000, message="already registered")
        country_code, party_id = self.party.split("-", 1)
        role = {
            "role": "EMSP",
            "party_id": party_id,
            "country_code": country_code,
            "business_details": {"name": self.name},
        }
        return _envelope({"token": self._token, "url": f"{_base(request)}/versions", "roles": [role]})

    async def _cdrs(self, request: Request) -> Response:
        query = request.query_params
        try:
            date_from, date_to = (_instant(query.get(name)) for name in ("date_from", "date_to"))
            offset = max(0, int(query.get("offset", "0")))
            limit = max(1, min(int(query.get("limit", PAGE_SIZE[self.name])), PAGE_SIZE[self.name]))
        except ValueError:
            return _envelope(None, code=2001, message="a parameter cannot be understood")
        records = self._ordered()
        first = 0 if date_from is None else bisect_left(records, date_from, key=_LAST_UPDATED)
        end = len(records) if date_to is None else bisect_left(records, date_to, key=_LAST_UPDATED)
        headers = {"X-Total-Count": str(max(0, end - first)), "X-Limit": str(limit)}
        does_forget_link = self.name == "hub" and offset // limit % 2 == 1
        if first + offset + limit < end and not does_forget_link:
            following = request.url.include_query_params(offset=offset + limit, limit=limit)
            headers["Link"] = f'<{following}>; rel="next"'
        return _envelope(records[first + offset : min(first + offset + limit, end)], headers=headers)

    def _ordered(self) -> list[Record]:
        """Return every record by its last update; put in order again only when one was filed since."""
        if not self._in_order:
            self._in_order = sorted(self._records.values(), key=lambda record: (record["last_updated"], record["id"]))
        return self._in_order


def _is_billable(session: TrueSession) -> bool:
    return session.meter_stop_wh > session.meter_start_wh


def _token_of(header: str) -> str | None:
    """Return the token of an Authorization header; the specification's own Base64 samples end in a newline."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "token":
        return None
    try:
        return b64decode(encoded, validate=True).decode().rstrip("\n")
    except (NotBase64, UnicodeDecodeError):
        return None


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/ocpi"


def _envelope(
    data: object, *, status: int = 200, code: int = 1000, message: str = "ok", headers: Mapping[str, str] | None = None
) -> Response:
    body = {"data": data, "status_code": code, "status_message": message, "timestamp": "2026-01-01T00:00:00Z"}
    return Response(_JSON.encode(body), status_code=status, media_type="application/json", headers=dict(headers or {}))
