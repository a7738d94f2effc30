"""Whether a test notices each of a list of faults: ``python -m tools.mutants [NAME]``.

Each fault is planted by itself in a throw-away copy of this checkout, changes that are not
committed included, and the file of tests that must notice it is run there. With a NAME only the
faults in files whose path holds it are tried. The list is of the wiring: a setting that never
arrives, a clock that leaves something out, a guard that is switched off, images that are taken for
MNIST's.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from stages.common.command import run
from stages.common.errors import StageError

ROOT = Path(__file__).resolve().parent.parent
# https://docs.pytest.org/en/stable/reference/exit-codes.html
PASSED, FAILED = 0, 1


class Mutant(NamedTuple):
    """A fault: in *file* the text *old*, which stands there once, becomes *new*.

    A test of *test* fails then, unless *why* says why none can.
    """

    file: str
    old: str
    new: str
    test: str
    why: str = ""


def of(file: str, test: str, *changes: tuple[str, str]) -> list[Mutant]:
    """Return the faults of one file that one file of tests must notice."""
    return [Mutant(file, old, new, f"tests/test_{test}.py") for old, new in changes]


MUTANTS = [
    *of(
        "stages/train/__main__.py",
        "wiring",
        ("machine.resolve(chosen.precision)", 'machine.resolve("float32")'),
        ('processed.read("validation")\n', 'processed.read("train")\n'),
        ("make_repeatable(chosen.seed, ", "make_repeatable(0, "),
        ("make_repeatable(chosen.seed, chosen.threads)", "make_repeatable(chosen.seed)"),
        ("training_graph(model, computed_in)", 'training_graph(model, "float32")'),
        # The checkpoint's key without one of its parts.
        (', *processed.paths("validation")]', "]"),
        (" processed.PIXELS,", ""),
        ("key_of(chosen.model_dump(), ", "key_of({}, "),
        ('{"precision": computed_in, **on}', "{**on}"),
        ('{"precision": computed_in, **on}', '{"precision": computed_in}'),
        ("    network.copy_weights(trainer.kept, model)\n", ""),
        ("copy_weights(trainer.kept, model)", "copy_weights(trainer.graph, model)"),
        ("images_per_epoch(len(training[0]), chosen)", "len(training[0])"),
        ("results.times(epochs, seen, resumed_at, on)", "results.times(epochs, seen, 0, on)"),
        ("    checkpoint.finish(saved)\n", ""),
        ("state = trainer.state", "state = trainer.graph.weights"),
        ("resumed=bool(done)", "resumed=True"),
        ("resumed=bool(done)", "resumed=False"),
        ("        checkpoint.save(epochs, state)\n", ""),
        ("        logs.write(number, epochs[-1])\n", ""),
    ),
    *of(
        "stages/train/__main__.py",
        "machine",
        ("    machine.check_versions(settings.path_of(name), chosen.versions)\n", ""),
    ),
    *of(
        "stages/train/fit.py",
        "fit",
        ("range(len(epochs), settings.epochs)", "range(settings.epochs)"),
        ("if len(epochs) < settings.epochs:", "if True:"),
        ("rates[now]", "rates[:steps]"),
        ("averaging[now]", "averaging[:steps]"),
        ("settings.ema_momentum and averaging[step]", "averaging[step]"),
        ("settings.ema_momentum and averaging[step]", "settings.ema_momentum"),
        ("order[:STATISTICS_IMAGES]", "order"),
        # The clock without validation, without the calls after each epoch, without the last one.
        (
            "        val_accuracy, val_loss = trainer.validate(*validation)\n",
            "        before = time.perf_counter()\n"
            "        val_accuracy, val_loss = trainer.validate(*validation)\n"
            "        started += time.perf_counter() - before\n",
        ),
        (
            "        started = ended\n        after_epoch(epochs)\n",
            "        after_epoch(epochs)\n        started = time.perf_counter()\n",
        ),
        ("epochs[-1].seconds + time.perf_counter() - started", "epochs[-1].seconds"),
        ("math.isfinite(val_loss) and trainer.is_finite()", "trainer.is_finite()"),
        ("math.isfinite(val_loss) and trainer.is_finite()", "math.isfinite(val_loss)"),
        ("if not math.isfinite(loss_sum):", "if False:"),
        (
            "epoch_order(len(training[0]), settings.seed, epoch)",
            "epoch_order(len(training[0]), 0, 0)",
        ),
    ),
    *of(
        "stages/train/fit.py",
        "wiring",
        (
            "yield *batch, augmentation_seed(settings.seed, epoch, step)",
            "yield *batch, augmentation_seed(settings.seed, epoch, 0)",
        ),
        ("epoch_order(len(training[0]), settings.seed, ", "epoch_order(len(training[0]), 0, "),
        ("augmentation_seed(settings.seed, ", "augmentation_seed(0, "),
        ("min(settings.steps_per_epoch or whole, whole)", "whole"),
    ),
    *of(
        "stages/train/trainer.py",
        "wiring",
        ("if is_wanted(self.settings) else pixels", "if False else pixels"),
        ("augment(pixels, self.settings, seed)", "augment(pixels, self.settings, [0, 0])"),
        ("smoothing = self.settings.label_smoothing", "smoothing = 0"),
        ("self.variables), learning_rate)", "self.variables), tf.constant(0.001))"),
        # Validation is of the images as they are, the plain loss and all images.
        (
            "self.kept(tf.cast(images, tf.float32), training=False)",
            "self.kept(augment(tf.cast(images, tf.float32), self.settings, [0, 0]), "
            "training=False)",
        ),
        (
            "self.kept(tf.cast(images, tf.float32), training=False)",
            "self.graph(tf.cast(images, tf.float32), training=False)",
        ),
        (
            "softmax_cross_entropy_with_logits(labels, logits)",
            "softmax_cross_entropy_with_logits(labels * (1 - self.settings.label_smoothing) "
            "+ self.settings.label_smoothing / 10, logits)",
        ),
    ),
    *of(
        "stages/train/trainer.py",
        "wiring",
        ("slice(start, start + VALIDATION_BATCH)", "slice(0, VALIDATION_BATCH)"),
    ),
    *of(
        "stages/backend.py",
        "wiring",
        ("_native_messages_held_back(), _imported_sooner():", "_native_messages_held_back():"),
        ("            del sys.modules[name]\n", "            pass\n"),
        ("        gc.enable()\n", ""),
    ),
    *of(
        "stages/train/machine.py",
        "wiring",
        ("tf.config.threading.get_intra_op_parallelism_threads(),", "cores(),"),
    ),
    *of(
        "stages/train/trainer.py",
        "fit",
        ("self.graph(pixels, training=True)", "self.graph(pixels, training=False)"),
        ("smoothing / labels.shape[1]", "smoothing / 10"),
        ("tf.float32), training=False)", "tf.float32), training=True)"),
        ("[*self.graph.weights, *self.kept.weights]", "[*self.graph.weights]"),
        ("[*self.graph.weights, *self.kept.weights]", "[*self.kept.weights]"),
        # What an interruption would lose of the average, and of what it is made.
        ("*self.graph.variables, *averaged, *", "*self.graph.variables, *"),
        ("(variable - average.value) * rate", "variable - average.value"),
        ("assign(1 - len(images) / seen)", "assign(0.5)"),
        ("for images, seed in batches if self._norms else ():", "for images, seed in ():"),
        ("wanted += [self._take_statistics] if self._norms else []", "del wanted[2:]"),
        (
            "self.kept(self._augmented(images, seed), training=True)",
            "self.kept(tf.cast(images, tf.float32), training=True)",
        ),
    ),
    *of(
        "stages/train/trainer.py",
        "interruptions",
        ("[self.train_step, self._score]", "[self.train_step]"),
    ),
    *of(
        "stages/train/fit.py",
        "interruptions",
        ("    interruption.raise_again()\n", ""),
    ),
    *of(
        "stages/evaluate/__main__.py",
        "interruptions",
        ("    interruption.raise_again()\n", ""),
    ),
    *of(
        "stages/train/schedule.py",
        "schedule",
        ("1 - momentum**every", "1 - momentum"),
        ("1 - momentum**every, 4 / (times + 3)", "1 - momentum**every, 0 * times"),
        ("np.arange((steps - 1) % every, ", "np.arange(0, "),
        ("min(AVERAGED_EVERY, 1 + steps // SHORT)", "AVERAGED_EVERY"),
    ),
    *of(
        "stages/train/augmentation.py",
        "augmentation",
        ("(settings.shift, settings.rotation, settings.zoom, ", "(settings.shift, "),
        (" settings.elastic, settings.flip)", " settings.flip)"),
        (" settings.elastic, settings.flip)", " settings.elastic)"),
        ("(width - 1) / 2, (height - 1) / 2", "(height - 1) / 2, (width - 1) / 2"),
        ("output_shape=[height, width]", "output_shape=[width, width]"),
        ("width - 1 - x_offset", "width - x_offset"),
        ("seed + 1) < HALF", "seed + 1) < 1"),
        # Upside down.
        (
            "[-cos, sin, width - 1 - x_offset]\n        across = [tf.where(mirrored, *pair) "
            "for pair in zip(in_the_mirror, across, strict=True)]",
            "[-sin, -cos, height - 1 - y_offset]\n        down = [tf.where(mirrored, *pair) "
            "for pair in zip(in_the_mirror, down, strict=True)]",
        ),
        ("stateless_uniform([4, count], seed, ", "stateless_uniform([4, count], [0, 0], "),
        ("height, width, seed) * settings.elastic", "height, width, seed)"),
        ("y + field[:, 1]", "y + field[:, 0]"),
        (
            "by_column[:, None, None] * column + by_row",
            "by_row[:, None, None] * column + by_column",
        ),
        ("SMOOTHNESS * side", "SMOOTHNESS * 28"),
        ("keepdims=True)", "keepdims=True) ** 2"),
        ("KNOTS = 12", "KNOTS = 8"),
        ("tf.minimum(tf.floor(x), width)", "tf.floor(x)"),
        ("(row * (height + 2))", "(row * (width + 2))"),
    ),
    *of(
        "stages/train/batches.py",
        "batches",
        ("default_rng([seed, epoch])", "default_rng(seed)"),
    ),
    *of(
        "stages/train/checkpoint.py",
        "checkpoint",
        (" or self._is_recorded()", ""),
        ('if str(content["key"]) != self.key:', "if False:"),
        ("        self._written.unlink(missing_ok=True)\n", ""),
        ("[*loaded_sources(), *data]", "[*data]"),
        ("[*loaded_sources(), *data]", "[*loaded_sources()]"),
        ("if PACKAGE in path.parents", 'if path.parent == PACKAGE / "train"'),
    ),
    *of(
        "stages/train/machine.py",
        "machine",
        ("return onednn() and bool(BFLOAT16 & instructions())", "return False"),
        ("return onednn() and bool", "return bool"),
        ("usable = names[: names.index(limit) + 1] if limit in names else names", "usable = names"),
        (" and not LARGE & usable", ""),
        ('if value not in ("", {})', ""),
        ("GPU_CAPABILITY = (8, 0)", "GPU_CAPABILITY = (7, 0)"),
        ("sorted(instructions())", "[]"),
        ("for name in VARIABLES if name in os.environ", "for name in ()"),
    ),
    *of(
        "stages/train/network.py",
        "wiring",
        ("layer.momentum = settings.batch_norm_momentum", "pass"),
        ("if settings.normalize:", "if False:"),
        ("architecture.FILTERS if settings.filters is None else settings.filters", "(2, 3)"),
    ),
    *of(
        "stages/train/network.py",
        "architectures",
        ("[1 / deviation for deviation in pixels.deviation]", "[1 / pixels.deviation[0]] * 3"),
        ("[-mean * factor for", "[-mean for"),
        ("images of {image[1]} x {image[0]}", "images of {image[0]} x {image[1]}"),
    ),
    *of(
        "stages/train/results.py",
        "wiring",
        ("last = epochs[-1]", "last = epochs[0]"),
        ('"val_loss": last.val_loss', '"val_loss": last.loss'),
        ('"batch_size": chosen.batch_size', '"batch_size": 2000'),
    ),
    *of(
        "stages/train/results.py",
        "results",
        ("total = sum(epoch.seconds for epoch in epochs)", "total = epochs[-1].seconds"),
        ("images * len(epochs) / total", "images / total"),
    ),
    *of(
        "stages/train/tensorboard.py",
        "tensorboard",
        ('"epoch_accuracy", epoch.val_accuracy', '"epoch_accuracy", epoch.accuracy'),
        ("if not resumed:", "if True:"),
        ("if not resumed:", "if False:"),
    ),
    *of("stages/train/adam.py", "fit", (", *self.squares, *self.powers]", ", *self.squares]")),
    *of(
        "stages/train/export.py",
        "export",
        ('metadata.pop("date_saved", None)', "pass"),
    ),
    *of(
        "stages/backend.py",
        "wiring",
        ("    tf.config.experimental.enable_op_determinism()\n", ""),
        ("    tf.config.threading.set_intra_op_parallelism_threads(threads)\n", ""),
        ("    tf.config.threading.set_inter_op_parallelism_threads(threads)\n", ""),
        ("set_threads(threads or cores())", "set_threads(cores())"),
        ("set_random_seed(seed)", "set_random_seed(0)"),
    ),
    *of(
        "stages/configure/recipes.py",
        "recipes",
        ("merged[key] = value", "merged.setdefault(key, value)"),
        (
            '(place, own, MODEL_KEYS), ("train", for_all, RECIPE_KEYS)',
            '("train", for_all, RECIPE_KEYS), (place, own, MODEL_KEYS)',
        ),
    ),
    *of(
        "stages/configure/recipes.py",
        "recipe_errors",
        ("for architecture in ARCHITECTURES\n", "for architecture in ARCHITECTURES[:1]\n"),
        ("in recipes.items()\n", "in [(train.recipe, recipes[train.recipe])]\n"),
    ),
    *of(
        "stages/configure/recipes.py",
        "configure",
        ("        check(architecture)\n", ""),
    ),
    *of(
        "stages/configure/__main__.py",
        "configure",
        ('("keras", "numpy", "tensorflow")', '("keras", "tensorflow")'),
    ),
    *of(
        "stages/settings.py",
        "settings",
        ("lt=2**32", "le=2**32"),
        ("zoom: Annotated[float, Field(ge=0, lt=1)]", "zoom: Annotated[float, Field(ge=0)]"),
    ),
    *of(
        "stages/params.py",
        "params",
        ("            if key in seen:", "            if False:"),
        ("type(value) is int", "isinstance(value, int)"),
    ),
    *of("dvc.yaml", "data_path", ("      - ${data.path}/\n", "")),
    *of("tools/pull.py", "data_path", ("        check_path()\n", "")),
    *of(
        "stages/evaluate/__main__.py",
        "evaluate",
        ('processed.read("test")', 'processed.read("validation")'),
        ("in zip(actual, predicted, ", "in zip(predicted, actual, "),
        ("(names[i], names[j], c)", "(i, j, c)"),
        ("confusion_matrix(actual, predicted, ", "confusion_matrix(predicted, actual, "),
    ),
    *of("stages/evaluate/model.py", "evaluate", ("images[i : i + BATCH]", "images[:BATCH]")),
    *of(
        "stages/evaluate/scores.py",
        "scoring",
        ("accuracy=correct / len(actual)", "accuracy=1 - (len(actual) - correct) / len(actual)"),
    ),
    *of(
        "stages/compare/__main__.py",
        "compare",
        ("or table[column].hasnans", ""),
        ('["predicted"] == actual for', '["predicted"] != actual for'),
        ("fingerprint(settings.read(name).model_dump(), found, actual)", '""'),
    ),
    *of(
        "stages/compare/comparison.py",
        "comparison",
        ('= limits["high"]', '= limits["low"]'),
        ('others["p_holm"] < LEVEL', 'others["p_holm"] > LEVEL'),
    ),
    *of(
        "stages/significance.py",
        "significance",
        ("((0, 1), (1, 0))", "((1, 0), (0, 1))"),
        ("exact=True", "exact=False"),
        ('method="holm"', 'method="bonferroni"'),
        ('method="wilson"', 'method="normal"'),
    ),
    *of(
        "stages/verdict.py",
        "verdict",
        ('of_best["p_holm"] >= LEVEL', 'of_best["p_holm"] < LEVEL'),
        ("difference=-second", "difference=second"),
    ),
    *of(
        "stages/report/calibration.py",
        "report_parts",
        ('weights=points["images"]', "weights=None"),
    ),
    *of(
        "stages/report/mistakes.py",
        "report_parts",
        ("weights=sure[:, index]", "weights=None"),
        ("key=lambda one: -one[2]", "key=lambda one: one[2]"),
    ),
    *of(
        "stages/preprocess/splitting.py",
        "splitting",
        ("split.test_fraction, split.seed)", "split.test_fraction, 0)"),
        ('"validation_fraction", fraction, split.seed)', '"validation_fraction", fraction, 0)'),
        # The data's own split.
        ("        start += own[name]\n", ""),
        ("round(own[name] * share)", "own[name]"),
        ("round(own[name] * share)", "limit"),
        ("max(1, round(", "max(0, round("),
        ('if "validation" in parts:', "if False:"),
    ),
    *of(
        "stages/preprocess/__main__.py",
        "preprocess",
        ('describe(chunks_of(read_array(processed.paths("train")[0])))', "describe([images])"),
        ("labels[few]] = 1", "labels[: len(rows)]] = 1"),
    ),
    *of(
        "stages/preprocess/pixels.py",
        "preprocess",
        ("images[..., i].ravel()", "images[..., 0].ravel()"),
        ("np.where(variance > 0, np.sqrt(variance), 1)", "np.sqrt(variance)"),
    ),
    *of(
        "stages/fetch/__main__.py",
        "fetch",
        (
            "sources.fetch(settings.dataset, settings.sources)",
            'sources.fetch(settings.dataset, ["openml"])',
        ),
    ),
    *of(
        "stages/fetch/__main__.py",
        "fetch_lock",
        ("        warn_if_other(settings)\n", "        pass\n"),
    ),
    *of("stages/fetch/sources/__init__.py", "fetch", ("    verify(data, dataset)\n", "")),
    *of(
        "stages/fetch/known.py",
        "fetch",
        ("labels.hexdigest(), dataset.labels_sha256", "digest.hexdigest(), dataset.images_sha256"),
    ),
    *of("stages/fetch/images.py", "own_data", ("WHITE if largest <= 1 else 1", "1")),
    *of(
        "stages/fetch/decoding.py",
        "folder",
        ("if upright.has_transparency_data:", "if False:"),
        ("ImageOps.exif_transpose(image)", "image.copy()"),
    ),
    *of(
        "stages/fetch/sources/pypi.py",
        "pypi_source",
        ("if actual != expected:", "if False:"),
    ),
    *of(
        "tools/predict/digits.py",
        "digits",
        ("if (above**3).sum() < 0:", "if False:"),
        ("    return sorted(digits, key=lambda digit: digit.box[0])", "    return digits[::-1]"),
        ("MIDDLE - centre_of_mass(small)", "14 - centre_of_mass(small)"),
        ("0 if low < SHORT * high else", "0 if False else"),
        ("digit.area >= area and ", ""),
    ),
    *of(
        "tools/predict/pictures.py",
        "predict",
        ("    if width * height > MOST:", "    if False:"),
        ("        pixels = resized(pixels, height)", "        pixels = np.resize(pixels, image)"),
    ),
    *of(
        "tools/predict/models.py",
        "predict",
        ("predict_on_batch, images)", "predict_on_batch, images / 255)"),
    ),
    *of(
        "tools/experiments.py",
        "experiments",
        ('if state in {"-", "Success"}:', "if True:"),
    ),
]


def main(name: str = "") -> None:
    """Try the faults, a line each."""
    chosen = [mutant for mutant in MUTANTS if name in mutant.file]
    if not chosen:
        raise StageError(f"no fault is listed for a file with {name!r} in its path")
    for mutant in chosen:
        planted(mutant)
    with TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "project"
        copy_checkout(copy)
        files = sorted({mutant.test for mutant in chosen})
        if run_tests(copy, *files) != PASSED:
            raise StageError(f"{', '.join(files)}: not all pass without a fault; mend that first")
        unseen = sum([not is_noticed(copy, mutant) for mutant in chosen])
    print(f"{len(chosen)} faults, {unseen} that no test notices")
    if unseen:
        sys.exit(1)


def planted(mutant: Mutant, folder: Path = ROOT) -> str:
    """Return the text of the mutant's file in *folder* with the fault in it.

    Raises:
        StageError: the text to change does not stand there once; so the list is out of date.
    """
    text = (folder / mutant.file).read_text(encoding="utf-8")
    if (count := text.count(mutant.old)) != 1:
        raise StageError(
            f"tools/mutants.py: {mutant.old!r} stands {count} times in {mutant.file}, not once"
        )
    return text.replace(mutant.old, mutant.new)


def copy_checkout(copy: Path) -> None:
    """Clone this checkout, then put the files as they are now over the clone's."""
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(copy)], check=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0")[:-1]:
        (copy / name).unlink(missing_ok=True)
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)


def run_tests(copy: Path, *files: str) -> int:
    """Return pytest's exit code for *files* of tests in the *copy*; stops at the first failure."""
    # A test that a fault keeps from ending fails.
    options = "-x -q -p no:cacheprovider --timeout=120"
    command = [sys.executable, "-m", "pytest", *options.split(), *files]
    # Compiled files go by whole seconds and sizes: one of another fault could be taken.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, check=False
    ).returncode


def is_noticed(copy: Path, mutant: Mutant) -> bool:
    """Try one fault in the *copy* and tell how that went; an explained survivor counts as well."""
    path = copy / mutant.file
    original = path.read_bytes()
    path.write_text(planted(mutant, copy), encoding="utf-8")
    try:
        code = run_tests(copy, mutant.test)
    finally:
        path.write_bytes(original)
    if code not in (PASSED, FAILED):
        raise StageError(f"{mutant.test}: pytest ends with {code} for {mutant.new!r}")
    survives = f"survives ({mutant.why})" if mutant.why else "SURVIVED"
    said = "killed" if code == FAILED else survives
    change = f"{mutant.old.strip()!r} -> {mutant.new.strip()!r}"
    print(f"{said}: {mutant.file}: {change}; {mutant.test}", flush=True)
    return code == FAILED or bool(mutant.why)


if __name__ == "__main__":
    run(main)
