"""The ids of all rules of cleansing, so that a slip of the pen is told from a rule that has set nothing aside. Pure."""

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "con": "access check_digit customer dup validity",
    "conn": "dup gap number rating type words zero",
    "contract": "maybe_10char_instance",
    "cp": "case_space dead dup_exact dup_hw_swap dup_two_ids ghost iccid_excel test vendor_spelling",
    "csv": "shift",
    "cust": "dup email same_email",
    "evse": "dup_compact",
    "id": "din nonconforming",
    "loc": "address_dup country dup missing outside precision projected sign swapped tz",
    "mv": "disagree garbage missing orphan time unit",
    "owner": "answer",
    "pii": "in_name note",
    "profile": "dup level periods times words",
    "ref": "tariff",
    "res": "dup times",
    "row": "no_key total",
    "tariff": "alike currency dup negative no_price overlap price unreadable validity vat",
    "tok": (
        "access bcc cascade_tag contract_in_note decimal dup excel expired expiry format leading_zeros "
        "length many_owners max_date not_ascii orphan random_uid reversed truncated virtual"
    ),
    "tx": (
        "century clock cost dst dup energy impossible kept_stop meter_reset multi_stop neg no_stop overlap "
        "rollover session_relative stop_failed stuck time tz unit zero zone"
    ),
    "txt": "html mojibake space truncated",
}
RULES = frozenset(f"{about}.{name}" for about, names in _NAMES.items() for name in names.split())
"""What rules mend, ask about or set aside, by the id under which it is counted."""
