"""Search and trail at size: a million generated Akten, every fifth with OCR text, on SQLite and PostgreSQL.

Goals: exact lookup at most 2 × a bare indexed SQL query over the same library; frequent words, newest first, below
50 ms p95; verifying the trail above 200,000 rows a second and core. Run by `make bench`; sizes by argument.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text

from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog, open_catalog
from catalog.fold import fold, stem
from catalog.index import vector
from catalog.passages import FORMAT, GAP, Heading, register_passages, text_passages
from catalog.tables import akten, pages, passages, trail
from catalog.trail import GENESIS, Entry, Verb, append
from tests.pgfixture import running_postgres

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BY = Actor("bench", ActorKind.SYSTEM)
BATCH = 5_000
TEXT_EVERY = 5
NAMES = ("Müller", "Mueller", "Schmitz", "Weiß", "Çelik", "Yıldız", "Großmann", "Hüsges", "Kaiser", "Öztürk")
STREETS = ("Hafenstraße", "Oberstr.", "Am Weißen Berg", "Büttger Straße", "Krefelder Str.", "Jülicher Landstraße")
THINGS = ("Bauantrag", "Anbau", "Abbruch", "Nutzungsänderung", "Werbeanlage", "Garage", "Wohnhaus", "Dachgaube")
PARTS = ("bau", "grund", "amts", "feuer", "schutz", "stück", "plan", "prüf", "haus", "wasser", "lärm", "ver", "ord")


def vocabulary(seed: random.Random) -> list[str]:
    """Ten thousand words that look German; the first are used most."""
    made = dict.fromkeys(["Genehmigung", "Bescheid", "Antrag", "Grundstück", "wird", "nach", "gemäß", "für", "und"])
    while len(made) < 10_000:
        made["".join(seed.choices(PARTS, k=seed.randint(1, 4))).capitalize() + seed.choice(("", "ung", "en", "s"))] = (
            None
        )
    return list(made)


def page_text(seed: random.Random, words: list[str]) -> str:
    """About 1 KB, words by Zipf's law."""
    chosen = [words[min(int(seed.paretovariate(0.6)) - 1, len(words) - 1)] for _ in range(130)]
    return " ".join(chosen)


def fill(connection: Connection, start: int, many: int, words: list[str]) -> None:
    """A batch of Akten with register, pages and index, by the same functions as the verbs."""
    seed = random.Random(start)
    rows, page_rows, passage_rows = [], [], []
    index: dict[str, list[dict[str, Any]]] = {"register_index": [], "text_index": []}
    sqlite = connection.dialect.name == "sqlite"
    last = start * 2
    for nr in range(start + 1, start + many + 1):
        number = f"63-{nr:07}-{1950 + nr % 76}"
        betreff = f"{seed.choice(THINGS)} {seed.choice(NAMES)}, {seed.choice(STREETS)} {nr % 200}"
        akte, day = UUID(int=nr), date(1950 + nr % 76, 1 + nr % 12, 1 + nr % 28)
        rows.append(
            {
                "nr": nr, "uuid": akte, "aktenart": "Bauakte", "aktenzeichen": number, "schreibweise": number,
                "band": 1, "betreff": betreff, "betreff_folded": fold(betreff), "state": "archived", "version": 1,
                "pages": 1, "salt": "00" * 32, "index_format": FORMAT, "created_at": NOW, "changed_at": NOW,
                "datum_von": day, "datum_bis": day + timedelta(days=400),
            }
        )  # fmt: skip
        heading = Heading(number, number, betreff)
        made = list(register_passages(heading, ["Neubau", "Antrag"]))
        if nr % TEXT_EVERY == 0:
            dokument = UUID(int=(1 << 64) + nr)
            content = page_text(seed, words)
            page_rows.append({"dokument": dokument, "page": 1, "akte_nr": nr, "text": content})
            made += text_passages(heading, ("Neubau", "Antrag"), dokument, [(1, content)])
        for passage in made:
            last += 1
            passage_rows.append(
                {
                    "nr": last, "kind": passage.kind.value, "akte_nr": nr, "dokument": passage.dokument,
                    "page_from": passage.page_from, "page_to": passage.page_to,
                }
            )  # fmt: skip
            table = "register_index" if passage.dokument is None else "text_index"
            if sqlite:
                stems = " ".join(word if word == GAP else stem(word) for word in passage.words)
                index[table].append({"nr": last, "words": " ".join(passage.words), "stems": stems})
            else:
                index[table].append({"nr": last, "vector": vector(passage.words)})
    connection.execute(insert(akten), rows)
    if page_rows:
        connection.execute(insert(pages), page_rows)
    connection.execute(insert(passages), passage_rows)
    for table, own in index.items():
        columns, values = ("rowid, words, stems", ":nr, :words, :stems") if sqlite else ("nr, vector", ":nr, :vector")
        values = values if sqlite else ":nr, CAST(:vector AS tsvector)"
        if own:
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), own)  # noqa: S608


def events(many: int) -> Iterator[list[Entry]]:
    """Events as deliveries leave them."""
    verbs = (Verb.DELIVERY_RECEIVED, Verb.DELIVERY_MOVED, Verb.AKTE_PLANNED, Verb.AKTE_READ)
    for start in range(0, many, BATCH):
        yield [
            Entry(verbs[n % 4], {"version": 1, "scans": n % 70, "content": "0" * 64}, UUID(int=n), UUID(int=n + 1))
            for n in range(start, min(start + BATCH, many))
        ]


def timed(act: Callable[[], object], times: int) -> dict[str, float]:
    """p50, p95 in ms of so many calls, the first one not counted."""
    act()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return {"p50_ms": round(statistics.median(taken), 3), "p95_ms": round(taken[int(len(taken) * 0.95)], 3)}


def searches(catalog: Catalog, many: int) -> dict[str, Any]:
    """Latencies of what a registry clerk asks."""
    seed = random.Random(7)

    def number() -> str:
        nr = seed.randint(1, many)
        return f"63-{nr:07}-{1950 + nr % 76}"

    def bare() -> None:
        with catalog._database.engine.connect() as connection:
            statement = text("SELECT * FROM akten WHERE aktenzeichen = :number")
            rows = connection.execute(statement, {"number": number()}).all()
        assert rows

    def lookup() -> None:
        assert catalog.akte_by_aktenzeichen(number())

    def find(typed: str, **more: Any) -> Callable[[], object]:
        return lambda: catalog.find(typed, **more)

    found = {
        "bare indexed SQL query": timed(bare, 400),
        "exact lookup": timed(lookup, 400),
        "find: exact number": timed(lambda: catalog.find(number()), 200),
        "find: beginning of a number": timed(lambda: catalog.find(number()[:7]), 100),
        "find: name in the register": timed(find("Müller"), 50),
        "find: name and street": timed(find("Çelik Hafenstr. 17"), 50),
        "text: frequent word": timed(find("Genehmigung", volltext=True), 50),
        "text: frequent word, page 50": timed(find("Genehmigung", volltext=True, offset=1000), 20),
        "text: frequent word in one year": timed(
            find("Genehmigung", volltext=True, von=date(1990, 1, 1), bis=date(1990, 12, 31)), 20
        ),
        "text: two words": timed(find("Genehmigung Lärm*", volltext=True), 20),
        "text: phrase": timed(find('"nach Genehmigung"', volltext=True), 20),
        "text: rare word": timed(find("Wasserfeuerplanungen", volltext=True), 50),
        "text: nothing": timed(find("nirgendwo", volltext=True), 50),
        "list: newest 100": timed(lambda: catalog.akten(limit=100), 10),
    }
    ratio = found["exact lookup"]["p50_ms"] / found["bare indexed SQL query"]["p50_ms"]
    return {"exact lookup / bare query": round(ratio, 2), **found}


def verify(catalog: Catalog) -> dict[str, Any]:
    """Rows a second and core of the whole check, and of a plain loop over the driver as the peer."""
    head = catalog.head()
    assert head is not None
    began = time.process_time(), time.perf_counter()
    report = catalog.verify_trail([head])
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    assert report.verdict.value == "ok", report
    began = time.process_time(), time.perf_counter()
    previous = GENESIS
    with catalog._database.read() as connection:
        raw: Any = connection.connection.driver_connection
        cursor = raw.execute(str(trail.select().with_only_columns(trail.c.hash, trail.c.body).order_by(trail.c.seq)))
        for stored, body in cursor:
            previous = hashlib.sha256((previous + body).encode()).hexdigest()
            assert previous == stored
    plain = time.process_time() - began[0]
    return {
        "rows": report.rows,
        "rows per CPU second": int(report.rows / cpu),
        "rows per second": int(report.rows / wall),
        "plain loop, rows per CPU second": int(report.rows / plain),
    }


def measure(url: str, many: int, rows: int) -> dict[str, Any]:
    """Fills one database and asks it."""
    words = vocabulary(random.Random(1))
    with open_catalog(url) as catalog:
        began = time.perf_counter()
        for start in range(0, many, BATCH):
            with catalog._database.write() as connection:
                fill(connection, start, min(BATCH, many - start), words)
        filled = time.perf_counter() - began
        for chunk in events(rows):
            with catalog._database.write() as connection:
                append(connection, chunk, BY, NOW)
        if not url.startswith("sqlite"):
            with catalog._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
        return {
            "akten": many,
            "fill_akten_per_s": int(many / filled),
            "trail": verify(catalog),
            "search": searches(catalog, many),
        }


def main() -> int:
    """Prints one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--akten", type=int, default=50_000)
    parser.add_argument("--zeilen", type=int, default=200_000, help="rows of the trail")
    parser.add_argument("--nur", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    result: dict[str, Any] = {}
    if chosen.nur != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'archiv.sqlite'}"
            result["sqlite"] = measure(url, chosen.akten, chosen.zeilen)
    if chosen.nur != "sqlite":
        server = running_postgres()
        result["postgresql"] = (
            measure(server.database(), chosen.akten, chosen.zeilen)
            if server
            else "not checked: PostgreSQL is not there"
        )
    json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
