"""What a good table of tariffs looks like."""

from expectations.expectation import (
    Consequence,
    Expectation,
    Given,
    at_least,
    filled,
    one_of,
    some_rows,
    unique,
    written_as,
)


def suite(given: Given) -> tuple[Expectation, ...]:
    """List what is expected of tariffs. What a tariff says is money: nothing of it is mended."""
    return (
        some_rows("tariff"),
        filled("tariff.has_id", "tariff_id", "Every tariff has an id.", Consequence.BLOCK),
        unique("tariff.is_unique", "tariff_id", "No tariff id occurs twice.", Consequence.BLOCK),
        written_as(
            "tariff.id_fits",
            "tariff_id",
            "Tariff ids are printable and at most 36 characters long, as OCPI 2.2.1 wants them.",
            Consequence.QUARANTINE,
            pattern=r"[!-~](?:[ -~]{0,34}[!-~])?",
        ),
        filled("tariff.has_currency", "currency", "Every tariff has a currency.", Consequence.QUARANTINE),
        written_as(
            "tariff.currency_readable",
            "currency",
            "Currencies are ISO 4217 codes of three capitals.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{3}",
        ),
        one_of(
            "tariff.currency_known",
            "currency",
            "Every currency is one that the network bills in.",
            Consequence.QUARANTINE,
            known=given.currencies,
        ),
        filled("tariff.has_document", "document", "Every tariff says what it costs.", Consequence.QUARANTINE),
        at_least(
            "tariff.ends_after_start",
            "valid_until",
            "valid_from",
            "Every tariff ends after it has begun.",
            Consequence.QUARANTINE,
            or_equal=False,
        ),
        filled(
            "tariff.has_name",
            "name",
            "At least 90 % of the tariffs have a name.",
            Consequence.WARN,
            mostly=0.9,
        ),
    )
