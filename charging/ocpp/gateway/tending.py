"""Keeping the garbage collector from stopping the gateway: it would look at every station's objects, all at once."""

import asyncio
import gc

_EVERY_SECONDS = 60.0
_A_DAY = 24 * 60


async def tend() -> None:
    """Take what lives out of the collector's sight every minute, for ever.

    A session is gone as soon as its link is, by its references alone. So there is nothing to find among what has lived
    for a minute; and what there is after all is found once a day, in one long look.
    """
    minutes = 0
    while True:
        if minutes % _A_DAY == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        minutes += 1
        await asyncio.sleep(_EVERY_SECONDS)
