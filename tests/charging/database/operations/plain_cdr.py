"""A partner's CDR of which the tests of this folder change what matters."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from charging.roaming.cdr import Cdr, CdrLine, Cohort, Side
from charging.tariffs.tariff import Dimension

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
START = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
PERIOD = (START, START + timedelta(days=1))
CDR = Cdr(
    side=Side.THEIRS,
    partner="roa",
    owner="NL-EVN",
    cdr_id="1",
    session_id=None,
    authorization_reference=None,
    evse_raw="NL*EVN*E1*1",
    evse_compact="NLEVNE11",
    token_uid="04A1B2C3",
    contract_compact=None,
    started_at=START,
    ended_at=START + timedelta(hours=1),
    energy_kwh=Decimal("10.000"),
    net=Decimal("4.50"),
    gross=None,
    currency="EUR",
    tariff_id=None,
    lines=(CdrLine(measure=Dimension.ENERGY, started_at=START, volume=Decimal("10.000")),),
    is_credit=False,
    credits_cdr_id=None,
    last_updated=START,
    raw_sha256="a" * 64,
    cohort=Cohort.MOVED,
)
