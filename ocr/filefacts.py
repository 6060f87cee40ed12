"""`FileFacts` as plain values for the pipe out of the sandbox, and back with every type checked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from akten.files import Colour, FileFacts, FileKind, Form, PageFacts
from akten.findings import Finding, Severity

FEW_LETTERS = 300  # on a page: a fax line, a stamp or a number set over a scan does not make it a written page


def facts_as_json(facts: FileFacts) -> dict[str, Any]:
    """Plain values of facts; enums are their words."""
    return asdict(facts)


def finding_from_json(values: dict[str, Any]) -> Finding:
    """One finding back. Raises ValueError, KeyError or TypeError for anything else."""
    return Finding(str(values["code"]), Severity(values["severity"]), str(values["where"]), str(values["text"]))


def _page(values: dict[str, Any]) -> PageFacts:
    dpi = values["dpi"]
    return PageFacts(
        number=int(values["number"]),
        width_mm=float(values["width_mm"]),
        height_mm=float(values["height_mm"]),
        width_px=int(values["width_px"]),
        height_px=int(values["height_px"]),
        dpi=None if dpi is None else float(dpi),
        colour=Colour(values["colour"]),
        image_only=bool(values["image_only"]),
        has_text=bool(values["has_text"]),
        pictured=bool(values["pictured"]),
        mute=bool(values["mute"]),
        rotate=int(values["rotate"]),
    )


def facts_from_json(values: dict[str, Any]) -> FileFacts:
    """Facts back from plain values. Raises ValueError when they are not whole: the child may have been taken over."""
    claim = values.get("pdfa_claim")
    try:
        return FileFacts(
            kind=FileKind(values["kind"]),
            mime=str(values["mime"]),
            pages=tuple(_page(page) for page in values["pages"]),
            findings=tuple(finding_from_json(finding) for finding in values["findings"]),
            signatures=int(values["signatures"]),
            form=Form(values["form"]),
            attachments=tuple(str(name) for name in values["attachments"]),
            javascript=bool(values["javascript"]),
            encrypted=bool(values["encrypted"]),
            pdfa_claim=None if claim is None else str(claim),
            repaired=tuple(str(text) for text in values["repaired"]),
            unembedded_fonts=tuple(str(name) for name in values["unembedded_fonts"]),
            flat=bool(values["flat"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not the facts of a file ({type(error).__name__})") from error
