"""A busy fleet at one gateway for an hour: its memory must not grow.

    make bench-soak               or  python benchmarks/soak.py [--minutes 60] [--stations 3000] [--period 10]

Prints the own (anonymous) memory of the gateway and of its recorder every minute, with the frames recorded and the
journal's segments.
Exits with 1 if the gateway's or the recorder's memory is not flat: if the median of the last quarter is more than 5 %
and 8 MB above that of the second quarter (the first quarter is for warming up), or if a station lost its link.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from charging.database import embedded, tables
from rehearsal import gateway_field
from rehearsal.gateway_field import GatewayField

GROWTH, MEGABYTES = 1.05, 8.0


def main() -> int:
    """Run it, print a line a minute, and say whether memory stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two lines")
    parser.add_argument("--stations", type=int, default=3_000)
    parser.add_argument("--period", type=float, default=10.0, help="seconds between two things that a station does")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what it has started ends with it
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="rehome-soak-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        cluster = embedded.locate(home)
        place = home / "soak"
        place.mkdir()
        try:
            samples, lost = asyncio.run(soak(place, cluster, chosen))
        finally:
            embedded.stop(cluster)
    wrong = [problem for part in ("gateway_mb", "recorder_mb") if (problem := _growth(part, samples))]
    wrong += [f"{lost} links were lost"] if lost else []
    print("; ".join(wrong) if wrong else "memory is flat", file=sys.stderr)
    return 1 if wrong else 0


async def soak(place: Path, cluster: embedded.Cluster, chosen: argparse.Namespace) -> tuple[list[dict], int]:
    """Let the fleet charge for so long; return what was sampled, and how many links were lost meanwhile."""
    samples: list[dict] = []
    async with gateway_field.opened(place, cluster, stations=chosen.stations, period=chosen.period) as field:
        absent = await field.until_at("old", seconds=600)
        if absent:
            raise SystemExit(f"{len(absent)} stations did not come")
        before = (await field.ask_crowd("busy"))["mischief"].get("links lost", 0)
        began = time.monotonic()
        while time.monotonic() - began < chosen.minutes * 60:
            await asyncio.sleep(chosen.every)
            samples.append(await _sample(field, began))
            print(json.dumps(samples[-1]), flush=True)
        after = (await field.ask_crowd("say"))["mischief"].get("links lost", 0)
    return samples, after - before


async def _sample(field: GatewayField, began: float) -> dict:
    told = await field.ask_crowd("say")
    frame = tables.frame
    frames = await field.ask(lambda connection: connection.scalar(sa.select(sa.func.count()).select_from(frame)))
    gateway = field.processes["gateway"].pid
    return {
        "minute": round((time.monotonic() - began) / 60, 1),
        "gateway_mb": round(_anonymous(gateway), 1),
        "gateway_resident_mb": round(field.megabytes("gateway"), 1),
        "recorder_mb": round(sum(_anonymous(child) for child in _children(gateway)), 1),
        "stations_mb": told["megabytes"],
        "connected": told["connected"],
        "frames": frames,
        "journal_segments": len(list((field.home / "gateway-1").glob("*.segment"))),
    }


def _growth(part: str, samples: list[dict]) -> str:
    """Say how much a process grew after it was warm; nothing if it did not."""
    sizes = [sample[part] for sample in samples]
    quarter = len(sizes) // 4
    if not quarter:
        return f"{len(sizes)} samples are too few: run it longer"
    warm, last = statistics.median(sizes[quarter : 2 * quarter]), statistics.median(sizes[-quarter:])
    if last > warm * GROWTH and last > warm + MEGABYTES:
        return f"{part} grew from {warm} to {last}"
    return ""


def _children(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=False)
    return [int(number) for number in found.stdout.split()]


def _anonymous(process: int) -> float:
    """Return a process's own memory. Its journal's pages are the system's, and come and go with each segment."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("RssAnon:"))
    return int(kilobytes) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main())
