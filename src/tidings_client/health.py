"""How the house is, part by part."""

from __future__ import annotations

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource


class HealthItem(Model):
    """One part; `status` is ok, warn or fail."""

    name: str
    status: str
    message: str
    remedy: str = ""


class HealthReport(Model):
    """Every part; `status` is the worst of them."""

    status: str
    items: list[HealthItem]


class Health(Resource[Mode]):
    """Health."""

    @Endpoint
    def get(self) -> Call[HealthReport]:
        """Checks every part; changes nothing."""
        return Call("GET", "/health", HealthReport)
