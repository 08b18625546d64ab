"""Flavour files: what a good one says, and the sentence that each bad one gets."""

import pytest

from charging.errors import SettingsError
from charging.ocpp.flavours.flavour import PLAIN, SUPPLIERS, Strictness, flavour_of
from charging.ocpp.flavours.reading import parse_flavours

GOOD = """
[[flavour]]
name = "acme-dc"
like = "D"
vendor = "ACME"
models = ["DC-*", "Rapid 50"]
firmwares = ["3.*"]
tells_after_stop = true
connectors = 2
strictness = {"*" = "lenient", MeterValues = "off", StartTransaction = "strict"}

[[flavour.rule]]
name = "acme-vague-error"
action = "StatusNotification"
where = {errorCode = "OtherError", vendorErrorCode = "0x00"}
set = {errorCode = "NoError"}

[[flavour]]
name = "acme"
vendor = "acme"
"""


def test_a_file_says_what_a_type_is_like_and_what_goes_before_that():
    dc, other = parse_flavours("flavours.toml", GOOD)

    assert (dc.boots_after_link_loss, dc.tells_after_stop, dc.tells_after_start) == (True, True, False)
    assert (dc.tells_after_link_loss, dc.tells_after_firmware, dc.stays_faulted) == (False, False, True)
    assert dc.strictness_of("Heartbeat") is Strictness.LENIENT
    assert dc.rules[0].set == {"errorCode": "NoError"}
    assert other.tells_after_start


@pytest.mark.parametrize(
    ("station", "name"),
    [
        pytest.param(("ACME", "DC-60", "3.1"), "acme-dc", id="all fits"),
        pytest.param(("acme", "rapid 50", "3.1"), "acme-dc", id="letter case does not count"),
        pytest.param(("ACME", "DC-60", "2.9"), "acme", id="older firmware"),
        pytest.param(("ACME", "AC-11", "3.1"), "acme", id="another model"),
        pytest.param(("Other", "DC-60", "3.1"), "plain", id="another maker"),
    ],
)
def test_the_first_flavour_that_fits_is_the_stations(station, name):
    assert flavour_of(parse_flavours("flavours.toml", GOOD), *station).name == name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("[[flavour", "is no TOML", id="no TOML"),
        pytest.param("", "missing required field `flavour`", id="empty"),
        pytest.param('[[flavour]]\nname = ""', r"\$.flavour\[0\].name", id="no name"),
        pytest.param('[[flavour]]\nname = "a"\nlik = "D"', "unknown field `lik`", id="misspelt"),
        pytest.param('[[flavour]]\nname = "a"\nlike = "H"', "is like 'H', which is nobody", id="no such row"),
        pytest.param('[[flavour]]\nname = "a"\n[[flavour]]\nname = "a"', "has a twice", id="twice"),
        pytest.param('[[flavour]]\nname = "a"\nstrictness = {x = "off"}', "is strict about 'x'", id="no action"),
        pytest.param(
            '[[flavour]]\nname = "a"\nstrictness = {X = "odd"}', "Invalid enum value 'odd'", id="no strictness"
        ),
        pytest.param(
            '[[flavour]]\nname = "a"\n[[flavour.rule]]\nname = "r"\naction = "Heartbeat"',
            "does nothing",
            id="idle rule",
        ),
        pytest.param(
            '[[flavour]]\nname = "a"\n[[flavour.rule]]\nname = "r"\naction = "heart beat"\nask = "X"',
            "a rule for 'heart beat'",
            id="no action of a rule",
        ),
        pytest.param(
            '[[flavour]]\nname = "a"\n[[flavour.rule]]\nname = "r"\naction = "Heartbeat"\nset = {transactionId = 1}',
            "writes transactionId, which nobody may rewrite",
            id="money is not rewritten",
        ),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(text, problem):
    with pytest.raises(SettingsError, match=problem):
        parse_flavours("flavours.toml", text)


@pytest.mark.parametrize("key", ["meterStart", "meterStop", "idTag", "meterValue", "idToken.idToken", "timestamp"])
def test_no_rule_may_write_energy_money_or_who_it_was(key):
    text = f'[[flavour]]\nname = "a"\n[[flavour.rule]]\nname = "r"\naction = "Heartbeat"\nset = {{"{key}" = 1}}'

    with pytest.raises(SettingsError, match="nobody may rewrite"):
        parse_flavours("flavours.toml", text)


def test_the_table_is_the_papers():
    cells = {
        letter: "".join(
            str(int(cell))
            for cell in (
                one.boots_after_link_loss,
                one.tells_after_stop,
                one.tells_after_start,
                one.tells_after_link_loss,
                one.tells_after_firmware,
                one.stays_faulted,
            )
        )
        for letter, one in SUPPLIERS.items()
    }

    assert cells == {
        "A": "111111",
        "B": "111011",
        "C": "011010",
        "D": "100001",
        "E": "100011",
        "F": "111101",
        "G": "111111",
    }
    assert SUPPLIERS["C"].name == "C"
    assert PLAIN.fits("anyone", "anything", "")
