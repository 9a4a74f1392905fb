"""What a token costs: the built-in list (`prices.yaml`) and the user's own (`--prices FILE`).

Both have the form of Inspect's `--model-cost-config`: a model's name, or `provider/*`, mapped to dollars per
million tokens for `input`, `output`, `input_cache_write` and `input_cache_read`. A dated snapshot
(`claude-haiku-4-5-20251001`) has the price of its model. Unknown is unknown: None, never 0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml
from inspect_ai.model import Model, ModelCost, ModelInfo, get_model_info, set_model_info
from pydantic import ValidationError

from gemma_distress.errors import UsageError

_SNAPSHOT = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True)
class Prices:
    """Prices by model name or `provider/*`; the user's own come first."""

    own: Mapping[str, ModelCost]
    built_in: Mapping[str, ModelCost]

    def of(self, model: str, base_url: str | None = None) -> ModelCost | None:
        """The price of a model by its name (`provider/model`), or None where it is unknown.

        With `base_url` somebody else than the maker may send the bill, so the maker's price does
        not count.
        """
        names = (model, _SNAPSHOT.sub("", model), f"{model.split('/')[0]}/*")
        for name in names:
            if name in self.own:
                return self.own[name]
        for name in names:
            if name in self.built_in and (base_url is None or name.endswith("/*")):
                return self.built_in[name]
        return None


def load_prices(path: str | None = None) -> Prices:
    """The built-in prices and, before them, those of a file.

    Raises:
        UsageError: The file cannot be read or holds something else than prices.
    """
    built_in = files(__package__).joinpath("prices.yaml").read_text("utf-8")
    if path is None:
        return Prices({}, _read(built_in, "prices.yaml"))
    try:
        text = Path(path).expanduser().read_text("utf-8")
    except OSError as error:
        raise UsageError(
            f"The prices file {path} cannot be read: {error.strerror or error}."
        ) from error
    return Prices(_read(text, path), _read(built_in, "prices.yaml"))


def register(model: Model, price: ModelCost) -> None:
    """Tell Inspect, so that logs and usage carry dollars (also for models that it does not know)."""
    info = get_model_info(model) or ModelInfo()
    set_model_info(str(model), info.model_copy(update={"cost": price}))


def _read(text: str, source: str) -> dict[str, ModelCost]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{source} is not YAML or JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UsageError(
            f"{source} is not a list of prices. Write one line for each model, for example "
            "openai/gpt-x: {input: 1, output: 4, input_cache_write: 1, input_cache_read: 0.1}."
        )
    prices: dict[str, ModelCost] = {}
    for model, price in document.items():
        try:
            prices[str(model)] = ModelCost.model_validate(price)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join([str(model), *(str(part) for part in first["loc"])])
            raise UsageError(
                f"{source}: {where}: {first['msg']}. A price has input, output, input_cache_write and "
                "input_cache_read, in dollars per million tokens."
            ) from error
        if min(prices[str(model)].model_dump().values()) < 0:
            raise UsageError(f"{source}: a price of {model} is negative.")
    return prices
