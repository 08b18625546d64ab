"""A roaming partner over OCPI 2.2.1 that serves what it is given: by itself BE-XYZ, which has stations and bills us."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

MODULES = ("cdrs", "sessions", "tariffs", "locations")
_PAGE = 50


class OperatorPartner:
    """Serves `lists`, what it has by module; `offered` are the modules that it names, `broken` those that fail."""

    def __init__(self, party: str = "BE-XYZ", role: str = "CPO") -> None:
        self.party, self.role = party, role
        self.lists: dict[str, list[dict[str, Any]]] = {module: [] for module in MODULES}
        self.offered, self.broken = set(MODULES), set[str]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def listening(self) -> Iterator["OperatorPartner"]:
        """Listen while the context lasts."""
        thread = Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def answer(self, path: str, query: Mapping[str, Sequence[str]]) -> tuple[int, object, dict[str, str]]:
        """Return status, data and headers of the answer to a request."""
        place = path.strip("/").rsplit("/", maxsplit=1)[-1]
        if place == "versions":
            return 200, [{"version": "2.2.1", "url": f"{self.url}/details"}], {}
        if place == "details":
            modules = [("credentials", "RECEIVER"), *((module, "SENDER") for module in sorted(self.offered))]
            named = [{"identifier": name, "role": role, "url": f"{self.url}/{name}"} for name, role in modules]
            return 200, {"version": "2.2.1", "endpoints": named}, {}
        if place == "credentials":
            country_code, party_id = self.party.split("-")
            party = {"country_code": country_code, "party_id": party_id, "business_details": {"name": self.party}}
            role = {"role": self.role, **party}
            return 200, {"token": "theirs", "url": f"{self.url}/versions", "roles": [role]}, {}
        if place not in self.lists or place in self.broken:
            return 404, None, {}
        since, first = query.get("date_from", [""])[0], int(query.get("offset", ["0"])[0])
        records = [one for one in self.lists[place] if one["last_updated"] >= since]
        return 200, records[first : first + _PAGE], {"X-Total-Count": str(len(records))}


def _answering(partner: OperatorPartner) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            status, data, headers = partner.answer(asked.path, parse_qs(asked.query))
            body = json.dumps({"data": data, "status_code": 1000, "timestamp": "2026-03-02T00:00:00Z"}).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name there
            """Say nothing."""

    return Handler
