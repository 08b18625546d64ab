import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.labels import label, sheets

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [each.text for each in ET.fromstring(svg).iter(f"{SVG}text") if each.text]


def test_a_label_is_of_the_size_that_is_sold_and_names_the_id():
    svg = label("NL*EVN*ECS0042*1", "https://example.org/NL*EVN*ECS0042*1")

    root = ET.fromstring(svg)
    assert (root.get("width"), root.get("height")) == ("63.5mm", "38.1mm")
    assert "".join(texts(svg)) == "NL*EVN*ECS0042*1"


def test_a_label_loads_nothing():
    assert re.findall(r"https?://[^\"]*", label("NL*EVN*E1", "https://example.org/x")) == ["http://www.w3.org/2000/svg"]


def test_the_same_id_gives_the_same_bytes_and_another_one_another_code():
    one, same, other = (label("NL*EVN*E1", content) for content in ("a", "a", "b"))

    assert one == same != other


@pytest.mark.parametrize(
    "evse_id",
    [
        pytest.param("NL*EVN*E" + "1*" * 14 + "1", id="many parts"),
        pytest.param("NL*EVN*E" + "1" * 29, id="one long part"),
    ],
)
def test_the_longest_id_that_may_be_published_stands_on_it_in_full(evse_id):
    assert "".join(texts(label(evse_id, evse_id))) == evse_id


@pytest.mark.parametrize(
    ("labels", "pages"), [(0, []), (1, [1]), (21, [21]), (22, [21, 1])], ids=["none", "one", "a page", "one more"]
)
def test_sheets_hold_twenty_one_labels(labels, pages):
    made = list(sheets([(f"NL*EVN*E{number}", "x") for number in range(labels)]))

    assert [len(ET.fromstring(page).findall(f"{SVG}g")) for page in made] == pages
    assert all('width="210mm" height="297mm"' in page for page in made)


@given(st.text(max_size=200).filter(lambda text: re.search(r"[\x00-\x1f\ud800-\udfff\ufffe\uffff]", text) is None))
def test_whatever_stands_on_it_stays_text(text):
    svg = label(text, text + "x")

    assert {each.tag for each in ET.fromstring(svg).iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "g", "rect", "path", "text")
    }
