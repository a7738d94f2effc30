"""Work out the settings of one model: ``python -m stages.configure NAME``.

Reads params.yaml; writes models/NAME.json. Training depends on that file alone, so a change to
params.yaml retrains the models whose settings it changes and no other.
"""

from stages import params
from stages.command import run
from stages.files import write_json
from stages.training import recipes, settings


def main(name: str) -> None:
    """Check and write the settings of the model *name*."""
    resolved = recipes.resolve(name, params.read())
    write_json(settings.path_of(name), resolved.model_dump())


if __name__ == "__main__":
    run(main)
