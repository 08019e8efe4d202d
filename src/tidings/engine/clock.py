"""The machine's clock, behind the `Clock` protocol of the domain."""

from __future__ import annotations

import time

from tidings.domain.instant import Instant


class SystemClock:
    """Says the wall time of this machine. It may jump; what must not jump is measured with `time.monotonic`."""

    def now(self) -> Instant:
        """The present instant in milliseconds."""
        return time.time_ns() // 1_000_000
