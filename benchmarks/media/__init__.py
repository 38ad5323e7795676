"""What watching cameras costs, how late it is and how well it recovers: `.venv/bin/python -m benchmarks.media`.

From the root of the repository. The cameras are those of the tests.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
