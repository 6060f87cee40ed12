"""The vocabularies of the Library of Congress that PREMIS 3 records use: event types, roles, digest algorithms.

Source: id.loc.gov/vocabulary/preservation (eventType, state 2018-09); the terms are facts, the tables are ours.
"""

from __future__ import annotations

import re

EVENT_TYPE_URI = "http://id.loc.gov/vocabulary/preservation/eventType"
DIGEST_URI = "http://id.loc.gov/vocabulary/preservation/cryptographicHashFunctions"
_HTTPS = re.compile(r"\Ahttps:")  # as browsers give the address; it names the same term

# term → code at id.loc.gov
EVENT_TYPES: dict[str, str] = {
    "accession": "acc",
    "appraisal": "app",
    "capture": "cap",
    "compiling": "cop",
    "compression": "com",
    "creation": "cre",
    "deaccession": "dea",
    "decompression": "dec",
    "decryption": "der",
    "deletion": "del",
    "digital signature generation": "dsg",
    "digital signature validation": "dig",
    "displaying": "dsp",
    "dissemination": "dis",
    "encryption": "enc",
    "execution": "exe",
    "exporting": "exp",
    "extraction": "ext",
    "filename change": "fil",
    "fixity check": "fix",
    "forensic feature analysis": "ffa",
    "format identification": "for",
    "imaging": "ima",
    "information package creation": "ipc",
    "information package merging": "ipm",
    "information package splitting": "ips",
    "ingestion": "ing",
    "ingestion end": "ine",
    "ingestion start": "ins",
    "interpreting": "int",
    "message digest calculation": "mes",
    "metadata extraction": "mee",
    "metadata modification": "mem",
    "migration": "mig",
    "modification": "mod",
    "normalization": "nor",
    "packing": "pac",
    "policy assignment": "poa",
    "printing": "prt",
    "quarantine": "qua",
    "recovery": "rec",
    "redaction": "red",
    "refreshment": "ref",
    "rendering": "ren",
    "replication": "rep",
    "transfer": "tra",
    "unpacking": "unp",
    "unquarantine": "unq",
    "validation": "val",
    "virus check": "vir",
}

# A check that says nothing of its result proves nothing.
CHECKS = frozenset({"digital signature validation", "fixity check", "validation", "virus check"})

# What brings a file into being, so that nothing else can have happened to it before.
BIRTHS = frozenset({"capture", "creation", "imaging"})

# What needs the bits; none of it can follow their deletion.
USES = frozenset(
    {
        "digital signature validation",
        "dissemination",
        "exporting",
        "fixity check",
        "format identification",
        "migration",
        "normalization",
        "rendering",
        "replication",
        "validation",
        "virus check",
    }
)

# Hexadecimal digits of each digest, by the algorithm's name without dashes and blanks.
DIGEST_LENGTHS: dict[str, int] = {
    "ADLER32": 8,
    "BLAKE2B": 128,
    "BLAKE2B256": 64,
    "BLAKE2B384": 96,
    "BLAKE2B512": 128,
    "BLAKE2S": 64,
    "BLAKE2S256": 64,
    "BLAKE3": 64,
    "CRC32": 8,
    "MD2": 32,
    "MD4": 32,
    "MD5": 32,
    "RIPEMD160": 40,
    "SHA1": 40,
    "SHA224": 56,
    "SHA256": 64,
    "SHA384": 96,
    "SHA512": 128,
    "SHA3224": 56,
    "SHA3256": 64,
    "SHA3384": 96,
    "SHA3512": 128,
    "SHA512224": 56,
    "SHA512256": 64,
    "TIGER": 48,
    "WHIRLPOOL": 128,
}

RELATIONSHIP_TYPES = frozenset(
    {"derivation", "structural", "dependency", "logical", "reference", "replacement", "means", "creation"}
)
# How records say that the object at hand was made from the related one, or the other way round; letters only.
FROM_SOURCE = frozenset({"hassource", "isderivedfrom", "derivedfrom", "wasderivedfrom", "hasorigin", "hasoriginal"})
IS_SOURCE = frozenset({"issourceof", "sourceof", "issourcefor", "hasderivation", "hasderivative", "isoriginalof"})
RIGHTS_PARTS = {
    "copyright": "copyrightInformation",
    "license": "licenseInformation",
    "statute": "statuteInformation",
    "other": "otherRightsInformation",
}


def event_term(text: str) -> str | None:
    """The term of the list that `text` means (the term itself, its code or its address), or None."""
    plain = _HTTPS.sub("http:", " ".join(text.split())).removeprefix(EVENT_TYPE_URI + "/").casefold()
    if plain in EVENT_TYPES:
        return plain
    return next((term for term, code in EVENT_TYPES.items() if code == plain), None)


def is_event_address(uri: str) -> bool:
    """True for an address inside the list of event types."""
    return _HTTPS.sub("http:", uri.strip()).startswith(EVENT_TYPE_URI + "/")


def digest_length(algorithm: str) -> int | None:
    """How many hexadecimal digits a digest of this algorithm has; None when the algorithm is unknown."""
    plain = _HTTPS.sub("http:", algorithm).removeprefix(DIGEST_URI + "/").upper()
    for separator in "-_ /":
        plain = plain.replace(separator, "")
    return DIGEST_LENGTHS.get(plain)
