"""`python -m lab.report results/<run>` writes report.html again into the folder of a finished run."""

import sys
from pathlib import Path

from lab.report import FILE, render
from lab.results import files

for name in sys.argv[1:]:
    files.write_text(Path(name) / FILE, render(Path(name)))
