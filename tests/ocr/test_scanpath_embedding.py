"""The image in the PDF is the scan: own bytes where PDF carries them, else the same pixels; changes are noted."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, ImageDraw

from ocr.embedding import group4_of, png_rows, without_loss
from ocr.pageimage import Held, PageUnreadable
from ocr.source import Source, from_image
from ocr.tiffpages import page_offsets
from tests.ocr.sheets import sheet


def source_of(path: Path, *, page: int = 1, dpi: float | None = 200.0) -> Source:
    return from_image(path, page, dpi=dpi, profile_dpi=300, max_pixels=10**8, max_mm=5080, read=True)


def written(source: Source, tmp_path: Path) -> Path:
    """A PDF with nothing but the image, one point per pixel."""
    with pikepdf.new() as pdf:
        image = source.xobject(pdf)
        page = pdf.add_blank_page(page_size=source.size)
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
        page.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Im0 Do Q" % source.size)
        pdf.save(tmp_path / "image.pdf", stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return tmp_path / "image.pdf"


def seen(source: Source, tmp_path: Path, mode: str) -> Image.Image:
    """The pixels as an independent reader (pdfium) decodes them."""
    document = pypdfium2.PdfDocument(written(source, tmp_path))
    image = document[0].render(scale=1, prefer_bgrx=False).to_pil().convert(mode)
    document.close()
    return image


def raw_stream(source: Source, tmp_path: Path) -> bytes:
    with pikepdf.open(written(source, tmp_path)) as pdf:
        return bytes(pdf.pages[0].Resources.XObject.Im0.read_raw_bytes())


def picture(mode: str) -> Image.Image:
    image = sheet(dpi=72, mode="RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, 90, 60), fill=(200, 30, 40))
    draw.ellipse((100, 20, 160, 80), fill=(20, 120, 200))
    return image.convert(mode)


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_goes_in_byte_for_byte(tmp_path: Path, mode: str, how: dict[str, object]) -> None:
    file = tmp_path / "scan.jpg"
    picture(mode).save(file, dpi=(200, 200), **how)
    source = source_of(file)
    assert raw_stream(source, tmp_path) == file.read_bytes()
    assert source.losses == ()


@pytest.mark.parametrize(
    ("mode", "suffix", "how"),
    [
        ("1", "tif", {"compression": "group4"}),
        ("1", "tif", {"compression": "group4", "tiffinfo": {278: 16}}),
        ("1", "tif", {"compression": "group3"}),
        ("1", "tif", {"compression": None}),
        ("1", "tif", {"compression": None, "tiffinfo": {262: 0}}),
        ("1", "tif", {"compression": "group4", "tiffinfo": {262: 1}}),
        ("1", "tif", {"compression": "group4", "tiffinfo": {266: 2}}),
        ("1", "png", {}),
        ("L", "tif", {"compression": "tiff_lzw"}),
        ("RGB", "tif", {"compression": "tiff_adobe_deflate"}),
        ("RGB", "tif", {"compression": None}),
        ("P", "tif", {"compression": "packbits"}),
        ("L", "png", {}),
        ("RGB", "png", {}),
        ("P", "png", {}),
        ("P", "png", {"bits": 4}),
        ("RGB", "jp2", {"irreversible": False}),
    ],
)
def test_pixels_stay_as_they_are(tmp_path: Path, mode: str, suffix: str, how: dict[str, object]) -> None:
    file = tmp_path / f"scan.{suffix}"
    image = picture("RGB").quantize(12) if mode == "P" else picture(mode)
    if mode == "1":
        image = picture("L").point(lambda value: 255 * (value > 128), "1")
    image.save(file, dpi=(200, 200), **how)
    wanted = Image.open(file).convert("RGB")
    source = source_of(file)
    assert seen(source, tmp_path, "RGB").tobytes() == wanted.tobytes()
    assert source.losses == () or suffix == "jp2"


def test_one_strip_of_group4_keeps_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "scan.tif"
    image = sheet(mode="1")
    image.save(file, compression="group4", dpi=(200, 200), tiffinfo={278: image.height})
    with Image.open(file) as opened:
        offset, count = opened.tag_v2[273][0], opened.tag_v2[279][0]
    assert raw_stream(source_of(file), tmp_path) == file.read_bytes()[offset : offset + count]


def test_group4_with_a_false_byte_count_still_shows_its_pixels(tmp_path: Path, samples: Path) -> None:
    file = samples / "tiff" / "CCITT-G4-300dpi-StripByteCounts0.tif"
    wanted = Image.open(file).convert("L")
    assert wanted.getextrema() == (0, 255)
    assert seen(source_of(file, dpi=300.0), tmp_path, "L").tobytes() == wanted.tobytes()


def test_a_fill_order_turned_round_is_read_right(tmp_path: Path, samples: Path) -> None:
    file = samples / "bilevel" / "ccitt1_letter_uncompressed_200dpi.tif"
    wanted = Image.open(file).convert("L")
    assert seen(source_of(file), tmp_path, "L").tobytes() == wanted.tobytes()


def test_transparency_is_laid_on_white_and_noted(tmp_path: Path) -> None:
    image = picture("RGBA")
    image.putalpha(Image.new("L", image.size, 128))
    image.save(tmp_path / "scan.png")
    source = source_of(tmp_path / "scan.png")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    assert seen(source, tmp_path, "RGB").tobytes() == paper.tobytes()
    assert any("Durchsichtige" in loss for loss in source.losses)


def test_opaque_gray_in_colours_becomes_gray_without_a_loss(tmp_path: Path) -> None:
    sheet(mode="RGBA").save(tmp_path / "scan.png")
    source = source_of(tmp_path / "scan.png")
    assert not isinstance(source.stored, pikepdf.Stream)
    assert source.stored.mode == "L"
    assert source.losses == ()
    assert seen(source, tmp_path, "L").tobytes() == sheet().tobytes()


def test_palette_with_transparency_is_flattened(tmp_path: Path) -> None:
    image = picture("RGB").quantize(8)
    image.save(tmp_path / "scan.png", transparency=0)
    wanted = Image.open(tmp_path / "scan.png").convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(wanted, mask=wanted.getchannel("A"))
    assert seen(source_of(tmp_path / "scan.png"), tmp_path, "RGB").tobytes() == paper.tobytes()


def test_sixteen_bits_become_eight_and_are_noted(tmp_path: Path) -> None:
    Image.frombytes("I;16", (4, 3), b"\x00\x80\xff\xff" * 6).save(tmp_path / "scan.png")
    source = source_of(tmp_path / "scan.png")
    assert any("8 Bit" in loss for loss in source.losses)
    assert list(seen(source, tmp_path, "L").tobytes()) == [128, 255] * 6


def test_of_sixteen_bits_only_the_transparent_gray_becomes_white(tmp_path: Path) -> None:
    """Pillow makes white of all gray that is not nearly black, and the page was empty."""
    Image.frombytes("I;16", (4, 3), b"\x00\x00\x00\x20\x00\x80\xff\xff" * 3).save(
        tmp_path / "p.png", transparency=0x8000
    )
    source = source_of(tmp_path / "p.png")
    assert {loss.split()[0] for loss in source.losses} >= {"Farbtiefe", "Durchsichtige"}
    assert list(seen(source, tmp_path, "L").tobytes()) == [0, 32, 255, 255] * 3


def test_cmyk_without_profile_becomes_rgb_and_is_noted(tmp_path: Path) -> None:
    picture("CMYK").save(tmp_path / "scan.jpg", dpi=(200, 200))
    source = source_of(tmp_path / "scan.jpg")
    assert not isinstance(source.stored, pikepdf.Stream)
    assert source.stored.mode == "RGB"
    assert any("CMYK" in loss for loss in source.losses)


def test_a_colour_profile_is_kept_beside_the_bytes(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture("RGB").save(tmp_path / "scan.jpg", icc_profile=profile, dpi=(200, 200))
    with pikepdf.new() as pdf:
        space = source_of(tmp_path / "scan.jpg").xobject(pdf).ColorSpace
        assert space[0] == "/ICCBased"
        assert bytes(space[1].read_bytes()) == profile


def test_a_false_profile_is_left_out(tmp_path: Path) -> None:
    picture("RGB").save(tmp_path / "scan.jpg", icc_profile=b"no profile at all", dpi=(200, 200))
    with pikepdf.new() as pdf:
        assert source_of(tmp_path / "scan.jpg").xobject(pdf).ColorSpace == "/DeviceRGB"


@settings(max_examples=40, deadline=None)
@given(arrays("uint8", st.tuples(st.integers(1, 40), st.integers(1, 70)), elements=st.sampled_from([0, 255])))
def test_any_bilevel_picture_survives_group4(pixels: object) -> None:
    image = Image.fromarray(pixels).convert("1")  # type: ignore[arg-type]
    stored, decoded = group4_of(Held(image))
    assert decoded.tobytes() == image.tobytes()
    assert stored.filter == "/CCITTFaxDecode"


@settings(max_examples=25, deadline=None)
@given(arrays("uint8", st.tuples(st.integers(1, 30), st.integers(1, 30), st.just(3))))
def test_any_colour_picture_survives_flate(pixels: object) -> None:
    image = Image.fromarray(pixels)  # type: ignore[arg-type]
    stored, _ = without_loss(Held(image))
    with pikepdf.new() as pdf:
        assert pikepdf.PdfImage(stored.xobject(pdf)).as_pil_image().tobytes() == image.tobytes()


def test_interlaced_rows_are_not_passed_through() -> None:
    target = io.BytesIO()
    sheet().save(target, "PNG")
    data = bytearray(target.getvalue())
    assert png_rows(bytes(data)) is not None
    data[28] = 1  # the interlace byte of IHDR
    assert png_rows(bytes(data)) is None


def test_every_page_of_a_long_file_is_the_right_one(tmp_path: Path) -> None:
    frames = [Image.new("L", (40, 30), shade) for shade in range(0, 250, 10)]
    for name, how in (("a.tif", {}), ("b.tif", {"big_tiff": True}), ("c.tif", {"compression": "tiff_lzw"})):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **how)
        assert len(page_offsets(tmp_path / name, 1000)) == 25
        for page in (1, 2, 13, 25):
            assert source_of(tmp_path / name, page=page).picture.getpixel((0, 0)) == (page - 1) * 10  # type: ignore[union-attr]
        with pytest.raises(PageUnreadable):
            source_of(tmp_path / name, page=26)


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\x08\0\0\0" + b"\0" * 8, b"MM\0+" + b"\xff" * 60])
def test_a_broken_chain_of_pages_ends(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tif").write_bytes(data)
    assert len(page_offsets(tmp_path / "x.tif", 50)) <= 1


def test_a_chain_of_pages_in_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(b"II*\0\x08\0\0\0\0\0\x08\0\0\0\0\0\0\0")
    assert page_offsets(tmp_path / "x.tif", 50) == [8]


def swapped_profile() -> bytes:
    """sRGB with red and blue changed places: where it gets lost it is seen."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * int.from_bytes(data[128:132], "big"), 12):
        name = bytes(data[place : place + 4])
        data[place : place + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(data)


def jp2_with(path: Path, image: Image.Image, colours: bytes, more: bytes = b"") -> None:
    """A JP2 with another box for its colours, and more boxes in its head."""
    target = io.BytesIO()
    image.save(target, "JPEG2000", irreversible=False)
    data = target.getvalue()
    head, colr = data.index(b"jp2h") - 4, data.index(b"colr") - 4
    length, old = (int.from_bytes(data[place : place + 4], "big") for place in (head, colr))
    new = (len(colours) + 8).to_bytes(4, "big") + b"colr" + colours
    whole = data[head + 4 : colr] + new + data[colr + old : head + length] + more
    path.write_bytes(data[:head] + (len(whole) + 4).to_bytes(4, "big") + whole + data[head + length :])


@pytest.mark.parametrize("kind", ["palette.png", "palette.tif", "alpha.png", "scan.jp2"])
def test_no_coding_loses_the_colour_profile(tmp_path: Path, kind: str) -> None:
    """It was kept of RGB alone; colours of the others were shown as if they were sRGB, and nothing was said."""
    red, green, blue = picture("RGB").split()
    image, file = Image.merge("RGB", (blue, green, red)), tmp_path / kind
    if kind.startswith("palette"):
        image.quantize(64).save(file, dpi=(200, 200), icc_profile=swapped_profile())
    elif kind.startswith("alpha"):
        image.putalpha(255)
        image.putpixel((0, 0), (255, 255, 255, 0))
        image.save(file, dpi=(200, 200), icc_profile=swapped_profile())
    else:
        jp2_with(file, image, b"\2\0\0" + swapped_profile())
    wanted, shown = picture("RGB"), seen(source_of(file), tmp_path, "RGB")
    for place in ((50, 40), (130, 50), (2, 2)):
        assert shown.getpixel(place) == pytest.approx(wanted.getpixel(place), abs=12)


def test_the_resolution_that_a_jp2_shall_be_shown_with_counts(tmp_path: Path) -> None:
    told = b"\0\0\0\x12resd" + (7874).to_bytes(2, "big") + b"\0\1" + (3937).to_bytes(2, "big") + b"\0\1\0\0"
    box = (len(told) + 8).to_bytes(4, "big") + b"res " + told
    jp2_with(tmp_path / "scan.jp2", picture("RGB"), b"\1\0\0\0\0\0\x10", box)
    assert source_of(tmp_path / "scan.jp2").dpi == pytest.approx((100, 200), abs=0.1)


def test_a_jpeg_that_names_its_colours_is_no_ycbcr(tmp_path: Path) -> None:
    """Without a marker of JFIF or Adobe, PDF takes three colours for YCbCr unless told (ISO 32000-1, table 13)."""
    target = io.BytesIO()
    picture("RGB").save(target, "JPEG", keep_rgb=True, quality=95)
    data = target.getvalue()
    marker = data.index(b"\xff\xee\0\x0eAdobe")
    (tmp_path / "scan.jpg").write_bytes(data[:marker] + data[marker + 16 :])
    with pikepdf.open(written(source_of(tmp_path / "scan.jpg"), tmp_path)) as pdf:
        assert pdf.pages[0].Resources.XObject.Im0.DecodeParms == {"/ColorTransform": 0}
    picture("RGB").save(tmp_path / "scan.jpg", quality=95)
    with pikepdf.open(written(source_of(tmp_path / "scan.jpg"), tmp_path)) as pdf:
        assert "/DecodeParms" not in pdf.pages[0].Resources.XObject.Im0
