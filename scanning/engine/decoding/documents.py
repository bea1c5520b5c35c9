"""A file and the pictures in it: one for a photograph, one for each page or frame of others.

Runs only inside the child process. What a file is follows from its bytes, never from its name.
"""

from typing import BinaryIO, Final, Protocol

from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from scanning.engine.decoding import decode, dicomhead, heic, pdf
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.extras import DICOM
from scanning.engine.decoding.keyframes import key_frames

# Pillow reads this much at a time; the default of 64 KB costs a Python call each.
READ_BYTES: Final = 1 << 20
HEAD: Final = 1024
# Pages of a TIFF are found one by one; nobody goes further than this.
MOST_COUNTED: Final = 2_000
MOST_FRAMES: Final = 1_000_000

_SUBFILE_TYPE: Final = 0x00FE
_REDUCED_OR_MASK: Final = 0b101
_SEQUENCES: Final = frozenset({"GIF", "WEBP", "PNG", "AVIF"})


class Document(Protocol):
    """An open file.

    count: pages or frames. is_sequence: they are frames, of which only key frames are read.
    is_endless: nobody counted to the end. stays_open: may be kept between two requests without
    holding on to decoded pixels.
    """

    format: str
    is_sequence: bool
    stays_open: bool

    @property
    def count(self) -> int: ...

    @property
    def is_endless(self) -> bool: ...

    def page(self, number: int) -> Image.Image:
        """One picture, from 0; not decoded yet where that can be done on a reduced scale."""
        ...

    def close(self) -> None: ...


def opened(stream: BinaryIO, max_pixels: int) -> Document:
    """The document that a file holds. Only within `decode.guarded`."""
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    if pdf.is_pdf(head):
        return pdf.PdfPages(stream, max_pixels)
    if heic.is_heic(head):
        return Pictures(heic.opened(stream), max_pixels)
    if dicomhead.has_preamble(head):
        return _dicom(stream, max_pixels)
    try:
        return Pictures(Image.open(stream, formats=decode.OPENED), max_pixels)
    except UnidentifiedImageError:
        stream.seek(0)
        if dicomhead.may_be_bare(head):
            return _dicom(stream, max_pixels)
        if b"%PDF-" in head:
            return pdf.PdfPages(stream, max_pixels)
        raise


def _dicom(stream: BinaryIO, max_pixels: int) -> Document:
    try:
        from scanning.engine.decoding.dicom import DicomFrames  # brings NumPy
    except ImportError:
        raise DICOM.missing() from None
    return DicomFrames(stream, max_pixels)


def chosen(document: Document, most: int, max_pixels: int) -> tuple[list[int], bool]:
    """Which pictures of a document are read, `most` at most, and whether that leaves pages out."""
    if document.is_sequence:
        return key_frames(document, max_pixels)[:most], False
    if isinstance(document, Pictures):
        numbers = document.pages(most + 1)
    else:
        numbers = list(range(min(document.count, most + 1)))
    return numbers[:most], len(numbers) > most or document.is_endless


class Pictures:
    """What Pillow and its plugins read: one picture, an animation, or the pages of a TIFF."""

    def __init__(self, image: ImageFile.ImageFile, max_pixels: int) -> None:
        self._image = image
        image.decodermaxblock = READ_BYTES
        self._max_pixels = max_pixels
        self.format = image.format or ""
        self.is_sequence = self.format in _SEQUENCES
        self.stays_open = self.format != "HEIF"  # it would keep the pixels of each page
        self._count = 0

    @property
    def count(self) -> int:
        """Counted when first asked for: decoding one picture of many must not wait for it.

        A further picture in a JPEG file (MPO) is a preview or a map of the first, and no page.
        """
        if not self._count:
            if self.format == "MPO":
                self._count = 1
            elif self.format == "TIFF":
                self._count = self._counted()
            else:
                self._count = max(1, getattr(self._image, "n_frames", 1))
        return self._count

    @property
    def is_endless(self) -> bool:
        return self.format == "TIFF" and self.count >= MOST_COUNTED

    def page(self, number: int) -> Image.Image:
        image = self._image
        if number != image.tell():
            image.seek(number)
        if image.width * image.height > self._max_pixels:
            raise decode.too_large(self._max_pixels)
        return image

    def pages(self, most: int) -> list[int]:
        """The first `most` pages; smaller versions of others, and masks, are no pages."""
        found = [0]
        for number in range(1, self.count):
            if len(found) == most:
                break
            if not self._is_extra(number):
                found.append(number)
        return found

    def close(self) -> None:
        self._image.close()

    def _is_extra(self, number: int) -> bool:
        if not isinstance(self._image, TiffImagePlugin.TiffImageFile):
            return False
        try:
            self._image.seek(number)
        except decode.DAMAGE:
            return False  # reading it will say what is wrong
        kind = self._image.tag_v2.get(_SUBFILE_TYPE, 0)
        return isinstance(kind, int) and bool(kind & _REDUCED_OR_MASK)

    def _counted(self) -> int:
        """The pages of a TIFF; a damaged directory counts as the last one."""
        place = self._image.tell()
        number = place + 1
        try:
            while number < MOST_COUNTED:
                self._image.seek(number)
                number += 1
        except EOFError:
            pass
        except decode.DAMAGE:
            number += 1
        self._image.seek(place)
        return number


def closed(document: Document) -> None:
    """Close a document; what is wrong with it does not matter any more."""
    try:
        document.close()
    except (*decode.DAMAGE, PictureError):
        pass
