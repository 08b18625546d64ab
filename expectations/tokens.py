"""What a good table of tokens looks like."""

from expectations.expectation import Consequence, Expectation, Given, filled, some_rows, unique, written_as


def suite(_given: Given) -> tuple[Expectation, ...]:
    """List what is expected of tokens."""
    return (
        some_rows("token"),
        filled("token.has_uid", "token_uid", "Every token has a uid.", Consequence.BLOCK),
        unique("token.is_unique", "token_uid", "No token uid occurs twice.", Consequence.BLOCK),
        written_as(
            "token.uid_fits",
            "token_uid",
            "Token uids are printable, without blanks, and at most 36 characters long, as OCPI 2.2.1 wants them.",
            Consequence.QUARANTINE,
            pattern=r"[!-~]{1,36}",
        ),
        written_as(
            "token.uid_fits_ocpp",
            "token_uid",
            "Token uids have at most 20 characters, all that OCPP 1.6 allows.",
            Consequence.WARN,
            pattern=r"(?:.|\n){1,20}",
        ),
        filled(
            "token.is_decided",
            "is_blocked",
            "Of every token it is known whether it is blocked.",
            Consequence.QUARANTINE,
        ),
        written_as(
            "token.contract_fits",
            "contract_id",
            "Contract ids are printable, without blanks, and at most 36 characters long.",
            Consequence.QUARANTINE,
            pattern=r"[!-~]{1,36}",
        ),
        written_as(
            "token.issuer_readable",
            "issuer",
            "Issuers are a country and a party, such as NL-TNM.",
            Consequence.QUARANTINE,
            pattern=r"[A-Z]{2}-[A-Z0-9]{3}",
        ),
        filled(
            "token.has_contract",
            "contract_id",
            "At least 90 % of the tokens have a contract.",
            Consequence.WARN,
            mostly=0.9,
        ),
    )
