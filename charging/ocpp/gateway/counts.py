"""What a gateway counts: plain numbers on the way of each frame, and metrics for Prometheus when they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

if TYPE_CHECKING:
    from charging.ocpp.gateway.hub import Hub


class Counts:
    """Since the gateway began."""

    __slots__ = ("alarms", "dials_failed", "frames", "handshakes", "office_links_lost", "office_links_opened", "rules")

    def __init__(self) -> None:
        self.frames = 0
        self.office_links_opened = 0
        self.office_links_lost = 0
        self.dials_failed: Counter[str] = Counter()
        self.handshakes: Counter[str] = Counter()
        """By status of the answer."""
        self.rules: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()

    def rule(self, name: str) -> None:
        """Count a frame that did not simply pass. What a rule says of one frame, after a colon, is no other rule."""
        self.rules[name.partition(":")[0]] += 1

    def alarm(self, kind: str) -> None:
        """Count an alarm."""
        self.alarms[kind] += 1


class GatewayMetrics(Collector):
    """The metrics of one gateway, as of the moment when they are asked for."""

    def __init__(self, hub: "Hub", *, are_tables_up: Callable[[], bool]) -> None:
        self._hub = hub
        self._are_tables_up = are_tables_up

    def text(self) -> bytes:
        """Return what Prometheus reads."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Yield them all."""
        hub, counts = self._hub, self._hub.counts
        by_protocol: Counter[str] = Counter(session.protocol for session in hub.sessions.values())
        led_to: Counter[str] = Counter(
            session.office.link.back_office for session in hub.sessions.values() if session.office.link is not None
        )
        yield _gauge("rehome_gateway_stations", "Stations whose link is up.", "protocol", by_protocol)
        yield _gauge("rehome_gateway_office_links", "Links to back-offices that are up.", "back_office", led_to)
        yield GaugeMetricFamily(
            "rehome_gateway_tables_up", "Whether PostgreSQL answers.", value=float(self._are_tables_up())
        )
        yield GaugeMetricFamily(
            "rehome_gateway_journal_segments", "Segments of the journal that are on disk.", value=hub.journal_segments()
        )
        yield CounterMetricFamily("rehome_gateway_frames", "Frames that were recorded.", value=counts.frames)
        yield CounterMetricFamily(
            "rehome_gateway_office_links_opened", "Links to back-offices opened.", value=counts.office_links_opened
        )
        yield CounterMetricFamily(
            "rehome_gateway_office_links_lost", "Links to back-offices lost.", value=counts.office_links_lost
        )
        yield _counter(
            "rehome_gateway_dials_failed", "Dials of back-offices in vain.", "back_office", counts.dials_failed
        )
        yield _counter("rehome_gateway_handshakes", "Handshakes, by the answer's status.", "status", counts.handshakes)
        yield _counter("rehome_gateway_rules_applied", "Frames that a rule changed or held.", "rule", counts.rules)
        yield _counter("rehome_gateway_alarms", "Alarms raised.", "kind", counts.alarms)


def _gauge(name: str, told: str, label: str, values: Counter[str]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _counter(name: str, told: str, label: str, values: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, told, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family
