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
        """Return everything as Prometheus reads it."""
        lines = [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in flat("connector", gauges)]
        return generate_latest(self._everybodys()) + "".join(lines).encode("ascii")

    def _everybodys(self) -> CollectorRegistry:
        if values.ValueClass is values.MutexValue:
            return self.registry
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's signature lacks its return type
        return registry


def flat(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Yield every number of a nested document under a name made of its path; anything else is left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(f"{name}_{word(str(key))}", inner)
    elif isinstance(value, bool | int | float):
        yield name, float(value)


def word(text: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text.lower())
