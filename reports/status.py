"""How a status is said: a word, a shape and a tone. Colour never speaks alone."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """A word for people, a shape for those who print in grey, a tone for the rest."""

    word: str
    shape: str
    tone: str
    """`good`, `bad`, `unsure`, `moving` or `idle`: a colour of the style sheet."""


_GOOD, _BAD, _UNSURE, _MOVING, _IDLE = (
    ("●", "good"),
    ("■", "bad"),
    ("▲", "unsure"),
    ("◆", "moving"),
    ("○", "idle"),
)

WORDS: Mapping[str, Mapping[str, Status]] = {
    "verdict": {
        "open": Status("Open", *_GOOD),
        "closed": Status("Closed", *_BAD),
        "inconclusive": Status("Inconclusive", *_UNSURE),
    },
    "criterion": {
        "open": Status("Met", *_GOOD),
        "closed": Status("Not met", *_BAD),
        "inconclusive": Status("Not enough evidence", *_UNSURE),
        "observed": Status("Observed only", *_IDLE),
    },
    "stage": {
        "planned": Status("Planned", *_IDLE),
        "ready": Status("Ready", *_IDLE),
        "draining": Status("Draining", *_MOVING),
        "writing": Status("Writing", *_MOVING),
        "cut_over": Status("Cut over, not yet arrived", *_MOVING),
        "arrived": Status("Arrived, being verified", *_MOVING),
        "verified": Status("Verified", *_GOOD),
        "rolling_back": Status("Rolling back", *_MOVING),
        "rolled_back": Status("Rolled back", *_UNSURE),
        "to_site": Status("To site", *_BAD),
    },
    "severity": {
        "high": Status("High", *_BAD),
        "medium": Status("Medium", *_UNSURE),
        "low": Status("Low", *_IDLE),
    },
    "choice": {
        "go": Status("Go", *_GOOD),
        "hold": Status("Hold", *_BAD),
        "abstain": Status("Abstain", *_IDLE),
    },
    "cohort": {
        "moved": Status("Moved", *_MOVING),
        "not_moved": Status("Not moved", *_IDLE),
        "unknown": Status("Not ours, or not known", *_IDLE),
    },
    "quality": {
        "good": Status("All met", *_GOOD),
        "partly": Status("Met with exceptions", *_UNSURE),
        "blocked": Status("Blocked", *_BAD),
        "unproven": Status("No evidence", *_IDLE),
    },
    "consequence": {
        "met": Status("Met", *_GOOD),
        "warn": Status("Warning", *_UNSURE),
        "quarantine": Status("Rows set aside", *_UNSURE),
        "refuse": Status("Rows refused", *_UNSURE),
        "block": Status("Blocks the table", *_BAD),
    },
    "account": {
        "adds_up": Status("Adds up", *_GOOD),
        "differs": Status("Does not add up", *_BAD),
    },
    "remapping": {
        "proposed": Status("Proposed", *_IDLE),
        "needs_owner": Status("Owner decides", *_UNSURE),
        "approved": Status("Approved", *_GOOD),
        "reverted": Status("Taken back", *_UNSURE),
    },
    "sticker": {
        "replace": Status("Replace", *_UNSURE),
        "first": Status("The first", *_MOVING),
        "none": Status("Stays right", *_IDLE),
    },
    "work": {
        "to_do": Status("To do", *_UNSURE),
        "done": Status("Done", *_GOOD),
        "nothing": Status("Nothing to do", *_IDLE),
    },
    "registration": {
        "open": Status("To be told", *_UNSURE),
        "told": Status("Told", *_MOVING),
        "confirmed": Status("Confirmed", *_GOOD),
    },
    "cdr": {
        "equal": Status("Equal", *_GOOD),
        "within_tolerance": Status("Within tolerance", *_GOOD),
        "credit_paired": Status("Cancelled by a credit", *_GOOD),
        "late": Status("Not due yet", *_IDLE),
        "ours_right": Status("Tariff supports ours", *_UNSURE),
        "theirs_right": Status("Tariff supports theirs", *_UNSURE),
        "neither_right": Status("Tariff supports neither", *_BAD),
        "quantity_differs": Status("Quantity differs", *_BAD),
        "tariff_differs": Status("Tariff differs", *_BAD),
        "not_priceable": Status("Cannot be priced", *_UNSURE),
        "missing_at_partner": Status("Missing at partner", *_BAD),
        "missing_at_us": Status("Missing at us", *_BAD),
        "duplicate": Status("Duplicate", *_UNSURE),
        "credit_unpaired": Status("Credit without its CDR", *_UNSURE),
        "ambiguous": Status("For a person to decide", *_UNSURE),
        "superseded": Status("An earlier state", *_GOOD),
        "excluded": Status("Bills nothing", *_GOOD),
    },
    "case": {
        "waiting": Status("Not due yet", *_IDLE),
        "found": Status("Found", *_UNSURE),
        "proposed": Status("Proposed, not sent", *_UNSURE),
        "sent": Status("Sent", *_MOVING),
        "disputed": Status("Disputed", *_MOVING),
        "answered": Status("Answered", *_UNSURE),
        "settled": Status("Settled", *_GOOD),
        "written_off": Status("Written off", *_BAD),
        "withdrawn": Status("Withdrawn", *_IDLE),
    },
    "turn": {
        "us": Status("Ours", *_UNSURE),
        "partner": Status("The partner's", *_MOVING),
        "committee": Status("The committee's", *_BAD),
        "nobody": Status("Nobody's", *_IDLE),
    },
    "coverage": {
        "complete": Status("Everything", *_GOOD),
        "incomplete": Status("Not everything", *_UNSURE),
    },
}
"""By kind of status, then by the code's word for it. A word that is not here cannot be rendered."""
