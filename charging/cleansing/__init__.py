"""The dirt catalogue: rules that mend what is certain, set aside what is not, and account for every row. Pure."""

from charging.cleansing.cleanse import cleanse
from charging.cleansing.verdict import (
    Adjustment,
    Cleansed,
    Confidence,
    Context,
    Energy,
    Fix,
    Owner,
    Quarantined,
    Question,
)

__all__ = [
    "Adjustment",
    "Cleansed",
    "Confidence",
    "Context",
    "Energy",
    "Fix",
    "Owner",
    "Quarantined",
    "Question",
    "cleanse",
]
