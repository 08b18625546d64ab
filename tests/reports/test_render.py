import base64
import csv
import gzip
import io
import os
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports.render import file_name, publish, render

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</svg><iframe src=https://evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '" autofocus onfocus=alert(1) x="',
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "`onmouseover=alert(1)",
    "<body onload=alert(1)>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<object data=https://evil.example>",
    "<embed src=https://evil.example>",
    "<form action=https://evil.example><button>go</button></form>",
    "<video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>x",
    "<table><tr><td>x</table>",
    "</td></tr></table><h1>owned</h1>",
    "</main></body></html><h1>after</h1>",
    "<!-- not closed",
    "--><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><x>",
    "<!doctype html><h1>x</h1>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&quot; onclick=&quot;alert(1)",
    "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}",
    "{{ report.__class__.__mro__ }}",
    "${7*7}",
    "#{7*7}",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",  # noqa: RUF001 - spreadsheets take the wide sign for a formula too
    '=HYPERLINK("https://evil.example","x")',
    "\x00<script>\x00",
    "\ufeff<script>alert(1)</script>",
    "\u202e<script>lanoitcerid</script>",
    "\ud800 lone surrogate",
    'url(#clip0) id="clip0"',
    "\\3c script\\3e",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "̀" * 200,
    "x" * 2000,
    "' OR 1=1; DROP TABLE station; --",
    "../../etc/passwd",
]
CLOSED_SETS = {
    "verdict",
    "choice",
    "severity",
    "stage",
    "cohort",
    "consequence",
    "side",
    "time_zone",
    "gate_decision",
    "state",
    "sticker",
    "way",
    "currency",
    "turn",
    "coverage",
}
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def skeleton(self):
        return [(tag, tuple(sorted(attributes))) for tag, attributes in self.tags]


def filled_with(value, text):
    """Return the same value with another text in every free text field."""
    if isinstance(value, tuple):
        return tuple(filled_with(each, text) for each in value)
    if not is_dataclass(value):
        return text if isinstance(value, str) and value else value
    free = {field.name for field in fields(value) if field.init} - CLOSED_SETS
    return replace(value, **{name: filled_with(getattr(value, name), text) for name in free})


@cache
def calm_skeleton(make_report):
    return Reader(render(filled_with(make_report(3), "calm"))).skeleton


def csv_files(html):
    links = [each["href"] for each in Reader(html).all("a") if "download" in each]
    payloads = [base64.b64decode(link.partition("base64,")[2]) for link in links]
    plain = [gzip.decompress(each) if each.startswith(b"\x1f\x8b") else each for each in payloads]
    return [list(csv.reader(io.StringIO(each.decode("utf-8-sig"), newline=""))) for each in plain]


def test_needs_nothing_but_itself(make_report):
    page = Reader(render(make_report()))

    loaded = [
        each[name]
        for _, each in page.tags
        for name in ("src", "href", "xlink:href", "srcset", "poster")
        if name in each
    ]
    assert all(link.startswith(("#", "data:text/csv;", "data:application/gzip;")) for link in loaded)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base", "img"} & {tag for tag, _ in page.tags}
    assert not [name for _, each in page.tags for name in each if name.startswith("on")]


def test_style_sheet_loads_nothing(make_report):
    style = re.search(r"<style>(.*?)</style>", render(make_report()), re.DOTALL)[1]

    assert not re.search(r"url\(|@import|https?:", style)


def test_forbids_the_browser_to_load_or_run_anything(make_report):
    page = Reader(render(make_report()))

    policies = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [CONTENT_POLICY]
    assert page.tags.index(("meta", {"http-equiv": "Content-Security-Policy", "content": CONTENT_POLICY})) < next(
        place for place, (tag, _) in enumerate(page.tags) if tag == "style"
    )


def test_can_be_read_by_a_machine_that_reads_aloud(make_report):
    page = Reader(render(make_report()))

    assert page.all("html") == [{"lang": "en"}]
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert {each.get("scope") for each in page.all("th")} <= {"col", "row"}
    assert len(page.all("caption")) == len(page.all("table")) > 0
    assert all(each.get("role") == "img" and each.get("aria-label") for each in page.all("svg"))
    ids = [each["id"] for _, each in page.tags if "id" in each]
    assert len(ids) == len(set(ids))


def test_every_link_within_the_page_leads_somewhere(make_report):
    page = Reader(render(make_report()))

    ids = {each["id"] for _, each in page.tags if "id" in each}
    assert {each["href"][1:] for each in page.all("a") if each["href"].startswith("#")} <= ids


def test_every_time_says_its_zone_and_holds_its_instant(make_report):
    html = render(make_report())

    shown = re.findall(r'<time datetime="([^"]+)" title="([^"]+)">([^<]+)</time>', html)
    assert shown
    assert all(iso == title and iso.endswith("Z") for iso, title, _ in shown)
    assert all(re.fullmatch(r"\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d CES?T", text) for _, _, text in shown)


@pytest.mark.parametrize("first", range(0, len(HOSTILE), 8))
def test_hostile_text_stays_text(make_report, first):
    attacked = render(filled_with(make_report(3), " ".join(HOSTILE[first : first + 8])))

    assert Reader(attacked).skeleton == calm_skeleton(make_report)
    attacked.encode("utf-8")


def test_cells_of_the_enclosed_lists_are_no_formulas(make_report):
    formulas = [text for text in HOSTILE if text.lstrip().startswith(("=", "+", "-", "@", "＝"))]  # noqa: RUF001
    assert len(formulas) >= 8

    for text in formulas:
        tables = csv_files(render(filled_with(make_report(3), text)))
        cells = {cell for table in tables for row in table for cell in row}
        assert not [cell for cell in cells if cell.startswith(tuple("=+@\t\r\n＝"))]  # noqa: RUF001
        assert f"'{text}" in cells


def test_enclosed_lists_keep_negative_numbers_as_numbers(factories):
    report = factories["reconciliation"](1)
    refunded = replace(report.discrepancies[0], money_at_risk=-report.discrepancies[0].money_at_risk)

    lists = csv_files(render(replace(report, discrepancies=(refunded,))))

    assert "-2.4" in lists[-1][1]


@pytest.mark.parametrize("name", ["gate_pack", "progress", "reconciliation", "money", "quality", "impact"])
def test_stays_small_with_three_thousand_rows_and_encloses_every_one(factories, name):
    html = render(factories[name](3000))

    assert len(html.encode()) <= 1_000_000
    assert 3000 in {len(table) - 1 for table in csv_files(html)}
    assert "of 3\u202f000 are shown." in html


def test_gives_the_same_bytes_in_every_process(make_report, tmp_path):
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('samples', {str(Path(__file__).with_name('conftest.py'))!r})\n"
        "samples = importlib.util.module_from_spec(spec); spec.loader.exec_module(samples)\n"
        "from reports.render import render\n"
        "name = sys.argv[1]\n"
        "for other in sys.argv[2:]: render(samples.FACTORIES[other]())\n"
        "sys.stdout.buffer.write(render(samples.FACTORIES[name]()).encode())\n"
    )
    name = make_report.__name__.removeprefix("_")
    html = render(make_report()).encode()

    for seed, drawn_before, zone in (("1", ["progress"], "Asia/Tokyo"), ("2", [], "America/Lima")):
        printed = subprocess.run(
            [sys.executable, "-c", code, name, *drawn_before],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        assert printed == html


def test_publishes_under_a_stable_name_and_leaves_nothing_else(make_report, tmp_path):
    first = publish(make_report(), tmp_path / "new" / "folder")
    second = publish(make_report(), tmp_path / "new" / "folder")

    assert first == second
    assert [each.name for each in first.parent.iterdir()] == [first.name]
    assert first.read_bytes() == render(make_report()).encode()


def test_keeps_the_last_page_when_a_new_one_cannot_be_made(gate_pack, tmp_path):
    path = publish(gate_pack(), tmp_path)
    broken = replace(gate_pack(), verdict="perhaps")

    with pytest.raises(KeyError, match="perhaps"):
        publish(broken, tmp_path)

    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == render(gate_pack()).encode()


def test_a_name_never_leaves_its_folder_nor_meets_another(gate_pack):
    names = [file_name(replace(gate_pack(), plan_id=plan_id)) for plan_id in ("a/b", "a.b", "a-b", "../b", "ä" * 400)]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,140}\.html", name) for name in names)
