from dataclasses import dataclass
from decimal import Decimal

import pytest

from charging.cleansing.gather import gather
from charging.cleansing.population import Facts


@dataclass(frozen=True)
class Row:
    entity: str
    values: dict
    file: str = "export.csv"
    line: int = 1


def stations(model="NG910", count=1):
    return [Row("station", {"station_id": f"CS-{n}", "vendor": "Alfen ", "model": model}) for n in range(count)]


def session(number, *, wh, hours=2, start="100000", station_id="CS-0"):
    stop = str(Decimal(start) + wh)
    return Row(
        "session",
        {
            "session_id": str(number),
            "station_id": station_id,
            "token_uid": "04:A1:B2:C3",
            "started_at": f"2026-03-04T{number % 20:02d}:00:00Z",
            "stopped_at": f"2026-03-04T{number % 20 + hours:02d}:00:00Z",
            "meter_start_wh": start,
            "meter_stop_wh": stop,
        },
    )


@pytest.mark.parametrize(
    ("small", "right", "sentence"),
    [
        pytest.param(20, 0, "20 of 20 sessions of Alfen NG910 are a thousand times too small", id="all of 20"),
        pytest.param(19, 0, None, id="too few to vote"),
        pytest.param(99, 1, "99 of 100 sessions of Alfen NG910 are a thousand times too small", id="99 %"),
        pytest.param(98, 2, None, id="98 %"),
    ],
)
def test_units_are_voted_on_by_the_sessions_of_a_model(small, right, sentence):
    rows = [session(n, wh=15) for n in range(small)] + [session(n, wh=15_000) for n in range(right)]
    found = gather([*stations(), *rows]).unit("CS-0")
    assert (found[1].sentence if found else None) == sentence
    assert found is None or found[0] == 1000


def test_energies_that_no_station_can_deliver_are_a_thousand_times_too_large():
    found = gather([*stations(), *(session(n, wh=15_000_000) for n in range(20))]).unit("CS-0")
    assert found is not None
    assert found[0] == Decimal("0.001")


@pytest.mark.parametrize(
    ("from_zero", "others", "flags"),
    [
        pytest.param(41, 0, ["41 of 41 sessions of Alfen NG910 start at register 0"], id="all"),
        pytest.param(19, 0, [], id="too few"),
        pytest.param(41, 1, [], id="less than 99 %"),
    ],
)
def test_a_model_whose_registers_begin_at_zero_is_flagged(from_zero, others, flags):
    rows = [session(n, wh=15_000, start="0") for n in range(from_zero)]
    facts = gather([*stations(), *rows, *(session(n, wh=15_000) for n in range(others))])
    assert [vote.sentence for vote in facts.flags()] == flags
    assert facts.is_session_relative("CS-0") is bool(flags)


def test_the_longest_usual_duration_leaves_out_one_in_a_thousand():
    rows = [session(n, wh=15_000) for n in range(1999)]
    facts = gather([*stations(), *rows])
    assert facts.longest_usual_hours("CS-0") == 3
    assert gather([session(1, wh=15_000, hours=3)], facts).longest_usual_hours("CS-0") == 3
    assert gather([*stations(), *rows[:999]]).longest_usual_hours("CS-0") is None


@pytest.mark.parametrize(
    ("values", "is_proven"),
    [
        pytest.param(["12,5", "100"], True, id="a comma and a whole number"),
        pytest.param(["12,5", "12.5"], False, id="a comma and a point"),
        pytest.param(["1,234"], False, id="a comma that may part thousands"),
        pytest.param(["12,5", "1.234"], True, id="a point that may part thousands"),
        pytest.param(["x"], False, id="no number"),
    ],
)
def test_a_file_proves_its_decimal_comma(values, is_proven):
    rows = [Row("meter_value", {"session_id": "1", "value": value}) for value in values]
    assert (gather(rows).has_commas("export.csv") is not None) is is_proven
    assert gather(rows).has_commas("other.csv") is None


def test_samples_are_kept_only_of_sessions_that_need_them():
    wanting = session(1, wh=15_000)
    wanting.values["stopped_at"] = None
    samples = [
        Row("meter_value", {"session_id": "1", "sampled_at": "2026-03-04T01:30:00Z", "value": "101", "unit": "kWh"}),
        Row("meter_value", {"session_id": "1", "sampled_at": "2026-03-04T01:30:00Z", "value": "1", "phase": "L1"}),
        Row("meter_value", {"session_id": "1", "sampled_at": "x", "value": "5", "measurand": "SoC"}),
        Row("meter_value", {"session_id": "1", "sampled_at": "x", "value": "5", "format": "SignedData"}),
        Row("meter_value", {"session_id": "2", "sampled_at": "x", "value": "5"}),
    ]
    facts = gather([wanting, session(2, wh=15_000), *samples])
    assert {key: [each.register_wh for each in kept] for key, kept in facts.registers_of.items()} == {"1": [101_000]}


def test_the_latest_use_of_a_token_is_kept_under_its_canonical_uid():
    facts = gather([session(3, wh=1), session(1, wh=1)])
    assert facts.last_used == {"04A1B2C3": "2026-03-04T03:00:00Z"}


def test_facts_gathered_apart_and_merged_are_those_gathered_together():
    rows = [session(n, wh=15 * (n % 3), start=str(n % 2)) for n in range(60)]
    rows[7].values["meter_stop_wh"] = "-1"
    samples = [Row("meter_value", {"session_id": "7", "sampled_at": f"{n}", "value": f"{n}.5"}) for n in range(4)]
    together = gather([*stations(), *rows, *samples])
    apart = Facts()
    for chunk in ([*stations(), *rows[:20], *samples[:2]], [*stations(), *rows[20:]]):
        apart.merge(gather(chunk))
    apart = gather(samples[2:], apart)
    assert apart.by_model == together.by_model
    assert apart.last_used == together.last_used
    assert apart.registers_of == together.registers_of
    assert apart.decimals == together.decimals
