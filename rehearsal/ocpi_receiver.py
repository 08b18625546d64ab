"""A platform that takes locations, tariffs and tokens over OCPI, with faults that are asked for: written from the text.

It answers GET and PUT of its receiver modules, stores what it is given, and can be told to fail like real ones do.
"""

import asyncio
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Stored = dict[str, Any]

MODULES = ("locations", "tariffs", "tokens")
_UNKNOWN = {"locations": 2003, "tariffs": 2001, "tokens": 2004}


class Misbehaviour(StrEnum):
    """A way of failing at every tenth object (or whichever), each time that one is put."""

    ERROR_500 = "500"
    OCPI_2001 = "2001"
    """HTTP 200 that says no."""
    OCPI_3000 = "3000"
    TOO_MANY = "429"
    """Once per object, with Retry-After."""
    SLOW = "slow"
    TRUNCATED = "truncated"
    """It is stored, and the answer breaks off."""
    FORGETS = "forgets"
    """It says 1000 and stores nothing."""
    ROUNDS = "rounds"
    """Coordinates lose decimals."""
    DROPS = "drops"
    """Optional fields are lost."""
    LOWERS = "lowers"
    """Ids come back in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Which objects are met with what: each `every`-th new one, counted by address in the order of coming."""

    kind: Misbehaviour | None = None
    every: int = 10
    seconds: float = 0.0
    """How slow is slow."""


class OcpiReceiver:
    """The application. `objects` is what it holds, by module and address below the module."""

    def __init__(self, *, token: str, version: str = "2.2.1", faults: Faults | None = None) -> None:
        self.objects: dict[str, dict[str, Stored]] = {module: {} for module in MODULES}
        self.requests: Counter[str] = Counter()
        """By method."""
        self.faults = faults or Faults()
        self._token, self._version = token, version
        self._seen: dict[str, int] = {}
        self._warned: set[str] = set()
        self.app = Starlette(
            routes=[
                Route("/ocpi/versions", self._versions),
                Route(f"/ocpi/{version}", self._details),
                Route(
                    f"/ocpi/cpo/{version}/{{module}}/{{country_code}}/{{party_id}}/{{key:path}}",
                    self._object,
                    methods=["GET", "PUT", "PATCH", "DELETE"],
                ),
            ]
        )

    def is_struck(self, module: str, key: str) -> bool:
        """Whether an object is one of those that are met with the fault."""
        number = self._seen.get(f"{module}/{key}", 0)
        return self.faults.kind is not None and number % self.faults.every == 0

    async def _versions(self, request: Request) -> Response:
        base = _base(request)
        return self._told(request, [{"version": self._version, "url": f"{base}/{self._version}"}])

    async def _details(self, request: Request) -> Response:
        role = {} if self._version == "2.1.1" else {"role": "RECEIVER"}
        endpoints = [
            {"identifier": module, "url": f"{_base(request)}/cpo/{self._version}/{module}", **role}
            for module in MODULES
        ]
        return self._told(request, {"version": self._version, "endpoints": endpoints})

    async def _object(self, request: Request) -> Response:
        if not self._is_known(request):
            return _envelope(None, status=401, code=2001, message="unknown token")
        self.requests[request.method] += 1
        module, party = request.path_params["module"], [request.path_params[n] for n in ("country_code", "party_id")]
        key, address = request.path_params["key"], "/".join([*party, request.path_params["key"]])
        if module not in MODULES:
            return _envelope(None, status=404, code=2000, message="no such module")
        if request.method == "GET":
            found = self.objects[module].get(address)
            if found is None:
                return _envelope(None, status=404, code=_UNKNOWN[module], message="unknown object")
            return _envelope(found)
        if request.method != "PUT":
            return _envelope(None, status=405, code=2000, message="put it")
        self._seen.setdefault(f"{module}/{key}", len(self._seen) + 1)
        return await self._put(request, module, key, address)

    async def _put(self, request: Request, module: str, key: str, address: str) -> Response:
        try:
            given = json.loads(await request.body())
        except ValueError:
            return _envelope(None, status=400, code=2001, message="no JSON")
        if problem := self._problem(module, key, given, request.path_params):
            return _envelope(None, code=2001, message=problem)
        fault = self.faults.kind if self.is_struck(module, key) else None
        refusal = await self._refusal(fault, address)
        if refusal is not None:
            return refusal
        is_new = address not in self.objects[module]
        if fault is not Misbehaviour.FORGETS:
            self.objects[module][address] = _bent(given, fault)
        answer = _envelope(None, status=201 if is_new else 200)
        if fault is Misbehaviour.TRUNCATED:
            return Response(bytes(answer.body)[:-9], status_code=200, media_type="application/json")
        return answer

    async def _refusal(self, fault: Misbehaviour | None, address: str) -> Response | None:
        match fault:
            case Misbehaviour.ERROR_500:
                return Response("internal error", status_code=500)
            case Misbehaviour.OCPI_2001:
                return _envelope(None, code=2001, message="I do not like this field")
            case Misbehaviour.OCPI_3000:
                return _envelope(None, code=3000, message="my database is away")
            case Misbehaviour.TOO_MANY if address not in self._warned:
                self._warned.add(address)
                return Response("slow down", status_code=429, headers={"Retry-After": "0"})
            case Misbehaviour.SLOW:
                await asyncio.sleep(self.faults.seconds)
        return None

    def _problem(self, module: str, key: str, given: Any, path: Mapping[str, Any]) -> str:
        """Return what OCPI says is wrong: the object's own ids must be those of the address."""
        if not isinstance(given, dict):
            return "an object is wanted"
        name = "uid" if module == "tokens" else "id"
        if str(given.get(name)) != key:
            return f"{name} is not that of the address"
        for owner in ("country_code", "party_id") if self._version != "2.1.1" else ():
            if given.get(owner) != path[owner]:
                return f"{owner} is not that of the address"
        missing = [field for field in _required(module, self._version) if not _is_said(given.get(field))]
        return f"missing: {', '.join(missing)}" if missing else ""

    def _is_known(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return given in {f"Token {self._token}", f"Token {b64encode(self._token.encode()).decode()}"}

    def _told(self, request: Request, data: object) -> Response:
        if not self._is_known(request):
            return _envelope(None, status=401, code=2001, message="unknown token")
        return _envelope(data)


def _is_said(value: object) -> bool:
    return value is not None and value != ""


def _required(module: str, version: str) -> tuple[str, ...]:
    is_flat = version == "2.1.1"
    of = {
        "locations": ("id", "address", "city", "country", "coordinates", "last_updated")
        + (("type", "postal_code") if is_flat else ("publish", "time_zone")),
        "tariffs": ("id", "currency", "elements", "last_updated") + (("tax_included",) if version == "2.3.0" else ()),
        "tokens": (
            *("uid", "type", "auth_id" if is_flat else "contract_id", "issuer"),
            *("valid", "whitelist", "last_updated"),
        ),
    }
    return of[module]


def _bent(given: Stored, fault: Misbehaviour | None) -> Stored:
    """Return what a careless platform keeps of what it was given."""
    kept = json.loads(json.dumps(given))
    if fault is Misbehaviour.ROUNDS and "coordinates" in kept:
        kept["coordinates"] = {name: f"{float(value):.3f}" for name, value in kept["coordinates"].items()}
    if fault is Misbehaviour.DROPS:
        for name in ("name", "postal_code", "group_id", "tariff_alt_text"):
            kept.pop(name, None)
    if fault is Misbehaviour.LOWERS:
        for each in (kept, *kept.get("evses", ())):
            for name in ("id", "uid"):
                if name in each:
                    each[name] = each[name].lower()
    return dict(kept)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/ocpi"


def _envelope(data: object, *, status: int = 200, code: int = 1000, message: str = "ok") -> Response:
    body: Stored = {"status_code": code, "status_message": message, "timestamp": "2026-01-01T00:00:00Z"}
    if data is not None:
        body["data"] = data
    return Response(json.dumps(body), status_code=status, media_type="application/json")
