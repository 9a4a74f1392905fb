"""What would a model learn from preference pairs besides calm? `audit` looks, and says what is dangerous."""

from gemma_distress.finetune.audit.assembly import audit
from gemma_distress.finetune.audit.finding import Audit, Finding

__all__ = ["Audit", "Finding", "audit"]
