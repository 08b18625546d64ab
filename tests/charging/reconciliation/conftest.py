"""CDRs of which a test says only what matters."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from charging.reconciliation.night import reconcile
from charging.roaming.cdr import Cdr, CdrLine, Side
from charging.roaming.terms import Terms
from charging.tariffs.parse import parse
from charging.tariffs.tariff import Dimension

sys.path.append(str(Path(__file__).parent))  # the slow night is no package's

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
AS_OF = START + timedelta(days=20)
TERMS = Terms(currency="EUR", time_zone="Europe/Amsterdam", vat_percent=Decimal(21))
TARIFF = parse(
    b'{"id": "T", "currency": "EUR", "elements": [{"price_components": ['
    b'{"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1},'
    b'{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}'
)


def make(cdr_id="1", *, side=Side.THEIRS, minutes=60, kwh="10.000", net=None, gross=None, start=START, **more):
    """A CDR priced as agreed, unless it says otherwise: 10 kWh cost 4.50, and 5.45 (5.445) with VAT."""
    energy = Decimal(kwh)
    right = (Decimal("0.50") + energy * Decimal("0.40")).quantize(Decimal("0.01"))
    stated = Decimal(net) if net is not None else right
    taxed = Decimal(gross) if gross is not None else None
    cdr = Cdr(
        side=side,
        partner="roa",
        owner="NL-EVN",
        cdr_id=cdr_id,
        session_id=None,
        authorization_reference=None,
        evse_raw="NL*EVN*E1*1",
        evse_compact="NLEVNE11",
        token_uid="04A1B2C3",
        contract_compact="NLROAC00010069",
        started_at=start,
        ended_at=start + timedelta(minutes=minutes),
        energy_kwh=energy,
        net=stated,
        gross=taxed,
        currency="EUR",
        tariff_id="T",
        lines=(CdrLine(measure=Dimension.ENERGY, started_at=start, volume=energy),),
        is_credit=False,
        credits_cdr_id=None,
        last_updated=start + timedelta(minutes=minutes),
        raw_sha256=f"{cdr_id}-{kwh}-{net}",
    )
    return replace(cdr, **more)


@pytest.fixture
def theirs():
    return make


@pytest.fixture
def ours():
    def our(*args, **facts):
        return make(*args, **{"side": Side.OURS, **facts})

    return our


@pytest.fixture
def terms_and_tariffs():
    return {"terms": TERMS, "tariffs": [TARIFF], "as_of": AS_OF}


@pytest.fixture
def night():
    def of(our_cdrs, their_cdrs, **more):
        known = {"terms": TERMS, "tariffs": [TARIFF], "as_of": AS_OF, **more}
        return reconcile(our_cdrs, their_cdrs, **known)

    return of


@pytest.fixture
def verdicts(night):
    def of(our_cdrs, their_cdrs, **more):
        return [one.verdict.value for one in night(our_cdrs, their_cdrs, **more).judged]

    return of
