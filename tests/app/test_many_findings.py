"""A comparison of a large holding with an emptied store can be read: it names some of each code, and counts all."""

from __future__ import annotations

import app.check_verbs
from akten.findings import Finding, Severity
from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import archive


def test_of_thousands_of_findings_some_of_each_code_are_shown_and_all_are_counted(desk: Desk) -> None:
    """An emptied store filled a hundred thousand lines, and the one finding of another kind was lost among them."""
    with open_catalog(desk.url) as catalog:
        archive(catalog, 1)
    many = tuple(Finding("XX-01", Severity.ERROR, f"a:{number:04}", "Fehlt.") for number in range(250))
    found = (*many, Finding("XX-02", Severity.ERROR, "b:1", "Anderes."))
    desk.monkeypatch.setattr(app.check_verbs, "compare_stores", lambda services: found)
    ran = desk("abgleich")
    assert ran.code == 5
    assert ran.out.count("Fehlt.") == 100
    assert "Anderes." in ran.out
    assert "XX-01: gezeigt sind 100 von 250 Befunden; alle mit --json." in ran.out
    assert "XX-02:" not in ran.out
    assert len(desk("abgleich", "--json").json["findings"]) == 251
