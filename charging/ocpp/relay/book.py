"""The book of one station's transactions. The edge loads it before the first frame and stores what is kept."""


class TransactionBook:
    """What is known of one station's transactions, over all back offices that it has had."""

    __slots__ = ("origin",)

    def __init__(self, origin: str) -> None:
        self.origin = origin
        """The back office to which transactions belong that began before anybody wrote a book."""
