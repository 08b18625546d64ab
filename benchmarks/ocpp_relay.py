"""What a station costs the relay: CPU microseconds for a call and its answer, bytes of Python objects while it is idle.

    python -m benchmarks.ocpp_relay [--calls 20000] [--stations 2000] [--runs 5]

No sockets: this is the relay's own part. Beside it, in the same run, stock `ocpp` parsing, validating and answering
the same call: the least that a back office on it does.
"""

import argparse
import asyncio
import gc
import json
import statistics
import time
import tracemalloc
from datetime import UTC, datetime
from importlib.metadata import version

from ocpp.charge_point import camel_to_snake_case
from ocpp.messages import _validate_payload, unpack

from charging.ocpp.flavours.flavour import SUPPLIERS
from charging.ocpp.relay.book import TransactionBook
from charging.ocpp.relay.memory import StationMemory
from charging.ocpp.relay.relay import Relay
from charging.ocpp.relay.rules import Rules

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
_STAMP = "2026-11-02T12:00:00Z"
_SAMPLED = [
    {"value": "1500", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
    {"value": "11000", "measurand": "Power.Active.Import", "unit": "W"},
    {"value": "16.0", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
]
CALLS = {
    "Heartbeat": {},
    "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": _STAMP},
    "MeterValues": {
        "connectorId": 1,
        "transactionId": 17,
        "meterValue": [{"timestamp": _STAMP, "sampledValue": _SAMPLED}],
    },
}


def a_relay(rules: Rules, memory: StationMemory | None = None, number: int = 0) -> Relay:
    """Return a relay with both its links up."""
    relay = Relay(
        f"CS-{number}",
        "ocpp1.6",
        back_office="legacy",
        book=TransactionBook("legacy"),
        rules=rules,
        tag=f"t{number:020d}",
        memory=memory,
    )
    relay.office_up("legacy", NOW)
    return relay


def microseconds(relay: Relay, action: str, calls: int) -> float:
    """Return the time for one call of the station and its answer."""
    asked = json.dumps([2, "19223201", action, CALLS[action]]).encode()
    answer = b'[3,"19223201",{"currentTime":"2026-11-02T12:00:00Z"}]'
    began = time.process_time()
    for _ in range(calls):
        relay.from_station(asked, NOW)
        relay.from_office(answer, NOW)
        _ = relay.next_deadline
    return (time.process_time() - began) / calls * 1e6


def stock_microseconds(action: str, calls: int) -> float:
    """Return what stock `ocpp` needs to read and check the same call, its answer not counted."""
    text = json.dumps([2, "19223201", action, CALLS[action]])

    async def run() -> None:
        for _ in range(calls):
            message = unpack(text)
            _validate_payload(message, "1.6")
            camel_to_snake_case(message.payload)

    began = time.process_time()
    asyncio.run(run())
    return (time.process_time() - began) / calls * 1e6


def idle_bytes(stations: int) -> float:
    """Return the bytes of Python objects of one idle station that has booted, told two statuses and charged once."""
    rules = Rules()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    relays = [_used(rules, number) for number in range(stations)]
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / len(relays)


def _used(rules: Rules, number: int) -> Relay:
    relay = a_relay(rules, number=number)
    boot = {"chargePointVendor": "ACME", "chargePointModel": "DC-60", "firmwareVersion": "3.1.4"}
    start = {"connectorId": 1, "idTag": f"TAG-{number}", "meterStart": number, "timestamp": _STAMP}
    stop = {"transactionId": number + 1, "meterStop": number + 9, "timestamp": _STAMP}
    conversation = [("BootNotification", boot, {}), ("StartTransaction", start, {"transactionId": number + 1})]
    for connector in (1, 2):
        status = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
        conversation.append(("StatusNotification", status, {}))
    conversation.append(("StopTransaction", stop, {}))
    for place, (action, payload, answer) in enumerate(conversation):
        relay.from_station(json.dumps([2, f"{number}-{place}", action, payload]).encode(), NOW)
        relay.from_office(json.dumps([3, f"{number}-{place}", answer]).encode(), NOW)
    return relay


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=20_000)
    arguments.add_argument("--stations", type=int, default=2_000)
    arguments.add_argument("--runs", type=int, default=5)
    chosen = arguments.parse_args()
    measured = f"{chosen.runs} runs of {chosen.calls:,} calls in turns: least, median, most"
    print(f"CPU time, ocpp {version('ocpp')}, {measured}")
    plain = Rules()
    evened = Rules(alike=frozenset({"legacy"}), flavours=(SUPPLIERS["D"],))
    for action in CALLS:
        figures: dict[str, list[float]] = {
            "relay": [],
            "relay, flavour D evened out": [],
            "stock ocpp, reading only": [],
        }
        for _ in range(chosen.runs):
            figures["relay"].append(microseconds(a_relay(plain), action, chosen.calls))
            flavoured = a_relay(evened, StationMemory(SUPPLIERS["D"]))
            figures["relay, flavour D evened out"].append(microseconds(flavoured, action, chosen.calls))
            figures["stock ocpp, reading only"].append(stock_microseconds(action, chosen.calls // 10))
        for name, values in figures.items():
            low, middle, high = min(values), statistics.median(values), max(values)
            print(f"{action:20} {name:28} {low:8.1f} {middle:8.1f} {high:8.1f} us for a call and its answer")
    print(f"idle station: {idle_bytes(chosen.stations):,.0f} bytes of Python objects")


if __name__ == "__main__":
    main()
