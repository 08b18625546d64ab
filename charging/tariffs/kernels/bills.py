"""From charging periods to whole minor units of money, as `price` and `Price.rounded` make them."""

import numpy as np

from charging.loops.compiled import compiled, inner
from charging.tariffs.kernels.forms import (
    AT_LINE,
    AT_PERIOD,
    AT_TOTAL,
    AVERAGE_POWER,
    CHANGES,
    DIMENSIONS,
    DOWN,
    HALF_UP,
    LIMIT,
    NO_CURRENT,
    NO_PERIODS,
    NONE,
    NONE_AGREED,
    NOT_KNOWN,
    PRICED,
    UNUSUAL,
    WHOLE,
    Bills,
    Choice,
    Elements,
    Rules,
    Sheet,
)
from charging.tariffs.kernels.periods import (
    ENERGY,
    FLAT,
    MAX_CURRENT,
    MAX_POWER,
    MIN_CURRENT,
    MIN_POWER,
    NOT_NAMED,
    PARKING,
    TIME,
    Codes,
    Ints,
    Periods,
)

_DAY = 86_400_000_000


@compiled
def bill(  # noqa: PLR0917 - numba: by position
    periods: Periods, local: Ints, segments: Codes, choice: Choice, rules: Rules, elements: Elements, at: int, mode: int
) -> Bills:
    """Return what each row costs. `local` is the wall clock at the beginning and near the end of each period."""
    rows = segments.size
    bills = Bills(
        np.zeros(rows, np.uint8),
        np.zeros(rows, np.int64),
        np.full(rows, NONE, np.int32),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
    )
    most = 0
    for row in range(rows):
        most = max(most, periods.offsets[row + 1] - periods.offsets[row])
    size = most * DIMENSIONS
    sheet = Sheet(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    )
    for row in range(rows):
        if periods.offsets[row] == periods.offsets[row + 1]:
            bills.state[row] = NO_PERIODS
        elif not periods.is_usual[row]:
            bills.state[row] = UNUSUAL
        else:
            state, detail, tariff = _chosen(periods, row, segments[row], choice)
            if state == PRICED:
                state, detail = _readable(periods, row, rules, tariff)
            if state in (PRICED, AVERAGE_POWER):
                state, detail, count = _write(periods, local, row, rules, tariff, elements, sheet, detail)
                if state == PRICED:
                    is_done, net, gross, count = _total(sheet, count, rules, tariff, elements, at, mode)
                    state = PRICED if is_done else UNUSUAL
                    bills.net[row], bills.gross[row], bills.line_count[row] = net, gross, count
            bills.state[row], bills.detail[row], bills.tariff[row] = state, detail, tariff
    return bills


@inner
def _chosen(periods: Periods, row: int, segment: int, choice: Choice) -> tuple[int, int, int]:
    first, last = periods.offsets[row], periods.offsets[row + 1]
    tariff = NONE
    for at in range(first, last):
        named = periods.named[at]
        found = choice.by_name[segment, named] if named >= 0 else NONE
        if found == NONE:
            found = choice.default[segment]
        if at > first and found != tariff:
            return UNUSUAL, 0, NONE
        tariff = found
    if tariff != NONE:
        return PRICED, 0, tariff
    if periods.named[first] == NOT_NAMED:
        return NONE_AGREED, 0, NONE
    return NOT_KNOWN, periods.named_at[first], NONE


@inner
def _readable(periods: Periods, row: int, rules: Rules, tariff: int) -> tuple[int, int]:
    """Return whether the periods state what the tariff depends on, and before which period to stop if not."""
    if not rules.is_usual[tariff]:
        return UNUSUAL, 0
    current, power = 1 << MIN_CURRENT | 1 << MAX_CURRENT, 1 << MIN_POWER | 1 << MAX_POWER
    first, last = periods.offsets[row], periods.offsets[row + 1]
    for at in range(first, last):
        if rules.needs_current[tariff] and periods.stated[at] & current != current:
            return NO_CURRENT, at - first
    for at in range(first, last):
        if rules.needs_power[tariff] and periods.stated[at] & power != power:
            if periods.stated[at] >> ENERGY & 1:
                return AVERAGE_POWER, at - first
            if periods.last_at[at] == periods.started_at[at]:
                return UNUSUAL, 0  # hardly any time, and so no average; else its power is zero, as it stands there
    return PRICED, NONE


@inner
def _write(  # noqa: PLR0917 - numba: by position
    periods: Periods, local: Ints, row: int, rules: Rules, tariff: int, elements: Elements, sheet: Sheet, stop: int
) -> tuple[int, int, int]:
    """Write the lines of a bill before step sizes; say the first period that leaves a doubt."""
    first, count, charged_once = periods.offsets[row], 0, 0
    since = periods.started_at[first]
    for at in range(first, periods.offsets[row + 1]):
        if at - first == stop:
            return AVERAGE_POWER, stop, 0
        elapsed, charged = periods.started_at[at] - since, periods.charged[at]
        for dimension in range(DIMENSIONS):
            if dimension != FLAT and not periods.stated[at] >> dimension & 1:
                continue
            found = _active(periods, at, local[0, at], elapsed, charged, rules, tariff, elements, dimension)
            if dimension != FLAT:
                near_end = charged + max(0, periods.volumes[at, ENERGY] - 1_000)
                until = periods.last_at[at] - since
                if found != _active(periods, at, local[1, at], until, near_end, rules, tariff, elements, dimension):
                    return CHANGES, at - first, 0
            quantity = 1 if dimension == FLAT else periods.volumes[at, dimension]
            if found == NONE or quantity == 0:
                continue
            if dimension == FLAT:
                bit = 1 << (found - rules.first[tariff])
                if charged_once & bit:
                    continue
                charged_once |= bit
            sheet.period[count], sheet.dimension[count] = at, dimension
            sheet.element[count], sheet.quantity[count] = found, quantity
            count += 1
    return PRICED, 0, count


@inner
def _active(  # noqa: PLR0917 - numba: by position
    periods: Periods,
    at: int,
    local: int,
    elapsed: int,
    charged: int,
    rules: Rules,
    tariff: int,
    elements: Elements,
    dimension: int,
) -> int:
    """Return the first active element that prices a dimension, or -1."""
    day = local // _DAY
    now = local - day * _DAY
    weekday = (day + 3) % 7  # 1970 began on a Thursday
    volumes = periods.volumes[at]
    for element in range(rules.first[tariff], rules.last[tariff]):
        bounds = elements.bounds[element]
        if (
            elements.is_priced[element, dimension]
            and bounds[0] <= charged < bounds[1]
            and bounds[2] <= elapsed < bounds[3]
            and volumes[MIN_CURRENT] >= bounds[4]
            and volumes[MAX_CURRENT] < bounds[5]
            and volumes[MIN_POWER] >= bounds[6]
            and volumes[MAX_POWER] < bounds[7]
            and bounds[8] <= day < bounds[9]
            and elements.days[element] >> weekday & 1
            and (
                bounds[10] <= now < bounds[11] or (elements.wraps[element] and (now >= bounds[10] or now < bounds[11]))
            )
        ):
            return element
    return NONE


@inner
def _fill(sheet: Sheet, count: int, elements: Elements, is_energy: bool) -> None:  # noqa: FBT001 - numba: by position
    """Fill the last line of energy, or of both times, up to a whole step over all lines of its dimension."""
    last = NONE
    for line in range(count):
        dimension = sheet.dimension[line]
        if (dimension == ENERGY) if is_energy else (dimension in (TIME, PARKING)):
            last = line
    if last == NONE:
        return
    total = 0
    for line in range(count):
        if sheet.dimension[line] == sheet.dimension[last]:
            total += sheet.quantity[line]
    step = elements.step[sheet.element[last], sheet.dimension[last]]
    sheet.quantity[last] += (total + step - 1) // step * step - total


@inner
def _total(  # noqa: PLR0917 - numba: by position
    sheet: Sheet, count: int, rules: Rules, tariff: int, elements: Elements, at: int, mode: int
) -> tuple[bool, int, int, int]:
    """Return whether everything fitted, net, gross, and the number of lines."""
    for is_energy in (True, False):
        _fill(sheet, count, elements, is_energy)
    zero = int(np.int64(0))  # a literal would have numba compile what it is handed to for this number alone
    minor = rules.minor[tariff]
    # The gross sum is in ten-thousandths of a minor unit, and a rest below one.
    net_sum, gross_sum, gross_rest = zero, zero, zero
    net_whole, gross_whole, is_free = zero, zero, True
    for line in range(count):
        element, dimension = sheet.element[line], sheet.dimension[line]
        rate, factor = elements.rate[element, dimension], elements.factor[element, dimension]
        if rate > 0 and sheet.quantity[line] > LIMIT // rate:
            return False, 0, 0, 0
        amount = rate * sheet.quantity[line]
        is_free = is_free and amount == 0
        net_sum += amount
        gross_rest += amount % minor * factor
        gross_sum += amount // minor * factor + gross_rest // minor
        gross_rest %= minor
        if net_sum > LIMIT:
            return False, 0, 0, 0
        is_last = line + 1 == count
        if at == AT_LINE or (at == AT_PERIOD and (is_last or sheet.period[line + 1] != sheet.period[line])):
            net_whole += _rounded(net_sum // minor, net_sum % minor, minor, mode)
            gross_whole += _rounded_gross(gross_sum, gross_rest, minor, mode)
            net_sum, gross_sum, gross_rest = zero, zero, zero
    if at != AT_TOTAL:
        if net_whole > LIMIT // minor:
            return False, 0, 0, 0
        net_sum, gross_sum = net_whole * minor, gross_whole * WHOLE
    net_rounded = _rounded(net_sum // minor, net_sum % minor, minor, mode)
    gross_rounded = _rounded_gross(gross_sum, gross_rest, minor, mode)
    net = _limited(net_sum, zero, zero + 1, net_rounded, rules, tariff, zero)
    gross = _limited(gross_sum, gross_rest, minor, gross_rounded, rules, tariff, zero + 2)
    return True, net, NONE if rules.has_no_gross[tariff] and not is_free else gross, count


@inner
def _rounded(whole: int, rest: int, unit: int, mode: int) -> int:
    """Return `whole` and a `rest` of `unit` in whole ones."""
    if mode == DOWN or rest * 2 < unit:
        return whole
    return whole + 1 if mode == HALF_UP or rest * 2 > unit or whole % 2 == 1 else whole


@inner
def _rounded_gross(amount: int, rest: int, minor: int, mode: int) -> int:
    return _rounded(amount // WHOLE, amount % WHOLE * minor + rest, minor * WHOLE, mode)


@inner
def _limited(  # noqa: PLR0917 - numba: by position
    amount: int, rest: int, unit: int, rounded: int, rules: Rules, tariff: int, side: int
) -> int:
    """Return the least or the most where the exact amount is beyond it, else `rounded`.

    Net (side 0): `amount` is in the tariff's unit. Gross (side 2): in ten-thousandths of a minor unit, and `rest` is a
    part of one, of `unit`; the limit is brought to the same by dividing: whoever is beyond the floor is beyond it.
    """
    for which in range(2):
        bound = rules.limits[tariff, side + which]
        if bound == NONE:
            continue
        bound_rest = 0
        if side:
            whole, left = bound // rules.minor[tariff], bound % rules.minor[tariff]
            bound, bound_rest = whole * WHOLE + left * WHOLE // unit, left * WHOLE % unit
        is_less = amount < bound or (amount == bound and rest < bound_rest)
        is_more = amount > bound or (amount == bound and rest > bound_rest)
        if (is_less and which == 0) or (is_more and which == 1):
            amount, rest, rounded = bound, bound_rest, rules.limits_rounded[tariff, side + which]
    return rounded
