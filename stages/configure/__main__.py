"""Resolve the settings of every model: ``python -m stages.configure``.

Reads params.yaml; writes models/settings/NAME.json. Training depends on that file alone, so a
change to params.yaml retrains only the models whose settings it changes.
"""

from importlib.metadata import version

from stages import params, settings
from stages.common.command import run
from stages.common.files import write_json
from stages.configure.recipes import resolve

# Another version of these may give other bits.
DECIDING = ("keras", "numpy", "tensorflow")


def main() -> None:
    """Check and write the settings of all models."""
    resolved = resolve(params.read(), {package: version(package) for package in DECIDING})
    for name, chosen in resolved.items():
        write_json(settings.path_of(name), chosen.model_dump())
    print(f"settings of {', '.join(resolved)}")


if __name__ == "__main__":
    run(main)
