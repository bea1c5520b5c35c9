"""The machine's side of the database: libraries, scans, pictures and candidate pairs."""

from scanning.models.copies import MadeCopy
from scanning.models.jobs import Chunk, Joined, ScanJob, ScanRun
from scanning.models.libraries import Library, LibraryAccess
from scanning.models.pairs import CandidatePair, Finding
from scanning.models.pictures import Fingerprint, Picture, SourceFile
from scanning.models.reveals import Purpose, Reveal, Upload

__all__ = [
    "CandidatePair",
    "Chunk",
    "Finding",
    "Fingerprint",
    "Joined",
    "Library",
    "LibraryAccess",
    "MadeCopy",
    "Picture",
    "Purpose",
    "Reveal",
    "ScanJob",
    "ScanRun",
    "SourceFile",
    "Upload",
]
