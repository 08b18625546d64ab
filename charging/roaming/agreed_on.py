"""What tells two states of an agreement apart, as far as the verdicts of a night depend on it. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from charging import canonical
from charging.roaming.partner import Partner
from charging.tariffs.tariff import Tariff

_EVER = datetime.min.replace(tzinfo=UTC)
_NONE = timedelta(0)


def agreed_digest(partner: Partner, *, until: datetime) -> str:
    """Return a hash of what is agreed with a partner about sessions that ended before an instant.

    A tariff that begins later is left out, and so is an end that lies later: neither prices any of them. How long a
    CDR may take is no part of it: it is learnt anew every night. Nor are tariffs that the partner publishes itself.
    """
    tariffs = () if partner.uses_published_tariffs else partner.tariffs
    facts = (
        [_ended(tariff, until) for tariff in tariffs if (tariff.valid_from or _EVER) < until],
        replace(partner.terms, lateness=_NONE),
        partner.ids,
        partner.former_operators,
        partner.parking_semantics,
        partner.credit_policy,
    )
    return canonical.digest(facts)


def _ended(tariff: Tariff, until: datetime) -> Tariff:
    return replace(tariff, valid_to=None) if tariff.valid_to and tariff.valid_to >= until else tariff
