"""Write a Parquet table of short varied texts, a row group at a time, so that any number of rows fits.

    make_rows.py ROWS FILE      columns id (int64) and text (string)
"""

import random
import sys

import pyarrow
import pyarrow.parquet

ROW_GROUP_ROWS = 65_536
WORDS = "a in of the blue fast green heavy new old plain quiet red round small cup door engine lamp river".split()


def texts(begin, end):
    """Three to eight words and the row's number, which makes every text differ; the same in every run."""
    choose = random.Random(begin)
    return [f"{' '.join(choose.choices(WORDS, k=choose.randint(3, 8)))} {row}" for row in range(begin, end)]


def main():
    num_rows, path = int(sys.argv[1]), sys.argv[2]
    schema = pyarrow.schema([("id", pyarrow.int64()), ("text", pyarrow.string())])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for begin in range(0, num_rows, ROW_GROUP_ROWS):
            end = min(begin + ROW_GROUP_ROWS, num_rows)
            writer.write_table(pyarrow.table([range(begin, end), texts(begin, end)], schema=schema))


main()
