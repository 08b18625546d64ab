"""What a suite found: every result, every failing row, and what follows from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from charging.errors import QualityBlocked
from charging.network.personal import PERSONAL, masked
from expectations.expectation import Consequence

Key = str | int | None
"""A row's key. None where the row has none, which an expectation of every suite blocks."""

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer to one expectation. Values are plain, so that they can be written as JSON."""

    expectation_id: str
    column: str
    sentence: str
    consequence: Consequence
    is_met: bool
    unexpected_count: int
    unexpected_keys: tuple[Key, ...]
    """One for each failing row: no cap, no sample. May be filled although the expectation is met by most rows."""

    @property
    def shortfall(self) -> str:
        """The sentence, and which rows it does not hold for."""
        if not self.unexpected_keys:
            return f"{self.sentence} It does not hold."
        shown = ", ".join(str(key) for key in self.unexpected_keys[:_SHOWN])
        more = ", …" if self.unexpected_count > _SHOWN else ""
        rows = "1 row" if self.unexpected_count == 1 else f"{self.unexpected_count} rows"
        return f"{self.sentence} It does not hold for {rows} ({shown}{more})."


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a suite found in a table of `rows` rows."""

    suite: str
    rows: int
    results: tuple[Result, ...]
    unasked: tuple[str, ...] = ()
    """Sentences that could not be asked, because what they compare with was not given."""
    engine: str = field(default="pandas", compare=False)
    """Where the rows were while they were asked about: `pandas` or `PostgreSQL`."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Why nothing of the table may be loaded; empty when it may."""
        return tuple(self._shown(result) for result in self._unmet(Consequence.BLOCK))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the report must say, though everything goes on."""
        return tuple(self._shown(result) for result in self._unmet(Consequence.WARN))

    @property
    def asides(self) -> tuple[str, ...]:
        """Why rows are to be set aside."""
        return tuple(self._shown(result) for result in self._unmet(Consequence.QUARANTINE))

    @property
    def quarantined_keys(self) -> Mapping[Key, tuple[str, ...]]:
        """The key of every row to set aside, with the sentences that do not hold for it."""
        reasons: dict[Key, tuple[str, ...]] = {}
        for result in self._unmet(Consequence.QUARANTINE):
            for key in dict.fromkeys(result.unexpected_keys):
                reasons[key] = (*reasons.get(key, ()), result.sentence)
        return reasons

    def require_no_blocks(self) -> None:
        """Refuse to go on with a table that an expectation blocks.

        Raises:
            QualityBlocked: if any expectation whose consequence is `block` is not met.
        """
        if self.blocks:
            raise QualityBlocked(self.suite, self.blocks)

    def _shown(self, result: Result) -> str:
        entity = self.suite.rpartition(".")[2]
        if self.suite.startswith("landing.") or entity not in PERSONAL:
            return result.shortfall
        few = result.unexpected_keys[: _SHOWN + 1]
        keys = tuple(None if key is None else masked(entity, str(key)) for key in few)
        return replace(result, unexpected_keys=keys).shortfall

    def _unmet(self, consequence: Consequence) -> Iterator[Result]:
        return (result for result in self.results if not result.is_met and result.consequence is consequence)
