"""What may be seen of a gateway from outside."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from charging.ocpp.gateway.asking import Tables
from charging.ocpp.gateway.counts import GatewayMetrics
from charging.ocpp.gateway.hub import Hub


class Window:
    """What may be seen from outside: metrics, whether it lives, and whether stations may be sent to it."""

    def __init__(self, hub: Hub, tables: Tables, *, parts: Sequence[asyncio.Task[None]] = ()) -> None:
        """`parts` are what the gateway does for ever: should one of them end, it lives no more."""
        self._hub = hub
        self._parts = parts
        self._metrics = GatewayMetrics(hub, are_tables_up=lambda: tables.is_up)

    def answer(self, path: str) -> tuple[HTTPStatus, bytes] | None:
        """Return what is at a path."""
        match path:
            case "/metrics":
                return HTTPStatus.OK, self._metrics.text()
            case "/healthz":
                ended = [part.get_name() for part in self._parts if part.done()]
                problem = f"a part of it has ended: {', '.join(ended)}\n".encode()
                return (HTTPStatus.SERVICE_UNAVAILABLE, problem) if ended else (HTTPStatus.OK, b"it lives\n")
            case "/readyz":
                reason = self._unready()
                return (
                    (HTTPStatus.SERVICE_UNAVAILABLE, reason.encode()) if reason else (HTTPStatus.OK, b"it is ready\n")
                )
            case _:
                return None

    def _unready(self) -> str:
        hub = self._hub
        if hub.is_draining:
            return "it stops\n"
        if hub.known is None:
            return "it has not read its routes yet: PostgreSQL is away, and nothing was written down\n"
        if hub.full is not None:
            return f"{hub.full}\n"
        return ""
