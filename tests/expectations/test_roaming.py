"""A feed of CDRs is asked what every good one has; each row that has not is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from charging.roaming.cdr import Cdr, Side
from charging.roaming.frame import to_frame
from expectations.expectation import Consequence, Given
from expectations.roaming import DETECTORS, check_feed, suite

AS_OF = datetime(2026, 11, 2, tzinfo=UTC)
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
GIVEN = Given(as_of=AS_OF, currencies={"EUR"}, evse_ids={"NLEVNE11"})
PLAIN = Cdr(
    side=Side.THEIRS,
    partner="roa",
    owner="NL-EVN",
    cdr_id="1",
    session_id="s1",
    authorization_reference=None,
    evse_raw="NL*EVN*E1*1",
    evse_compact="NLEVNE11",
    token_uid="04A1B2C3",
    contract_compact=None,
    started_at=START,
    ended_at=START + timedelta(hours=1),
    energy_kwh=Decimal(10),
    net=Decimal(4),
    gross=None,
    currency="EUR",
    tariff_id=None,
    lines=(),
    is_credit=False,
    credits_cdr_id=None,
    last_updated=START,
    raw_sha256="ab" * 32,
    total_hours=Decimal(1),
)


def other(number, **changes):
    """Return a CDR of another session."""
    return replace(
        PLAIN,
        **{"cdr_id": str(number), "session_id": f"s{number}", "started_at": START - timedelta(minutes=number)}
        | changes,
    )


def unmet(*cdrs, given=GIVEN):
    """Return which rows fail each expectation that is not met."""
    findings = check_feed(to_frame(cdrs), given=given)
    by_key = {cdr.cdr_key: cdr.cdr_id for cdr in cdrs}
    return {
        result.expectation_id: [by_key.get(key, key) for key in result.unexpected_keys]
        for result in findings.results
        if not result.is_met
    }


def test_has_nothing_to_say_about_a_good_feed():
    assert unmet(PLAIN, other(2)) == {}


def test_has_nothing_to_say_about_a_night_without_a_charge():
    assert unmet() == {}


def test_finds_every_row_that_fails():
    """One question for all: Great Expectations takes seconds to ask it."""
    failing = {
        "feed.ends_after_start": {"ended_at": START - timedelta(hours=9)},
        "feed.in_the_past": {"ended_at": AS_OF + timedelta(seconds=1)},
        "feed.clock_was_set": {"started_at": datetime(1970, 1, 1, tzinfo=UTC)},
        "feed.is_no_stuck_session": {"total_hours": Decimal("72.000001")},
        "feed.energy_plausible": {"energy_kwh": Decimal("-0.000001")},
        "feed.currency_readable": {"currency": "euro"},
        "feed.currency_known": {"currency": "CHF"},
        "feed.evse_known": {"evse_compact": "NLEVNE99"},
    }
    at_the_edge = other(90, ended_at=AS_OF, total_hours=Decimal(72), energy_kwh=Decimal(1000))
    cdrs = [other(number, **change) for number, change in enumerate(failing.values(), start=10)]

    found = unmet(at_the_edge, PLAIN, *cdrs)

    expected = {expectation: [str(number)] for number, expectation in enumerate(failing, start=10)}
    assert found == expected | {"feed.currency_known": ["15", "16"]}


def test_finds_what_is_there_twice():
    again = {"raw_sha256": "cd" * 32}
    same_id, same_session, same_content = other(2, cdr_id="1"), other(3, session_id="s1"), other(4, started_at=START)
    cdrs = [PLAIN, *(replace(cdr, **again) for cdr in (same_id, same_session, same_content))]

    found = unmet(*cdrs)

    assert found == {"dup.id": ["1", "1"], "dup.session": ["1", "3"], "dup.content": ["1", "4"]}


def test_a_credit_repeats_what_it_takes_back():
    assert unmet(PLAIN, replace(PLAIN, cdr_id="1-C", is_credit=True)) == {}


def test_every_detector_is_an_expectation():
    cdrs = [other(number, quality=(f"{code}_not", code)) for number, code in enumerate(DETECTORS, start=1)]

    assert unmet(*cdrs) == {code: [str(number)] for number, code in enumerate(DETECTORS, start=1)}


def test_what_cannot_be_is_set_aside_and_the_rest_goes_on():
    impossible = other(2, quality=("energy.impossible",))

    findings = check_feed(to_frame([PLAIN, impossible]), given=GIVEN)

    assert list(findings.quarantined_keys) == [impossible.cdr_key]
    assert not findings.blocks


def test_a_feed_in_another_unit_is_blocked_as_a_whole():
    in_wh = [other(number, energy_kwh=Decimal(10_000), total_hours=Decimal("0.5")) for number in range(2, 6)]

    blocks = check_feed(to_frame([PLAIN, *in_wh]), given=GIVEN).blocks

    assert len(blocks) == 1
    assert "another unit" in blocks[0]


def test_of_so_few_none_tells_a_unit():
    in_wh = [other(number, energy_kwh=Decimal(10_000), total_hours=Decimal("0.5")) for number in (2, 3)]

    findings = check_feed(to_frame(in_wh), given=GIVEN)

    assert not findings.blocks
    assert any("another unit" in warning for warning in findings.warnings)


def test_one_in_five_may_be_beyond_any_station():
    in_wh = other(2, energy_kwh=Decimal(10_000))

    assert not check_feed(to_frame([PLAIN, *(other(number) for number in range(3, 6)), in_wh]), given=GIVEN).blocks


def test_what_was_not_given_is_listed_as_not_asked():
    unasked = [each.expectation_id for each in suite(Given(as_of=AS_OF)) if not each.is_asked]

    assert unasked == ["feed.evse_known", "feed.currency_known"]


def test_says_its_consequences():
    assert {consequence for _, consequence in DETECTORS.values()} == {Consequence.WARN, Consequence.QUARANTINE}
