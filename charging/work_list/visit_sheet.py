"""The list of work orders that a field team is given: as CSV or XLSX, with five columns to answer in."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import xlsxwriter

from charging.migration.visits import Outcome
from charging.work_list.columns import KEY, shown
from charging.work_list.formulas import neutralised

OUTCOME, BY, NOTE, CONTACT = "Outcome", "Done by", "Note", "Contact on site"
ANSWERS = (OUTCOME, BY, NOTE, CONTACT)
"""What the field team fills in; everything else comes back as it was sent."""
FIXED: Mapping[str, str] = {
    "Station": "station_id",
    "Location": "location",
    "Address": "address",
    "Maker": "vendor",
    "Model": "model",
    "Firmware": "firmware",
    "Leads to": "leads_to",
    "Why": "reason",
    "What to do": "instructions",
    "Whose turn": "owner",
    "State": "state",
}
"""Column = field of a work order."""
HEADER = (KEY, *FIXED, *ANSWERS)
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""The same orders give the same bytes."""
_WIDTHS = {"What to do": 70, "Why": 40, "Address": 34, NOTE: 40}
Order = Mapping[str, object]


def key_of(order: Order) -> str:
    """Return by what a line is found again."""
    return f"W-{order['plan_id']}/{order['station_id']}"


def cells(order: Order) -> dict[str, str]:
    """Return the cells of one order's line."""
    told = {column: shown(order.get(field)) for column, field in FIXED.items()}
    return dict.fromkeys(HEADER, "") | {KEY: key_of(order), CONTACT: shown(order.get("contact"))} | told


def as_csv(orders: Sequence[Order]) -> bytes:
    """Return the list as CSV: UTF-8 with a byte order mark, every formula disarmed."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(HEADER)
    for order in orders:
        writer.writerow([neutralised(text) for text in cells(order).values()])
    return target.getvalue().encode("utf-8-sig")


def as_xlsx(orders: Sequence[Order]) -> bytes:
    """Return the list as a workbook in which no text is calculated and only the answers can be written."""
    target = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = xlsxwriter.Workbook(target, options)
    book.set_properties({"created": CREATED, "title": "Work orders"})
    sheet = book.add_worksheet("Work orders")
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    kept = book.add_format({"bg_color": "#F2F2F2", "num_format": "@", "text_wrap": True, "valign": "top"})
    free = book.add_format({"locked": False, "num_format": "@", "text_wrap": True, "valign": "top", "border": 4})
    for number, name in enumerate(HEADER):
        sheet.set_column(number, number, _WIDTHS.get(name, 18))
        sheet.write_string(0, number, name, head)
    for line, order in enumerate(orders, start=1):
        for number, (name, text) in enumerate(cells(order).items()):
            sheet.write_string(line, number, text, free if name in ANSWERS else kept)
    place, last = HEADER.index(OUTCOME), max(len(orders), 1)
    sheet.data_validation(1, place, last, place, {"validate": "list", "source": [str(one) for one in Outcome]})
    sheet.autofilter(0, 0, len(orders), len(HEADER) - 1)
    sheet.freeze_panes(1, 2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})
    book.close()
    return target.getvalue()
