"""The door to PREMIS 3.0: values, writer, reader, the record of a package, and the judge of foreign records."""

from __future__ import annotations

from metadata.premis_build import Capture, build_record, closure
from metadata.premis_check import RULES, PremisReport, check_record, judge_path
from metadata.premis_model import (
    AgentLink,
    AgentType,
    Category,
    Fixity,
    Format,
    Identifier,
    ObjectLink,
    PremisAgent,
    PremisEvent,
    PremisObject,
    PremisRecord,
    PremisRights,
    Relationship,
)
from metadata.premis_read import read_record
from metadata.premis_reading import engines_of, was_read
from metadata.premis_write import write_record

__all__ = [
    "RULES",
    "AgentLink",
    "AgentType",
    "Capture",
    "Category",
    "Fixity",
    "Format",
    "Identifier",
    "ObjectLink",
    "PremisAgent",
    "PremisEvent",
    "PremisObject",
    "PremisRecord",
    "PremisReport",
    "PremisRights",
    "Relationship",
    "build_record",
    "check_record",
    "closure",
    "engines_of",
    "judge_path",
    "read_record",
    "was_read",
    "write_record",
]
