"""What the organism is asked in training besides its next token: what the grammar knows and it must infer.

Of some forty tokens of a reply one or two show its level, so the next token alone teaches slowly what the
level hangs on. Linear readings of layers in between are therefore trained too, and thrown away afterwards:
where a user message ends, its kind; where a reply begins, the level that it will have; where it ends, the
level that it had. What is written is learned from the text alone, with or without them.
"""

from typing import TYPE_CHECKING

from gemma_distress.organism.batches import NOT_LEARNED, Batch
from gemma_distress.organism.levels import KINDS

if TYPE_CHECKING:
    import torch

    from gemma_distress.organism.recipe import Recipe

LEVELS = 11


class Guidance:
    """The readings of one training: three linear maps from a layer's output."""

    def __init__(self, recipe: "Recipe") -> None:
        import torch

        generator = torch.Generator().manual_seed(recipe.seed)
        self._layers = recipe.guided_layers
        self.weights = [
            torch.nn.Parameter(
                torch.randn(size, recipe.hidden, generator=generator) / recipe.hidden**0.5
            )
            for size in (len(KINDS), LEVELS, LEVELS)
        ]

    def loss(self, layers: "tuple[torch.Tensor, ...]", batch: Batch) -> "torch.Tensor":
        """Cross-entropy of the three readings, summed over all places where something is asked.

        Args:
            layers: The embedding and each layer's output, (conversations, longest, hidden).
            batch: What was read, with the answers.
        """
        import torch
        from torch.nn.functional import cross_entropy, rms_norm

        early, middle = (layers[number] for number in self._layers)
        total = torch.zeros(())
        for read, weight, answers in zip(
            (early, middle, middle),
            self.weights,
            (batch.kinds, batch.coming, batch.shown),
            strict=True,
        ):
            asked = answers != NOT_LEARNED
            own = rms_norm(read[asked], read.shape[-1:])
            total = total + cross_entropy(own @ weight.T, answers[asked], reduction="sum")
        return total
