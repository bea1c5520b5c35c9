"""DICOM files, through pydicom. Runs only inside the child process, and is imported when needed.

Of a data set only what the pixels need is parsed. Nothing that names, dates or places a person is
read, and nothing of it leaves the child but pixels.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from scanning.engine.decoding import decode
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.extras import DICOM

# Bad values in a file are that file's errors, told below; they need no warnings.
config.settings.reading_validation_mode = config.IGNORE

PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_LOOK: Final = (
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
)
_PALETTE: Final = tuple(
    f"{part}{colour}PaletteColorLookupTable{kind}"
    for colour in ("Red", "Green", "Blue")
    for part, kind in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
)
_PER_FRAME: Final = "PerFrameFunctionalGroupsSequence"
_SHARED: Final = "SharedFunctionalGroupsSequence"
_GROUPS: Final = ("PixelValueTransformationSequence", "FrameVOILUTSequence")
_READ: Final = (
    *("Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "SamplesPerPixel", "PlanarConfiguration"),
    *("PhotometricInterpretation", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
    *(_PER_FRAME, _SHARED, *_LOOK, *_PALETTE, *PIXELS),
)
# What pydicom raises for damaged files, beside what Pillow does.
_DAMAGE: Final = (
    *decode.DAMAGE,
    *(LookupError, AttributeError, TypeError, RuntimeError, AssertionError),
    *(InvalidDicomError, BytesLengthException),
)
_TWELVE_BITS: Final = (
    "DICOM files with 12-bit lossy JPEG are read when these packages are installed as well: "
    "pip install pylibjpeg pylibjpeg-libjpeg"
)

Values = NDArray[Any]
Floats = NDArray[np.float64]


class DicomFrames:
    """The frames of a DICOM file, as a viewer shows them at first."""

    format = "DICOM"
    is_sequence = True
    is_endless = False
    stays_open = True

    def __init__(self, stream: BinaryIO, max_pixels: int) -> None:
        """PictureError: it holds no picture, or one that is too large or compressed oddly."""
        with _told():
            self._data: Dataset = dcmread(stream, force=True, specific_tags=list(_READ))
            if not all(name in self._data for name in ("Rows", "Columns")) or not any(
                name in self._data for name in PIXELS
            ):
                raise PictureError("unsupported", "This DICOM file holds no picture.")
            self._size = int(self._data.Columns), int(self._data.Rows)
            if self._size[0] * self._size[1] > max_pixels:
                raise decode.too_large(max_pixels)
            self.count = max(1, int(self._data.get("NumberOfFrames") or 1))
            self._check_syntax()

    def page(self, number: int) -> Image.Image:
        """One frame (mode L or RGB): rescaled, windowed, MONOCHROME1 inverted.

        Where 8 bits do not show every value, `info["exact"]` is a digest of all of them.
        """
        with _told():
            if number >= self.count:
                raise PictureError("broken", "There is no such frame.")
            values: Values = pixel_array(self._data, index=number)
            kind = str(self._data.PhotometricInterpretation)
            if kind == "PALETTE COLOR":
                values = apply_color_lut(values, self._data)
                return Image.fromarray(_shifted(values, 8 * values.dtype.itemsize))
            if values.ndim == 3:
                return Image.fromarray(_shifted(values, int(self._data.BitsStored)))
            return self._grey(values, self._look(number), is_negative=kind == "MONOCHROME1")

    def close(self) -> None:
        self._data = Dataset()

    def _check_syntax(self) -> None:
        """Raise PictureError where nothing can decode the pixels; name a syntax that is missing."""
        meta = self._data.file_meta
        syntax = meta.get("TransferSyntaxUID")
        if syntax is None:
            is_implicit, is_little = self._data.original_encoding
            syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
            meta.TransferSyntaxUID = syntax if is_little else ExplicitVRBigEndian
        elif UID(syntax).is_compressed and UID(syntax).is_encapsulated:
            try:
                is_available = get_decoder(UID(syntax)).is_available
            except NotImplementedError:
                raise PictureError(
                    "unsupported", "The DICOM file is compressed in a way that is not read."
                ) from None
            if not is_available:
                raise DICOM.missing()

    def _look(self, number: int) -> Dataset:
        """How values become grey: from the file, or the functional groups of the frame."""
        look = Dataset()
        look.file_meta = self._data.file_meta  # tables are read in its byte order
        own = self._data.get(_PER_FRAME) or []
        groups = [*(self._data.get(_SHARED) or [])[:1], *own[number : number + 1]]
        for source in (self._data, *(part for group in groups for part in _parts(group))):
            for name in _LOOK:
                if source.get(name) not in (None, ""):
                    look[name] = source[name]
        return look

    def _grey(self, values: Values, look: Dataset, *, is_negative: bool) -> Image.Image:
        rescaled = np.asarray(apply_modality_lut(values, look), np.float64)
        bits = int(self._data.BitsStored) if values.dtype.kind in "iu" else 32
        is_whole = bits <= 8 and values.dtype.kind == "u" and not len(look)
        shown = _windowed(rescaled, look)
        if shown is None:
            # Without a window 8 bits are shown as they are, and more over the range that they use.
            low, high = (0.0, 2.0**bits - 1) if is_whole else _range(rescaled)
            shown = (rescaled - low) / (high - low) if high > low else np.full(values.shape, 0.5)
        grey = np.rint(255 * np.clip(shown, 0, 1)).astype(np.uint8)
        image = Image.fromarray(255 - grey if is_negative else grey)
        if not is_whole:
            image.info["exact"] = _digest(values, look, is_negative=is_negative)
        return image


def _parts(group: Dataset) -> list[Dataset]:
    return [item for name in _GROUPS for item in (group.get(name) or [])[:1]]


def _windowed(values: Floats, look: Dataset) -> Floats | None:
    """Values from 0 to 1 after the first VOI table or window; None without a usable one.

    Source: PS3.3, C.11.2.1.
    """
    if look.get("VOILUTSequence"):
        looked_up = apply_voi(values.astype(np.int64), look)
        return np.asarray(looked_up, np.float64) / (2.0 ** _voi_bits(look) - 1)
    centre, width = _first(look.get("WindowCenter")), _first(look.get("WindowWidth"))
    if centre is None or width is None or width <= 0:
        return None
    function = str(look.get("VOILUTFunction") or "LINEAR").upper()
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700))))
    if function == "LINEAR" and width > 1:
        return (values - (centre - 0.5)) / (width - 1) + 0.5
    if function == "LINEAR":
        return (values > centre - 0.5).astype(np.float64)
    return (values - centre) / width + 0.5


def _voi_bits(look: Dataset) -> int:
    return int(look["VOILUTSequence"].value[0].LUTDescriptor[2])


def _first(value: Any) -> float | None:
    """The first of several numbers."""
    if value is None or value == "":
        return None
    is_many = not isinstance(value, str) and hasattr(value, "__iter__")
    number = float(next(iter(value)) if is_many else value)
    return number if np.isfinite(number) else None


def _range(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError("unsupported", "The picture holds values that are not numbers.")
    return low, high


def _shifted(values: Values, bits: int) -> NDArray[np.uint8]:
    """Colour values of any width as 8 bits."""
    if bits > 8:
        values = values >> (bits - 8)
    return np.ascontiguousarray(values.astype(np.uint8))


def _digest(values: Values, look: Dataset, *, is_negative: bool) -> bytes:
    """Over size, values and look. 32 bytes; another byte order or compression changes nothing."""
    height, width = values.shape
    whole = values.dtype.kind in "iu"
    shown = [f"{name}={look[name].value}" for name in _LOOK if name in look]
    head = f"DICOM {width} {height} {'i' if whole else 'f'} {is_negative} {shown}"
    digest = hashlib.blake2b(head.encode("utf-8", "backslashreplace"), digest_size=32)
    digest.update(np.ascontiguousarray(values.astype("<i8" if whole else "<f8")).tobytes())
    return digest.digest()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what pydicom raises for a damaged file into a PictureError."""
    try:
        yield
    except PictureError:
        raise
    except _DAMAGE as error:
        text = str(error)
        if "12-bit precision" in text:
            raise PictureError("not_installed", _TWELVE_BITS) from None
        if "is less than expected" in text or isinstance(error, EOFError):
            raise PictureError("truncated", "The file ends before the picture does.") from None
        raise PictureError("broken", "The picture is damaged and cannot be decoded.") from None
