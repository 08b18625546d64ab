"""A simulated station's own log, really sent to where it is told: by HTTP PUT, the one way that these stations know."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

import httpx

SECONDS = 10.0


async def upload(
    station_id: str, location: str, log: str, *, tell: Callable[[str], Awaitable[object]], failure: str
) -> None:
    """Put the log into a folder, telling how it goes; `failure` is the generation's word for its not arriving."""
    await tell("Uploading")
    parts = urlsplit(location)
    if parts.scheme not in {"http", "https"}:
        await tell(failure)
        return
    address = f"{location.rstrip('/')}/{quote(file_name(station_id), safe='')}"
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:
            answer = await http.put(address, content=log.encode())
        has_arrived = answer.is_success
    except httpx.HTTPError:
        has_arrived = False
    await tell("Uploaded" if has_arrived else failure)


def file_name(station_id: str) -> str:
    """Return how the file is called."""
    return f"{station_id}.log"
