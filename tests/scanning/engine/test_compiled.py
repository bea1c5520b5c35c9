"""Machine code is kept on disk, and made anew when the way of making it has changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import scanning.engine.compiled

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import numpy as np

from scanning.engine.hashing.trimming import content_boxes

content_boxes(np.zeros((128, 128), np.uint8))
"""


def kept(project: Path, cache: Path) -> int:
    """How many folders of machine code there are after the program has run once more."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(project)}
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=project, check=True)
    return len(list(cache.iterdir()))


def test_another_version_of_the_module_compiles_for_itself(tmp_path: Path) -> None:
    project, cache = tmp_path / "project", tmp_path / "cache"
    shutil.copytree(ROOT / "scanning" / "engine", project / "scanning" / "engine")
    module = project / Path(scanning.engine.compiled.__file__).relative_to(ROOT)
    assert kept(project, cache) == 1
    assert kept(project, cache) == 1
    module.write_text(module.read_text() + "\n# Changed.\n")
    assert kept(project, cache) == 2
