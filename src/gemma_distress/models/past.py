"""Keys and values of the rows of a batch, where transformers' attention looks for its past.

A token's place in its row is its position in the text, so rows of different lengths need no padding: what
lies beyond a row's end is masked. Rows can therefore come and go, and a row can begin with what was
computed for an earlier text that begins alike. For models with layers of full and of sliding attention.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PIECE = 256
"""Places are made in pieces of so many."""


class Past:
    """Keys and values of `rows` texts; transformers calls `update` from every layer of a forward pass."""

    def __init__(self, model: "torch.nn.Module") -> None:
        config = model.config
        self._shape = (config.num_hidden_layers, 2, config.num_key_value_heads, config.head_dim)
        self._window = config.sliding_window
        self._model = model
        weight = model.lm_head.weight
        self._data = weight.new_zeros(self._layout(0, 0))

    def _layout(self, rows: int, places: int) -> tuple[int, ...]:
        layers, two, heads, size = self._shape
        return (layers, two, rows, heads, places, size)

    def make_room(self, rows: int, places: int) -> None:
        """Let rows 0 to `rows` - 1 have at least so many places; what they hold stays."""
        old = self._data
        if rows <= old.shape[2] and places <= old.shape[4]:
            return
        rows = max(old.shape[2], 1 << (rows - 1).bit_length())
        places = max(old.shape[4], -(-places // PIECE) * PIECE)
        # Zeros, because a mask does not hide what is no number.
        self._data = old.new_zeros(self._layout(rows, places))
        self._data[:, :, : old.shape[2], :, : old.shape[4]] = old

    def taken(self, row: int, length: int) -> "torch.Tensor":
        """A view of the first `length` places of a row."""
        return self._data[:, :, row, :, :length]

    def put(self, row: int, what: "torch.Tensor") -> None:
        """Let a row begin with `what`, as `taken` gave it."""
        self._data[:, :, row, :, : what.shape[-2]] = what

    def read(self, first: int, ids: "torch.Tensor", positions: "torch.Tensor") -> "torch.Tensor":
        """Read tokens into rows.

        Args:
            first: The first of the rows, which lie side by side and must have room.
            ids: (rows, tokens).
            positions: Of each token in its row; everything before must have been read.

        Returns:
            The logits after the last token of each row, (rows, vocabulary), in main memory.
        """
        import torch

        end = int(positions.max()) + 1
        ids, positions = ids.to(self._data.device), positions.to(self._data.device)
        places = torch.arange(end, device=ids.device)
        seen = places <= positions[..., None]
        recent = places > positions[..., None] - self._window
        self._rows, self._end = slice(first, first + len(ids)), end
        self._where = torch.arange(first, first + len(ids), device=ids.device)[:, None], positions
        with torch.no_grad():
            hidden = self._model.model(
                input_ids=ids,
                attention_mask={
                    "full_attention": seen[:, None],
                    "sliding_attention": (seen & recent)[:, None],
                },
                position_ids=positions,
                past_key_values=self,
                use_cache=True,
            ).last_hidden_state
            logits: torch.Tensor = self._model.lm_head(hidden[:, -1])
        return logits.cpu()

    def update(
        self, keys: "torch.Tensor", values: "torch.Tensor", layer: int, *_: object, **__: object
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Take in the keys and values of a layer, (rows, heads, tokens, size); returns all there are."""
        rows, positions = self._where
        for own, new in zip(self._data[layer], (keys, values), strict=True):
            own[rows, :, positions] = new.transpose(1, 2)
        both = self._data[layer, :, self._rows, :, : self._end]
        return both[0], both[1]
