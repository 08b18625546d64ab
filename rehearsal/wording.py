"""What a simulated station says and hears, held against the schemas of the `ocpp` library for its version of OCPP."""

from decimal import Decimal
from functools import cache
from typing import Any

from ocpp.messages import get_validator

from rehearsal.frames import CALL, CALLRESULT, CallRefused, Link, Payload

VERSIONS = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}


class Wording:
    """One version of OCPP, by its sub-protocol."""

    def __init__(self, protocol: str) -> None:
        self._version = VERSIONS[protocol]
        self._refusal = "FormationViolation" if protocol == "ocpp1.6" else "FormatViolation"

    async def say(self, link: Link, action: str, payload: Payload) -> Payload:
        """Send a CALL and return its answer's payload.

        Raises:
            CallRefused: if either is not as the schema has it, or the answer is a CALLERROR.
        """
        self.require_valid(CALL, action, payload)
        answer = await link.call(action, payload)
        self.require_valid(CALLRESULT, action, answer)
        return answer

    def require_valid(self, kind: int, action: str, payload: Payload) -> None:
        """Refuse what the schema does.

        Raises:
            CallRefused: with the first thing that is wrong, or NotImplemented for an action that there is not.
        """
        for error in _validator(kind, action, self._version).iter_errors(payload):
            raise CallRefused(self._refusal, error.message[:255])


@cache
def _validator(kind: int, action: str, version: str) -> Any:
    try:
        return get_validator(kind, action, version, parse_float=Decimal)
    except OSError:
        raise CallRefused("NotImplemented", action) from None
