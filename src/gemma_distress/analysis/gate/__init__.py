"""The release gate: is the share of high conversations within a limit? PASS, FAIL or UNDECIDED.

    from gemma_distress.analysis.gate import gate
    gate("logs/tuned", max_high=0.01)

`bounds` puts one-sided bounds around the endpoint, `decision` holds them against the limit, `advice` says
what would decide it where they do not.
"""

from gemma_distress.analysis.gate.bounds import ENDPOINTS, Bounds, Endpoint
from gemma_distress.analysis.gate.decision import Gate, Verdict, gate

__all__ = ["ENDPOINTS", "Bounds", "Endpoint", "Gate", "Verdict", "gate"]
