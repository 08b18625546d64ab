from datetime import UTC, datetime

import pytest

from charging.errors import PartnerFileError
from charging.roaming.partner_file import read
from charging.roaming.partner_write import changed, diff, write

TARIFF = (
    '{"id": "T", "currency": "EUR", "elements": [{"price_components":'
    ' [{"type": "ENERGY", "price": 0.39, "step_size": 1}]}]}'
)
TEXT = """\
# agreed in March
name = "roa"   # as the file
party = "NL-ROA"
owner = "NL-EVN"
versions_url = "https://roa.example/ocpi/versions"
token = "env:ROA_TOKEN"
tariff = "roa.json"
currency = "EUR"
time_zone = "Europe/Amsterdam"

# to the cent
[rounding]
at = "line"  # and not the total
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "roa.json").write_text(TARIFF)
    path = tmp_path / "roa.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def test_every_comment_stays_and_every_value_is_in_its_table(file):
    at = datetime(2026, 11, 21, 3, tzinfo=UTC)
    write(file, {"page_limit": 20, "known_deviations": ["link_missing"], "probed.at": at, "rounding.at": "total"})

    text = file.read_text()
    partner = read(file)
    assert all(comment in text for comment in ("# agreed in March", "# as the file", "# to the cent", "# and not"))
    assert (partner.page_limit, partner.known_deviations) == (20, ("link_missing",))
    assert partner.terms.rounding.at == "total"
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_is_so_already_changes_nothing(file):
    assert write(file, {"currency": "EUR", "rounding.at": "line"}) is False
    assert file.read_text() == TEXT


def test_none_takes_a_key_away(file):
    write(file, {"rounding.at": None})
    assert "at =" not in file.read_text()


@pytest.mark.parametrize("values", [{"page_limit": 0}, {"pages": 5}, {"tariff": "gone.json"}])
def test_a_file_that_could_not_be_read_again_is_never_written(file, values):
    with pytest.raises(PartnerFileError, match="nothing was written"):
        write(file, values)

    assert file.read_text() == TEXT
    assert sorted(path.name for path in file.parent.iterdir()) == ["roa.json", "roa.toml"]


def test_the_difference_is_shown_as_people_know_it():
    told = list(diff(TEXT, changed(TEXT, {"page_limit": 20}), name="roa.toml"))

    assert "+page_limit = 20" in told
    assert not any(line.startswith("-") and not line.startswith("---") for line in told)
