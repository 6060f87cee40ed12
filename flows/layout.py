"""The names of everything inside a package: the E-ARK shape of the payload (`packaging.md` §3), made by us alone.

data/metadata/descriptive/<process-uuid>_aussonderung.aussonderung.0503.xml   the whole Akte in XDOMEA
data/metadata/preservation/premis.xml                                          PREMIS 3 of what this version brought
data/metadata/preservation/transfervermerk-<dokument>.json                     TR-RESISCAN A.NB.4, per scanned Dokument
data/metadata/preservation/pdfa-<pdf>.json                                     what the validators said, per PDF/A
data/metadata/preservation/leer-<pdf>-<page>.jpg                               what was taken for a blank page
data/metadata/preservation/untersuchung.json                                   what every delivered file is, and holds
data/representations/master/data/<file>.<suffix>                               the scans, byte for byte, and attachments
data/representations/access/data/<pdf>.pdf                                     PDF/A, one per Dokument
data/representations/access/text/<pdf>.hocr                                    text with coordinates
data/documentation/laufzettel.<suffix>                                         the slip as it came
data/documentation/berichtigung.json                                           in its place: what was corrected, by whom

A later version bears all of the earlier ones, too: their premis.xml, untersuchung.json and slip as `premis-v1.xml` and
so on. Only the message is written anew for the whole Akte.
"""

from __future__ import annotations

from uuid import UUID

DESCRIPTIVE = "metadata/descriptive/"
PRESERVATION = "metadata/preservation/"
MASTER = "representations/master/data/"
ACCESS = "representations/access/data/"
TEXT = "representations/access/text/"
DOCUMENTATION = "documentation/"

PREMIS = PRESERVATION + "premis.xml"
EXAMINATION = PRESERVATION + "untersuchung.json"
CORRECTION = DOCUMENTATION + "berichtigung.json"


def message_path(file_name: str) -> str:
    """Path of the XDOMEA message below data/."""
    return DESCRIPTIVE + file_name.lower()


def note_path(dokument: UUID) -> str:
    """Path of the Transfervermerk of one Dokument below data/."""
    return f"{PRESERVATION}transfervermerk-{dokument}.json"


def verdict_path(pdf: UUID) -> str:
    """Path of the validators' words on one PDF/A below data/."""
    return f"{PRESERVATION}pdfa-{pdf}.json"


def master_path(file: UUID, suffix: str) -> str:
    """Path of one original scan below data/."""
    return f"{MASTER}{file}.{suffix}"


def access_path(pdf: UUID) -> str:
    """Path of one PDF/A below data/."""
    return f"{ACCESS}{pdf}.pdf"


def text_path(pdf: UUID) -> str:
    """Path of the text with coordinates of one PDF/A below data/."""
    return f"{TEXT}{pdf}.hocr"


def slip_path(suffix: str) -> str:
    """Path of the slip below data/, once per delivery (version)."""
    return f"{DOCUMENTATION}laufzettel.{suffix}"
