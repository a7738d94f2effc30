r"""Run many experiments, on this machine or on several.

A grid, with every combination of values:

  make sweep SET="train.seed=range(0,5) train.recipe=fast,accurate"

A search for the settings that are most accurate on held-out images:

  make sweep SET="train.recipe=fast split.validation_fraction=0.2" TRIALS=40 \
    SEARCH="recipes.fast.learning_rate=log(0.001,0.03) recipes.fast.batch_size=64,128,256"

Each trial is a DVC experiment: `make experiments` lists it, `dvc exp apply` applies it. Run the
same command again to continue a stopped sweep. docs/sweeps.md has more.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

import ray
from dvc.exceptions import DvcException
from ray.exceptions import RayError

from stages import params
from stages.common import interruption
from stages.common.command import print_escapes
from stages.common.errors import StageError, one_line
from tools.sweep import ready, results, work
from tools.sweep.driver import Pieces, Trial, follow, slots
from tools.sweep.progress import Progress
from tools.sweep.results import STATE, revisions
from tools.sweep.search import Search
from tools.sweep.settings import applied, grid, name_of, space
from tools.sweep.work import Failed, Source, patiently


def main(words: Sequence[str]) -> int:
    """Run the sweep that *words*, the command's arguments, ask for; return the exit code."""
    reader = parser("tools.sweep", __doc__)
    options = reader.parse_args(words)
    if not words:
        reader.print_help()
        return 0
    return finished(lambda: run(options))


def finished(act: Callable[[], int]) -> int:
    """Return the exit code of *act*, which runs a sweep; an error is one line, and 1."""
    print_escapes()
    try:
        return act()
    except (RayError, ConnectionError) as error:
        gone = f"Ray is gone ({one_line(error)[:200]}); run the same command again to continue"
        print(f"error: {gone}", file=sys.stderr)
        return 1
    except (StageError, DvcException, Failed, OSError) as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        interruption.ignore()
        kept = "what is finished is kept; run the same command again to continue"
        print(f"\ninterrupted: {kept}", file=sys.stderr)
        return interruption.EXIT_CODE
    finally:
        # Its workers end, and with them everything that they have started.
        ray.shutdown()


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of the arguments that the command *name* has for its sweep."""
    raw = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(name, description=description, formatter_class=raw)
    made.add_argument("--set", default="", help="settings for all, as for DVC's -S; a,b: a grid")
    made.add_argument("--search", default="", help="key=log(1,9), interval(1,9), range(1,9) or 1,9")
    made.add_argument("--trials", type=int, default=20, help="how many a search tries (20)")
    made.add_argument("--cores", type=int, help="for each training; sets train.threads (all)")
    made.add_argument("--address", help="a Ray cluster, as ray://head:10001 (only this machine)")
    made.add_argument("--remote", help="where its nodes share results (DVC's default remote)")
    made.add_argument("--git", help="where its nodes find this repository (origin)")
    made.add_argument("--checkpoints", help="a folder that all share, to continue elsewhere")
    return made


def run(options: argparse.Namespace) -> int:
    """Check everything, then run all trials; return the exit code.

    Raises:
        StageError: something that was asked for is impossible; nothing has started.
    """
    params.read()
    fixed = grid(options.set)
    if options.cores:
        fixed = [[*overrides, f"train.threads={options.cores}"] for overrides in fixed]
    for overrides in fixed:
        applied(overrides)
    searched = space(options.search)
    if searched:
        ready.check_search(fixed, searched)
    source = ready.source(options)
    ready.connect(options.address)
    cores = ready.cores_of(options)
    search = None
    if searched:
        name = name_of(source.commit, [*fixed[0], options.search])
        search = Search(STATE / f"{name}.journal", fixed[0], searched, options.trials)
    return sweep(source, fixed, search, cores, source.git if options.address else None)


def sweep(
    source: Source, grid: list[list[str]], search: Search | None, cores: int, git: str | None
) -> int:
    """Run all trials, those of *search* or else of *grid*, and print the results.

    *git* is the repository to fetch their experiments from, if they are not written to this one.
    Return the exit code.
    """
    kept = revisions(git)
    # In the order of their proposal; with a search, including those from before it was stopped.
    trials: list[Trial] = []
    progress = Progress(search.wanted if search else len(grid))

    def new(trial: Trial) -> Trial:
        trial.name = name_of(source.commit, trial.overrides)
        trial.models = list(params.section(applied(trial.overrides), "models"))
        trial.ended = trial.ended or trial.name in kept
        trials.append(trial)
        return trial

    for trial in search.finished() if search else ():
        progress.ended(new(trial))
    for trial in follow(
        Pieces(source, cores),
        map(new, iter(search.ask, None) if search else map(Trial, grid)),
        # More than can run, so that no core waits for this process. A search learns from each trial
        # that ends, so fewer wait.
        lambda: slots(cores) + (1 if search else slots(cores)),
        lambda handed: progress.show(min(handed, slots(cores))),
    ):
        if not trial.lines:
            reference = source.reference(trial.name)
            if git:
                words = ("git", "fetch", "--quiet", "--no-tags", git, f"+{reference}:{reference}")
                patiently(partial(work.run, words))
            trial.accuracy = results.accuracies(reference, trial.models)[results.MEAN]
        progress.ended(trial)
        if search:
            search.keep()
    progress.close()
    results.write(STATE, trials, search)
    return int(any(trial.lines for trial in trials))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
