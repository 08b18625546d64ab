"""`rehome identify`: one answer for each identifier, whatever it is, without a home or a database."""

import io
import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from charging.identifiers import told
from console import identifying
from console.cli import app


def identified(*arguments, given=b""):
    result = CliRunner().invoke(app, ["identify", *arguments], input=given)
    return result.exit_code, result.stdout


def documents(*arguments, given=b""):
    status, printed = identified("--json", *arguments, given=given)
    return status, [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize(
    ("ids", "status"),
    [
        pytest.param(["NL*EVN*E12*1", "NL-TNM-C00122045-K", "04A1B2C3D4E5F6"], 0, id="all are ids"),
        pytest.param(["12345678"], 0, id="one that may be decimal is an id all the same"),
        pytest.param(["NL*EVN*E12*1", "no id at all!"], 1, id="one is none"),
    ],
)
def test_says_by_its_exit_status_whether_all_are_ids(ids, status):
    assert identified(*ids)[0] == status


def test_prints_one_document_a_line_with_the_same_keys():
    _, found = documents("NL*EVN*E12*1", "DE8AA001234567", "no id at all!")

    assert [one["kind"] for one in found] == ["evse", told.AMBIGUOUS, None]
    assert len({tuple(one) for one in found}) == 1
    assert [reading["kind"] for reading in found[1]["readings"]] == ["contract", "token"]
    assert found[2]["reason"]


def test_gives_both_check_digits():
    _, (found,) = documents("DE-8AA-CA2B3C4D5-N")

    assert (found["check_digit_given"], found["check_digit_computed"]) == ("N", "L")


@pytest.mark.parametrize("arguments", [(), ("-",)], ids=["nothing named", "a hyphen"])
def test_reads_standard_input_a_line_each(arguments):
    status, found = documents(*arguments, given=b"\xef\xbb\xbfNL*EVN*E12\r\n\nNL*EVN*E13")

    assert status == 1
    assert [(one["canonical"], one["reason"]) for one in found] == [
        ("NL*EVN*E12", None),
        (None, "it is empty"),
        ("NL*EVN*E13", None),
    ]


def test_refuses_bytes_that_are_no_text():
    _, (found,) = documents(given=b"NL*EVN*E1\xff\n")

    assert "U+FFFD" in found["reason"]


def test_reads_a_kind_that_is_named_as_nothing_else():
    _, (found,) = documents("--kind", "token", "DE8AA001234567")

    assert (found["kind"], found["readings"]) == ("token", [])


def test_explains_to_people():
    _, printed = identified("NL-TNM-012204-5", "DE-8AA-CA2B3C4D5-N")

    assert "5, which is right" in printed
    assert "N, and L would be right" in printed
    assert "NL-TNM-C00122045-K" in printed


def test_shows_no_control_characters_and_no_endless_line():
    _, printed = identified("\x1b[31mNL", "Z" * 100_000)

    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) < 500


def test_leaves_out_the_rest_of_a_line_that_is_too_long():
    stream = io.BytesIO(b"A" * (2 * identifying.LONGEST_LINE + 7) + b"\nNL*EVN*E1\n")

    first, second = identifying.texts(stream)

    assert (len(first), second) == (identifying.LONGEST_LINE, "NL*EVN*E1")


def test_needs_no_home_and_loads_no_database_and_no_prefect(tmp_path):
    program = (
        "import sys; sys.argv = ['rehome', 'identify', 'NL*EVN*E1', '--json']\n"
        "from console.cli import run\n"
        "heavy = {'sqlalchemy', 'prefect', 'pandas', 'charging.cleansing'}\n"
        "try: run()\n"
        "finally: print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    home = tmp_path / "home"

    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"REHOME_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert json.loads(ran.stdout)["kind"] == "evse"
    assert ran.stderr.strip() == "[]"
    assert not home.exists()
