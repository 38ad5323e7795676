"""Long runs over hostile input: `make soak` starts them and sets SOAK to the number of examples."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("SOAK", "0"))

collect_ignore_glob = [] if EXAMPLES else ["test_*.py"]

if EXAMPLES:
    settings.register_profile(
        "soak",
        max_examples=EXAMPLES,
        derandomize=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("soak")
