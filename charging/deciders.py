"""Who decides is written down beside every decision: a name has a least length, wherever it is given. Pure."""

SHORTEST_NAME = 3


def is_named(by: str) -> bool:
    """Whether somebody is named."""
    return len(by.strip()) >= SHORTEST_NAME
