"""A roaming hub that speaks OICP 2.3: a real HTTP server that gives a provider its CDRs by pages, and misbehaves."""

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PATH = "/api/oicp/cdrmgmt/v22/providers/{provider}/get-charge-detail-records-request"
_USUAL = 20


class HubFault(StrEnum):
    """One way in which the hub misbehaves."""

    NO_CODE = "no_code"
    """Its pages carry no StatusCode."""
    UNAUTHORISED = "unauthorised"
    """HTTP 200, and 017 inside."""
    BUSY_ONCE = "busy_once"
    """HTTP 429 with Retry-After, the first time."""
    BROKEN_ONCE = "broken_once"
    """HTTP 500, the first time."""
    TROUBLE_ONCE = "trouble_once"
    """HTTP 200, and 021 inside, the first time."""
    TRUNCATED = "truncated"
    """Every page but the first ends in the middle."""
    SAME_PAGE = "same_page"
    """Whatever page is asked for, it is the first."""
    SAME_PAGE_RENUMBERED = "same_page_renumbered"
    """The same, with the number that was asked for."""
    NO_LAST = "no_last"
    """Its pages do not say which is the last."""
    NO_TOTAL = "no_total"
    TOTAL_TOO_GREAT = "total_too_great"
    GROWS = "grows"
    """A CDR comes in before the others after the first page was given, once."""
    TWICE = "twice"
    """Every record is listed twice."""


@dataclass(slots=True)
class OicpHub:
    """Holds CDRs, the latest first, and tells what it was asked."""

    records: list[dict[str, Any]]
    fault: HubFault | None = None
    arriving: Sequence[dict[str, Any]] = ()
    """What comes in meanwhile, where it grows."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    origin: str = ""
    _lock: Lock = field(default_factory=Lock)
    _had_fault: bool = False

    @contextmanager
    def listening(self, tls: ssl.SSLContext | None = None) -> Iterator["OicpHub"]:
        """Listen while the context lasts; with `tls`, whoever comes must show the certificate that it asks for."""
        server = _Server(("127.0.0.1", 0), _Handler)
        server.hub = self
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        self.origin = f"{'http' if tls is None else 'https'}://localhost:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def address(self, provider: str) -> str:
        """Return where a provider asks for its CDRs."""
        return self.origin + PATH.format(provider=provider)

    def answer(self, question: dict[str, Any], *, page: int, size: int) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer to a question."""
        with self._lock:
            self.asked.append(question | {"page": page, "size": size})
            if (once := self._once()) is not None:
                return once
            if self.fault is HubFault.UNAUTHORISED:
                return 200, {}, _written({"StatusCode": {"Code": "017", "Description": "Unauthorized Access"}})
            body = _written(self._page(question, page=page, size=size))
            if self.fault is HubFault.GROWS and not self._had_fault:
                self._had_fault = True
                self.records[:0] = self.arriving
            is_cut = self.fault is HubFault.TRUNCATED and page
            return 200, {}, body[: len(body) // 2] if is_cut else body

    def _once(self) -> tuple[int, dict[str, str], bytes] | None:
        answers: Mapping[HubFault | None, tuple[int, dict[str, str], bytes]] = {
            HubFault.BUSY_ONCE: (429, {"Retry-After": "0"}, b""),
            HubFault.BROKEN_ONCE: (500, {}, b"<html>"),
            HubFault.TROUBLE_ONCE: (200, {}, _written({"StatusCode": {"Code": "021", "Description": "System error"}})),
        }
        if self._had_fault or self.fault not in answers:
            return None
        self._had_fault = True
        return answers[self.fault]

    def _page(self, question: dict[str, Any], *, page: int, size: int) -> dict[str, Any]:
        since, until = (datetime.fromisoformat(question[name]) for name in ("From", "To"))
        found = [one for one in self.records if since <= datetime.fromisoformat(one["SessionEnd"]) < until]
        if self.fault is HubFault.TWICE:
            found = [one for one in found for _ in range(2)]
        start = 0 if self.fault in {HubFault.SAME_PAGE, HubFault.SAME_PAGE_RENUMBERED} else page * size
        content = found[start : start + size]
        pages = -(-len(found) // size)
        stated = {
            "content": content,
            "number": 0 if self.fault is HubFault.SAME_PAGE else page,
            "size": size,
            "totalElements": len(found) + (self.fault is HubFault.TOTAL_TOO_GREAT),
            "totalPages": pages,
            "numberOfElements": len(content),
            "first": page == 0,
            "last": page + 1 >= pages,
            "StatusCode": {"Code": "000", "Description": "Success"},
        }
        absent = {HubFault.NO_CODE: "StatusCode", HubFault.NO_LAST: "last", HubFault.NO_TOTAL: "totalElements"}
        if self.fault in absent:
            del stated[absent[self.fault]]
        return stated


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: OicpHub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were turned away at the door."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answer a question."""
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        query = dict(parse_qsl(urlsplit(self.path).query))
        page, size = int(query.get("page", 0)), int(query.get("size", _USUAL))
        status, headers, body = self.server.hub.answer(question, page=page, size=size)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Write no log: what was asked is in `asked`."""


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
