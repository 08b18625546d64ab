"""Sessions judged in shares come to what they come to when all are judged together, however they are shared."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from charging.cleansing import Context, cleanse
from charging.cleansing.gather import gather
from charging.legacy import parts
from charging.legacy.source import LandedRow

AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def _session(draw):
    """A session that is rarely as it should be, and often like another one."""
    started_at = BEGAN + timedelta(minutes=30 * draw(st.integers(0, 20)))
    start = draw(st.integers(0, 5)) * 1000
    values = {
        "session_id": draw(st.sampled_from(["1", "2", "3", "4", "5", " 5 ", "", "66"])),
        "station_id": draw(st.sampled_from(["A", "B", "C", "D", "GHOST", None])),
        "connector_id": draw(st.sampled_from(["1", "1", "2", "0", "x", None])),
        "token_uid": draw(st.sampled_from(["04A1B2C3D4E5F6", "04:a1:b2:c3:d4:e5:f6", None])),
        "started_at": _written(started_at),
        "stopped_at": draw(
            st.sampled_from([None, "nonsense", *[_written(started_at + timedelta(minutes=m)) for m in (0, 20, 45, 90)]])
        ),
        "server_started_at": draw(
            st.sampled_from([None, _written(started_at), _written(started_at - timedelta(hours=1))])
        ),
        "meter_start_wh": str(start),
        "meter_stop_wh": draw(st.sampled_from([None, "x", str(start), str(start + 900), str(start + 4000), "0"])),
    }
    if draw(st.integers(0, 4)) == 0:
        values["failed_stop_reason"] = "unknown transaction"
    return values


def _written(moment):
    return moment.isoformat().replace("+00:00", "Z")


def _rows(sessions):
    return [
        LandedRow(entity="session", file="transaction_start", line=line, values=values)
        for line, values in enumerate(sessions, start=1)
    ]


def _shares(rows, count):
    """Return the rows by share: of `count` of them, each holds the parts that fall to it."""
    by_key = defaultdict(list)
    for row in rows:
        by_key[parts.key_of("session", row.values)].append((parts.part_of("session", row.values), row.values))
    found = defaultdict(list)
    for place, row in enumerate(rows):
        group = by_key[parts.key_of("session", row.values)]
        part, homes = parts.part_of("session", row.values), {part for part, _ in group}
        home = part if len(homes) == 1 else parts.home_of(parts.key_of("session", row.values), group)
        found[home % count].append((place, row))
    return list(found.values())


def _told(cleansed, places):
    """Return everything that was said, by the place of its row among all."""
    return (
        {(places[at], repr(one)) for at, one in zip(cleansed.clean_at, cleansed.clean, strict=True)},
        [(places[at], fix) for at, fix in zip(cleansed.fixes_at, cleansed.fixes, strict=True)],
        [(places[at], one) for at, one in zip(cleansed.questions_at, cleansed.questions, strict=True)],
        {(row.line, row.rule, row.reason) for row in cleansed.quarantined},
        cleansed.merged,
        cleansed.energy.before,
        cleansed.energy.loaded,
        cleansed.energy.quarantined,
        cleansed.energy.adjusted,
    )


def _added(every):
    clean, fixes, questions, aside = set(), [], [], set()
    totals = [Decimal(0)] * 5
    for told in every:
        clean |= told[0]
        fixes += told[1]
        questions += told[2]
        aside |= told[3]
        totals = [one + other for one, other in zip(totals, told[4:], strict=True)]
    by_place = sorted(fixes, key=lambda each: each[0]), sorted(questions, key=lambda each: each[0])
    return (clean, *by_place, aside, *totals)


@given(sessions=st.lists(_session(), min_size=1, max_size=25), count=st.sampled_from([1, 2, 3, 1024]))
@settings(max_examples=400, deadline=None)
def test_shares_come_to_the_same_as_the_whole(sessions, count):
    rows = _rows(sessions)
    context = Context(as_of=AS_OF, station_ids=frozenset("ABCD"), currency="EUR")
    context = replace(context, facts=gather(rows))

    whole = _told(cleanse("session", rows, context), range(len(rows)))
    shared = [
        _told(cleanse("session", [row for _, row in share], context), [place for place, _ in share])
        for share in _shares(rows, count)
    ]

    assert _added(shared) == _added([whole])
