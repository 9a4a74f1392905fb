"""Which comparison of the proof failed, and what that usually means."""

ROUNDING = 0.5
"""Nats; a base that is off by less is most likely the same one computed in another data type."""


def failures(
    *,
    base: float,
    adapter: float,
    base_to_adapter: float,
    adapter_to_base: float,
    expected: float,
    tolerance: float,
    apart: float,
) -> list[str]:
    """A sentence for each comparison that failed; none for a proof. All differences in nats, the largest.

    Args:
        base: Served base to local base.
        adapter: Served adapter to local adapter.
        base_to_adapter: Served base to local adapter.
        adapter_to_base: Served adapter to local base.
        expected: Local adapter to local base.
        tolerance: Within which two are the same.
        apart: Tolerances by which adapter and base must differ.
    """
    if not expected >= apart * tolerance:
        return [
            f"The adapter changes too little to be told from its base: computed here, the two differ by "
            f"{expected:.2g}, and a tolerance of {tolerance:g} needs {apart * tolerance:g}. It is untrained, "
            "or its learning rate was too low, or the tolerance is too wide for it."
        ]
    told: list[str] = []
    if base > tolerance:
        told.append(
            f"Served base and local base differ by {base:.2g}: {_of_base(base, base_to_adapter, tolerance)}"
        )
    if adapter > tolerance:
        told.append(
            f"Served adapter and local adapter differ by {adapter:.2g}: "
            f"{_of_adapter(base, adapter_to_base, tolerance)}"
        )
    if not told and not adapter_to_base >= apart * tolerance:
        told.append(
            f"Served adapter and local base differ by {adapter_to_base:.2g} only, and a tolerance of "
            f"{tolerance:g} needs {apart * tolerance:g}."
        )
    return told


def _of_base(base: float, base_to_adapter: float, tolerance: float) -> str:
    if base_to_adapter <= tolerance:
        return "the server answers with the adapter under the base's name, as when it was merged."
    if base <= ROUNDING:
        return (
            "most likely the same model in another data type. Start the server with --dtype float32, or "
            "check with the --dtype that it has."
        )
    return "the server has another base model. Start it on this one, or name its own with --base."


def _of_adapter(base: float, adapter_to_base: float, tolerance: float) -> str:
    if adapter_to_base <= tolerance:
        return (
            "the server answers with the base under the adapter's name; the adapter is not applied."
        )
    if base <= tolerance:
        return (
            "the server has another adapter, an earlier state of this one, or applies a part of it only. "
            "Start it again with this one."
        )
    return "that follows from the base, which differs too."
