"""Numbers for Prometheus: what this API was asked, and the state of the whole.

With several workers prometheus-client keeps each one's numbers in files of a folder (`PROMETHEUS_MULTIPROC_DIR`, set by the server
before it forks), and any worker answers for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess, values

METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
SIMULATION = "/pvt/orderForms/simulation"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
LABELS: dict[str, tuple[str, ...]] = {
    "up": (),
    "snapshot_rows": ("feed",),
    "feed_age_seconds": ("feed",),
    "notifications_pending": ("marketplace",),
    "orders": ("state",),
    "messages_waiting": ("destination", "kind"),
    "dead_letters": ("destination", "kind"),
    "held": ("feed", "what"),
    "quarantine": ("feed", "what"),
    "disk_free_bytes": ("folder",),
    "wal_bytes": (),
    "backup_age_seconds": ("of",),
    "alarms": ("alarm", "subject"),
}
"""The gauges, and what their numbers are told apart by."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("connector_http_requests_total", "Requests answered", ["route", "method", "status"], registry=self.registry)
        self.simulation = Histogram(
            "connector_simulation_seconds",
            "Time to answer a simulation (VTEX gives up after 2.5 s)",
            registry=self.registry,
            buckets=BUCKETS,
        )

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note one answered request; methods that nobody knows are counted together, so that a client cannot grow the numbers."""
        self.requests.labels(route, method if method in METHODS else "other", str(status)).inc()
        if route.endswith(SIMULATION):
            self.simulation.observe(seconds)

    def text(self, gauges: Mapping[str, Any]) -> bytes:
        """Return everything as Prometheus reads it; `gauges` are numbers by the names and labels of `LABELS`."""
        lines = [line for name, found in gauges.items() for line in _gauge(name, found)]
        return generate_latest(self._everybodys()) + "".join(lines).encode("utf-8")

    def _everybodys(self) -> CollectorRegistry:
        if values.ValueClass is values.MutexValue:
            return self.registry
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's signature lacks its return type
        return registry


def _gauge(name: str, found: Any) -> Iterator[str]:
    yield f"# TYPE connector_{name} gauge\n"
    for labels, number in _leaves(found):
        written = ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(LABELS[name], labels, strict=True))
        yield f"connector_{name}{{{written}}} {number}\n" if written else f"connector_{name} {number}\n"


def _leaves(found: Any, labels: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(found, Mapping):
        for label, inner in found.items():
            yield from _leaves(inner, (*labels, str(label)))
    else:
        yield labels, found


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
