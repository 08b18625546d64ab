"""Whether somebody was our driver when a session began: by token, by contract, and by their days."""

from datetime import UTC, datetime

import pytest

from charging.network import Contract, Token
from charging.roaming.holders import Standing, holders

AT = datetime(2026, 3, 1, tzinfo=UTC)
UID, CONTRACT = "04A1B2C3D4E5F6", "NL-EVN-C00122045-4"


def token(**changes):
    plain = {"parent_uid": None, "contract_id": None, "issuer": None, "is_blocked": False, "expires_at": None}
    return Token(token_uid=UID, **plain | changes)


def contract(**changes):
    plain = {"customer_id": None, "issuer": None, "tariff_id": None, "valid_from": None, "valid_until": None}
    return Contract(contract_id=CONTRACT, **plain | {"is_blocked": False} | changes)


@pytest.mark.parametrize(
    ("known", "standing"),
    [
        pytest.param(([token()], []), Standing.GOOD, id="our token"),
        pytest.param(([token(issuer="NL-EVN")], []), Standing.GOOD, id="our token by our party"),
        pytest.param(([token(issuer="NL-ROA")], []), Standing.UNKNOWN, id="another provider's"),
        pytest.param(([], []), Standing.UNKNOWN, id="nobody's"),
        pytest.param(([], [contract()]), Standing.GOOD, id="by contract alone"),
        pytest.param(([token(expires_at=AT)], []), Standing.EXPIRED, id="expired that instant"),
        pytest.param(([token(is_blocked=True)], []), Standing.BLOCKED, id="blocked"),
        pytest.param(([], [contract(valid_until=AT)]), Standing.EXPIRED, id="contract over that instant"),
        pytest.param(([], [contract(valid_from=AT)]), Standing.GOOD, id="contract from that instant"),
        pytest.param(
            ([token(contract_id=CONTRACT)], [contract(is_blocked=True)]), Standing.BLOCKED, id="its contract blocked"
        ),
    ],
)
def test_stands(known, standing):
    ours = holders(*known, owner="NL-EVN")

    assert ours.standing(UID, "NLEVNC00122045", at=AT) is standing
