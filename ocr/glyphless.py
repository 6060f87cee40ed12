"""The font of the invisible text: our own TrueType of one glyph without area, every character half an em wide.

A character code is its UTF-16 value; one CIDToGIDMap sends all codes to that glyph, the ToUnicode map sends each
code to itself (ISO 32000-1 §9.7.4, §9.10.3), so the text layer satisfies PDF/A-2u (ISO 19005-2 §6.2.11.7.2).
"""

from __future__ import annotations

import base64
import functools
import zlib

import pikepdf

NAME = "AktenarchivUnsichtbar"
ADVANCE = 500  # thousandths of an em
ASCENT, DESCENT = 800, -200
_PROGRAM = (
    b"eNqVkT9Lw1AUxc/La+sfrC6tFnHI4CAqCg7iIKggHRwUFCdBfca0KU1rSWNRJweHjn4GZz+Co0O/gpuDgk4u0cHBePIS/+Li"
    b"gZvc33333XdeAgGgF6eQMNc2pmeWhxYbgBhjddeqqQb6UCSfkyfL7nHpZjt4Il+Thx1b7U+EzTnml4xZh4X0oJhifscYdWr+"
    b"kQiYQbT5yLgHlkJW81XENXXUQAppcjfZrKua/VJ83CLfki8aB02/VG25gHFGnkDklbHy2u7sDMw/Q8qHaNr9SQFf73BOBNJk"
    b"ImEgFvdIM6TPxE2gJ32X0BWDe+IVA78lRcCvkKbff2qBSkZoD3/I/HD2ebZk5BI3OZ5Z0HXtKgx1fNwgG98vuTU78oJWXzvy"
    b"4a0v7shgNekWyMfdeloXSSQdeX2mSPWwMo6RJDfQz78f55movlT17bryLKfS2qw3K5bj7ylv3S4fusrDEqrwYaMOBQ8WHFTQ"
    b"wia5ySxiH3t6bZ1dZRzC1fTX1/4prgsj5dq2h3cPv1x/"
)


@functools.cache
def font_program() -> bytes:
    """The TrueType program (688 bytes), kept ready made: the library that builds it takes longer to load than a page
    of forms takes to read. A test builds it anew and compares.
    """
    return zlib.decompress(base64.b64decode(_PROGRAM))


@functools.cache
def to_unicode() -> bytes:
    """The CMap that sends every code to itself, without 0, surrogates, U+FEFF, U+FFFE and U+FFFF."""
    ranges: list[tuple[int, int]] = []
    for high in range(0x100):
        if 0xD8 <= high <= 0xDF:
            continue
        start, end = high << 8, high << 8 | 0xFF
        if high == 0:
            start = 1
        if high == 0xFE:
            end = 0xFEFE
        if high == 0xFF:
            end = 0xFFFD
        ranges.append((start, end))
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <FFFF>",
        "endcodespacerange",
    ]
    for first in range(0, len(ranges), 100):
        part = ranges[first : first + 100]
        lines.append(f"{len(part)} beginbfrange")
        lines.extend(f"<{start:04X}> <{end:04X}> <{start:04X}>" for start, end in part)
        lines.append("endbfrange")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")


def add_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The font as an indirect object of `pdf`."""
    program = pdf.make_stream(font_program())
    program.Length1 = len(font_program())
    descriptor = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=pikepdf.Name(f"/{NAME}"),
        Flags=4,
        FontBBox=pikepdf.Array([0, DESCENT, ADVANCE, ASCENT]),
        ItalicAngle=0,
        Ascent=ASCENT,
        Descent=DESCENT,
        CapHeight=ASCENT,
        StemV=80,
        FontFile2=program,
    )
    descendant = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=pikepdf.Name(f"/{NAME}"),
        CIDSystemInfo=pikepdf.Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        CIDToGIDMap=pdf.make_stream(b"\x00\x01" * 0x10000),
        DW=ADVANCE,
        FontDescriptor=pdf.make_indirect(descriptor),
    )
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type0,
        BaseFont=pikepdf.Name(f"/{NAME}"),
        Encoding=pikepdf.Name("/Identity-H"),
        DescendantFonts=pikepdf.Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_stream(to_unicode()),
    )
    return pdf.make_indirect(font)
