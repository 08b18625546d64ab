"""The formula trap: text that a spreadsheet would calculate is sent as text, and comes back as it was."""

_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What makes a spreadsheet take a cell of a CSV file for a formula, and the mark itself."""


def neutralised(text: str) -> str:
    """Return text that no spreadsheet calculates when it opens a CSV file."""
    return f"'{text}" if text.startswith(_BEGINS) else text


def restored(text: str) -> str:
    """Return what was neutralised, as it was."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_BEGINS) else text
