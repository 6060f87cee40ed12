"""What each craft is told of the settings: recognition, messages, rules, accounts; and the PDF/A judges."""

from __future__ import annotations

import importlib.metadata
import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.settings import Settings
from ocr.options import OcrOptions

if TYPE_CHECKING:
    from catalog.identity import Accounts
    from metadata.profile import Profile
    from ocr.pdfa import PdfaValidator

SOFTWARE = "Aktenarchiv"


def accounts_of(settings: Settings) -> Accounts:
    """Accounts whose --als names count as persons: those named by rule, root, and, where the catalog is a file in the
    data folder, the owner of that folder: they could write anything, so no other account would prove more.
    """
    from catalog.identity import Accounts

    owners = {"root"}
    if settings.database is None:
        with suppress(KeyError):  # an owner without an account is nobody who could log in
            owners.add(pwd.getpwuid(settings.daten.stat().st_uid).pw_name)
    return Accounts(frozenset(settings.shared_accounts), frozenset(owners))


def software_version() -> str:
    """The version of this program as installed."""
    return importlib.metadata.version("aktenarchiv")


def ocr_options(settings: Settings) -> OcrOptions:
    """The recognition craft's own options."""
    return OcrOptions(
        languages=settings.ocr.languages,
        tessdata=settings.ocr.tessdata,
        workers=settings.ocr.workers or len(os.sched_getaffinity(0)),
        review_confidence=settings.ocr.review_confidence,
        verapdf_jars=settings.verapdf_jars if settings.verapdf_jars.is_dir() else None,
        java=settings.ocr.java,
    )


def xdomea_profile(settings: Settings) -> Profile:
    """The recipient's profile. Raises Misconfigured for a version that is not written."""
    from metadata.profile import Kontakt, Profile

    recipient = settings.recipient
    return Profile(
        version=recipient.xdomea_version,
        produkt=SOFTWARE,
        produktversion=software_version(),
        absender=Kontakt(institution=recipient.sender, behoerdenschluessel=recipient.sender_key),
        empfaenger=Kontakt(institution=recipient.recipient),
        medium=recipient.medium,
    )


@dataclass(frozen=True, slots=True)
class Judges:
    """The PDF/A validators in use; `prepare` starts the long-lived JVM ahead of need, `close` ends it. `absent` tells
    why the reference among them can judge nothing here, "" where it can.
    """

    validators: tuple[PdfaValidator, ...]
    prepare: Callable[[], None]
    close: Callable[[], None]
    absent: Callable[[], str]

    @property
    def reference(self) -> PdfaValidator:
        """The one whose word decides."""
        return self.validators[0]


def open_validators(options: OcrOptions, scratch: Path) -> Judges:
    """veraPDF as the reference, pikepdf.pdfa and page-validation beside it."""
    from ocr.validators import PageValidation, PikepdfValidator
    from ocr.verapdf import VeraPdf

    vera = VeraPdf(options)
    return Judges(
        (vera, PikepdfValidator(options, scratch), PageValidation(options, scratch)),
        vera.prepare,
        vera.close,
        vera.absent,
    )
