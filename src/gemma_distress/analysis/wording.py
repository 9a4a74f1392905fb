"""Numbers as sentences and tables of the analysis write them."""

import math


def percent(share: float) -> str:
    """A share, or a difference of shares, with as many digits as a small one needs: 35%, 0.3%, −4.5%."""
    return "unknown" if math.isnan(share) else f"{100 * share:.3g}%".replace("-", "−")


def p_equals(p: float) -> str:
    """As it stands in a sentence: `p < 0.001`, `p = 0.012`, `p = 0.100`."""
    if math.isnan(p):
        return "no p"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
