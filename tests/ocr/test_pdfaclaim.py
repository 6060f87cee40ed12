"""A file claims what its XMP says as XML, and neither what a comment nor what a text in it looks like."""

from __future__ import annotations

import pytest

from ocr.pdfaclaim import claim_in

ID = "http://www.aiim.org/pdfa/ns/id/"
OTHER = f'xmlns:pdfaid="{ID}" pdfaid:part="1" pdfaid:conformance="A"'
DC = "http://purl.org/dc/elements/1.1/"


def described(part: str, level: str, prefix: str = "pdfaid") -> str:
    return (
        f'<rdf:Description rdf:about="" xmlns:{prefix}="{ID}"><{prefix}:part>{part}</{prefix}:part>'
        f"<{prefix}:conformance>{level}</{prefix}:conformance></rdf:Description>"
    )


def xmp(inside: str, before: str = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', after: str = "") -> str:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"{inside}</rdf:RDF></x:xmpmeta>{after}"
    )


GOOD = described("2", "B")
EMPTY = '<rdf:Description rdf:about=""/>'
ATTRIBUTES = f'<rdf:Description rdf:about="" xmlns:p="{ID}" p:part = \'2\' p:conformance="B"/>'
SOURCE = f'<rdf:Description rdf:about="" xmlns:dc="{DC}"><dc:source>%s</dc:source></rdf:Description>'
CLAIMS = {
    "elements": (xmp(GOOD), "2b"),
    "attributes": (xmp(ATTRIBUTES), "2b"),
    "two descriptions": (
        xmp(described("2", "").replace("<pdfaid:conformance></pdfaid:conformance>", "") + ATTRIBUTES),
        "2b",
    ),
    "comment before": (xmp(f"<!-- {described('1', 'A')} -->{GOOD}"), "2b"),
    "comment only": (xmp(f"<!-- {GOOD} -->{EMPTY}"), None),
    "comment within": (xmp(described("<!-- k -->2", "B<!-- k -->")), "2b"),
    "text before": (xmp(SOURCE % OTHER + GOOD), "2b"),
    "text only": (xmp(SOURCE % OTHER), None),
    "cdata only": (xmp(SOURCE % f"<![CDATA[{GOOD}]]>"), None),
    "bound twice": (xmp(GOOD).replace("<rdf:RDF", f'<rdf:RDF xmlns:other="{ID}"'), "2b"),
    "bound and unused": (xmp(EMPTY.replace("/>", f' xmlns:unused="{ID}"/>') + GOOD), "2b"),
    "by number": (xmp(described("&#50;", "&#x42;")), "2b"),
    "by entity": (xmp(described("&p;", "B"), '<!DOCTYPE x [<!ENTITY p "2">]>'), "2b"),
    "by foreign entity": (xmp(described("&p;", "B"), '<!DOCTYPE x [<!ENTITY p SYSTEM "file:///etc/hostname">]>'), None),
    "wrapped": (xmp(described("<rdf:value>2</rdf:value>", " B ")), "2b"),
    "leading zero": (xmp(described("02", "B")), "2b"),
    "no level": (xmp(described("4", "")), "4"),
    "no number": (xmp(described("zwei", "B")), None),
    "level only": (xmp(described("", "B")), None),
    "another namespace": (xmp(GOOD.replace(ID, ID.rstrip("/"))), None),
    "rubbish behind": (xmp(GOOD, after="</x>\0\0"), "2b"),
    "broken off": (xmp(GOOD)[:-30], "2b"),
    "broken off within": (xmp(GOOD).partition("B</")[0] + "B", "2b"),
    "broken before": (xmp("<rdf:li>" + GOOD), "2b"),
    "no XML": ("kein XML", None),
}


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_claim_is_what_the_xml_says(name: str, encoding: str) -> None:
    text, claim = CLAIMS[name]
    assert claim_in(text.encode(encoding)) == claim


def test_entities_that_swell_end_the_reading() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    bomb = xmp(described("&e8;", "B"), f'<!DOCTYPE x [<!ENTITY e0 "2222222222">{levels}]>')
    assert claim_in(bomb.encode()) is None
