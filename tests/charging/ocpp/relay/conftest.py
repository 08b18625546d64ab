"""Tests of the relay share `playing.py`; the folder is no package, so it is put on the path."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
