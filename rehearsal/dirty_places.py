"""Dirt in addresses: `loc.*` and `txt.*`."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from rehearsal.dirt_ledger import Spade

COUNTRY_SPELLINGS = ("Nederland", "NLD", "nl", "The Netherlands")


def plant(spade: Spade) -> None:
    """Plant every kind of dirt that an address can have."""
    _text(spade)
    _coordinates(spade)
    _countries(spade)
    _duplicates(spade)


def _text(spade: Spade) -> None:
    addresses = spade.legacy.addresses
    for address in spade.choose(0.15, addresses, fits=lambda a: not (a.street or "").isascii()):
        address.street = (address.street or "").encode().decode("latin-1")
        spade.note("txt.mojibake", "location", address.address_pk)
    for address in spade.choose(0.30, addresses, fits=lambda a: "'" in (a.city or "")):
        address.city = (address.city or "").replace("'", "&#39;")
        spade.note("txt.html", "location", address.address_pk)


def _coordinates(spade: Spade) -> None:
    addresses = spade.legacy.addresses
    for n, address in enumerate(spade.choose(0.006, addresses)):
        address.latitude = address.longitude = None if n % 2 == 0 else Decimal(0)
        spade.note("loc.missing", "location", address.address_pk)
    for address in spade.choose(0.005, addresses):
        address.latitude, address.longitude = address.longitude, address.latitude
        spade.note("loc.swapped", "location", address.address_pk)
    for address in spade.choose(0.003, addresses):
        address.longitude = -(address.longitude or Decimal(0))
        spade.note("loc.sign", "location", address.address_pk)


def _countries(spade: Spade) -> None:
    for n, address in enumerate(spade.choose(0.03, spade.legacy.addresses)):
        address.country = COUNTRY_SPELLINGS[n % len(COUNTRY_SPELLINGS)]
        spade.note("loc.country", "location", address.address_pk)


def _duplicates(spade: Spade) -> None:
    """Give the second station of a site an address of its own, in the same words."""
    boxes = defaultdict(list)
    for box in spade.legacy.boxes:
        boxes[box.address_pk].append(box)
    next_pk = spade.legacy.addresses[-1].address_pk + 1
    for address in spade.choose(0.01, spade.legacy.addresses, fits=lambda a: len(boxes[a.address_pk]) > 1):
        copy = replace(address, address_pk=next_pk)
        spade.legacy.addresses.append(copy)
        spade.keep_clean([copy])
        boxes[address.address_pk][1].address_pk = next_pk
        spade.note("loc.address_dup", "location", next_pk)
        next_pk += 1
