"""DICOM files that tests write for themselves. The patient in them is nobody."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

SECRET = "NOBODY^AT ALL"


def dicom(values: NDArray[Any], *, frames: int | None = None, **fields: Any) -> bytes:
    """A DICOM file of these values: (rows, columns), with 3 colours last, with frames first."""
    data = Dataset()
    data.SOPClassUID = SecondaryCaptureImageStorage
    data.SOPInstanceUID = "1.2.3.4"
    data.PatientName, data.PatientID, data.StudyDate = SECRET, "A123456(7)", "20240229"
    is_colour = values.shape[-1] == 3
    data.Rows, data.Columns = values.shape[-3:-1] if is_colour else values.shape[-2:]
    data.SamplesPerPixel = 3 if is_colour else 1
    data.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * values.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    if frames is not None:
        data.NumberOfFrames = frames
    data.PixelData = values.tobytes()
    for name, value in fields.items():
        setattr(data, name, value)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta = meta
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def steps(*values: int, dtype: type[np.generic] = np.uint16) -> NDArray[Any]:
    """Upright stripes of these values, 40 x 20 pixels each."""
    return np.tile(np.repeat(np.array(values, dtype), 20), (40, 1))
