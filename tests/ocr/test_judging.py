"""All questions about a delivery go to few children, and every file hears its own verdict."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from akten.files import PdfA, Rendition, digest_bytes
from akten.findings import Verdict
from ocr.ends import SandboxDied
from ocr.judging import judge_documents
from ocr.options import OcrOptions
from ocr.validators import PageValidation, PikepdfValidator

OPTIONS = OcrOptions(workers=2)


def kept(place: Path, number: int) -> tuple[PdfA, Any]:
    """A PDF/A that is there as it was delivered, so that nothing is compared."""
    scan, digests = uuid4(), digest_bytes(b"%d" % number)
    made = PdfA(uuid4(), place / f"{number}.pdf", digests, "2b", Rendition.KEPT, (), (scan,))
    return made, SimpleNamespace(scans={scan: SimpleNamespace(digests=digests)})


class Children:
    """Stands for the sandbox: approves even numbers; notes how many questions each call brought."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls: list[int] = []

    def __call__(
        self, function: str, payloads: Sequence[Mapping[str, Any]], /, **_: Any
    ) -> list[dict[str, Any] | SandboxDied]:
        assert function == "ocr.judging:answer"
        with self._lock:
            self.calls.append(len(payloads))
        numbers = [int(Path(asked["payload"]["path"]).stem) for asked in payloads]
        return [{"verdict": "failed" if number % 2 else "ok"} for number in numbers]


@pytest.mark.parametrize(("documents", "calls"), [(1, 1), (7, 1), (16, 2), (101, 2)])
def test_many_questions_are_divided_and_every_answer_finds_its_file(documents: int, calls: int, tmp_path: Path) -> None:
    children = Children()
    validators = (PikepdfValidator(OPTIONS, tmp_path), PageValidation(OPTIONS, tmp_path))
    made = [kept(tmp_path, number) for number in range(documents)]
    judged = judge_documents(made, validators, OPTIONS, tmp_path, children)
    assert len(children.calls) == calls
    assert sum(children.calls) == 2 * documents
    assert [pdfa.path.stem for pdfa in judged] == [str(number) for number in range(documents)]
    for number, pdfa in enumerate(judged):
        wanted = Verdict.FAILED if number % 2 else Verdict.OK
        assert {report.verdict for report in pdfa.reports} == {wanted}
