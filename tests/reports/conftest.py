from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from reports.data_quality import Answer, DataQuality, FailingRow, RuleCount, SuiteCount
from reports.followed_cases import CaseAge, FollowedCase
from reports.gate_pack import (
    CohortNight,
    Criterion,
    Decision,
    Evidence,
    GatePack,
    Vote,
    WaveContent,
    WaveStation,
)
from reports.impact import Cost, IdChange, Impact, Recipient, Visit
from reports.money_at_risk import ClosedCases, Cut, LastNight, MoneyAtRisk, OpenCase, Part, RiskRow
from reports.partner_reconciliation import (
    Discrepancy,
    FeedQuality,
    PartnerReconciliation,
    Request,
    SideTotals,
    Tolerance,
    VerdictTotals,
)
from reports.progress import (
    Correction,
    EnergyAccount,
    NextStep,
    Progress,
    QuarantineWork,
    RowAccount,
    StuckStation,
    WaveTimes,
)
from reports.values import Command, Figure, Risk, Span, SuiteQuality, WaveStages

AS_OF = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
ZONE = "Europe/Amsterdam"
SHA = "9f2c4a1be07d55316c8e0f3ab1d94c7720a5c1e86b3f4d2a9e8107c65b43f210"
RISKS = (
    Risk(
        severity="high",
        title="A2 stations stay in 'finishing' after a charge",
        effect="Drivers cannot start a second charge until the cable has been pulled.",
        mitigation="Two of 41 in the pilot; the maker has confirmed it, a firmware is announced.",
        owner="station maker",
    ),
    Risk(
        severity="medium",
        title="SIM cards of one carrier are not yet on the new APN",
        effect="12 stations of this wave would need a visit if they cannot be brought back.",
        mitigation="The carrier moves them on 3 March; they are last in the wave.",
        owner="carrier",
    ),
    Risk(
        severity="low",
        title="The hub caches EVSE ids for a day",
        effect="Map pins may be grey until the next morning.",
        mitigation="Announced to the service desk.",
        owner="roaming partner",
    ),
)
WAVES = (
    WaveStages(wave=0, name="pilot", verified=17, rolled_back=1),
    WaveStages(wave=1, name="growing", verified=9, to_site=1),
    WaveStages(wave=2, name="growing", verified=44, rolled_back=4, to_site=2),
)


def _evidence(key, source, statement):
    return Evidence(evidence_id=key, source=source, statement=statement, observed_at=AS_OF, sha256=SHA)


def _gate_pack(stations=50):
    return GatePack(
        plan_id="north-2026",
        network="EVnet North",
        legacy="SteVe 3.4",
        target="CitrineOS",
        wave=3,
        wave_name="growing",
        question=f"Shall wave 3, {stations} stations, leave the legacy back-office on 3 March?",
        verdict="inconclusive",
        as_of=AS_OF,
        decide_by=AS_OF + timedelta(hours=10),
        time_zone=ZONE,
        figures=(
            Figure(
                label="Stations verified at the target",
                value=Decimal("89.7"),
                unit="%",
                meaning="70 of 78 stations that have moved serve drivers at the target.",
            ),
            Figure(
                label="CDRs settled of moved stations",
                value=Decimal("99.1"),
                unit="%",
                meaning="213 of 215 that were due; 300 are needed to be sure of 99 %.",
            ),
            Figure(
                label="Driver minutes at risk",
                value=1240,
                unit="min",
                meaning="Expected lost charging time if every station of the wave takes its full window.",
            ),
        ),
        risks=RISKS,
        if_held=(
            "The next window is 10 March; the plan then ends on 14 May, 17 days before the legacy contract does.",
            "The 78 stations that have moved stay where they are.",
            "Two nights more would bring the sample above 300 CDRs.",
        ),
        criteria=(
            Criterion(
                name="Arrival",
                verdict="open",
                finding="Every station that was not rolled back has been observed at the target.",
                measured="70 of 70",
                required="all",
                evidence_id="arrival-2",
            ),
            Criterion(
                name="Rollback rate",
                verdict="open",
                finding="The lower 95 % bound of the share rolled back is below the limit.",
                measured="2.1 %",
                required="at most 5 %",
                evidence_id="rollback-2",
            ),
            Criterion(
                name="CDRs of moved stations",
                verdict="inconclusive",
                finding="Too few CDRs to tell 99 % from less.",
                measured="215 CDRs",
                required="300 CDRs",
                evidence_id="cdr-night-61",
            ),
            Criterion(
                name="Boot time",
                verdict="observed",
                finding="Stations come back within four minutes.",
                measured="median 74 s",
                required="none",
                evidence_id="arrival-2",
            ),
        ),
        evidence=(
            _evidence("arrival-2", "station_stage", "70 stations verified, 5 rolled back, 3 to site"),
            _evidence("rollback-2", "station_stage", "5 of 78 rolled back"),
            _evidence("cdr-night-61", "reconciliation", "215 CDRs due, 213 settled"),
            _evidence("suite-stations", "expectations", "stations: 13 of 13 met"),
            _evidence("suite-sessions", "expectations", "sessions: 15 of 16 met, 41 rows set aside"),
        ),
        content=(
            WaveContent(
                vendor="Supplier A",
                model="A1",
                firmware="4.2.85",
                recipe="supplier-a",
                stations=31,
                verified_before=52,
                rolled_back_before=1,
            ),
            WaveContent(
                vendor="Supplier C",
                model="C-Duo",
                firmware="",
                recipe="supplier-c",
                stations=stations - 31,
                verified_before=0,
                rolled_back_before=0,
            ),
        ),
        stations=tuple(
            WaveStation(
                station_id=f"EVN-{number:05}",
                location=f"Stationsplein {number}, Utrecht",
                vendor="Supplier A" if number < 31 else "Supplier C",
                model="A1" if number < 31 else "C-Duo",
                firmware="4.2.85",
                recipe="supplier-a",
                note="shares a SIM contract" if number % 9 == 0 else "",
            )
            for number in range(stations)
        ),
        previous_waves=WAVES,
        quality=(
            SuiteQuality(
                suite="stations",
                rows=3012,
                expectations=13,
                met=13,
                blocking=0,
                quarantined=0,
                warnings=0,
                evidence_id="suite-stations",
            ),
            SuiteQuality(
                suite="sessions",
                rows=1204331,
                expectations=16,
                met=15,
                blocking=0,
                quarantined=41,
                warnings=0,
                evidence_id="suite-sessions",
            ),
            SuiteQuality(
                suite="tokens",
                rows=80122,
                expectations=9,
                met=9,
                blocking=0,
                quarantined=0,
                warnings=0,
                evidence_id="",
            ),
        ),
        nights=(
            CohortNight(
                partner="roa",
                cohort="moved",
                cdrs=220,
                settled=213,
                late=5,
                open=2,
                money_at_risk=Decimal("14.2"),
                currency="EUR",
            ),
            CohortNight(
                partner="roa",
                cohort="not_moved",
                cdrs=4102,
                settled=4061,
                late=20,
                open=21,
                money_at_risk=Decimal("1301.455"),
                currency="EUR",
            ),
            CohortNight(
                partner="hub",
                cohort="moved",
                cdrs=0,
                settled=0,
                late=0,
                open=0,
                money_at_risk=Decimal(0),
                currency="EUR",
            ),
        ),
        night="1 to 2 March 2026, Europe/Amsterdam",
        votes=(
            Vote(
                member="Programme lead",
                party="network owner",
                choice="go",
                voted_at=AS_OF - timedelta(minutes=20),
                reason="Arrivals are clean.",
            ),
            Vote(member="Head of billing", party="network owner", choice="hold", voted_at=AS_OF),
        ),
        votes_needed=3,
        decision=None,
        commands=(
            Command(purpose="Open the gate", command="rehome gate decide north-2026 --wave 3 --go --evidence 9f2c4a1b"),
            Command(purpose="Hold", command="rehome gate decide north-2026 --wave 3 --hold --evidence 9f2c4a1b"),
        ),
        evidence_sha256=SHA,
    )


def _progress(stations=30):
    day = timedelta(days=1)
    return Progress(
        plan_id="north-2026",
        network="EVnet North",
        legacy="SteVe 3.4",
        target="CitrineOS",
        as_of=AS_OF,
        time_zone=ZONE,
        headline="Three of six waves have moved; the next gate waits for 85 more CDRs.",
        figures=(
            Figure(label="Verified", value=70, unit="of 290 stations", meaning="24 % of the stations that will move."),
            Figure(label="Need a visit", value=3, unit="stations", meaning="1 % of the network; the plan allows 10 %."),
            Figure(label="Wait in quarantine", value=None, unit="rows", meaning="The sessions are being extracted."),
        ),
        waves=(
            *WAVES,
            WaveStages(wave=3, name="growing", planned=8, ready=30, draining=4, writing=3, cut_over=3, arrived=2),
            WaveStages(wave=4, name="full", planned=100),
            WaveStages(wave=5, name="rest", planned=62),
        ),
        timeline=tuple(
            WaveTimes(
                wave=wave,
                name=name,
                planned=Span(started_at=AS_OF + (start - 20) * day, ended_at=AS_OF + (start - 16) * day),
                actual=Span(
                    started_at=AS_OF + (start - 19) * day,
                    ended_at=None if wave == 3 else AS_OF + (start - 15) * day,
                )
                if wave < 4
                else None,
                gate_decided_at=AS_OF + (start - 19.5) * day if wave < 4 else None,
                gate_decision="hold" if wave == 2 else "go" if wave < 4 else None,
            )
            for wave, name, start in (
                (0, "pilot", 0),
                (1, "growing", 6),
                (2, "growing", 12),
                (3, "growing", 18),
                (4, "full", 25),
                (5, "rest", 32),
            )
        ),
        legacy_ends_at=AS_OF + 40 * day,
        stuck=tuple(
            StuckStation(
                station_id=f"EVN-{number:05}",
                wave=(0, None, 2)[number % 3],
                stage=("rolled_back", "to_site", "cut_over")[number % 3],
                vendor="Supplier C",
                model="C-Duo",
                reason="Accepted the new address, rebooted, and came back to the legacy.",
                owner="station maker",
                since=AS_OF - timedelta(hours=number),
            )
            for number in range(stations)
        ),
        quarantine=(
            QuarantineWork(
                owner="data team",
                entity="session",
                rule="tx.neg",
                rows=41,
                oldest_at=AS_OF - 9 * day,
                example="=HYPERLINK('x')",
            ),
            QuarantineWork(
                owner="carrier",
                entity="station",
                rule="cp.iccid_excel",
                rows=12,
                oldest_at=AS_OF - 3 * day,
                example="8.93E+18",
            ),
        ),
        risks=RISKS,
        rows=(
            RowAccount(entity="station", rows_in=3020, loaded=3012, quarantined=5, merged=3),
            RowAccount(entity="session", rows_in=1204400, loaded=1204331, quarantined=41, merged=27),
        ),
        energy=(
            EnergyAccount(
                scope="2026-01",
                before_kwh=Decimal("812345.678"),
                after_kwh=Decimal("812300.178"),
                quarantined_kwh=Decimal("40.500"),
                corrections=(
                    Correction(rule="tx.dup", meaning="a session came twice", energy_kwh=Decimal("5.500")),
                    Correction(rule="tx.energy", meaning="", energy_kwh=Decimal("-0.500")),
                ),
            ),
        ),
        next_steps=(
            NextStep(what="Gate before wave 3", owner="steering committee", due_on=date(2026, 3, 2)),
            NextStep(what="Visit three stations in Utrecht", owner="maintenance", due_on=None),
        ),
    )


def _reconciliation(discrepancies=12):
    verdicts = (
        ("equal", 3900, 3900, "31200.5", "31200.5", "9360.15", "9360.15", "0"),
        ("within_tolerance", 160, 160, "1280.1", "1280.2", "384.03", "384.05", "0"),
        ("late", 20, 0, "160", "0", "48", "0", "0"),
        ("missing_at_partner", 12, 0, "96", "0", "28.8", "0", "28.8"),
        ("missing_at_us", 0, 3, "0", "24", "0", "7.2", "7.2"),
        ("tariff_differs", 9, 9, "72", "72", "21.6", "24.1", "2.5"),
        ("duplicate", 0, 2, "0", "16", "0", "4.8", "4.8"),
    )
    return PartnerReconciliation(
        partner="roa",
        partner_party="NL-ROA",
        our_party="NL-EVN",
        protocol="OCPI 2.2.1",
        date_from=date(2026, 2, 1),
        date_to=date(2026, 3, 1),
        time_zone=ZONE,
        as_of=AS_OF,
        headline="99.2 % of the CDRs agree; 43.30 EUR needs both of us.",
        currency="EUR",
        figures=(
            Figure(label="CDRs that agree", value=Decimal("99.2"), unit="%", meaning="4 060 of 4 081 that were due."),
            Figure(label="Money at risk", value=Decimal("43.30"), unit="EUR", meaning="Four verdicts, without VAT."),
            Figure(label="Oldest open CDR", value=17, unit="days", meaning="A dispute file is due at 30 days."),
        ),
        sides=(
            SideTotals(side="ours", cdrs=4101, energy_kwh=Decimal("32808.6"), net=Decimal("9842.58"), currency="EUR"),
            SideTotals(side="theirs", cdrs=4074, energy_kwh=Decimal("32592.7"), net=Decimal("9780.30"), currency="EUR"),
        ),
        verdicts=tuple(
            VerdictTotals(
                verdict=verdict,
                ours=ours,
                theirs=theirs,
                ours_kwh=Decimal(ours_kwh),
                theirs_kwh=Decimal(theirs_kwh),
                ours_net=Decimal(ours_net),
                theirs_net=Decimal(theirs_net),
                money_at_risk=Decimal(at_risk),
                currency="EUR",
            )
            for verdict, ours, theirs, ours_kwh, theirs_kwh, ours_net, theirs_net, at_risk in verdicts
        ),
        discrepancies=tuple(
            Discrepancy(
                reference=f"D-{number:04}",
                verdict=("missing_at_partner", "tariff_differs", "missing_at_us")[number % 3],
                ours_cdr_id=None if number % 3 == 2 else f"ours-{number}",
                theirs_cdr_id=None if number % 3 == 0 else f"theirs-{number}",
                evse_id=f"NL*EVN*E{number:05}*1",
                token="pt-7c1f09",
                contract="pc-51ab22",
                started_at=AS_OF - timedelta(days=number % 27, hours=3),
                ours=None if number % 3 == 2 else "2.40 EUR",
                theirs=None if number % 3 == 0 else "2.68 EUR",
                difference=Decimal("0.28"),
                money_at_risk=Decimal("2.4"),
                currency="EUR",
                tier="session id",
                explanation="You billed the price of before 1 February.",
                next_step="Agree on which tariff applied.",
                age_days=number % 27,
            )
            for number in range(discrepancies)
        ),
        requests=(
            Request(
                what="Fetch the 12 CDRs again that you lack",
                why="They were sent on 14 February and answered with status 3001.",
                cdrs=12,
                due_on=date(2026, 3, 9),
            ),
            Request(
                what="Confirm the tariff from 1 February",
                why="Nine CDRs were priced with the one before.",
                cdrs=9,
                due_on=None,
            ),
        ),
        ages=(
            CaseAge(age="up to 7 days", turn="yours", cases=9, money_at_risk=Decimal("2.5"), currency="EUR"),
            CaseAge(age="31 to 90 days", turn="ours", cases=3, money_at_risk=Decimal("28.8"), currency="EUR"),
        ),
        cases=tuple(
            FollowedCase(
                case_key=f"R-{number:012x}",
                state=("proposed", "disputed", "answered")[number % 3],
                verdict=("missing_at_partner", "ours_right", "duplicate")[number % 3],
                turn=("ours", "yours", "ours")[number % 3],
                night=date(2026, 2, 3),
                ended_at=AS_OF - timedelta(days=number % 60),
                days_open=number % 60,
                days_in_state=number % 5,
                ours_cdr_id=f"ours-{number}",
                theirs_cdr_id=None if number % 3 == 0 else f"theirs-{number}",
                evse_id=f"NL*EVN*E{number:05}*1",
                token="pt-7c1f09",
                contract="pc-51ab22",
                money_at_risk=Decimal("2.4"),
                currency="EUR",
                ask=("resend", "dispute", None)[number % 3],
                asked="Credit the difference: theirs is not what was agreed.",
                recomputed=None if number % 3 == 0 else "from ours and yours: 2.40 EUR (energy 6 at 0.40 = 2.40)",
            )
            for number in range(discrepancies)
        ),
        tolerances=(
            Tolerance(quantity="Energy", largest=Decimal("0.01"), unit="kWh"),
            Tolerance(quantity="Start and end", largest=Decimal(60), unit="s"),
        ),
        feed=FeedQuality(
            cdrs=1_240,
            asked=1_240,
            warnings=("Instants are written in UTC. It does not hold for 31 rows (CDR-1, CDR-2, CDR-3, …).",),
        ),
        contact="cdr@evnet.example",
        input_sha256=SHA,
    )


def _money(cases=12):
    parts = (
        Part(name="roa", cases=2, amount=Decimal("10.5"), currency="EUR"),
        Part(name="hub", cases=1, amount=Decimal(2), currency="GBP"),
    )
    return MoneyAtRisk(
        network="Evnet",
        as_of=AS_OF,
        time_zone=ZONE,
        headline="10.50 EUR and 2.00 GBP at risk in 3 open cases.",
        figures=(Figure(label="At risk", value=Decimal("10.5"), unit="EUR", meaning="Without VAT, in 2 open cases."),),
        totals=tuple(replace(part, name="") for part in parts),
        cuts=(
            Cut(by="partner", parts=parts),
            Cut(by="wave", parts=tuple(replace(part, name="0 · pilot") for part in parts)),
            Cut(by="age", parts=tuple(replace(part, name="up to 7 days") for part in parts)),
            Cut(by="turn", parts=tuple(replace(part, name="us") for part in parts)),
        ),
        rows=tuple(
            RiskRow(
                partner=part.name,
                wave="0 · pilot",
                age="up to 7 days",
                turn="us",
                cases=part.cases,
                amount=part.amount,
                currency=part.currency,
            )
            for part in parts
        ),
        cases=tuple(
            OpenCase(
                case_key=f"R-{number:012x}",
                partner="roa",
                verdict="ours_right",
                state="proposed",
                turn="us",
                wave="0 · pilot",
                days_open=number % 7,
                amount=Decimal("0.28"),
                currency="EUR",
                explanation="ours says 2.40 EUR, theirs 2.68 EUR",
                next_step="dispute their amount",
            )
            for number in range(cases)
        ),
        nights=(
            LastNight(partner="hub", day=date(2026, 3, 1), reconciled_at=AS_OF, coverage="complete", because=None),
            LastNight(
                partner="roa",
                day=date(2026, 3, 1),
                reconciled_at=AS_OF,
                coverage="incomplete",
                because="page 3 of 5 did not come",
            ),
        ),
        closed=(
            ClosedCases(partner="roa", state="written_off", cases=1, amount=Decimal("0.40"), currency="EUR"),
            ClosedCases(partner="roa", state="settled", cases=7, amount=Decimal(0), currency="EUR"),
        ),
    )


def _quality(failing=60):
    return DataQuality(
        source="legacy",
        network="EVnet North",
        as_of=AS_OF,
        time_zone=ZONE,
        suites=(
            SuiteCount(
                suite="sessions",
                extract_id="legacy-61",
                rows_in=1204400,
                merged=27,
                by_rules=42,
                failing=failing,
                loaded=1204331 - failing,
                unasked=("Every station is known.",),
            ),
        ),
        answers=(
            Answer(
                suite="sessions",
                expectation_id="session.has_id",
                column="session_id",
                sentence="Every session has an id.",
                consequence="block",
                is_met=True,
                unexpected_count=0,
            ),
            Answer(
                suite="sessions",
                expectation_id="session.energy_plausible",
                column="energy_kwh",
                sentence="Energies lie between 0 and 1000 kWh.",
                consequence="quarantine",
                is_met=False,
                unexpected_count=failing,
            ),
        ),
        by_rule=(
            RuleCount(
                suite="sessions",
                rule="tx.no_stop",
                owner="data team",
                rows=42,
                example="it has no stop",
            ),
        ),
        failing=tuple(
            FailingRow(
                suite="sessions",
                key=str(number),
                sentence="Energies lie between 0 and 1000 kWh.",
                consequence="quarantine",
            )
            for number in range(failing)
        ),
    )


def _impact(changes=50):
    return Impact(
        network="NL*EVN",
        as_of=AS_OF,
        time_zone=ZONE,
        changes=tuple(
            IdChange(
                evse_uid=f"CS-{number:04}*1",
                before=f"pole {number}",
                after=f"NL*EVN*E{number:04}*1",
                state="approved",
                rule="id.nonconforming",
                station_id=f"CS-{number:04}",
                location_id=f"L{number // 2}",
                address=f"Kade {number // 2}, Delft",
                sticker="replace",
                sticker_done=number == 1,
                qr=f"https://example.org/NL*EVN*E{number:04}*1",
                alias_until=AS_OF + timedelta(days=180),
                sticker_cost=Decimal("3.50"),
                currency="EUR",
            )
            for number in range(changes)
        ),
        visits=(
            Visit(location_id="L1", address="Kade 1, Delft", stickers=2, done=1, cost=Decimal("72.00"), currency="EUR"),
        ),
        recipients=(
            Recipient(name="national access point", state="told", changes=0, said="Data team: file", at=AS_OF),
        ),
        costs=(
            Cost(
                way="sticker",
                item="stickers",
                count=2,
                each=Decimal("3.50"),
                total=Decimal("7.00"),
                currency="EUR",
            ),
            Cost(way="alias", item="parties told", count=2, each=None, total=None, currency="EUR"),
        ),
        alias_days=180,
        qr_patterns=("https://example.org/{evse_id}",),
    )


FACTORIES = {
    "gate_pack": _gate_pack,
    "progress": _progress,
    "reconciliation": _reconciliation,
    "money": _money,
    "quality": _quality,
    "impact": _impact,
}


@pytest.fixture
def gate_pack():
    return _gate_pack


@pytest.fixture(params=FACTORIES, ids=FACTORIES.keys())
def make_report(request):
    return FACTORIES[request.param]


@pytest.fixture
def factories():
    return FACTORIES


@pytest.fixture
def decided(gate_pack):
    def decide(choice, *, evidence_sha256=SHA):
        return replace(
            gate_pack(),
            decision=Decision(
                choice=choice,
                decided_by="Steering committee",
                decided_at=AS_OF,
                reason="Billing wants two nights more.",
                minutes_reference="SC-12",
                evidence_sha256=evidence_sha256,
            ),
        )

    return decide
