"""Where partners are known to leave the protocol. A probe finds them, a partner file lists them."""

from enum import StrEnum


class Deviation(StrEnum):
    """One way of leaving the protocol that has been seen."""

    TOKEN_WITH_NEWLINE = "token_with_newline"  # noqa: S105 - a word, and no token
    LIMIT_IGNORED = "limit_ignored"
    LINK_MISSING = "link_missing"
    LINK_FOREIGN = "link_foreign"
    LINK_WITHOUT_FILTERS = "link_without_filters"
    TOTAL_MISSING = "total_missing"
    TOTAL_WRONG = "total_wrong"
    DATE_FROM_IGNORED = "date_from_ignored"
    DATE_TO_IGNORED = "date_to_ignored"
    DATE_TO_INCLUSIVE = "date_to_inclusive"
    DATE_FROM_EXCLUSIVE = "date_from_exclusive"
    ORDER_UNSTABLE = "order_unstable"
    PAGES_OVERLAP = "pages_overlap"
    ROLES_MISSING = "roles_missing"
    CLOCK_OFF = "clock_off"
    REQUEST_ID_NOT_ECHOED = "request_id_not_echoed"


MEANINGS: dict[Deviation, str] = {
    Deviation.TOKEN_WITH_NEWLINE: "its token is taken only with the newline that OCPI's Base64 samples encode",
    Deviation.LIMIT_IGNORED: "it sends more records than `limit` asks for",
    Deviation.LINK_MISSING: "it sends no Link to the next page, or not on every page; the offset is counted",
    Deviation.LINK_FOREIGN: "its Link leads to another origin; it is not followed, the offset is counted",
    Deviation.LINK_WITHOUT_FILTERS: "its Link has lost date_from, date_to or limit",
    Deviation.TOTAL_MISSING: "it sends no X-Total-Count; that these are all rests on an empty last page",
    Deviation.TOTAL_WRONG: "its X-Total-Count is not the number of records that it sends",
    Deviation.DATE_FROM_IGNORED: "it sends records that are older than date_from",
    Deviation.DATE_TO_IGNORED: "it sends records that are younger than date_to",
    Deviation.DATE_TO_INCLUSIVE: "a record of exactly date_to is sent, though the bound is exclusive (OCPI 2.2)",
    Deviation.DATE_FROM_EXCLUSIVE: "a record of exactly date_from is not sent, though the bound is inclusive (2.2)",
    Deviation.ORDER_UNSTABLE: "the same request gives its records in another order",
    Deviation.PAGES_OVERLAP: "two of its pages hold the same record",
    Deviation.ROLES_MISSING: "its endpoints say no role, though the version has them (OCPI 2.2)",
    Deviation.CLOCK_OFF: "its clock is more than half a minute from ours",
    Deviation.REQUEST_ID_NOT_ECHOED: "it does not send X-Request-ID back (OCPI 2.2)",
}
