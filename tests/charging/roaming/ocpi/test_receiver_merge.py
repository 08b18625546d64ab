import pytest

from charging.roaming.ocpi.receiver_merge import merged


def period(hour, volume=0):
    return {"start_date_time": f"2026-11-01T{hour}:00:00Z", "dimensions": [{"type": "ENERGY", "volume": volume}]}


BEFORE = {"id": "S1", "kwh": 1, "charging_periods": [period(12), period(13)]}


@pytest.mark.parametrize(
    ("version", "sent", "expected"),
    [
        pytest.param("2.2.1", [period(14)], [period(12), period(13), period(14)], id="new ones are added"),
        pytest.param("2.2.1", [period(13, 5)], [period(12), period(13, 5)], id="one that begins alike is replaced"),
        pytest.param(
            "2.2.1",
            [period(12), period(13), period(14)],
            [period(12), period(13), period(14)],
            id="all of them again are no more than they are",
        ),
        pytest.param("2.1.1", [period(14)], [period(14)], id="2.1.1 replaces lists"),
    ],
)
def test_charging_periods_of_a_patch(version, sent, expected):
    made = merged(BEFORE, {"charging_periods": sent}, module="sessions", version=version)

    assert made["charging_periods"] == expected
    assert made["kwh"] == 1
