"""Which answers are a yes, which a no, and which may be another one at the next attempt."""

from collections.abc import Callable
from datetime import datetime

import httpx

from charging.errors import PartnerRefused
from charging.roaming.ocpi.transport_waiting import Passing, retry_after
from charging.roaming.ocpi.wire import Envelope

_MAY_PASS = frozenset({408, 425, 429})
Mask = Callable[[str], str]


def judge_status(response: httpx.Response, *, partner: str, mask: Mask, now: datetime) -> None:
    """Go on only with an HTTP status that is a yes.

    Raises:
        Passing: if it may pass: a server's trouble, or too many requests.
        PartnerRefused: if it will not.
    """
    status = response.status_code
    if status in {200, 201}:
        return
    where = mask(f"HTTP {status} at {str(response.url).split('?', 1)[0]}")
    if status in _MAY_PASS or status >= 500:
        raise Passing(where, wait_seconds=retry_after(response.headers.get("retry-after", ""), now=now))
    if status in {401, 403}:
        mend = "check the token and `token_encoding` in the partner file"
    elif 300 <= status < 400:
        where, mend = f"{where}: it redirects", "write the final address in the partner file"
    else:
        mend = "show the partner this request; it is not one that heals"
    raise PartnerRefused(partner, where, mend, status=status)


def judge_envelope(envelope: Envelope, place: str, *, partner: str, mask: Mask) -> None:
    """Go on only with an OCPI status that is a yes, whatever HTTP says (transport_and_format, status codes).

    Raises:
        Passing: if it is the server's or the hub's trouble (3xxx and above), which may pass.
        PartnerRefused: if it is a no.
    """
    code = envelope.status_code
    if 1000 <= code < 2000:
        return
    said = mask(f"OCPI status {code} ({(envelope.status_message or 'no message')[:500]}) at {place}")
    if code >= 3000:
        raise Passing(said)
    mend = "an HTTP 200 that says no is a no: ask the partner"
    raise PartnerRefused(partner, said, mend, status=200, code=code)
