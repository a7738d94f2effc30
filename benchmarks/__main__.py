"""One measurement in its own process: ``python -m benchmarks notebook:fit model1``.

Calls `fit` of benchmarks/notebook.py with the words after its name. The last line of the output
is what that returns, as JSON.
"""

import json
import sys
from pkgutil import resolve_name

if __name__ == "__main__":
    name, *words = sys.argv[1:]
    print(json.dumps(resolve_name(f"benchmarks.{name}")(*words), sort_keys=True))
