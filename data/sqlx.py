"""The SQL constructs that the engines spell differently.

With these the same Core query gives the same result on DuckDB, PostgreSQL and SQLite. DuckDB is compiled as PostgreSQL:
the dialects agree on all that our queries use.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Double, Select, cast, func, literal_column
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BinaryExpression, Null
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.operators import is_not
from sqlalchemy.util import LRUCache

_DUCKDB = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_DUCKDB.name = "duckdb"
_COMPILED: LRUCache[Any, Any] = LRUCache(200)
#: Around the arguments of a percentile while a query is compiled; no SQL text holds it.
_MARK = "\x00"
_PERCENTILE = re.compile(f"{_MARK}([^{_MARK}]+){_MARK}([^{_MARK}]+){_MARK}")


class int_div(GenericFunction[int]):
    """Floor division of a non-negative BIGINT by a positive one (Core's `//` renders FLOOR(a / b))."""

    type = BigInteger()
    inherit_cache = True


class percentile(GenericFunction[float]):
    """percentile(column, fraction): exact, interpolated linearly, NULLs left out (SQL's percentile_cont)."""

    type = Double()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], fraction: float) -> None:
        # The fraction is written into the SQL: see _percentile_duckdb.
        super().__init__(column, literal_column(repr(float(fraction)), Double()))


class count_if(GenericFunction[int]):
    """How many rows meet a condition (0 without rows)."""

    type = BigInteger()
    inherit_cache = True


@compiles(count_if)
def _count_if(element: count_if, compiler: Any, **kw: Any) -> str:
    return f"count(CASE WHEN {compiler.process(element.clauses, **kw)} THEN 1 END)"


@compiles(count_if, "duckdb")
def _count_if_duckdb(element: count_if, compiler: Any, *, divided: bool = False, **kw: Any) -> str:
    (condition,) = element.clauses
    if isinstance(condition, BinaryExpression) and condition.operator is is_not and isinstance(condition.right, Null):
        # In half the time: it looks only at which values there are.
        return f"count({compiler.process(condition.left, **kw)})"
    counted = f"count_if({compiler.process(condition, **kw)})"
    # Faster than the other, but it counts in 128 bits, which frames would take for a double, and none is NULL.
    return counted if divided else f"CAST(coalesce({counted}, 0) AS BIGINT)"


class ratio(GenericFunction[float]):
    """ratio(part, whole): the one / the other, with its fraction; NULL where the whole is 0."""

    type = Double()
    inherit_cache = True


@compiles(ratio)
def _ratio(element: ratio, compiler: Any, **kw: Any) -> str:
    # A cast keeps the type: NULLIF alone would be divided as a NUMERIC.
    part, whole = (f"CAST({compiler.process(each, **kw)} AS DOUBLE PRECISION)" for each in element.clauses)
    return f"({part} / CAST(nullif({whole}, 0) AS DOUBLE PRECISION))"


@compiles(ratio, "duckdb")
def _ratio_duckdb(element: ratio, compiler: Any, **kw: Any) -> str:
    # It divides all numbers as doubles. Each cast that is not needed is time of the planner, in every figure twice.
    part, whole = (compiler.process(each, divided=True, **kw) for each in element.clauses)
    return f"(({part}) / nullif({whole}, 0))"


class kept(GenericFunction[Any]):
    """kept(name, value): what is made of a call's own columns; the analytic copy keeps it as a column of that name."""

    inherit_cache = True

    def __init__(self, name: str, value: ColumnElement[Any]) -> None:
        self.column, self.value, self.type = name, value, value.type
        super().__init__(literal_column(f"calls.{name}"), value)


@compiles(kept)
def _kept(element: kept, compiler: Any, **kw: Any) -> str:
    _, value = element.clauses
    return f"({compiler.process(value, **kw)})"


@compiles(kept, "duckdb")
def _kept_duckdb(element: kept, compiler: Any, **kw: Any) -> str:
    column, _ = element.clauses
    return str(compiler.process(column, **kw))


class number_of(GenericFunction[Any]):
    """number_of(text): what stands for a text wherever texts are only told apart: in DuckDB a number of 63 bits.

    Two of a million texts share one with a probability of 1 : 18 million. Other engines take the text itself.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(number_of)
def _number_of(element: number_of, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(number_of, "duckdb")
def _number_of_duckdb(element: number_of, compiler: Any, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    return f"CASE WHEN {text} IS NOT NULL THEN CAST(hash({text}) >> 1 AS BIGINT) END"


class occurs(GenericFunction[bool]):
    """occurs(column, text): whether the text stands anywhere in the column. LIKE takes three times as long."""

    type = Boolean()
    inherit_cache = True


@compiles(occurs)
def _occurs(element: occurs, compiler: Any, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(occurs, "postgresql")
def _occurs_postgresql(element: occurs, compiler: Any, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(occurs, "duckdb")
def _occurs_duckdb(element: occurs, compiler: Any, **kw: Any) -> str:
    return f"contains({compiler.process(element.clauses, **kw)})"


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
    return f"{_MARK}{column}{_MARK}{fraction}{_MARK}"


def _sorted_once(sql: str) -> str:
    """Percentiles written out so that DuckDB sorts a column once for all of its fractions, not once for each."""
    wanted: dict[str, list[str]] = {}
    for column, fraction in _PERCENTILE.findall(sql):
        wanted.setdefault(column, []).append(fraction)

    def written(found: re.Match[str]) -> str:
        column, fraction = found.groups()
        fractions = sorted(set(wanted[column]))
        if len(fractions) == 1:
            return f"quantile_cont({column}, {fraction})"
        # Equal aggregates are computed once.
        return f"quantile_cont({column}, [{', '.join(fractions)}])[{fractions.index(fraction) + 1}]"

    return _PERCENTILE.sub(written, sql)


def duckdb_sql(query: Select[Any]) -> tuple[str, list[Any]]:
    """A Core query as DuckDB's SQL text and its positional parameters.

    Compiling takes as long as many a query, so it is done once for all queries that differ in their values only.
    """
    compiled, values, *_ = query._compile_w_cache(_DUCKDB, compiled_cache=_COMPILED, column_keys=[])
    assert isinstance(compiled, SQLCompiler)
    parameters = compiled.construct_params(extracted_parameters=values)
    # Lists of values get their places only now, as many as there are.
    whole = compiled._process_parameters_for_postcompile(parameters)
    return _sorted_once(whole.statement), [whole.parameters[name] for name in whole.positiontup or ()]


def duckdb_value(value: ColumnElement[Any]) -> str:
    """What is made of a call's columns, as DuckDB's SQL text."""
    return str(value.compile(dialect=_DUCKDB, compile_kwargs={"literal_binds": True}))


def occurs_anyhow(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether the text stands anywhere in the column, whatever its case."""
    return occurs(func.lower(column), func.lower(text))


def double(column: ColumnElement[Any]) -> ColumnElement[float]:
    """The column as a double, so that a division keeps its fraction on every engine."""
    return cast(column, Double)
