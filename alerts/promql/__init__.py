"""PromQL: queries read and answered over samples, as Prometheus 3 answers them."""

from alerts.promql.engine import Matrix, Scalar, Vector, instant, range_query
from alerts.promql.errors import PromQLError, QueryStopped
from alerts.promql.limits import Limits
from alerts.promql.memo import Memo
from alerts.promql.nodes import Expr
from alerts.promql.parse import parse

__all__ = [
    "Expr",
    "Limits",
    "Matrix",
    "Memo",
    "PromQLError",
    "QueryStopped",
    "Scalar",
    "Vector",
    "instant",
    "parse",
    "range_query",
]
