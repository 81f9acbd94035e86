"""A table as a file is text and numbers, and never a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl
import pytest

from hub import tabulation
from hub.tabulation import Table

EVIL = ["=1+1", "+1", "-A1", "@SUM(A1)", "\t=1", " =1", "\u200b=1", "＝1", "\r=1", '=HYPERLINK("http://evil")']


@pytest.mark.parametrize("words", EVIL)
def test_no_words_become_a_formula(words: str) -> None:
    read = list(csv.reader(io.StringIO(tabulation.as_csv([words], [[words]]).decode("utf-8-sig"), newline="")))
    assert {cell for row in read for cell in row} == {f"'{words}"}
    made = tabulation.as_workbook([Table(words, [words], [[words]], notes=(words,))])
    sheet = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s"}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("yes", "yes"),
        ("-5", "-5"),
        (-5, "-5"),
        (Decimal("35.50"), "35.50"),
        (None, ""),
        ("1-2", "1-2"),
        (datetime(2030, 3, 10, tzinfo=UTC), "2030-03-10T00:00:00+00:00"),
    ],
)
def test_what_is_no_formula_stays_as_it_is(value: object, cell: str) -> None:
    assert tabulation.as_csv(["a"], [[value]]).decode("utf-8-sig").splitlines()[1:] == ([cell] if cell else ['""'])


def test_figures_are_numbers_in_a_workbook() -> None:
    sheet = openpyxl.load_workbook(
        io.BytesIO(tabulation.as_workbook([Table("t", ["a", "b"], [["x\x07", Decimal("61.3")]])]))
    ).worksheets[0]
    assert [cell.value for cell in sheet[4]] == ["x", 61.3]
