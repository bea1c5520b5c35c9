"""PDF files, each page drawn as a picture, through PDFium. Runs only inside the child process.

PDFium is built without JavaScript and fetches nothing. Text in fonts that the file does not bring
is drawn with fonts of the machine.
"""

import math
from typing import Any, BinaryIO, Final

from PIL import Image

from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.extras import PDF

# A page is drawn at this resolution, and no larger than this edge: a page has no pixels of its own.
DPI: Final = 200
LONGEST_EDGE: Final = 4096

_POINTS_PER_INCH: Final = 72
_PASSWORD_ERROR: Final = 4  # FPDF_ERR_PASSWORD
_TAIL: Final = 2048


def is_pdf(head: bytes) -> bool:
    """Whether a file begins like a PDF; a few writers put blanks or a byte order mark first."""
    return head.lstrip(b"\xef\xbb\xbf\0\t\n\r ").startswith(b"%PDF-")


class PdfPages:
    """The pages of a PDF; form fields and annotations are drawn too."""

    format = "PDF"
    is_sequence = False
    is_endless = False
    stays_open = True

    def __init__(self, stream: BinaryIO, max_pixels: int) -> None:
        """PictureError: PDFium is not installed, or cannot open the file."""
        try:
            import pypdfium2
        except ImportError:
            raise PDF.missing() from None
        self._failure: type[Exception] = pypdfium2.PdfiumError
        self._max_pixels = max_pixels
        try:
            self._document: Any = pypdfium2.PdfDocument(stream)
            self._document.init_forms()
        except self._failure as error:
            raise _damage(stream, error) from None
        self.count = len(self._document)

    def page(self, number: int) -> Image.Image:
        """One page in colour (mode RGB) on white, drawn at DPI."""
        try:
            page = self._document[number]
        except self._failure:
            raise PictureError("broken", "The page is damaged and cannot be drawn.") from None
        try:
            bitmap = page.render(scale=self._scale(*page.get_size()), rev_byteorder=True)
            try:
                image: Image.Image = bitmap.to_pil().convert("RGB")
                image.load()
            finally:
                bitmap.close()
        finally:
            page.close()
        return image

    def close(self) -> None:
        self._document.close()

    def _scale(self, width: float, height: float) -> float:
        """Pixels per point."""
        if not (0 < width < math.inf and 0 < height < math.inf):
            raise PictureError("broken", "The page has no size.")
        area, edges = width * height, width + height
        # Sizes are rounded up: (width * scale + 1) * (height * scale + 1) <= max_pixels.
        allowed = (math.sqrt(edges**2 + 4 * area * (self._max_pixels - 1)) - edges) / (2 * area)
        return min(DPI / _POINTS_PER_INCH, LONGEST_EDGE / max(width, height), allowed)


def _damage(stream: BinaryIO, error: Exception) -> PictureError:
    if getattr(error, "err_code", None) == _PASSWORD_ERROR:
        return PictureError("unsupported", "The PDF is protected by a password.")
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _TAIL))
    if b"%%EOF" not in stream.read(_TAIL):
        return PictureError("truncated", "The file ends before the picture does.")
    return PictureError("broken", "The PDF is damaged and cannot be opened.")
