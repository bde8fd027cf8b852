"""A function over a partition's Arrow arrays as a Spark UDF, by what this version of Spark has.

No annotation here is a string: Spark looks at them to see what kind of UDF a function is.
"""

from collections.abc import Callable, Iterator

import pandas as pd
import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

OverArrays = Callable[[Iterator[pa.Array]], Iterator[pa.Array]]


def arrow(function: OverArrays, return_type: DataType) -> Callable[[Column], Column]:
    """For Spark 4.1 and later."""

    def run(arrays: Iterator[pa.Array]) -> Iterator[pa.Array]:
        return function(arrays)

    return F.arrow_udf(run, return_type)


def pandas(function: OverArrays, return_type: DataType) -> Callable[[Column], Column]:
    """For Spark before 4.1."""

    def arrays_of(texts: Iterator[pd.Series]) -> Iterator[pa.Array]:
        # Of one type, whatever a batch holds: nulls alone have none of their own.
        return (pa.Array.from_pandas(series, type=pa.large_binary()) for series in texts)

    if isinstance(return_type, StructType):

        def run_struct(texts: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
            for array in function(arrays_of(texts)):
                fields = zip(array.type.names, array.flatten(), strict=True)
                yield pd.DataFrame({name: field.to_pandas() for name, field in fields})

        return F.pandas_udf(run_struct, return_type)

    def run(texts: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for array in function(arrays_of(texts)):
            yield array.to_pandas()

    return F.pandas_udf(run, return_type)
