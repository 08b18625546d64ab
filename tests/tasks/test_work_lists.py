"""A list goes out, comes back answered, is taken whole or not at all, and taking it twice changes nothing."""

import csv
import io

import openpyxl
import pytest

from charging.database.queries.quarantine import Wanted
from charging.errors import SeveralPartners, UnknownThing
from reports.collected.work_list import work_lists as collected
from reports.render import render
from tasks import cleansing, quarantine, work_lists

WAITING = Wanted(decision="waiting")


@pytest.fixture
def sent(engine, settings, landed, rows, make_session):
    """A list of two sessions that delivered nothing and one that cannot be read, as a workbook."""
    sessions = [make_session(str(hour), hour=hour, meter_stop_wh=f"{hour * 1000}") for hour in (8, 10)]
    sessions.append(make_session("12", hour=12, meter_stop_wh="=12+1"))
    extract_id = landed(rows(session=[make_session("1", hour=1), *sessions]))
    cleansing.cleanse_extract(engine, settings, extract_id)
    return work_lists.written(engine, WAITING, form="xlsx")[0]


@pytest.fixture
def take(engine, settings):
    def taken(content, *, form="xlsx", dry_run=False, only_good=False):
        return work_lists.taken_in(
            engine, settings, content, name="list", form=form, dry_run=dry_run, only_good=only_good
        )

    return taken


def answered(content, **by_session):
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["Cases"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        for name, value in by_session.get(f"s{sheet.cell(row, columns['Row']).value}", {}).items():
            sheet.cell(row, columns[name.replace("_", " ")]).value = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


SIGNED = {"Answered_by": "the fitter", "Why": "seen on site"}


def standing(engine):
    cases = quarantine.listed(engine, Wanted())["cases"]
    return {case["row_key"]: (case["decision"], case["rule"]) for case in cases if case["kind"] == "row"}


def test_an_answered_list_is_done(sent, take, engine):
    content = answered(
        sent,
        s8={"Decision": "release", **SIGNED},
        s10={"Decision": "discard", **SIGNED},
        s12={"Decision": "correct", "Corrected_values": "meter_stop_wh=12900", **SIGNED},
    )

    shown = take(content, dry_run=True)
    assert set(standing(engine).values()) == {("waiting", "tx.zero"), ("waiting", "mv.garbage")}
    done = take(content)

    assert shown["cases"] == done["cases"]
    assert {case["row_key"]: case["became"] for case in done["cases"]} == {
        "8": "rejoined",
        "10": "stays out",
        "12": "rejoined",
    }
    assert standing(engine) == {
        "8": ("released", "tx.zero"),
        "10": ("discarded", "tx.zero"),
        "12": ("corrected", "mv.garbage"),
    }


def test_the_same_list_twice_changes_nothing(sent, take, engine):
    content = answered(
        sent,
        s8={"Decision": "release", **SIGNED},
        s12={"Decision": "correct", "Corrected_values": "meter_stop_wh=-5", **SIGNED},
    )
    take(content)
    before = standing(engine)
    assert before["12"] == ("waiting", "tx.neg")

    again = take(content)

    assert (again["as_before"], again["answered"], again["problems"]) == (2, 0, [])
    assert standing(engine) == before
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM quarantine.decision").scalar() == 2


def test_one_bad_line_keeps_all_of_it_out_unless_the_good_ones_are_asked_for(sent, take, engine):
    content = answered(sent, s8={"Decision": "release", **SIGNED}, s10={"Decision": "maybe", **SIGNED})

    refused = take(content)
    assert (refused["is_refused"], refused["cases"]) == (True, [])
    assert standing(engine)["8"] == ("waiting", "tx.zero")

    taken = take(content, only_good=True)
    assert [case["row_key"] for case in taken["cases"]] == ["8"]
    assert [problem["column"] for problem in taken["problems"]] == ["Decision"]
    assert standing(engine)["8"] == ("released", "tx.zero")


def test_a_list_that_was_overtaken_is_refused(sent, take, engine):
    take(answered(sent, s8={"Decision": "release", **SIGNED}))

    late = take(answered(sent, s8={"Decision": "discard", **SIGNED}))

    assert [(problem["column"], problem["problem"]) for problem in late["problems"]] == [
        ("Version", "the case has changed since this list was written")
    ]


def test_a_csv_file_goes_the_same_way(sent, take, engine):
    content, cases = work_lists.written(engine, WAITING, form="csv")
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert cases == len(lines) == 3
    assert {line["value: meter_stop_wh"] for line in lines} == {"8000", "10000", "'=12+1"}
    for line in lines:
        line |= {"Decision": "discard", "Answered by": "the fitter", "Why": "seen on site"}
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, fieldnames=list(lines[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(lines)

    done = take(target.getvalue().encode("cp1252"), form="csv")

    assert (done["answered"], done["problems"]) == (3, [])
    assert {decision for decision, _ in standing(engine).values()} == {"discarded"}


def test_what_a_list_holds_is_always_the_same_bytes(sent, engine):
    assert work_lists.written(engine, WAITING, form="xlsx")[0] == sent


OTHERS = {"NL-TNM": ("04C1C2C3C4C5C6", "NL-TNM-C00122045-A"), "DE-ABC": ("04D1D2D3D4D5D6", "DE-ABC-C00000042-X")}


@pytest.fixture
def of_partners(engine, settings, landed, rows):
    """Tokens of two partners and of ourselves, each with a check digit that is wrong, and a note on somebody else's."""
    tokens = [
        {"token_uid": uid, "contract_id": contract, "is_blocked": "0", "parent_uid": other, "note": f"see {noted}"}
        for (uid, contract), (other, noted) in zip(OTHERS.values(), reversed(OTHERS.values()), strict=True)
    ]
    tokens += [
        {"token_uid": "04E1E2E3E4E5E6", "contract_id": "NL-EVN-C00122045-A", "is_blocked": "0"},
        {"token_uid": "04F1F2F3F4F5F6", "contract_id": "NL-TNM-C00122046-A", "is_blocked": "0", "issuer": "DE-ABC"},
    ]
    cleansing.cleanse_extract(engine, settings, landed(rows(token=tokens)))


def cells_of(content):
    return [str(cell) for row in openpyxl.load_workbook(io.BytesIO(content))["Cases"].values for cell in row if cell]


@pytest.mark.parametrize("partner", OTHERS)
def test_a_partner_is_told_no_other_partys_ids(of_partners, engine, partner):
    mine = OTHERS[partner]
    others = {text for party, ids in OTHERS.items() if party != partner for text in ids}
    others |= {"04E1E2E3E4E5E6", "04F1F2F3F4F5F6", "NL-EVN-C00122045-A", "NL-TNM-C00122046-A"}
    wanted = Wanted(decision="waiting", owner="roaming partner", partner=partner)

    for form in ("xlsx", "csv"):
        content, cases = work_lists.written(engine, wanted, form=form)
        told = " ".join(cells_of(content)) if form == "xlsx" else content.decode("utf-8-sig")
        assert cases == 1
        assert all(text in told for text in (*mine, f"roaming partner {partner}"))
        assert not any(text in told for text in others)


@pytest.mark.parametrize(
    "wanted",
    [Wanted(decision="waiting", owner="roaming partner"), Wanted(rule="con.check_digit")],
    ids=["owner", "rule"],
)
def test_no_list_is_written_for_several_partners(of_partners, engine, wanted):
    with pytest.raises(SeveralPartners, match="what waits for DE-ABC, NL-TNM beside what is another party's"):
        work_lists.written(engine, wanted, form="xlsx")


def test_says_for_which_partners_something_waits(of_partners, engine):
    with pytest.raises(UnknownThing, match="partner 'NL-XYZ': something waits for: DE-ABC, NL-TNM"):
        work_lists.written(engine, Wanted(decision="waiting", partner="NL-XYZ"), form="csv")


def test_what_nobody_is_known_to_have_issued_is_ours_to_place(of_partners, engine):
    cases = quarantine.listed(engine, Wanted(rule="con.check_digit"))["cases"]

    turns = {case["row_key"]: (case["owner"], case["partner"]) for case in cases}
    assert turns["04F1F2F3F4F5F6"] == ("data team", None)
    assert turns["04E1E2E3E4E5E6"] == ("network owner", None)
    (unplaced,) = (case for case in cases if case["owner"] == "data team")
    assert unplaced["reason"].endswith("(a roaming partner must answer, and the row does not say which)")


def test_a_partners_list_comes_back_answered(of_partners, take, engine):
    content, _ = work_lists.written(engine, Wanted(decision="waiting", partner="NL-TNM"), form="xlsx")

    (case,) = take(answered(content, **{f"s{OTHERS['NL-TNM'][0]}": {"Decision": "release", **SIGNED}}))["cases"]

    assert case["became"] == "answered"


def test_each_partner_has_a_page_of_its_own(of_partners, engine, settings):
    with engine.connect() as connection:
        pages = {report.stem: render(report) for report, _ in collected(connection, settings)}

    for party, ids in OTHERS.items():
        page = pages[f"work-list-roaming-partner-{party}"]
        assert ids[0] in page
        assert not any(text in page for other, texts in OTHERS.items() if other != party for text in texts)
