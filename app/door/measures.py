"""What the door counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""All others are counted as one: each that is counted is remembered for ever."""


class Measures:
    """Counters of one door, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "run_registry_requests",
            "Requests that were answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "run_registry_request_seconds",
            "Seconds from a request to its answer",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._working = Gauge(
            "run_registry_requests_working", "Requests being answered", registry=self._registry
        )

    def begin(self) -> None:
        """A request has come."""
        self._working.inc()

    def done(self, method: str, route: str, status: int, seconds: float) -> None:
        """It is answered; a route is the path with its places unfilled."""
        self._working.dec()
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """All of them as Prometheus reads them."""
        return generate_latest(self._registry)
