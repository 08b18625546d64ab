import re
from importlib import resources

import pytest

from charging.migration.lifecycle import Stage
from charging.reconciliation.follow_up.lifecycle import State, Turn
from charging.reconciliation.verdict import SETTLED, Verdict
from charging.roaming.cdr import Cohort
from reports.status import WORDS

STYLE = resources.files("reports").joinpath("templates/style.css").read_text(encoding="utf-8")
PALETTES = {
    "light": STYLE.partition("}")[0],
    "dark": STYLE.partition("prefers-color-scheme: dark")[2].partition("}")[0],
    "print": STYLE.partition("@media print")[2].partition("}")[0],
}
SPOKEN = ["ink", "soft", "link", "good", "moving", "unsure", "bad", "idle"]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param("stage", list(Stage), id="stages"),
        pytest.param("cdr", list(Verdict), id="verdicts on CDRs"),
        pytest.param("cohort", list(Cohort), id="cohorts"),
        pytest.param("case", list(State), id="states of cases"),
        pytest.param("turn", list(Turn), id="turns"),
    ],
)
def test_has_a_word_for_everything_that_the_rules_can_say(kind, words):
    assert {word.value for word in words} <= set(WORDS[kind])


def test_calls_good_only_what_nobody_needs_to_look_at():
    assert {word for word, said in WORDS["cdr"].items() if said.tone == "good"} == {each.value for each in SETTLED}


@pytest.mark.parametrize("kind", WORDS)
def test_never_leaves_a_tone_to_colour_alone(kind):
    shapes = {said.tone: said.shape for said in WORDS[kind].values()}

    assert len(set(shapes.values())) == len(shapes)
    assert all(said.word for said in WORDS[kind].values())
    assert len({said.word for said in WORDS[kind].values()}) == len(WORDS[kind])


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("name", SPOKEN)
def test_can_be_read_on_its_ground(palette, name):
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", PALETTES[palette]))

    assert contrast(colours[name], colours["paper"]) >= 4.5
    if name in {"ink", "soft", "link"}:
        assert contrast(colours[name], colours["wash"]) >= 4.5
