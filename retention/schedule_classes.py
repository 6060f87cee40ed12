"""Reads the record classes of a Fristenkatalog: each basis must be computable, each reference must lead somewhere."""

from __future__ import annotations

import re

from akten.findings import Severity
from akten.model import Aussonderungsart
from retention.catalogue import Basis, Kind, Phase, RecordClass, Variant
from retention.form import Form
from retention.periods import Period, StartRule

_CLASS = (
    "key", "title_de", "aktenplan_group", "bases", "trigger_variants", "holds_apply", "extend_until_final", "privacy",
    "protection_need", "disposal", "access_secrecy", "note", "valid_from", "confirmed_by", "confirmed_on",
)  # fmt: skip
_BASIS = (
    "basis", "kind", "trigger", "start_rule", "period", "phases", "permanent", "follows", "while", "applies_if",
    "select", "valid_from", "before", "on_request", "with_consent", "source", "verified", "also", "note",
)  # fmt: skip
_VARIANT = ("event", "when", "select", "or_later", "unless", "source", "verified", "note")
# The older way to say `or_later`, in words: "working on beyond 65: employment_ended instead (later of both)".
_OR_LATER = re.compile(r"\b([a-z][a-z0-9_]+) instead \(later of both\)")
_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")
_CODES = tuple(Aussonderungsart)
_NEEDS = ("in", "vt", "vf")
_SELECT = ("latest", "earliest")


def read_classes(
    top: Form, sources: frozenset[str], holds: frozenset[str], categories: frozenset[str], needs: frozenset[str]
) -> dict[str, RecordClass]:
    """All classes by key; the faults are noted in the file of `top`."""
    classes: dict[str, RecordClass] = {}
    for form in top.forms("classes", _CLASS):
        key = form.text("key", needed=True)
        if key in classes:
            form.wrong("RT-10", "key", f"Die Klasse „{key}“ steht doppelt.")
        variants = tuple(_variant(part, sources) for part in form.forms("trigger_variants", _VARIANT))
        bases = tuple(b for part in form.forms("bases", _BASIS) if (b := _basis(part, sources, variants)) is not None)
        if not form.value.get("bases"):
            form.wrong("RT-04", "", f"Die Klasse „{key}“ hat keine Grundlage (bases).")
        for hold in form.texts("holds_apply"):
            if hold not in holds:
                form.wrong("RT-12", "holds_apply", f"Die Sperre „{hold}“ gibt es im Katalog nicht.")
        _check_variants(form, bases, variants)
        _check_possible(form, bases)
        classes[key] = RecordClass(
            key=key,
            title=form.text("title_de", needed=True),
            group=form.text("aktenplan_group"),
            bases=bases,
            disposal=_disposal(form, sources),
            privacy=_privacy(form, categories),
            protection_need=_protection(form, needs),
            holds_apply=form.texts("holds_apply"),
            extend_until_final=form.truth("extend_until_final"),
            secrecy=form.truth("access_secrecy"),
            confirmed_by=form.text("confirmed_by"),
            confirmed_on=form.day("confirmed_on"),
            valid_from=form.day("valid_from"),
            note=form.text("note"),
        )
    if not classes:
        top.wrong("RT-04", "", "Der Katalog hat keine Klassen (classes).")
    return classes


def _check_source(form: Form, sources: frozenset[str]) -> str:
    source = form.text("source", needed=True)
    if source and source not in sources:
        form.wrong("RT-11", "source", f"Die Quelle „{source}“ steht nicht im Verzeichnis.")
    return source


def _word(form: Form, key: str) -> str:
    """The name of an event or a fact."""
    text = form.text(key)
    if text and not _WORD.match(text):
        form.wrong("RT-05", key, f"„{text}“ ist kein Name (kleine Buchstaben, Ziffern, Unterstrich).")
        return ""
    return text


def _variant(form: Form, sources: frozenset[str]) -> Variant:
    if not form.text("event", needed=True):
        return Variant("")
    if form.has("source"):
        _check_source(form, sources)
    form.truth("verified")
    when = form.text("when")
    told = _OR_LATER.search(when)
    return Variant(
        event=_word(form, "event"),
        when=when,
        earliest=form.choice("select", _SELECT, default="latest") == "earliest",
        or_later=_word(form, "or_later") or (told[1] if told else ""),
        unless=_word(form, "unless"),
        all_of=form.value.get("select") == "latest",
    )


def _basis(form: Form, sources: frozenset[str], variants: tuple[Variant, ...]) -> Basis | None:
    """One basis, None when it cannot be computed."""
    text = form.text("basis", needed=True)
    kind = form.choice("kind", list(Kind))
    source = _check_source(form, sources)
    for also in form.texts("also"):
        if also not in sources:
            form.wrong("RT-11", "also", f"Die Quelle „{also}“ steht nicht im Verzeichnis.")
    verified = form.truth("verified", needed=True)
    permanent, follows = form.truth("permanent"), form.text("follows")
    phases = _phases(form)
    lengths = [form.has("period"), form.has("phases"), permanent, bool(follows)]
    if sum(lengths) != 1:
        form.wrong("RT-20", "", "Die Grundlage braucht genau eine Dauer: period, phases, permanent oder follows.")
        return None
    trigger, rule = _word(form, "trigger"), ""
    if phases is not None:
        if not trigger:
            form.wrong("RT-21", "", "Die Grundlage nennt kein Ereignis (trigger), mit dem die Frist beginnt.")
        rule = form.choice("start_rule", list(StartRule))
    elif permanent or follows:
        for key in ("trigger", "start_rule", "while", "valid_from", "before", "select"):
            if form.has(key):
                form.wrong("RT-20", key, f"„{key}“ hat ohne Frist keinen Sinn.")
    before = form.period("before")
    valid_from = form.day("valid_from")
    if (before is None) != (valid_from is None):
        form.wrong("RT-23", "", "valid_from und before gehören zusammen: Stichtag und frühere Frist.")
    if before is not None and phases is not None and len(phases) > 1:
        form.wrong("RT-23", "before", "Eine Übergangsregel gilt nur für eine einzelne Frist.")
    if not kind or (phases is not None and not (trigger and rule)) or (phases is None and form.has("period")):
        return None
    return Basis(
        text=text,
        kind=Kind(kind),
        source=source,
        verified=verified,
        trigger=trigger,
        start_rule=StartRule(rule) if rule else StartRule.END_OF_CALENDAR_YEAR,
        phases=phases or (),
        permanent=permanent,
        follows=follows,
        while_fact=_word(form, "while"),
        applies_if=_word(form, "applies_if"),
        earliest=form.choice("select", _SELECT, default="latest") == "earliest",
        valid_from=valid_from,
        before=before,
        on_request=form.truth("on_request"),
        with_consent=form.truth("with_consent"),
        also=form.texts("also"),
        note=form.text("note"),
        variants=variants,
    )


def _phases(form: Form) -> tuple[Phase, ...] | None:
    """The stretches of a basis, one for a plain period; None when it has none or they are wrong."""
    if form.has("period"):
        period = form.period("period")
        return None if period is None else (Phase(period),)
    phases = []
    for part in form.forms("phases", ("period", "access", "note")):
        found = part.period("period")
        restricted = part.choice("access", ("normal", "restricted"), default="normal") == "restricted"
        if found is None:
            part.wrong("RT-04", "", "Der Abschnitt hat keine Frist (period).")
        else:
            phases.append(Phase(found, restricted))
    return tuple(phases) or None


def _check_variants(form: Form, bases: tuple[Basis, ...], variants: tuple[Variant, ...]) -> None:
    names = [variant.event for variant in variants]
    if len(set(names)) != len(names):
        form.wrong("RT-25", "trigger_variants", "Ein Ereignis steht in zwei Varianten.")
    if any(basis.trigger in names for basis in bases):
        form.wrong("RT-25", "trigger_variants", "Eine Variante nennt dasselbe Ereignis wie die Grundlage.")


def _check_possible(form: Form, bases: tuple[Basis, ...]) -> None:
    """A duty to delete that always falls before a duty to keep of the same event cannot be met."""
    plain = [b for b in bases if not (b.applies_if or b.while_fact) and len(b.phases) == 1]
    for delete in (b for b in plain if b.kind is Kind.DELETE_AT_LATEST):
        for keep in (b for b in plain if b.kind is Kind.RETAIN_AT_LEAST):
            same = (delete.trigger, delete.start_rule) == (keep.trigger, keep.start_rule)
            if same and _days(delete.phases[0].period) < _days(keep.phases[0].period):
                form.wrong("RT-24", "bases", "Die Löschpflicht liegt immer vor der Aufbewahrungspflicht: unerfüllbar.")
    if any(b.permanent and b.keeps for b in bases) and any(b.kind is Kind.DELETE_AT_LATEST for b in plain):
        form.wrong("RT-24", "bases", "Dauernd aufzubewahren und zu löschen zugleich ist unerfüllbar.")


def _days(period: Period) -> float:
    return period.years * 365.25 + period.months * 30.44 + period.days


def _disposal(form: Form, sources: frozenset[str]) -> Aussonderungsart:
    part = form.form("disposal", ("code", "source", "verified", "note"))
    code = part.text("code", needed=True)
    if part.has("source"):
        _check_source(part, sources)
    if code and code not in _CODES:
        part.wrong("RT-13", "code", f"„{code}“ ist keine Aussonderungsart (A, B, V).")
    return Aussonderungsart(code) if code in _CODES else Aussonderungsart.BEWERTEN


def _privacy(form: Form, categories: frozenset[str]) -> tuple[str, ...]:
    words = form.texts("privacy")
    for word in words:
        if categories and word not in categories:
            form.wrong("RT-13", "privacy", f"„{word}“ ist keine Datenschutzkategorie des Katalogs.")
    if not words:
        form.file.add("RT-13", form.place, "Die Klasse nennt keine Datenschutzkategorie.", Severity.WARNING)
    return words


def _protection(form: Form, needs: frozenset[str]) -> tuple[tuple[str, str], ...]:
    part = form.form("protection_need", _NEEDS)
    result = tuple((goal, part.text(goal)) for goal in _NEEDS if part.has(goal))
    for goal, value in result:
        if needs and value not in needs:
            part.wrong("RT-13", goal, f"„{value}“ ist kein Schutzbedarf des Katalogs.")
    return result
