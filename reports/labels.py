"""Stickers as artwork: one SVG for each EVSE, and A4 sheets of them, in millimetres, with the QR code as vectors."""

import io
from collections.abc import Iterator, Sequence
from html import escape

import segno

WIDTH, HEIGHT = 63.5, 38.1
"""Of a label, in mm: 21 on an A4 sheet, as they are sold."""
COLUMNS, ROWS = 3, 7
LEFT, TOP, PITCH = 7.2, 15.1, 66.0
_CODE = 34.0
_LETTERS = 12
_LINE = 4.2
_MOST_LINES = 5
_MOST_BYTES = 1000


def label(evse_id: str, content: str) -> str:
    """Return a sticker as an SVG file: the QR code of `content`, and the id for people."""
    return _document(WIDTH, HEIGHT, _label(evse_id, content), said=f"QR code of {evse_id}")


def sheets(labels: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield A4 pages of stickers, each given as id and content, as SVG files."""
    many = COLUMNS * ROWS
    for start in range(0, len(labels), many):
        placed = (
            f'<g transform="translate({LEFT + number % COLUMNS * PITCH:.1f} {TOP + number // COLUMNS * HEIGHT:.1f})">'
            f"{_label(evse_id, content)}</g>"
            for number, (evse_id, content) in enumerate(labels[start : start + many])
        )
        yield _document(210, 297, "".join(placed), said="A sheet of QR codes")


def _label(evse_id: str, content: str) -> str:
    # Level Q: a quarter of the code may be scratched or dirty, as stickers on a street become.
    # Half a surrogate pair is no character; and what is longer holds no id that may be published.
    readable = content.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
    code = segno.make(readable, error="q", micro=False, boost_error=False)
    modules = code.symbol_size(border=4)[0]
    out = io.BytesIO()
    code.save(
        out, kind="svg", xmldecl=False, svgns=False, border=4, nl=False, omitsize=True, svgclass=None, lineclass=None
    )
    drawn = out.getvalue().decode()
    path = drawn[drawn.index("<path") : drawn.index("</svg>")]
    scale = _CODE / modules
    lines = _lines(evse_id)
    top = HEIGHT / 2 - (len(lines) - 1) * _LINE / 2 + 1
    text = "".join(
        f'<text x="{_CODE + 2.5:.1f}" y="{top + number * _LINE:.1f}">{escape(line)}</text>'
        for number, line in enumerate([*lines, *[""] * (_MOST_LINES - len(lines))])  # every label has the same shape
    )
    return (
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<g transform="translate(1 {(HEIGHT - _CODE) / 2:.2f}) scale({scale:.5f})" fill="none">{path}</g>'
        f'<g font-family="DejaVu Sans Mono, Liberation Mono, monospace" font-size="3.2" fill="#000">{text}</g>'
    )


def _lines(evse_id: str) -> list[str]:
    """Break an id where it has separators, and elsewhere only where a part is too long for a line.

    Nothing that may be published needs more lines than there are; what is longer is cut.
    """
    lines = [""]
    for part in evse_id.replace("*", "*\n").split("\n"):
        for start in range(0, len(part), _LETTERS):
            piece = part[start : start + _LETTERS]
            if len(lines[-1]) + len(piece) <= _LETTERS:
                lines[-1] += piece
            else:
                lines.append(piece)
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]


def _document(width: float, height: float, content: str, *, said: str) -> str:
    size = f'width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(said)}">{content}</svg>\n'
