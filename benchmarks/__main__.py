"""One measurement in its own process: ``python -m benchmarks steps model1 float32``.

Calls `measure` of benchmarks/steps.py with the words after its name. The last line of the output
is what that returns, as JSON.
"""

import json
import sys
from importlib import import_module

if __name__ == "__main__":
    name, *words = sys.argv[1:]
    print(json.dumps(import_module(f"benchmarks.{name}").measure(*words), sort_keys=True))
