"""The seven anonymous suppliers of the first paper: their station types, their flavours and how they are re-pointed."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """The method by which a type of station is moved (first paper, section 2.7)."""

    CONFIG = "config"
    """OCPP ChangeConfiguration, then a reset."""
    SLOT = "slot"
    """A second network profile and a priority; falls back by itself."""
    FIRMWARE = "firmware"
    """A complete image with the new address in it."""
    ONSITE = "onsite"
    """No remote method exists: somebody has to go there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """Six cells of the table in the first paper's section 3.1: what a station does without being asked."""

    boots_after_link_loss: bool
    tells_after_stop: bool
    tells_after_start: bool
    tells_after_link_loss: bool
    tells_after_firmware: bool
    stays_faulted: bool
    """After a power-meter failure; the others go on charging and record a register of 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One type of station. `share` is its part of the fleet in thousandths."""

    name: str
    share: int
    connectors: int
    power_w: int
    firmwares: tuple[str, ...]
    """Oldest first; most stations run the last."""
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """One maker of stations."""

    letter: str
    flavour: Flavour
    models: tuple[Model, ...]

    @property
    def name(self) -> str:
        return f"Supplier {self.letter}"


def _flavour(cells: str) -> Flavour:
    """Read one row of the paper's table, written with 1 for a tick and 0 for a cross, in the paper's column order."""
    boot_link, after_stop, after_start, after_link, after_firmware, faulted = (cell == "1" for cell in cells)
    return Flavour(
        boots_after_link_loss=boot_link,
        tells_after_stop=after_stop,
        tells_after_start=after_start,
        tells_after_link_loss=after_link,
        tells_after_firmware=after_firmware,
        stays_faulted=faulted,
    )


def _models(*rows: tuple[str, int, int, int, str], way: Way = Way.CONFIG) -> tuple[Model, ...]:
    return tuple(
        Model(name=name, share=share, connectors=connectors, power_w=power, firmwares=tuple(firmwares.split()), way=way)
        for name, share, connectors, power, firmwares in rows
    )


SUPPLIERS: tuple[Supplier, ...] = (
    Supplier(
        letter="A",
        flavour=_flavour("111111"),
        models=_models(
            ("A1-Duo", 110, 2, 11_000, "3.1.0 3.2.4"),
            ("A1-Solo", 60, 1, 11_000, "3.1.0 3.2.4"),
            ("A1-Wall", 40, 1, 11_000, "3.2.4"),
            ("A1-Hub", 30, 2, 22_000, "3.2.4"),
        ),
    ),
    Supplier(
        letter="B",
        flavour=_flavour("111011"),
        models=_models(
            ("B2-Street", 90, 2, 11_000, "1.8.21 1.9.0"),
            ("B2-Park", 60, 2, 11_000, "1.9.0"),
            ("B2-Home", 30, 1, 7_400, "1.9.0"),
        ),
    ),
    Supplier(
        letter="C",
        flavour=_flavour("011010"),
        models=_models(
            ("C3-City", 80, 2, 11_000, "6.0.2 6.1.0"),
            ("C3-Post", 40, 1, 11_000, "6.1.0"),
            ("C3-Twin", 20, 2, 22_000, "6.1.0"),
            way=Way.SLOT,
        ),
    ),
    Supplier(
        letter="D",
        flavour=_flavour("100001"),
        models=_models(
            ("D4-Column", 60, 2, 11_000, "2.4 2.6"),
            ("D4-Pole", 40, 1, 11_000, "2.6"),
            ("D4-Old", 20, 2, 3_700, "1.0"),
        ),
    ),
    Supplier(
        letter="E",
        flavour=_flavour("100011"),
        models=_models(
            ("E5-One", 50, 1, 11_000, "11.2 11.5"),
            ("E5-Two", 40, 2, 11_000, "11.5"),
            ("E5-Old", 10, 1, 3_700, "9.9"),
        ),
    ),
    Supplier(
        letter="F",
        flavour=_flavour("111101"),
        models=_models(("F6-Smart", 45, 2, 11_000, "5.0.1 5.0.3"))
        + _models(("F6-Classic", 25, 1, 11_000, "4.1.0"), way=Way.FIRMWARE)
        + _models(("F6-Pioneer", 30, 2, 3_700, "2.0"), ("F6-Garage", 20, 1, 7_400, "2.0"), way=Way.ONSITE),
    ),
    Supplier(
        letter="G",
        flavour=_flavour("111111"),
        models=_models(
            ("G7-Line", 50, 2, 22_000, "7.4.0 7.4.2"),
            ("G7-Dot", 30, 1, 11_000, "7.4.2"),
            ("G7-Arc", 20, 2, 11_000, "7.4.2"),
        ),
    ),
)

SUPPLIER_OF: dict[str, Supplier] = {supplier.letter: supplier for supplier in SUPPLIERS}
