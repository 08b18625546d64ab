"""From the scanner's tape to arrays: what each record states, and its lines. A record that is not plain is left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charging.loops.compiled import compiled
from charging.roaming.ocpi.columns_fields import (
    CDR_ID,
    CONNECTOR,
    CONNECTOR_211,
    COORDINATES,
    CREDIT,
    CURRENCY,
    DIMENSION,
    DIMENSION_TYPE,
    DIMENSIONS,
    END,
    ENERGY,
    EVSE_211,
    GROSS,
    HOURS,
    LAST_UPDATED,
    LATITUDE,
    LONGITUDE,
    NUMBERS,
    PARKING,
    PART,
    PART_NET,
    PERIOD,
    PERIOD_START,
    PERIOD_TARIFF,
    PERIODS,
    REMARK,
    START,
    STATUS_CODE,
    TARIFF,
    TARIFF_CURRENCY,
    TARIFF_ID,
    TAX,
    TAX_AMOUNT,
    TEXTS,
    VOLUME,
)
from charging.roaming.ocpi.columns_lex import FALSE, MARK, NOT_ASCII, NULL, NUMBER, STRING, TRUE, Bytes, Ints
from charging.roaming.ocpi.columns_text import is_blank, is_same, measure_of
from charging.roaming.ocpi.columns_values import NO_OFFSET, NONE, Longs, instant, micro
from charging.roaming.ocpi.parse_numbers import MEASURES

_ORDER = list(MEASURES)
_ENERGY, _TIME, _PARKING = _ORDER.index("ENERGY"), _ORDER.index("TIME"), _ORDER.index("PARKING_TIME")
_MAX_POWER = _ORDER.index("MAX_POWER")
# What a record adds up to, by column.
SUM_ENERGY, SUM_PLUGGED, POWER, PARTS, PART_COUNT, PART_MARKS, TAXES, TAX_COUNT, TAX_MARKS = range(9)
"""POWER is the greatest MAX_POWER and one millionth more; 0: none was stated."""
_ADDED = 9
IS_ODD, IS_TEXT, IS_CREDIT, HAS_CREDIT, HAS_OTHER_CURRENCY, BY_REMARK, EVSE_COUNT, HAS_PERIODS, HAS_COORDINATES = range(
    9
)
IS_FOREIGN = 9
"""Its remark is not ASCII."""
_MARKED = 10
NOT_SIGNIFICANT, BY_HUB = 1, 2
_MOST_LINES = 10_000  # so that no sum of them leaves 64 bits


@dataclass(frozen=True, slots=True)
class Read:
    """What the records state. Row r's lines are `line_first[r]` to `line_first[r + 1]`."""

    texts: Ints
    """Record, text, from and to in the buffer; -1: none."""
    numbers: Longs
    """Record by number, times a million; NONE: none."""
    instants: Longs
    offsets: Ints
    """Of start and end."""
    added: Longs
    marked: npt.NDArray[np.int8]
    line_first: Longs
    lines: Longs
    """Measure, start, volume times a million, tariff (a row of `tariffs`, or -1)."""
    tariffs: Ints
    """From and to of each tariff id that was met; -1: none."""
    tariff_of: Ints
    """The first tariff that a record names, a row of `tariffs`, or -1."""


def read(buffer: Bytes, tape: Ints, used: int, records: Ints) -> Read:
    """Return what the records on a tape state."""
    count = len(records)
    texts = np.full((count, TEXTS, 2), -1, np.int32)
    numbers = np.full((count, NUMBERS), NONE, np.int64)
    instants = np.full((count, 3), NONE, np.int64)
    offsets = np.full((count, 2), NO_OFFSET, np.int32)
    added = np.zeros((count, _ADDED), np.int64)
    marked = np.zeros((count, _MARKED), np.int8)
    line_first = np.zeros(count + 1, np.int64)
    lines = np.empty((used, 4), np.int64)  # more than there can be: memory that is not touched costs nothing
    tariffs = np.empty((used, 2), np.int32)
    tariff_of = np.full(count, -1, np.int32)
    line_count, tariff_count = _read(
        buffer,
        tape,
        used,
        records,
        texts,
        numbers,
        instants,
        offsets,
        added,
        marked,
        line_first,
        lines,
        tariffs,
        tariff_of,
    )
    return Read(
        texts, numbers, instants, offsets, added, marked,
        line_first, lines[:line_count].copy(), tariffs[:tariff_count].copy(), tariff_of,
    )  # fmt: skip


@compiled
def _read(  # noqa: C901, PLR0912, PLR0915, PLR0917 - one walk along the tape, by position
    buffer: Bytes,
    tape: Ints,
    used: int,
    records: Ints,
    texts: Ints,
    numbers: Longs,
    instants: Longs,
    offsets: Ints,
    added: Longs,
    marked: npt.NDArray[np.int8],
    line_first: Longs,
    lines: Longs,
    tariffs: Ints,
    tariff_of: Ints,
) -> tuple[int, int]:
    line_count, tariff_count = 0, 0
    for record in range(len(records)):
        line_first[record] = line_count
        first = records[record, 2]
        last = records[record + 1, 2] if record + 1 < len(records) else used
        is_odd = records[record, 3] != 0
        # Of the period, the dimension and the tariff that the walk is in:
        period_first, period_start, period_tariff = line_count, NONE, -1
        is_in_period, has_dimensions, is_in_dimension = False, False, False
        measure, volume = -2, NONE
        enclosed, tariff_ids, tariff_currencies, first_enclosed = 0, 0, 0, -1
        connectors = 0
        entry = first
        while entry <= last and not is_odd:
            field = PERIOD if entry == last else tape[entry, 0]
            if entry < last and field >= STATUS_CODE:  # of the envelope, which ends after its last record
                entry += 1
                continue
            kind = MARK if entry == last else tape[entry, 1]
            begin, end = (0, 0) if entry == last else (tape[entry, 2], tape[entry, 3])
            if field in (DIMENSION, PERIOD) and is_in_dimension:
                # The dimension before is complete.
                if measure == -2 or volume == NONE:
                    is_odd = True
                elif measure >= 0:
                    lines[line_count, 0], lines[line_count, 2] = measure, volume
                    line_count += 1
                    if measure == _ENERGY:
                        added[record, SUM_ENERGY] += volume
                    elif measure in (_TIME, _PARKING):
                        added[record, SUM_PLUGGED] += volume
                    elif measure == _MAX_POWER:
                        added[record, POWER] = max(added[record, POWER], volume + 1)
                is_in_dimension = False
            if field == PERIOD:
                if is_in_period:
                    if period_start == NONE or not has_dimensions:
                        is_odd = True
                    for line in range(period_first, line_count):
                        lines[line, 1], lines[line, 3] = period_start, period_tariff
                    is_named = period_tariff >= 0 and tariffs[period_tariff, 1] > tariffs[period_tariff, 0]
                    if line_count > period_first and is_named and tariff_of[record] < 0:
                        tariff_of[record] = period_tariff
                is_in_period, has_dimensions = True, False
                period_first, period_start, period_tariff = line_count, NONE, -1
            elif field < TEXTS:
                if kind == STRING or (field == REMARK and kind == NOT_ASCII):
                    texts[record, field, 0], texts[record, field, 1] = begin, end
                    if kind == NOT_ASCII:
                        marked[record, IS_FOREIGN] = 1
                elif kind != NULL:
                    is_odd = True
            elif START <= field <= LAST_UPDATED:
                if kind != STRING:
                    is_odd = True
                else:
                    at, offset = instant(buffer, begin, end)
                    instants[record, field - START] = at
                    if field <= END:
                        offsets[record, field - START] = offset
                    is_odd = at == NONE
            elif ENERGY <= field <= GROSS or field in (PART_NET, TAX_AMOUNT, VOLUME):
                number = micro(buffer, begin, end) if kind in (NUMBER, STRING) else NONE
                if kind == STRING:
                    marked[record, IS_TEXT] = 1
                if kind == NULL and field in (PARKING, GROSS):
                    pass
                elif number == NONE or (number < 0 and field in (ENERGY, HOURS, VOLUME)):
                    is_odd = True
                elif field == PART_NET:
                    added[record, PARTS] += number
                    added[record, PART_COUNT] += 1
                elif field == TAX_AMOUNT:
                    added[record, TAXES] += number
                    added[record, TAX_COUNT] += 1
                elif field == VOLUME:
                    volume = number
                else:
                    numbers[record, field - ENERGY] = number
            elif field == DIMENSION:
                is_in_dimension, measure, volume = True, -2, NONE
            elif field == DIMENSION_TYPE:
                if kind == STRING:
                    measure = measure_of(buffer, begin, end)
                else:
                    is_odd = True
            elif field == DIMENSIONS:
                has_dimensions = True
            elif field == PERIODS:
                marked[record, HAS_PERIODS] = 1
            elif field == PERIOD_START:
                period_start = instant(buffer, begin, end)[0] if kind == STRING else NONE
                is_odd = period_start == NONE
            elif field in (PERIOD_TARIFF, TARIFF_ID):
                which = -1
                if kind == STRING:
                    if tariff_count == 0 or not is_same(
                        buffer, begin, end, tariffs[tariff_count - 1, 0], tariffs[tariff_count - 1, 1], 0
                    ):
                        tariffs[tariff_count, 0], tariffs[tariff_count, 1] = begin, end
                        tariff_count += 1
                    which = tariff_count - 1
                elif kind != NULL or field == TARIFF_ID:
                    is_odd = True
                if field == PERIOD_TARIFF:
                    period_tariff = which
                else:
                    tariff_ids += 1
                    if first_enclosed < 0 and end > begin:
                        first_enclosed = which
            elif field == TARIFF:
                enclosed += 1
                is_odd = tariff_ids < enclosed - 1 or tariff_currencies < enclosed - 1
            elif field == TARIFF_CURRENCY:
                tariff_currencies += 1
                is_odd = kind != STRING
            elif field == PART:
                added[record, PART_MARKS] += 1
            elif field == TAX:
                added[record, TAX_MARKS] += 1
            elif field == COORDINATES:
                marked[record, HAS_COORDINATES] = 1
            elif field == EVSE_211:  # the first of several is taken, and it is said: by the parser of objects
                marked[record, EVSE_COUNT] += 1
                is_odd = marked[record, EVSE_COUNT] > 1
            elif field == CONNECTOR_211:
                connectors += 1
                is_odd = connectors > 1
            elif field == CREDIT:
                marked[record, HAS_CREDIT] = kind in (TRUE, FALSE)
                marked[record, IS_CREDIT] = kind == TRUE
                is_odd = kind not in (TRUE, FALSE, NULL)
            entry += 1
        if tariff_ids != enclosed or tariff_currencies != enclosed:
            is_odd = True
        if tariff_of[record] < 0:
            tariff_of[record] = first_enclosed
        if not is_odd and texts[record, CURRENCY, 0] >= 0:
            for entry in range(first, last):
                if tape[entry, 0] == TARIFF_CURRENCY and not is_same(
                    buffer, tape[entry, 2], tape[entry, 3], texts[record, CURRENCY, 0], texts[record, CURRENCY, 1], 32
                ):
                    marked[record, HAS_OTHER_CURRENCY] = 1
        if not is_odd and texts[record, REMARK, 1] - texts[record, REMARK, 0] >= 3:
            at = texts[record, REMARK, 0]
            if buffer[at] == 91 and buffer[at + 2] == 93:
                if buffer[at + 1] == 63:
                    marked[record, BY_REMARK] = NOT_SIGNIFICANT
                elif buffer[at + 1] == 42:
                    marked[record, BY_REMARK] = BY_HUB
        has_both = (
            texts[record, LATITUDE, 1] > texts[record, LATITUDE, 0]
            and texts[record, LONGITUDE, 1] > texts[record, LONGITUDE, 0]
        )
        if (
            added[record, PART_COUNT] != added[record, PART_MARKS]
            or added[record, TAX_COUNT] != added[record, TAX_MARKS]
            or (connectors > 0 and texts[record, CONNECTOR, 0] < 0)
            or line_count - line_first[record] > _MOST_LINES
            or is_blank(buffer, texts[record, CDR_ID, 0], texts[record, CDR_ID, 1])
            or (marked[record, HAS_COORDINATES] and not has_both)
            or not marked[record, HAS_PERIODS]
        ):
            is_odd = True
        if is_odd:
            marked[record, IS_ODD] = 1
            line_count = line_first[record]
    line_first[len(records)] = line_count
    return line_count, tariff_count
