"""A Kalman filter for a price that moves with constant acceleration, as far as nothing pushes it.

The state is position (USD), velocity (USD per period) and acceleration (USD per period squared); a period is the time
between two prices, dt = 1. Its motion and the noise of it (a jerk that is white noise of density q) are

    F = [1  1  1/2]    Q = q [1/20  1/8  1/6]    H = [1  0  0]
        [0  1   1 ]          [1/8   1/3  1/2]
        [0  0   1 ]          [1/6   1/2   1 ]

The prices' own noise has the variance 1: only q's relation to it matters, so the filter suits prices of any size.
"""

from __future__ import annotations

JERK = 1e-7  # q: the smaller, the smoother, and the later to turn. About 15 periods here, which is q ** (-1/6).


class Kalman:
    """The filter, written out by component. The covariance is symmetric, so six of its nine members are kept."""

    def __init__(self, position: float, jerk: float = JERK) -> None:
        self.position = position
        self.velocity = 0.0
        self.acceleration = 0.0
        self._jerk = jerk
        # Members of P, named by row and column: p position, v velocity, a acceleration.
        self._pp, self._pv, self._pa, self._vv, self._va, self._aa = 1.0, 0.0, 0.0, 1e-2, 0.0, 1e-4

    def observe(self, position: float) -> None:
        """One period later, this is the price."""
        self._predict()
        self._correct(position)

    def forecast(self, periods: float) -> float:
        """How far the price will move in so many periods, if nothing pushes it."""
        return self.velocity * periods + self.acceleration * periods * periods / 2

    def _predict(self) -> None:
        """One period passes: x = F x; P = F P F' + Q."""
        self.position += self.velocity + self.acceleration / 2
        self.velocity += self.acceleration
        pa, va, aa, q = self._pa, self._va, self._aa, self._jerk
        # The first two rows of F P.
        first_p = self._pp + self._pv + pa / 2
        first_v = self._pv + self._vv + va / 2
        first_a = pa + va + aa / 2
        second_v = self._vv + va
        second_a = va + aa
        self._pp = first_p + first_v + first_a / 2 + q / 20
        self._pv = first_v + first_a + q / 8
        self._pa = first_a + q / 6
        self._vv = second_v + second_a + q / 3
        self._va = second_a + q / 2
        self._aa = aa + q

    def _correct(self, position: float) -> None:
        """A price comes: K = P H' / (H P H' + 1); x = x + K (z - H x); P = (I - K H) P."""
        pp, pv, pa = self._pp, self._pv, self._pa
        spread = pp + 1.0
        gain_p, gain_v, gain_a = pp / spread, pv / spread, pa / spread
        surprise = position - self.position
        self.position += gain_p * surprise
        self.velocity += gain_v * surprise
        self.acceleration += gain_a * surprise
        self._pp, self._pv, self._pa = pp - gain_p * pp, pv - gain_p * pv, pa - gain_p * pa
        self._vv -= gain_v * pv
        self._va -= gain_v * pa
        self._aa -= gain_a * pa
