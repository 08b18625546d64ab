"""The verdicts on pairs, in columns: `charging.reconciliation.judge`, a night at a time."""

import numpy as np
import numpy.typing as npt
import polars as pl

from charging.loops.together import both
from charging.reconciliation.compact import Verdicts, bits, compact
from charging.reconciliation.facts import Facts
from charging.reconciliation.judge import NOT_JUDGED
from charging.reconciliation.kernels.comparing import NONE, Bit, Compared, Finding, compared
from charging.reconciliation.kernels.evidence import Rows
from charging.reconciliation.match import Matched
from charging.reconciliation.money_verdicts import Agreement, at_risk, unusual, who_is_right
from charging.reconciliation.verdict import Kind, Verdict
from charging.reconciliation.wording import duration_text, number_text
from charging.roaming.frame import micro
from charging.roaming.terms import Tier

_MICROSECONDS = 1_000_000
_SUSPECT = 5
_SETTLED = {Finding.EQUAL: Verdict.EQUAL, Finding.WITHIN_TOLERANCE: Verdict.WITHIN_TOLERANCE}


def judge_pairs(ours: Facts, theirs: Facts, matched: Matched, *, agreement: Agreement) -> list[Verdicts]:
    """Return the verdicts on all pairs."""
    left, right = matched.pairs.ours, matched.pairs.theirs
    tolerances = agreement.terms.tolerances
    limits = (
        micro(tolerances.energy_kwh) or 0,
        int(tolerances.duration.total_seconds() * _MICROSECONDS),
        int(tolerances.clock.total_seconds() * _MICROSECONDS),
    )
    findings, kinds, differences, stakes = _compared(ours, theirs, left, right, limits)
    _confirm_aliases(ours, theirs, left, right, kinds)
    suspects = matched.tiers == Tier.EVSE_AND_TIME
    findings[suspects & (findings != Finding.UNUSUAL)] = _SUSPECT
    pairs = pl.DataFrame(
        {
            "ours_row": left,
            "theirs_row": right,
            "tier": matched.tiers,
            "finding": findings,
            "kinds": kinds.astype(np.uint32),
            "difference": pl.Series(differences).replace(NONE, None),
            "stake": pl.Series(stakes).replace(NONE, None),
            "currency": ours.currency[left],
            "cohort": np.where(ours.cohort[left] >= 0, ours.cohort[left], theirs.cohort[right]),
        }
    )
    of = {code: part for (code,), part in pairs.partition_by("finding", as_dict=True, include_key=False).items()}
    return [
        *(
            Verdicts(frame=_settled(of[code], verdict, ours, theirs))
            for code, verdict in _SETTLED.items()
            if code in of
        ),
        *(
            [Verdicts(frame=_differ(of[Finding.QUANTITY_DIFFERS], ours, theirs))]
            if Finding.QUANTITY_DIFFERS in of
            else []
        ),
        *([Verdicts(frame=_suspected(of[_SUSPECT], ours, theirs))] if _SUSPECT in of else []),
        *([who_is_right(of[Finding.MONEY], ours, theirs, agreement=agreement)] if Finding.MONEY in of else []),
        *([unusual(of[Finding.UNUSUAL], ours, theirs, agreement=agreement)] if Finding.UNUSUAL in of else []),
    ]


def _compared(ours: Facts, theirs: Facts, left: Rows, right: Rows, limits: tuple[int, int, int]) -> Compared:
    def part(rows: slice) -> Compared:
        found: Compared = compared(
            ours.evidence[:4], theirs.evidence[:4], ours.stated, theirs.stated, left[rows], right[rows], limits
        )
        return found

    middle = left.size // 2
    halves = [*both(part, slice(middle), slice(middle, None))]
    findings, kinds, differences, stakes = zip(*halves, strict=True)
    return np.concatenate(findings), np.concatenate(kinds), np.concatenate(differences), np.concatenate(stakes)


def _confirm_aliases(ours: Facts, theirs: Facts, left: Rows, right: Rows, kinds: npt.NDArray[np.uint16]) -> None:
    """Keep the kind only where the ids as stated differ: a former id may stand on both sides."""
    doubtful = np.flatnonzero(kinds & Bit.EVSE_ALIAS)
    if doubtful.size:
        one, other = (
            side.rows(rows[doubtful], "evse_compact").to_series() for side, rows in ((ours, left), (theirs, right))
        )
        kinds[doubtful[(one == other).to_numpy()]] &= ~np.uint16(Bit.EVSE_ALIAS)


def _settled(pairs: pl.DataFrame, verdict: Verdict, ours: Facts, theirs: Facts) -> pl.DataFrame:
    said: pl.Expr = pl.lit("both state the same")
    if verdict is Verdict.WITHIN_TOLERANCE:
        clocks = theirs.start[pairs["theirs_row"].to_numpy()] - ours.start[pairs["ours_row"].to_numpy()]
        apart = pl.format(
            "energy and amounts agree; the clocks are {} apart", duration_text(pl.lit(pl.Series(np.abs(clocks))))
        )
        said = (
            pl.when(pl.col("kinds") & int(Bit.INSIGNIFICANT) != 0)
            .then(pl.lit(f"energy and time agree; {NOT_JUDGED}"))
            .when(pl.col("kinds") & int(Bit.CLOCK) != 0)
            .then(apart)
            .otherwise(pl.lit("the differences are smaller than agreed"))
        )
    return _told(pairs, verdict, said, money=pl.lit(0))


def _differ(pairs: pl.DataFrame, ours: Facts, theirs: Facts) -> pl.DataFrame:
    both = pl.DataFrame(
        {
            f"{name}_{which}": values[pairs[f"{which}_row"].to_numpy()]
            for which, side in (("ours", ours), ("theirs", theirs))
            for name, values in (("energy", side.energy), ("lasted", side.end - side.start))
        }
    )
    energy = pl.when(pl.col("kinds") & int(Bit.ENERGY) != 0).then(
        pl.format(
            "ours measured {} kWh, theirs {}", number_text(pl.col("energy_ours")), number_text(pl.col("energy_theirs"))
        )
    )
    lasted = pl.when(pl.col("kinds") & int(Bit.DURATION) != 0).then(
        pl.format(
            "ours lasted {}, theirs {}", duration_text(pl.col("lasted_ours")), duration_text(pl.col("lasted_theirs"))
        )
    )
    said = pl.concat_str(energy, lasted, separator="; ", ignore_nulls=True)
    return _told(pairs.hstack(both), Verdict.QUANTITY_DIFFERS, said, money=at_risk(pairs, ours, theirs))


def _suspected(pairs: pl.DataFrame, ours: Facts, theirs: Facts) -> pl.DataFrame:
    marked = pairs.with_columns(pl.col("kinds") | bits([Kind.SUSPECT]))
    said = pl.lit("only the EVSE and the time agree")
    return _told(marked, Verdict.AMBIGUOUS, said, money=at_risk(pairs, ours, theirs))


def _told(pairs: pl.DataFrame, verdict: Verdict, said: pl.Expr, *, money: pl.Expr) -> pl.DataFrame:
    return compact(pairs, verdict=verdict.value, explanation=said, money=money)
