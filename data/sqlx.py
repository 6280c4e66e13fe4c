"""The two SQL constructs that the engines spell differently.

With these the same Core query gives the same result on DuckDB, PostgreSQL and SQLite. DuckDB is compiled as PostgreSQL:
the dialects agree on all that our queries use.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, Select, cast
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

_DUCKDB = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_DUCKDB.name = "duckdb"


class int_div(GenericFunction[int]):
    """Floor division of a non-negative BIGINT by a positive one (Core's `//` renders FLOOR(a / b))."""

    type = BigInteger()
    inherit_cache = True


class percentile(GenericFunction[float]):
    """percentile(column, fraction): exact, interpolated linearly, NULLs left out (SQL's percentile_cont)."""

    type = Double()
    inherit_cache = True


@compiles(int_div)
def _int_div(element: int_div, compiler: Any, **kw: Any) -> str:
    left, right = (compiler.process(c, **kw) for c in element.clauses)
    # PostgreSQL and SQLite cut integers towards zero: the same as floor, as no numerator here is negative.
    return f"(({left}) / {right})"


@compiles(int_div, "duckdb")
def _int_div_duckdb(element: int_div, compiler: Any, **kw: Any) -> str:
    left, right = (compiler.process(c, **kw) for c in element.clauses)
    return f"(({left}) // {right})"


@compiles(percentile, "postgresql")
def _percentile(element: percentile, compiler: Any, **kw: Any) -> str:
    column, fraction = (compiler.process(c, **kw) for c in element.clauses)
    return f"percentile_cont({fraction}) WITHIN GROUP (ORDER BY {column})"


@compiles(percentile, "duckdb")
def _percentile_duckdb(element: percentile, compiler: Any, **kw: Any) -> str:
    column, fraction = (compiler.process(c, **kw) for c in element.clauses)
    return f"quantile_cont({column}, {fraction})"


def duckdb_sql(query: Select[Any]) -> tuple[str, list[Any]]:
    """A Core query as DuckDB's SQL text and its positional parameters."""
    compiled = query.compile(dialect=_DUCKDB, compile_kwargs={"render_postcompile": True})
    return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


def double(column: ColumnElement[Any]) -> ColumnElement[float]:
    """The column as a double, so that a division keeps its fraction on every engine."""
    return cast(column, Double)
