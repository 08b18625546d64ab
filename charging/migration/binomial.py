"""Exact (Clopper-Pearson) one-sided bounds of a share, from so many of so many. No approximation, no tables."""

from math import exp, lgamma, log, log1p


def lower_bound(count: int, total: int, *, confidence: float = 0.95) -> float:
    """Return the share that the true one exceeds with this confidence: below it `count` or more would be too rare."""
    if not 0 <= count <= total or total == 0:
        raise ValueError(f"{count} of {total} is no share")
    low, high = 0.0, count / total  # the bound is below the share itself, where the tail falls from its first term on
    for _ in range(60):  # more halvings than a float has bits
        middle = (low + high) / 2
        low, high = (low, middle) if _at_least(count, total, middle) > 1 - confidence else (middle, high)
    return low


def upper_bound(count: int, total: int, *, confidence: float = 0.95) -> float:
    """Return the share that the true one stays below with this confidence: above it `count` or fewer would be too rare.

    With a count of 0 this is the exact form of the rule of three (3 / total).
    """
    return 1 - lower_bound(total - count, total, confidence=confidence)


def _at_least(count: int, total: int, share: float) -> float:
    """Return the probability of `count` or more, for a share of at most count / total."""
    if count == 0 or share == 0:
        return float(count == 0)
    # the first term by logarithms, or large totals underflow; the others by their ratio, until they add nothing
    term = exp(
        lgamma(total + 1)
        - lgamma(count + 1)
        - lgamma(total - count + 1)
        + count * log(share)
        + ((total - count) * log1p(-share) if count < total else 0.0)
    )
    probability = 0.0
    while count <= total and probability + term > probability:
        probability += term
        term *= (total - count) / (count + 1) * share / (1 - share) if count < total else 0.0
        count += 1
    return probability
