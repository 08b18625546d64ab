"""Versions, version details, and which part of the receiver a request is for."""

from charging.database.operations import receiving as write
from charging.roaming.ocpi import receiver_cdrs, receiver_credentials, receiver_objects
from charging.roaming.ocpi.credentials_client import SUPPORTED
from charging.roaming.ocpi.receiver_answer import CLIENT_ERROR, Asked, Declined, Reply, encode, refusal
from charging.roaming.ocpi.receiver_doors import Comer, Doors
from charging.roaming.registration import Purpose

_MODULES = ("cdrs", *receiver_objects.METHODS)


def route(asked: Asked, *, comer: Comer, doors: Doors) -> Reply:
    """Answer a request of somebody who may come in.

    Raises:
        Declined: if it cannot be done.
        NoJson: if a body is wanted and is no JSON.
    """
    match asked.path:
        case ("versions",):
            _require(asked, "GET")
            return _versions(doors)
        case (version,) if version in SUPPORTED:
            _require(asked, "GET")
            return _details(version, doors)
        case (version, "credentials") if version in SUPPORTED:
            _require(asked, "GET", "POST", "PUT", "DELETE")
            return receiver_credentials.answer(asked.method, asked.body, comer=comer, version=version, doors=doors)
        case (version, module, *rest) if version in SUPPORTED and module in _MODULES:
            if comer.given.purpose is Purpose.INVITATION:  # token A is for the handshake alone
                raise Declined(refusal(CLIENT_ERROR, "register first: this token opens credentials only", status=401))
            return _module(asked, version, module, rest, comer=comer, doors=doors)
    raise Declined(refusal(CLIENT_ERROR, "there is nothing here", status=404))


def _versions(doors: Doors) -> Reply:
    return Reply(data=encode([{"version": one, "url": f"{doors.url}/{one}"} for one in SUPPORTED]))


def _details(version: str, doors: Doors) -> Reply:
    base = f"{doors.url}/{version}"
    roles = dict.fromkeys(_MODULES, "RECEIVER") | {"credentials": "SENDER"}  # credentials: either, says 2.2.1
    endpoints = [
        {"identifier": module, "url": f"{base}/{module}"} | ({} if version == "2.1.1" else {"role": role})
        for module, role in roles.items()
    ]
    return Reply(data=encode({"version": version, "endpoints": endpoints}))


def _module(asked: Asked, version: str, module: str, rest: list[str], *, comer: Comer, doors: Doors) -> Reply:
    at, partner = doors.clock(), comer.partner
    if asked.method not in {"GET", "DELETE"}:
        _keep(asked, comer=comer, doors=doors)
    if module == "cdrs":
        _require(asked, "POST" if not rest else "GET")
        if len(rest) > 1:
            raise Declined(refusal(CLIENT_ERROR, "there is nothing here", status=404))
        with doors.engine.begin() as connection:
            if rest:
                return receiver_cdrs.get(connection, rest[0], partner=partner)
            url = f"{doors.url}/{version}/cdrs"
            return receiver_cdrs.post(connection, asked.body, partner=partner, version=version, at=at, module_url=url)
    _require(asked, *receiver_objects.METHODS[module])
    if (of := receiver_objects.addressed(module, rest)) is None:
        raise Declined(refusal(CLIENT_ERROR, "name country, party and id in the address", status=404))
    with doors.engine.begin() as connection:
        return receiver_objects.answer(
            connection, asked.method, asked.body, of=of, partner=partner, version=version, at=at
        )


def _keep(asked: Asked, *, comer: Comer, doors: Doors) -> None:
    """Keep what came, whatever becomes of it, before anything is answered."""
    with doors.engine.begin() as connection:
        write.keep_body(
            connection,
            comer.partner.name,
            method=asked.method,
            path="/".join(asked.path),
            body=asked.body,
            at=doors.clock(),
            request_id=asked.headers.get("x-request-id"),
            correlation_id=asked.headers.get("x-correlation-id"),
        )


def _require(asked: Asked, *methods: str) -> None:
    if asked.method not in methods:
        allow = {"Allow": ", ".join(methods)}
        raise Declined(refusal(CLIENT_ERROR, f"{asked.method} is not for this", status=405, headers=allow))
