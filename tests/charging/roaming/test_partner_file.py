from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import pytest

from charging.errors import PartnerFileError
from charging.roaming.partner import Ids, origin
from charging.roaming.partner_file import read
from charging.roaming.terms import Tier
from charging.tariffs.rounding import RoundAt

TARIFF = (
    '{"id": "T", "currency": "EUR", "elements": [{"price_components":'
    ' [{"type": "ENERGY", "price": 0.39, "step_size": 1}]}]}'
)
GOOD = {
    "name": '"roa"',
    "party": '"NL-ROA"',
    "owner": '"NL-EVN"',
    "versions_url": '"https://roa.example/ocpi/versions"',
    "token": '"env:ROA_TOKEN"',
    "tariff": '"roa.json"',
    "currency": '"EUR"',
    "time_zone": '"Europe/Amsterdam"',
}


@pytest.fixture
def written(tmp_path):
    def write(more="", **keys):
        (tmp_path / "roa.json").write_text(TARIFF)
        lines = [f"{key} = {value}" for key, value in {**GOOD, **keys}.items() if value is not None]
        path = tmp_path / "roa.toml"
        path.write_text("\n".join([*lines, more]))
        return path

    return write


def test_reads_a_partner(written):
    partner = read(
        written(
            '[tolerances]\nenergy_kwh = 0.1\nduration_seconds = 30\nmoney = "0.02"\n[rounding]\nat = "line"\n'
            '[ids]\ncdr = "CDR-{session_id}"\ntiers = ["evse_and_token", "cdr_id"]\n',
            lateness_days="7",
            vat_percent="21",
        )
    )

    assert (partner.name, partner.party, partner.origins) == ("roa", "NL-ROA", ("https://roa.example:443",))
    assert partner.terms.tolerances.energy_kwh == Decimal("0.1")
    assert partner.terms.tolerances.duration == timedelta(seconds=30)
    assert partner.terms.tolerances.money == Decimal("0.02")
    assert partner.terms.rounding.at is RoundAt.LINE
    assert partner.terms.lateness == timedelta(days=7)
    assert partner.terms.tiers == (Tier.CDR_ID, Tier.EVSE_AND_TOKEN)
    assert partner.ids == Ids(cdr="CDR-{session_id}")
    assert [tariff.tariff_id for tariff in partner.tariffs] == ["T"]


@pytest.mark.parametrize(
    ("keys", "more", "key", "mend"),
    [
        pytest.param({"party": None}, "", "party", "add it", id="a key is missing"),
        pytest.param({"nmae": '"x"'}, "", "nmae", "known are", id="a key is unknown"),
        pytest.param({}, "[rounding]\nwhere = 1", "rounding.where", "known are", id="in a table, too"),
        pytest.param({"name": "5"}, "", "name", "write a str", id="of another type"),
        pytest.param({"party": '"Roaming"'}, "", "party", "NL-ROA", id="no party"),
        pytest.param({"versions_url": '"roa.example"'}, "", "versions_url", "whole address", id="no address"),
        pytest.param({"versions_url": '"http://roa/"'}, "", "versions_url", "use https", id="plain http"),
        pytest.param({"token": '"s3cret"'}, "", "token", "env:NAME", id="the token itself"),
        pytest.param({"token_encoding": '"rot13"'}, "", "token_encoding", "base64, raw", id="no encoding"),
        pytest.param({"tariff": '"no.json"'}, "", "tariff", "put the agreed tariff", id="no tariff"),
        pytest.param({"currency": '"CHF"'}, "", "currency", "agree", id="another currency than the tariff's"),
        pytest.param({"time_zone": '"Amsterdam"'}, "", "time_zone", "IANA", id="no zone"),
        pytest.param({"vat_percent": '"much"'}, "", "vat_percent", "number", id="no number"),
        pytest.param({"lateness_days": "-1"}, "", "lateness_days", "number", id="a negative number"),
        pytest.param({}, '[rounding]\nat = "night"', "rounding.at", "total, period, line", id="no such rounding"),
        pytest.param({}, '[ids]\ncdr = "CDR-"', "ids.cdr", "{session_id}", id="no place for the id"),
        pytest.param({}, '[ids]\ntiers = ["luck"]', "ids.tiers", "cdr_id", id="no such tier"),
        pytest.param({}, '[ids]\nformer_operators = ["EVX"]', "ids.former_operators", "NL*EVX", id="no operator"),
    ],
)
def test_a_refusal_names_file_key_and_mend(written, keys, more, key, mend):
    with pytest.raises(PartnerFileError) as refused:
        read(written(more, **keys))
    assert "roa.toml" in refused.value.file
    assert f"key {key} " in refused.value.problem
    assert mend in refused.value.mend
    assert "s3cret" not in str(refused.value)


def test_what_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "roa.toml"
    path.write_text("name = ")
    with pytest.raises(PartnerFileError, match="TOML"):
        read(path)


def test_the_token_is_read_from_where_the_file_says(written, tmp_path):
    (tmp_path / "token").write_text("from-a-file\n")

    by_name = read(written()).read_token({"ROA_TOKEN": "from-the-environment"})
    by_path = read(written(token=f'"file:{tmp_path}/token"')).read_token({})

    assert (by_name.reveal(), by_path.reveal()) == ("from-the-environment", "from-a-file")


@pytest.mark.parametrize("environment", [{}, {"ROA_TOKEN": " "}], ids=["not set", "empty"])
def test_a_token_that_is_not_there_is_a_refusal(written, environment):
    with pytest.raises(PartnerFileError, match="ROA_TOKEN"):
        read(written()).read_token(environment)


def test_a_partner_holds_no_token(written):
    partner = read(written())
    assert partner.token == "env:ROA_TOKEN"
    assert "token" in {field.name for field in fields(partner)}


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://A.example/x", "https://a.example:443"), ("http://127.0.0.1:81/y?z", "http://127.0.0.1:81")],
)
def test_an_origin_is_scheme_host_and_port(url, expected):
    assert origin(url) == expected
