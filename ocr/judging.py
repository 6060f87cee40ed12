"""Judges all PDF/A of a delivery together: veraPDF in its JVM, everything else in children of the sandbox.

An interpreter with its libraries costs more to start than a page costs to judge, so few questions share one child;
many are divided among as many as there are workers.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from akten.diskwords import in_german
from akten.errors import Unavailable
from akten.files import PdfA, ValidatorReport
from ocr.compare import FUNCTION, comparing_limits, comparisons, findings_of
from ocr.ends import SandboxDied
from ocr.options import Limits, OcrOptions
from ocr.pdfa import PdfaValidator, weigh
from ocr.request import RecogniseRequest
from ocr.sandbox import call_each
from ocr.validators import SandboxedValidator, judging_limits
from ocr.warm import CallEach

Answer = dict[str, Any] | SandboxDied

_FOR_ONE_CHILD = 16  # questions; with fewer another child costs more than it saves
READERS = ("ocr.primed",)  # what a warm child shall load for the questions


def judge_documents(
    made: Sequence[tuple[PdfA, RecogniseRequest]],
    validators: Sequence[PdfaValidator],
    options: OcrOptions,
    folder: Path,
    call: CallEach = call_each,
) -> tuple[PdfA, ...]:
    """The same PDF/A with verdict, every validator's report, and findings of judges and of the comparison with scans.

    The judges outside the sandbox (veraPDF) are asked meanwhile. `call` is how the sandbox is entered. Raises
    Unavailable when the sandbox cannot be started; a judge without answer is `not_checked`.
    """
    questions: list[dict[str, Any]] = []

    def ask(function: str, payload: dict[str, Any]) -> int:
        questions.append({"function": function, "payload": payload})
        return len(questions) - 1

    asked: list[list[tuple[SandboxedValidator, int]]] = []
    compared: list[list[int]] = []
    for pdfa, request in made:
        own: list[tuple[SandboxedValidator, int]] = []
        for validator in validators:
            if isinstance(validator, SandboxedValidator):
                question = validator.question(pdfa.path, pdfa.flavour)
                if not isinstance(question, ValidatorReport):
                    own.append((validator, ask(validator.function, question)))
        asked.append(own)
        compared.append([ask(FUNCTION, payload) for payload in comparisons(pdfa, request)])

    def ask_others(pdfa: PdfA, own: list[tuple[SandboxedValidator, int]]) -> dict[int, ValidatorReport]:
        inside = {id(validator) for validator, _ in own}
        return {id(v): v.validate(pdfa.path, pdfa.flavour) for v in validators if id(v) not in inside}

    with ThreadPoolExecutor(1, thread_name_prefix="judge") as beside:
        waiting = [beside.submit(ask_others, pdfa, own) for (pdfa, _), own in zip(made, asked, strict=True)]
        answers = _answers(questions, options, folder, call)
        others = [future.result() for future in waiting]
    judged = []
    for (pdfa, request), own, places, beside_it in zip(made, asked, compared, others, strict=True):
        known = {id(validator): validator.report(pdfa.flavour, answers[place]) for validator, place in own}
        reports = tuple((known | beside_it)[id(validator)] for validator in validators)
        verdict, said = weigh(reports)
        findings = tuple(replace(finding, where=f"Dokument {pdfa.uuid}") for finding in said)
        seen = findings_of(pdfa, request, [answers[place] for place in places])
        judged.append(replace(pdfa, verdict=verdict, reports=reports, findings=(*pdfa.findings, *findings, *seen)))
    return tuple(judged)


def _answers(questions: list[dict[str, Any]], options: OcrOptions, folder: Path, call: CallEach) -> list[Answer]:
    if not questions:
        return []
    one, other = judging_limits(options), comparing_limits(options)
    limits = Limits(
        cpu_seconds=max(one.cpu_seconds, other.cpu_seconds),
        wall_seconds=max(one.wall_seconds, other.wall_seconds),
        memory_bytes=max(one.memory_bytes, other.memory_bytes),
    )
    children = max(1, min(options.workers, len(questions) // _FOR_ONE_CHILD))
    share = -(-len(questions) // children)

    def ask(first: int) -> list[Answer]:
        part = questions[first : first + share]
        return call("ocr.judging:answer", part, limits=limits, folder=folder, options=options)

    try:
        with ThreadPoolExecutor(children, thread_name_prefix="judges") as side_by_side:
            return list(chain.from_iterable(side_by_side.map(ask, range(0, len(questions), share))))
    except OSError as reason:
        raise Unavailable(f"Die Prüfung lässt sich nicht ausführen ({in_german(reason.errno)}).") from reason


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: answers one question by the function that it names."""
    module, name = question["function"].split(":")
    result: dict[str, Any] = getattr(importlib.import_module(module), name)(question["payload"])
    return result
