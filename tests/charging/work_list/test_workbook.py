"""A work list is the same bytes each time, calculates nothing, and lets be changed what is to be answered."""

import csv
import io
import re
import zipfile

import openpyxl
import pytest

from charging.work_list import columns, table, workbook
from charging.work_list.columns import cells


@pytest.fixture(scope="module")
def cases(make_case, hostile):
    return [make_case(number) for number in range(1, 2 * len(hostile))]


@pytest.fixture(scope="module")
def sheet(cases):
    return openpyxl.load_workbook(io.BytesIO(workbook.written(cases)))["Cases"]


@pytest.mark.parametrize("form", [workbook, table], ids=["xlsx", "csv"])
def test_the_same_cases_are_the_same_bytes(form, cases):
    assert form.written(cases) == form.written(cases)


def test_holds_no_formula_and_no_link(cases):
    with zipfile.ZipFile(io.BytesIO(workbook.written(cases))) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml")}

    assert not [name for name, text in parts.items() if re.search(r"<f[ >]|<hyperlink", text)]
    assert not [name for name in parts if "externalLink" in name]


def test_no_cell_of_a_csv_file_begins_as_a_formula(cases):
    text = table.written(cases).decode("utf-8-sig")

    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert "'=1+1" in cells


def test_only_the_answer_can_be_changed(sheet):
    names = [cell.value for cell in sheet[1]]
    free = {name for name, cell in zip(names, sheet[2], strict=True) if not cell.protection.locked}

    assert sheet.protection.sheet
    assert free == set(columns.ANSWERS)


def test_shows_its_header_on_every_page_and_offers_decisions(sheet):
    (choices,) = sheet.data_validations.dataValidation

    assert (sheet.freeze_panes, sheet.print_title_rows) == ("B2", "$1:$1")
    assert sheet.auto_filter.ref.startswith("A1:")
    assert choices.formula1 == '"release,correct,discard"'


def test_shows_the_beginning_of_what_no_cell_can_hold(make_case):
    case = make_case(1, fields={"note": "x" * 1_000_000})
    (_, line) = workbook.read(workbook.written([case]), name="list")

    assert line[1][-1].endswith("x… (1000000 characters)")


@pytest.mark.parametrize(("owner", "is_told"), [("maintenance", False), ("carrier", False), ("network owner", True)])
def test_tells_no_maker_of_machines_whose_card_it_was(make_case, owner, is_told):
    for form in (workbook, table):
        _, line = form.read(form.written([make_case(9, owner=owner, fields={"token_uid": "04A1B2"})]), name="list")
        assert line[1][-1] == ("04A1B2" if is_told else "(withheld)")


def test_an_empty_list_is_a_header(make_case):
    assert len(list(workbook.read(workbook.written([]), name="list"))) == 1


def test_what_a_meter_signed_is_told_to_nobody(make_case):
    fields = {"session_id": "7", "format": "SignedData", "value": "OCMF|04A1B2C3D4E5F6", "unit": None}

    assert cells(make_case(fields=fields))["value: value"] == "(evidence, 19 characters)"
    assert cells(make_case(fields=fields | {"format": "Raw", "value": "7.5"}))["value: value"] == "7.5"
