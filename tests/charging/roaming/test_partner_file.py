from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import pytest

from charging.errors import PartnerFileError
from charging.roaming import partner_keys
from charging.roaming.cdr import Protocol
from charging.roaming.partner import (
    CreditPolicy,
    FileFormat,
    IdCase,
    Ids,
    OurRole,
    ParkingSemantics,
    TokenEncoding,
    origin,
)
from charging.roaming.partner_file import read
from charging.roaming.terms import Tier
from charging.tariffs.rounding import RoundAt
from charging.tariffs.tariff import Taxes

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
        pytest.param({"name": "5"}, "", "name", "write a text", id="of another type"),
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
        pytest.param({"name": '"hub"'}, "", "name", "rename the file", id="another name than the file's"),
        pytest.param({"versoin": '"2.1.1"'}, "", "versoin", "did you mean version", id="a slip"),
        pytest.param({"version": '"2.2"'}, "", "version", "2.2.1", id="no such version"),
        pytest.param({"hub": '"Gireve"'}, "", "hub", "FR-007", id="no party of a hub"),
        pytest.param({"our_role": '"hub"'}, "", "our_role", "cpo, emsp", id="no such role"),
        pytest.param({"protocol": '"own"'}, "", "protocol", "ocpi, oicp", id="no protocol of partners"),
        pytest.param({"page_limit": "0"}, "", "page_limit", "from 1 on", id="a page of nothing"),
        pytest.param({"page_limit": "true"}, "", "page_limit", "whole number", id="no number of records"),
        pytest.param({"origins": '["roa.example"]'}, "", "origins", "https://", id="no origin"),
        pytest.param(
            {"versions_url": '"https://10.0.0.7/"'}, "", "versions_url", "allow_private", id="a private address"
        ),
        pytest.param({}, '[endpoints]\ncdrs = "http://roa.example/"', "endpoints.cdrs", "use https", id="a plain one"),
        pytest.param({"versions_url": None}, "", "versions_url", "add it", id="no address at all"),
        pytest.param({"token": None}, "", "token", "env:NAME", id="no token"),
        pytest.param(
            {"known_deviations": '["link_misssing"]'}, "", "known_deviations", "did you mean link_missing", id="no word"
        ),
        pytest.param({"credit_policy": '"maybe"'}, "", "credit_policy", "credit_cdr", id="no such credits"),
        pytest.param({"ids": "1"}, "", "ids", "[ids]", id="no table"),
        pytest.param({}, '[files]\nfolder = "in"', "files.format", "add it", id="files of nothing known"),
        pytest.param({}, '[files]\nfolder = "in"\nformat = "statement"', "files.mapping", "column", id="no mapping"),
        pytest.param(
            {}, '[files]\nfolder = "in"\nformat = "ochp"\npattern = "../*"', "files.pattern", "*.csv", id="outside"
        ),
        pytest.param({}, '[probed]\nat = "today"', "probed.at", "instant", id="no instant"),
        pytest.param({}, "[ids]\ntiers = []", "ids.tiers", "choose from", id="no tier at all"),
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


def test_reads_all_that_can_be_agreed(written):
    partner = read(
        written(
            'at = "period"\n[ids]\ncase = "upper"\n[endpoints]\ncdrs = "https://feed.roa.example/cdrs"\n',
            version='"2.1.1"',
            our_role='"emsp"',
            hub='"FR-007"',
            page_limit="20",
            max_answer_bytes="1000",
            requests_per_minute="60",
            credit_policy='"negative_cdr"',
            parking_semantics='"new"',
            known_deviations='["total_missing", "link_missing"]\n[rounding]',
        )
    )

    assert (partner.protocol, partner.version, partner.our_role) == (Protocol.OCPI, "2.1.1", OurRole.EMSP)
    assert (partner.hub, partner.page_limit, partner.max_answer_bytes) == ("FR-007", 20, 1000)
    assert partner.requests_per_minute == 60
    assert partner.credit_policy is CreditPolicy.NEGATIVE_CDR
    assert partner.parking_semantics is ParkingSemantics.NEW
    assert partner.known_deviations == ("link_missing", "total_missing")
    assert partner.ids.case is IdCase.UPPER
    assert partner.endpoints == {"cdrs": "https://feed.roa.example/cdrs"}
    assert partner.origins == ("https://roa.example:443", "https://feed.roa.example:443")


@pytest.mark.parametrize(
    ("version", "encoding"), [('"2.1.1"', TokenEncoding.RAW), ('"2.3.0"', TokenEncoding.BASE64), (None, "base64")]
)
def test_the_version_says_how_a_token_is_written_where_the_file_does_not(written, version, encoding):
    assert read(written(version=version)).token_encoding == encoding


@pytest.mark.parametrize(("version", "taxes"), [('"2.1.1"', Taxes.UNSTATED), ('"2.2.1"', Taxes.ADDED)])
def test_a_tariff_of_2_1_1_does_not_say_that_no_vat_applies(written, version, taxes):
    assert [tariff.taxes for tariff in read(written(version=version)).tariffs] == [taxes]


def test_a_partner_that_sends_files_needs_neither_address_nor_token(written, tmp_path):
    (tmp_path / "map.toml").touch()
    partner = read(
        written(
            '[files]\nfolder = "inbox"\npattern = "*.csv"\nformat = "statement"\nmapping = "map.toml"',
            versions_url=None,
            token=None,
            protocol='"statement"',
        )
    )

    assert (partner.versions_url, partner.token, partner.origins) == ("", "", ())
    assert partner.files is not None
    assert (partner.files.folder, partner.files.pattern) == (tmp_path / "inbox", "*.csv")
    assert (partner.files.format, partner.files.mapping) == (FileFormat.STATEMENT, tmp_path / "map.toml")


def test_a_fixed_address_does_without_versions(written):
    partner = read(written('[endpoints]\ncdrs = "https://roa.example/cdrs"', versions_url=None))

    assert (partner.versions_url, partner.origins) == ("", ("https://roa.example:443",))


def test_what_is_not_said_is_as_the_reference_of_keys_says(written):
    partner = read(written())
    defaults = {key.name: key.default for key in partner_keys.KEYS}

    assert partner.max_answer_bytes == defaults["max_answer_bytes"]
    assert partner.requests_per_minute == defaults["requests_per_minute"]
    assert partner.credit_policy == defaults["credit_policy"]
    assert partner.parking_semantics == defaults["parking_semantics"]
    assert partner.terms.lateness == timedelta(days=defaults["lateness_days"])
    assert partner.terms.tolerances.energy_kwh == Decimal(str(defaults["tolerances.energy_kwh"]))
    assert partner.terms.tolerances.money is defaults["tolerances.money"] is None


@pytest.mark.parametrize(
    ("case", "expected"), [(IdCase.AS_SENT, "CDR-aB1"), (IdCase.UPPER, "CDR-AB1"), (IdCase.LOWER, "cdr-ab1")]
)
def test_our_sessions_id_is_written_as_the_partner_gives_it_back(case, expected):
    assert Ids(case=case).written("CDR-{session_id}", "aB1") == expected
    assert Ids(case=case).written(None, "aB1") is None


def test_a_hub_that_knows_us_by_a_certificate_needs_no_token(written, tmp_path):
    url = "https://hub.example/providers/NL-EVN/get-charge-detail-records-request"
    keys = {"protocol": '"oicp"', "our_role": '"emsp"', "token": None, "versions_url": None}
    partner = read(
        written(f'[endpoints]\ncdrs = "{url}"\n', client_certificate='"hub.pem"', client_key='"hub.key"', **keys)
    )

    assert (partner.protocol, partner.endpoints["cdrs"], partner.token) == (Protocol.OICP, url, "")
    assert (partner.client_certificate, partner.client_key) == (tmp_path / "hub.pem", tmp_path / "hub.key")
    assert partner.origins == ("https://hub.example:443",)


def test_reads_how_long_cases_may_lie(written):
    partner = read(written("[ageing]\nreminder_days = [3]\nescalation_days = [20, 60]\n"))

    assert (partner.reminder_days, partner.escalation_days) == ((3,), (20, 60))
    assert (read(written()).reminder_days, read(written()).escalation_days) == ((7, 14, 21), (30, 90))


@pytest.mark.parametrize("days", ["[14, 7]", "[7, 7]", "[0, 7]", "[true]", '["7"]', "[1.5]"])
def test_refuses_days_that_do_not_grow(written, days):
    with pytest.raises(PartnerFileError, match=r"key ageing.reminder_days .* write whole numbers of days that grow"):
        read(written(f"[ageing]\nreminder_days = {days}\n"))
