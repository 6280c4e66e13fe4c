"""Rules judged over the past: how often they would have fired."""

from alerts.backtest.outcome import Backtest, Interval, Outcome
from alerts.backtest.past import Past
from alerts.backtest.run import MINUTE_MS, Stopped, backtest

__all__ = ["MINUTE_MS", "Backtest", "Interval", "Outcome", "Past", "Stopped", "backtest"]
