"""Codes as facts: the small tables of the XDOMEA code lists and which version of the standard fixes which list."""

from __future__ import annotations

LIST_PREFIX = "urn:xoev-de:xdomea:codeliste:"

AUSSONDERUNGSART = frozenset("ABV")
BEWERTUNGSVORSCHLAG = frozenset("AV")
MEDIUM = frozenset({"001", "002", "003"})  # electronic, hybrid, paper
VERTRAULICHKEITSSTUFE = frozenset({"001", "002", "003", "004", "005"})  # geheim, NfD, offen, streng geheim, vertraulich
PAPIER = "003"

# dateiformat 1.0: code → file name extensions that go with it. 100 is "other" and needs SonstigerName.
DATEIFORMAT: dict[str, tuple[str, ...]] = {
    "001": ("bmp",),
    "002": ("csv",),
    "003": ("doc",),
    "004": ("doc",),
    "005": ("doc",),
    "006": ("eml",),
    "007": ("htm", "html"),
    "008": ("html", "htm"),
    "009": ("jpe", "jpeg", "jpg"),
    "010": ("jpeg", "jpg", "jpe"),
    "011": ("jpg", "jpeg", "jpe"),
    "012": ("msg",),
    "013": ("odp",),
    "014": ("ods",),
    "015": ("odt",),
    "016": ("otp",),
    "017": ("ots",),
    "018": ("pdf",),
    "019": ("png",),
    "020": ("ppt",),
    "021": ("ps",),
    "022": ("rtf",),
    "023": ("tif", "tiff"),
    "024": ("tiff", "tif"),
    "025": ("wps",),
    "026": ("xlc",),
    "027": ("xlm",),
    "028": ("xls",),
    "029": ("xlw",),
    "030": ("xml",),
    "031": ("xsd",),
    "032": ("dot",),
    "033": ("pot",),
    "034": ("xlt",),
    "035": ("docx",),
    "036": ("xlsx",),
    "037": ("pptx",),
    "038": ("dotx",),
    "039": ("xltx",),
    "040": ("potx",),
    "041": ("dtd",),
    "042": ("mpp",),
    "043": ("ott",),
    "044": ("pdf",),
    "045": ("txt",),
    "100": (),
}
# dateiformat 2.0 (2021-10) adds signatures and their containers and changes nothing else.
DATEIFORMATE: dict[str, dict[str, tuple[str, ...]]] = {
    "1.0": DATEIFORMAT,
    "2.0": DATEIFORMAT
    | {
        "046": ("p7b",),
        "047": ("p7c",),
        "048": ("p7m",),
        "049": ("p7s",),
        "050": ("asics",),
        "051": ("scs",),
    },
}
DATEIFORMAT_LISTE = "1.0"  # fixed in 2.x, where the attribute may be left out
PDFA = "044"
SONSTIGES = "100"

# kryptographische-algorithmen 1.0.0: its hash functions; we write SHA-256, as the state archive's example does.
HASH_LISTE = "urn:xoev-de:kosit:codeliste:xta.serviceprofile.kryptographische-algorithmen"
HASH_LENGTHS = {"SHA-256": 64, "SHA-384": 96, "SHA-512": 128}

# Message codes of group 05 and the name of their root element without the code; 0515 is named otherwise in 4.0.0.
NAMES: dict[str, str] = {
    "0501": "Aussonderung.Anbieteverzeichnis",
    "0502": "Aussonderung.Bewertungsverzeichnis",
    "0503": "Aussonderung.Aussonderung",
    "0504": "Aussonderung.AnbietungEmpfangBestaetigen",
    "0505": "Aussonderung.BewertungEmpfangBestaetigen",
    "0506": "Aussonderung.AussonderungImportBestaetigen",
    "0507": "Aussonderung.AussonderungEmpfangBestaetigen",
    "0511": "Aussonderung.AktenplanZurBewertung",
    "0512": "Aussonderung.AktenplanZurBewertungEmpfangBestaetigen",
    "0513": "Aussonderung.Bewertungskatalog",
    "0514": "Aussonderung.BewertungskatalogImportBestaetigen",
    "0515": "Aussonderung.BewerteterAktenplanEmpfangBestaetigen",
}
NAMES_V4 = NAMES | {"0515": "Aussonderung.BewertungskatalogEmpfangBestaetigen"}
NAMES_V2 = {code: name for code, name in NAMES.items() if code <= "0506"}


def names(version: str) -> dict[str, str]:
    """Code → root name of the messages of group 05 that a version has."""
    if version.startswith("2."):
        return NAMES_V2
    return NAMES_V4 if version.startswith("4.") else NAMES


def listed(name: str, version: str) -> str:
    """The two attributes of a code, ready to stand in a start tag."""
    uri = name if name.startswith("urn:") else LIST_PREFIX + name
    return f' listURI="{uri}" listVersionID="{version}"'
