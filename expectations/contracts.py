"""What a good table of contracts looks like."""

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
    """List what is expected of contracts. Who pays, and by which prices, is never guessed."""
    return (
        some_rows("contract"),
        filled("contract.has_id", "contract_id", "Every contract has an id.", Consequence.BLOCK),
        unique("contract.is_unique", "contract_id", "No contract id occurs twice.", Consequence.BLOCK),
        written_as(
            "contract.id_fits",
            "contract_id",
            "Contract ids are printable, without blanks, and at most 36 characters long.",
            Consequence.QUARANTINE,
            pattern=r"[!-~]{1,36}",
        ),
        filled(
            "contract.is_decided",
            "is_blocked",
            "Of every contract it is known whether it is blocked.",
            Consequence.QUARANTINE,
        ),
        written_as(
            "contract.issuer_readable",
            "issuer",
            "Issuers are a country and a party, such as NL-TNM.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{2}-[A-Z0-9]{3}",
        ),
        at_least(
            "contract.ends_after_start",
            "valid_until",
            "valid_from",
            "Every contract ends after it has begun.",
            Consequence.QUARANTINE,
            or_equal=False,
        ),
        *_references(given),
    )


def _references(given: Given) -> tuple[Expectation, ...]:
    return (
        one_of(
            "contract.customer_known",
            "customer_id",
            "Every customer that a contract names is in the table of customers.",
            Consequence.QUARANTINE,
            known=given.customer_ids,
        ),
        one_of(
            "contract.tariff_known",
            "tariff_id",
            "Every tariff that a contract names is in the table of tariffs.",
            Consequence.QUARANTINE,
            known=given.tariff_ids,
        ),
        filled(
            "contract.has_customer",
            "customer_id",
            "At least 90 % of the contracts name their customer.",
            Consequence.WARN,
            mostly=0.9,
        ),
    )
