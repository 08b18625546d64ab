"""One OCPI receiver: where its modules are, what it has under an address, and putting something there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from charging.clock import Clock
from charging.errors import PartnerRefused, PartnerUnavailable
from charging.roaming.ocpi import wire
from charging.roaming.ocpi.transport import Answer, Limits, Transport
from charging.roaming.partner import TokenEncoding
from charging.secret import Secret
from charging.targets import ocpi_paths

_UNKNOWN = frozenset({2003, 2004})
"""OCPI's codes for an unknown location and an unknown token, which some send instead of HTTP 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The platform that is loaded. The token itself is never here."""

    name: str
    party: str
    owner: str
    versions_url: str
    version: str
    origins: tuple[str, ...]
    token_encoding: TokenEncoding


class ReceiverClient:
    """The HTTP client is handed in and stays the caller's."""

    def __init__(
        self, receiver: Receiver, *, http: httpx.Client, token: Secret, clock: Clock, limits: Limits | None = None
    ) -> None:
        self._receiver = receiver
        self._transport = Transport(
            receiver, http=http, token=token, clock=clock, correlation_id="rehome-load", limits=limits or Limits()
        )

    def modules(self) -> Mapping[str, str]:
        """Return the address of every module that it takes objects at.

        Raises:
            PartnerRefused: if it does not speak the version.
            PartnerUnavailable: if it does not answer.
        """
        versions = self._decoded(self._transport.get(self._receiver.versions_url), list[wire.Version])
        wanted = self._receiver.version
        url = next((one.url for one in versions if one.version == wanted), None)
        if url is None:
            offered = ", ".join(one.version for one in versions) or "nothing"
            raise PartnerRefused(self._receiver.name, f"it offers {offered}", f"agree with it on OCPI {wanted}")
        details = self._decoded(self._transport.get(url), wire.VersionDetails)
        return {found.identifier: found.url.rstrip("/") for found in details.endpoints if found.role != "SENDER"}

    def read(self, url: str) -> Mapping[str, Any] | None:
        """Return the object under an address, its numbers exact, or None if there is none.

        Raises:
            PartnerRefused: if it says no.
            PartnerUnavailable: if it does not answer, or not with an object.
        """
        try:
            answer = self._transport.get(url, is_functional=True)
        except PartnerRefused as refusal:
            if refusal.status == 404 or refusal.code in _UNKNOWN:
                return None
            raise
        found = ocpi_paths.read(bytes(answer.envelope.data))
        if found is not None and not isinstance(found, Mapping):
            raise PartnerUnavailable(self._receiver.name, f"{url} holds no object", "show the partner this answer")
        return found

    def put(self, url: str, body: str) -> int:
        """Put an object under an address and return the HTTP status.

        Raises:
            PartnerRefused: if it says no.
            PartnerUnavailable: if it does not answer in a way that can be understood.
        """
        return self._transport.put(url, body.encode()).status

    def _decoded(self, answer: Answer, kind: Any) -> Any:
        try:
            return msgspec.json.decode(answer.envelope.data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise PartnerUnavailable(
                self._receiver.name, f"{answer.url} cannot be understood: {problem}", "show the partner this answer"
            ) from problem
