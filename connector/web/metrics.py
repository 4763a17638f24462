"""Numbers for Prometheus: what this API was asked, and the state of the whole.

With several workers prometheus-client keeps each one's numbers in files of a folder (`PROMETHEUS_MULTIPROC_DIR`, set by the server
before it forks), and any worker answers for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess, values

METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
SIMULATION = "/pvt/orderForms/simulation"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a number says, and what it is told apart by."""

    says: str
    labels: tuple[str, ...] = ()


GAUGES: dict[str, Gauge] = {
    "up": Gauge("1 where the database answers"),
    "build_info": Gauge("Always 1; the version is its label", ("version",)),
    "snapshot_rows": Gauge("Rows of the snapshot", ("feed",)),
    "feed_age_seconds": Gauge("Since when the ERP has told nothing of a feed", ("feed",)),
    "notifications_pending": Gauge("SKUs of which anything is untold", ("marketplace",)),
    "marketplace_paused": Gauge("1 where a person stopped all calls", ("marketplace",)),
    "marketplace_blocked": Gauge("1 where the marketplace takes nothing", ("marketplace",)),
    "orders": Gauge("Orders", ("state",)),
    "messages_waiting": Gauge("Messages that wait or are under way", ("destination", "kind")),
    "dead_letters": Gauge("Messages given up", ("destination", "kind")),
    "held": Gauge("Files and rows that wait for a person", ("feed", "what")),
    "quarantine": Gauge("Refused files and rows not mended yet", ("feed", "what")),
    "disk_free_bytes": Gauge("Room left on the disks that are written to", ("folder",)),
    "wal_bytes": Gauge("Size of SQLite's write-ahead log"),
    "backup_age_seconds": Gauge("Age of the last backup", ("of",)),
    "alarms": Gauge("Alarms that are on, and how many things each is about", ("alarm", "subject")),
    "job_last_end_timestamp_seconds": Gauge("When a job's last pass ended", ("job",)),
    "job_last_exit_status": Gauge("The exit status of a job's last pass", ("job",)),
}
"""Read from the database at each look, so that every worker, and every machine, tells the same."""
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
        self._found: dict[tuple[str, str, int], Counter] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note one answered request; methods that nobody knows are counted together, so that a client cannot grow the numbers."""
        asked = (route, method if method in METHODS else "other", status)
        counter = self._found.get(asked) or self._found.setdefault(asked, self.requests.labels(*map(str, asked)))
        counter.inc()
        if route.endswith(SIMULATION):
            self.simulation.observe(seconds)

    def text(self, gauges: Mapping[str, Any]) -> bytes:
        """Return everything as Prometheus reads it; `gauges` are numbers by the names and labels of `GAUGES`."""
        lines = [line for name, found in gauges.items() for line in _gauge(name, found)]
        return generate_latest(self._everybodys()) + "".join(lines).encode("utf-8")

    def _everybodys(self) -> CollectorRegistry:
        if values.ValueClass is values.MutexValue:
            return self.registry
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's signature lacks its return type
        return registry


def _gauge(name: str, found: Any) -> Iterator[str]:
    gauge = GAUGES[name]
    yield f"# HELP connector_{name} {gauge.says}.\n# TYPE connector_{name} gauge\n"
    for labels, number in _leaves(found):
        written = ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(gauge.labels, labels, strict=True))
        yield f"connector_{name}{{{written}}} {number}\n" if written else f"connector_{name} {number}\n"


def _leaves(found: Any, labels: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(found, Mapping):
        for label, inner in found.items():
            yield from _leaves(inner, (*labels, str(label)))
    else:
        yield labels, found


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
