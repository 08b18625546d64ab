"""What a good table of customers looks like."""

from expectations.expectation import Consequence, Expectation, Given, filled, some_rows, unique, written_as


def suite(_given: Given) -> tuple[Expectation, ...]:
    """List what is expected of customers. Whether they can be reached is asked, not where."""
    return (
        some_rows("customer"),
        filled("customer.has_id", "customer_id", "Every customer has an id.", Consequence.BLOCK),
        unique("customer.is_unique", "customer_id", "No customer id occurs twice.", Consequence.BLOCK),
        written_as(
            "customer.id_printable",
            "customer_id",
            "Customer ids are printable, without blanks at either end, and at most 255 characters long.",
            Consequence.QUARANTINE,
            pattern=r"[!-~](?:[ -~]{0,253}[!-~])?",
        ),
        written_as(
            "customer.email_readable",
            "email",
            "E-mail addresses have one @ and a domain.",
            Consequence.WARN,
            pattern=r"[^@ ]+@[^@ ]+[.][^@ ]+",
        ),
        written_as(
            "customer.phone_readable",
            "phone",
            "Telephone numbers have 7 to 15 digits.",
            Consequence.WARN,
            pattern=r"[+]?(?:[ ()/.-]*[0-9]){7,15}",
        ),
        filled(
            "customer.has_name",
            "name",
            "At least 95 % of the customers have a name.",
            Consequence.WARN,
            mostly=0.95,
        ),
        filled(
            "customer.has_email",
            "email",
            "At least 80 % of the customers can be written to.",
            Consequence.WARN,
            mostly=0.8,
        ),
    )
