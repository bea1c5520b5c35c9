"""The heavier formats, each read through a library that an installation may lack."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from scanning.engine.decoding.errors import PictureError


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional extra: the packages that make it, and others that it uses where they are."""

    name: str
    what: str
    packages: tuple[str, ...]
    more: tuple[str, ...] = ()

    def missing(self) -> PictureError:
        """The error of a file that needs this extra."""
        return PictureError(
            "not_installed",
            f"{self.what} are read when the extra “{self.name}” is installed: "
            f"pip install {' '.join(self.packages)}",
        )

    def version(self) -> str:
        """The versions of what is installed of it; without any, only its name."""
        found = [f"{name} {number}" for name in self.packages + self.more if (number := _of(name))]
        return f"{self.name}: {', '.join(found)}"


HEIC: Final = Extra("heic", "HEIC pictures", ("pillow-heif",))
PDF: Final = Extra("pdf", "PDF files", ("pypdfium2",))
DICOM: Final = Extra(
    "dicom", "DICOM files", ("pydicom", "python-gdcm"), ("pylibjpeg-libjpeg", "pylibjpeg-openjpeg")
)

# By the name of the format that a reading carries.
EXTRAS: Final = {"HEIF": HEIC, "PDF": PDF, "DICOM": DICOM}


def _of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
