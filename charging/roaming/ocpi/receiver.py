"""Our OCPI receiver: who comes, how often, with how much; and an answer to everything, in the protocol's own form.

Nothing is answered with a yes before it is stored. A database that is away is answered with HTTP 503 and OCPI 3000, so
that a partner which queues sends again.
"""

import asyncio
import hmac
import logging
from urllib.parse import unquote

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from charging.database.operations import registration as write
from charging.database.queries import registration as read
from charging.errors import RehomeError
from charging.roaming.ocpi.credentials_desk import fingerprint
from charging.roaming.ocpi.receiver_answer import (
    CLIENT_ERROR,
    INVALID,
    SERVER_ERROR,
    Asked,
    Declined,
    NoJson,
    Reply,
    headers_back,
    refusal,
    render,
)
from charging.roaming.ocpi.receiver_doors import Comer, Doors
from charging.roaming.ocpi.receiver_entry import Turnstile, tokens
from charging.roaming.ocpi.receiver_module import route
from charging.roaming.registration import Purpose, TokenState

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_BODY_SECONDS = 30
_LONGEST_PATH = 1_000
_LOG = logging.getLogger(__name__)


class Receiver:
    """Answers requests, one at a time; the rates are counted here."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._failures, self._visits = Turnstile(doors.seconds), Turnstile(doors.seconds)

    def answer(self, asked: Asked) -> Reply:
        """Answer a request, whatever it is."""
        try:
            return self._answer(asked)
        except Declined as no:
            return no.reply
        except NoJson as problem:
            return refusal(INVALID, str(problem), status=400)
        except (sa.exc.SQLAlchemyError, RehomeError, OSError) as problem:
            # What the database says of a row may hold what is in it: the kind of error will do.
            told = str(problem) if isinstance(problem, RehomeError) else type(problem).__name__
            _LOG.error("%s %s could not be answered: %s", asked.method, "/".join(asked.path), told)
            again = {"Retry-After": "60"}
            return refusal(SERVER_ERROR, "it could not be stored: send it again", status=503, headers=again)

    def _answer(self, asked: Asked) -> Reply:
        comer = self._comer(asked)
        if comer is None:  # whoever has a good token is let in, though others fail from the same address (a proxy's)
            if wait := self._failures.wait_seconds(asked.client, most=self._doors.failures_per_minute):
                return _slower(wait)
            return refusal(INVALID, "unknown token", status=401, headers={"WWW-Authenticate": "Token"})
        if wait := self._visits.wait_seconds(comer.partner.name, most=comer.partner.requests_per_minute):
            return _slower(wait)
        return route(asked, comer=comer, doors=self._doors)

    def _comer(self, asked: Asked) -> Comer | None:
        for token in tokens(asked.headers.get("authorization", "")):
            hashed = fingerprint(token)
            with self._doors.engine.begin() as connection:
                given = read.given_token(connection, hashed)
                if given is None or not hmac.compare_digest(given.token_sha256, hashed):
                    continue
                if given.state is TokenState.DEAD:
                    return None
                is_first = given.first_used_at is None and given.state is TokenState.LIVE
                if is_first and given.purpose is Purpose.ACCESS:
                    write.used(connection, given, at=self._doors.clock())
            return Comer(partner=self._doors.partner(given.partner), given=given, token=token)
        return None


def application(doors: Doors, *, max_body_bytes: int) -> Starlette:
    """Return the ASGI application; everything is below /ocpi."""
    receiver = Receiver(doors)

    async def endpoint(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await _body(request, max_body_bytes)
        if isinstance(body, Reply):
            reply = body
        else:
            reply = await run_in_threadpool(receiver.answer, _asked(request, headers, body))
        return Response(
            render(reply, at=doors.clock()),
            status_code=reply.status,
            media_type="application/json",
            headers=headers_back(headers) | dict(reply.headers),
        )

    return Starlette(routes=[Route("/ocpi/{rest:path}", endpoint, methods=_METHODS)])


def _asked(request: Request, headers: dict[str, str], body: bytes) -> Asked:
    raw = bytes(request.scope.get("raw_path") or request.url.path.encode()).decode("ascii", "replace")
    below = raw.split("?", 1)[0].partition("/ocpi/")[2][:_LONGEST_PATH]
    return Asked(
        method=request.method,
        path=tuple(unquote(part) for part in below.strip("/").split("/")),
        headers=headers,
        body=body,
        client=request.client.host if request.client else "",
    )


async def _body(request: Request, most: int) -> bytes | Reply:
    """Return the body, read to its end, or why not: it is too large, comes too slowly, or is compressed."""
    too_large = refusal(CLIENT_ERROR, f"a body has {most} bytes at most", status=413)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return refusal(CLIENT_ERROR, "send bodies uncompressed", status=415)
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        return too_large
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    return too_large
                chunks.append(chunk)
    except TimeoutError:
        return refusal(CLIENT_ERROR, "the body came too slowly", status=408)
    except ClientDisconnect:
        return refusal(CLIENT_ERROR, "the body broke off", status=400)
    return b"".join(chunks)


def _slower(seconds: int) -> Reply:
    return refusal(CLIENT_ERROR, "too many requests", status=429, headers={"Retry-After": str(seconds)})
