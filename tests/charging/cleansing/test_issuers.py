"""A row is of the partner that issued it, and of nobody's where it does not say, or says two things."""

import pytest

from charging.cleansing.issuers import partner_of, party


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("NL-TNM", "NL-TNM", id="as we write it"),
        pytest.param(" nl*tnm ", "NL-TNM", id="stars"),
        pytest.param("NLTNM", "NL-TNM", id="compact"),
        pytest.param("The New Motion", None, id="a name"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_reads_a_party_however_it_is_separated(text, found):
    assert party(text) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({"contract_id": "NL-TNM-C00122045-K"}, "NL-TNM", id="the contract says it"),
        pytest.param({"issuer": "NL*TNM", "contract_id": None}, "NL-TNM", id="the issuer says it"),
        pytest.param({"issuer": "a name", "contract_id": "nltnm0122045"}, "NL-TNM", id="a name says nothing"),
        pytest.param({"issuer": "DE-ABC", "contract_id": "NL-TNM-C00122045-K"}, None, id="two parties"),
        pytest.param({"token_uid": "04A1B2C3D4E5F6"}, None, id="nothing says it"),
    ],
)
def test_is_of_the_party_that_issued_it(fields, found):
    assert partner_of(fields) == found
