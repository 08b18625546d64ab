"""Dirt in tokens: `tok.*`, `con.*` and `pii.*`."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from operator import xor

from rehearsal.dirt_ledger import Spade
from rehearsal.legacy_records import LegacyTag

FAR_DATES = (datetime(9999, 12, 31, tzinfo=UTC), datetime(2038, 1, 19, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC))


def plant(spade: Spade) -> None:
    """Plant every kind of dirt that a token can have."""
    _expired(spade)
    _spelling(spade)
    _numbers(spade)
    _notes(spade)
    _owners(spade)


def _expired(spade: Spade) -> None:
    for tag in spade.legacy.tags:
        if tag.expiry_at is not None and tag.expiry_at < spade.network.as_of:
            spade.note("tok.expired", "token", tag.id_tag)
            spade.keep_clean([tag])
    for n, tag in enumerate(spade.choose(0.01, spade.legacy.tags)):
        tag.expiry_at = FAR_DATES[n % len(FAR_DATES)]
        spade.note("tok.max_date", "token", tag.id_tag)


def _spelling(spade: Spade) -> None:
    variants = (str.lower, lambda uid: ":".join(_bytes(uid)), lambda uid: " ".join(_bytes(uid)), "0x{}".format)
    for n, tag in enumerate(spade.choose(0.02, spade.legacy.tags)):
        _rewrite(spade, tag, variants[n % len(variants)](tag.id_tag), rule="tok.format")
    for tag in spade.choose(0.005, spade.legacy.tags, fits=lambda t: t.id_tag.startswith("0")):
        _rewrite(spade, tag, tag.id_tag.lstrip("0"), rule="tok.leading_zeros")
    for tag in spade.choose(0.005, spade.legacy.tags, fits=_is_short):
        _rewrite(spade, tag, tag.id_tag + f"{reduce(xor, bytes.fromhex(tag.id_tag)):02X}", rule="tok.bcc")
    for tag in spade.choose(0.003, spade.legacy.tags, fits=lambda t: len(t.id_tag) == 14):
        _rewrite(spade, tag, "".join(reversed(_bytes(tag.id_tag))), rule="tok.reversed")


def _numbers(spade: Spade) -> None:
    for tag in spade.choose(0.003, spade.legacy.tags, fits=_is_short):
        _rewrite(spade, tag, str(int(tag.id_tag, 16)), rule="tok.decimal")
    for n, tag in enumerate(spade.choose(0.001, spade.legacy.tags, fits=lambda t: len(t.id_tag) == 14)):
        _rewrite(spade, tag, f"1.{n + 1:04d}E+15", rule="tok.excel")


def _notes(spade: Spade) -> None:
    for tag in spade.choose(0.005, spade.legacy.tags):
        tag.note = None
        spade.note("tok.orphan", "token", tag.id_tag)
    for tag in spade.choose(0.005, spade.legacy.tags):
        digit = (tag.note or "")[-1]
        tag.note = (tag.note or "")[:-1] + ("A" if digit != "A" else "B")
        spade.note("con.check_digit", "token", tag.id_tag)
    for tag in spade.choose(0.005, spade.legacy.tags):
        tag.note = f"{tag.note} bel 06-12345678"
        spade.note("pii.note", "token", tag.id_tag)


def _owners(spade: Spade) -> None:
    """Add the same card a second time, in lower case and with another contract."""
    others = [tag.note for tag in spade.legacy.tags if tag.note]
    for tag in spade.choose(0.002, spade.legacy.tags, fits=lambda t: t.id_tag != t.id_tag.lower()):
        contract = next(note for note in others if note != tag.note)
        copy = replace(tag, id_tag=tag.id_tag.lower(), note=contract)
        spade.legacy.tags.append(copy)
        spade.keep_clean([copy])
        for uid in (tag.id_tag, copy.id_tag):
            spade.note("tok.many_owners", "token", uid)


def _is_short(tag: LegacyTag) -> bool:
    return len(tag.id_tag) == 8


def _bytes(uid: str) -> list[str]:
    return [uid[at : at + 2] for at in range(0, len(uid), 2)]


def _rewrite(spade: Spade, tag: LegacyTag, id_tag: str, *, rule: str) -> None:
    tag.id_tag = id_tag
    spade.note(rule, "token", id_tag)
