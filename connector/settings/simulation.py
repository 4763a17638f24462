"""Settings of how carts are answered: `[simulation]`."""

from __future__ import annotations

from typing import Literal

from connector.settings.values import Section


class SimulationSettings(Section):
    unavailable_policy: Literal["mixed", "echo_zero", "omit"] = "mixed"
