"""The machine's side of the database: libraries, scans, pictures and candidate pairs."""

from scanning.models.jobs import Chunk, Joined, ScanJob, ScanRun
from scanning.models.libraries import Library, LibraryAccess
from scanning.models.pairs import CandidatePair, Finding
from scanning.models.pictures import Fingerprint, Picture, SourceFile

__all__ = [
    "CandidatePair",
    "Chunk",
    "Finding",
    "Fingerprint",
    "Joined",
    "Library",
    "LibraryAccess",
    "Picture",
    "ScanJob",
    "ScanRun",
    "SourceFile",
]
