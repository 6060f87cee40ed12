"""What the document path does to foreign PDFs, each a function called in the sandbox: JSON in, JSON out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akten.plural import plural
from ocr.level import BASIC

_MM = 25.4 / 72

_MOST_NAMED = 20  # attachments told by name among the losses; each is told of its own as well
_MOST_FIELDS = 20_000
_FONT_OF_DA = re.compile(r"(/[^\s/\[\]()<>]+)\s+-?[\d.]+\s+Tf")
_MOST_PREVIEW_PIXELS = 60_000_000
_LEAST_MM = 20.0
_SHOW = ("/Trans", "/Dur", "/PresSteps")

REASONS = {
    "password": "Das PDF ist mit einem Kennwort verschlossen. Bitte ohne Kennwort neu liefern.",
    "xfa": "Das PDF ist ein dynamisches XFA-Formular ohne Seiten. Bitte gedruckt oder als PDF/A neu liefern.",
    "broken": "Das PDF ist beschädigt und lässt sich nicht umwandeln. Bitte neu liefern.",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A PDF cleaned of what PDF/A forbids, and what was taken away."""

    path: Path
    losses: tuple[str, ...]
    notes: int = 0


def prepare(payload: dict[str, Any]) -> dict[str, Any]:
    """Opens, decrypts and cleans a PDF: no scripts, no actions, no attachments, forms drawn flat, pages chosen."""
    import pikepdf

    from ocr.idlefonts import without_idle_fonts
    from ocr.pdfnotes import tidy_notes, worded_notes

    losses: list[str] = []
    try:
        pdf = pikepdf.open(payload["path"])
    except pikepdf.PasswordError:
        return {"refused": "password"}
    except pikepdf.PdfError:
        return {"refused": "broken"}
    with pdf:
        if not len(pdf.pages):
            return {"refused": "broken"}
        if bool(pdf.Root.get("/NeedsRendering", False)):  # its pages are made by the viewer alone
            return {"refused": "xfa"}
        order = list(range(1, len(pdf.pages) + 1)) if payload["pages"] is None else [int(n) for n in payload["pages"]]
        wanted = set(order)
        unseen = tidy_notes(pdf, [page for number, page in enumerate(pdf.pages, 1) if number in wanted], losses)
        _without_forms(pdf, losses)
        _without_scripts(pdf, losses)
        _without_attachments(pdf, losses)
        _choose_pages(pdf, order)
        pdf.remove_unreferenced_resources()
        without_idle_fonts(pdf)
        for page in pdf.pages:  # how pages change in a show of slides; ReportLab writes an empty one on each
            for key in _SHOW:
                if key in page.obj:
                    del page.obj[key]
        pdf.save(payload["target"], encryption=False)
        return {"losses": losses, "notes": worded_notes(pdf) + unseen}


def _choose_pages(pdf: Any, order: list[int]) -> None:
    """Leaves the pages with these numbers (from 1), in the order of the slip, which need not be that of the file."""
    pages = [pdf.pages[number - 1] for number in order]
    if order == list(range(1, len(pdf.pages) + 1)):
        return
    del pdf.pages[:]
    pdf.pages.extend(pages)


def _without_forms(pdf: Any, losses: list[str]) -> None:
    import pikepdf

    from ocr.pdfnotes import comments, without_kinds

    if "/AcroForm" not in pdf.Root:
        return
    form = pdf.Root.AcroForm
    if not isinstance(form, pikepdf.Dictionary):
        del pdf.Root["/AcroForm"]
        return
    fields = form.get("/Fields")
    filled = isinstance(fields, pikepdf.Array) and len(fields) > 0
    if "/XFA" in form:
        losses.append("XFA-Formulardaten (das Formular ist als Seite wiedergegeben)")
        del form["/XFA"]
    if unseen := _draw_values(pdf, form):
        fields_told = plural(unseen, "angekreuztes Formularfeld", "angekreuzte Formularfelder")
        losses.append(f"{fields_told} ohne eigenes Aussehen (im Original erhalten)")
    if "/NeedAppearances" in form:  # as long as it stands there qpdf draws no field at all
        del form["/NeedAppearances"]
    if lost := comments(pdf):
        losses.append(f"{plural(lost, 'Kommentar', 'Kommentare')} an Anmerkungen (im Original erhalten)")
    pdf.flatten_annotations("all")
    for page in pdf.pages:  # a field without a look, such as a signature that shows nothing, stays behind
        notes = page.obj.get("/Annots")
        if isinstance(notes, pikepdf.Array):
            page.obj["/Annots"] = without_kinds(notes, frozenset({"/Widget"}))
    if filled:
        losses.append("ausfüllbare Formularfelder (ihre Werte sind als Text wiedergegeben)")
    for key in ("/AcroForm", "/Perms"):
        if key in pdf.Root:  # flattening may have taken it away already
            del pdf.Root[key]


def _draw_values(pdf: Any, form: Any) -> int:
    """Gives every filled field without a look of its own one, so that its value is on the page when it is flattened.

    What a field already shows stays as it is, unless the file itself says that looks are to be made anew. Returns how
    many ticked boxes have no look, for which nobody can make one.
    """
    import pikepdf

    unseen = 0

    anew = bool(form.get("/NeedAppearances", False))
    _name_fonts(form)
    for field in list(pdf.acroform.fields)[:_MOST_FIELDS]:
        try:
            ticked = field.is_checkbox or field.is_radio_button
            if not ticked and not ((field.is_text or field.is_choice) and field.value_as_string):
                continue
            for note in pdf.acroform.get_annotations_for_field(field):
                looks = note.obj.get("/AP")
                lacks = not isinstance(looks, pikepdf.Dictionary) or "/N" not in looks
                if ticked:
                    unseen += lacks and str(note.obj.get("/AS", field.obj.get("/V", "/Off"))) != "/Off"
                elif anew or lacks:
                    field.generate_appearance(note)
        except (pikepdf.PikepdfError, ValueError, TypeError, KeyError):
            continue  # a field that cannot be drawn; the comparison with the original tells whether it is missed
    return unseen


def _name_fonts(form: Any) -> None:
    """Makes the fonts known that the fields name: many programs leave out what every viewer has."""
    import pikepdf

    if not isinstance(form.get("/DR"), pikepdf.Dictionary):
        form["/DR"] = pikepdf.Dictionary()
    if not isinstance(form.DR.get("/Font"), pikepdf.Dictionary):
        form.DR["/Font"] = pikepdf.Dictionary()
    stated = [str(form.get("/DA", ""))]
    fields = form.get("/Fields")
    if isinstance(fields, pikepdf.Array):
        stated += [
            str(field.get("/DA", "")) for field in list(fields)[:_MOST_FIELDS] if isinstance(field, pikepdf.Dictionary)
        ]
    for name in {name for text in stated for name in _FONT_OF_DA.findall(text)}:
        if name not in form.DR.Font:
            form.DR.Font[name] = pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type1,
                BaseFont=pikepdf.Name.Helvetica,
                Encoding=pikepdf.Name.WinAnsiEncoding,
            )


def _without_scripts(pdf: Any, losses: list[str]) -> None:
    import pikepdf

    from ocr.pdffeatures import bookmarks

    found = False
    for key in ("/OpenAction", "/AA"):
        if key in pdf.Root:
            found = found or _does_something(pdf.Root[key])
            del pdf.Root[key]
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names:
        found = True
        del names["/JavaScript"]
    for page in pdf.pages:
        for key in ("/AA", "/PieceInfo"):  # the second is private data of the program that made the page
            if key in page.obj:
                del page.obj[key]
        notes = page.obj.get("/Annots")
        for note in notes if isinstance(notes, pikepdf.Array) else ():
            if not isinstance(note, pikepdf.Dictionary):  # the place of a note that was taken away
                continue
            found = _without_action(note) or found
            if "/AA" in note:
                found = True
                del note["/AA"]
    for mark in bookmarks(pdf.Root.get("/Outlines")):
        found = _without_action(mark) or found
    if found:
        losses.append("Skripte und Aktionen")


def _without_action(holder: Any) -> bool:
    """Leaves of what a note or bookmark does only the way to a place or address; True when there was more."""
    import pikepdf

    action = holder.get("/A")
    if not isinstance(action, pikepdf.Dictionary):
        return False
    if _does_something(action) and str(action.get("/S")) != "/URI":
        del holder["/A"]
        return True
    if "/Next" in action:
        del action["/Next"]
        return True
    return False


def _does_something(action: Any) -> bool:
    """True for an action that is more than a way to a place in the file itself."""
    import pikepdf

    if not isinstance(action, pikepdf.Dictionary):
        return False  # an array is a destination
    return str(action.get("/S", "/Tabelle")) != "/GoTo"


def _without_attachments(pdf: Any, losses: list[str]) -> None:
    """No embedded files, by whatever place they are named, and nothing that plays."""
    import pikepdf

    from ocr.pdffeatures import embedded_files
    from ocr.pdfnotes import BEARERS, kind_of, without_kinds

    names = [name for name, _ in embedded_files(pdf)]
    losses.extend(f"die Anlage „{name}“ (im Original und einzeln bewahrt)" for name in names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        losses.append(
            f"{plural(len(names) - _MOST_NAMED, 'weitere Anlage', 'weitere Anlagen')} (im Original und einzeln bewahrt)"
        )
    table = pdf.Root.get("/Names")
    if isinstance(table, pikepdf.Dictionary) and "/EmbeddedFiles" in table:
        del table["/EmbeddedFiles"]
    for key in ("/AF", "/Collection", "/PieceInfo"):
        if key in pdf.Root:
            del pdf.Root[key]
    playing = False
    for page in pdf.pages:
        if "/AF" in page.obj:
            del page.obj["/AF"]
        notes = page.obj.get("/Annots")
        if not isinstance(notes, pikepdf.Array):
            continue
        playing = playing or any(kind_of(note) in BEARERS - {"/FileAttachment"} for note in notes)
        page.obj["/Annots"] = kept = without_kinds(notes, BEARERS)
        for note in kept:
            if "/AF" in note:
                del note["/AF"]
    if playing:
        losses.append("Filme, Töne und räumliche Bilder")


def lay_text(payload: dict[str, Any]) -> dict[str, Any]:
    """Puts the operators of text read before the content of their pages, and turns the pages so that they are read.

    Before it, because what a foreign page leaves behind (a matrix, a text state) is not known.
    """
    import pikepdf

    from ocr.glyphless import add_font
    from ocr.pagelayer import FONT_NAME

    with pikepdf.open(payload["path"]) as pdf:
        font = add_font(pdf)
        for asked in payload["pages"]:
            page = pdf.pages[asked["page"] - 1]
            own = page.resources  # qpdf has brought inherited ones down to the page; others may share them still
            resources = pikepdf.Dictionary(dict(own.items()))
            fonts = own.get("/Font")
            known = dict(fonts.items()) if isinstance(fonts, pikepdf.Dictionary) else {}
            resources.Font = pikepdf.Dictionary(known)
            resources.Font[FONT_NAME] = font
            page.obj.Resources = resources
            text = Path(asked["text"]).read_bytes()
            page.contents_add(b"q\n" + text + b"\nQ\n", prepend=True)
            if asked["rotate"] != page.obj.get("/Rotate", 0):
                page.obj.Rotate = asked["rotate"]
        pdf.save(payload["target"])
    return {}


def declare(payload: dict[str, Any]) -> dict[str, Any]:
    """Makes a PDF/A of level 2b where only declaration and output intent are wanting.

    pikepdf judges no patterns, shadings and fonts of drawn letters, which plans are full of. Where nothing else speaks
    against a file it is written all the same and `judged` is False: then others must find it good. Not so with layers:
    what is switched off shall not lie hidden in the rendition.
    """
    import pikepdf
    from pikepdf import pdfa

    try:
        with pikepdf.open(payload["path"]) as pdf:
            try:
                pdfa.save(pdf, payload["target"], BASIC)
            except pdfa.PdfaError as denied:
                if denied.report.verdict != "not_checked" or "/OCProperties" in pdf.Root:
                    return {"ok": False, "why": type(denied).__name__}
                pdf.save(payload["target"], **pdfa.resolve_save_kwargs(BASIC))
                return {"ok": True, "judged": False}
    except pikepdf.PdfError as broken:
        return {"ok": False, "why": type(broken).__name__}
    return {"ok": True, "judged": True}


def read_pages(payload: dict[str, Any]) -> dict[str, Any]:
    """Text and size of every page, whether it is blank, and how many notes of people the file holds.

    The words with their places go to the file `words`, one line for each page: they are too many for the answer.
    `as_seen` places them on the pages after /Rotate.
    """
    import pikepdf

    from ocr.openpdfs import OpenPdfs
    from ocr.ownwords import WordsFile, own_page
    from ocr.pdfnotes import typed_texts, worded_notes
    from ocr.pdfpage import user_unit

    with pikepdf.open(payload["path"]) as pdf:
        notes = worded_notes(pdf)
        units = [user_unit(page) for page in pdf.pages]
        typed = [typed_texts(page) for page in pdf.pages]
    words = WordsFile(payload["words"])
    opened = OpenPdfs()
    pages: list[dict[str, Any]] = []
    while len(pages) < len(opened[payload["path"]]):
        page = opened[payload["path"]][len(pages)]
        width, height = page.get_size()
        unit = units[len(pages)] if len(pages) < len(units) else 1.0
        noted = typed[len(pages)] if len(pages) < len(typed) else ()
        text, own = own_page(page, unit, as_seen=payload["as_seen"], typed=noted)
        words.add(own)
        pages.append(
            {
                "text": text,
                "width_mm": width * unit * _MM,
                "height_mm": height * unit * _MM,
                "blank": not text.strip() and _shows_nothing(page),
            }
        )
        page.close()
        opened.bound()
    opened.close()
    words.close()
    return {"pages": pages, "notes": notes}


def _shows_nothing(page: Any) -> bool:
    """True when the page bears nothing but paper, judged as a scan is."""
    from ocr.blank import PREVIEW_DPI, is_blank

    width, height = page.get_size()
    scale = PREVIEW_DPI / 72
    if width * height * scale * scale > _MOST_PREVIEW_PIXELS:
        return False
    if width * _MM < _LEAST_MM or height * _MM < _LEAST_MM:  # smaller than anything that is looked for on a page
        return not next(page.get_objects(max_depth=1), None)
    return is_blank(page.render(scale=scale, grayscale=True).to_pil().convert("L"), PREVIEW_DPI)
