"""How fast one browser may talk."""

from time import monotonic


class Allowance:
    """A bucket that refills by `per_second` up to `most`."""

    def __init__(self, per_second: float, most: float) -> None:
        self.per_second, self.most = per_second, most
        self._left, self._at = most, monotonic()

    def spend(self, amount: float) -> float:
        """Take `amount`; return the seconds to wait until the bucket is no longer in debt."""
        now = monotonic()
        self._left = min(self.most, self._left + (now - self._at) * self.per_second) - amount
        self._at = now
        return max(0.0, -self._left / self.per_second)
