"""Where the organism that comes with the package lies: a plain model folder with tokenizer and card."""

from importlib.resources import as_file, files
from pathlib import Path

from gemma_distress.errors import UsageError


def shipped_folder() -> Path:
    """The folder, for anything that loads a model from one.

    Raises:
        UsageError: The package was installed without its weights, as from a broken copy.
    """
    with as_file(files("gemma_distress.organism").joinpath("weights")) as folder:
        if (folder / "model.safetensors").is_file():
            return folder
    raise UsageError(
        f"There are no weights in {folder}: this copy of the package is not whole. Install it again, or "
        "train them: gemma-distress organism train --output DIR"
    )
