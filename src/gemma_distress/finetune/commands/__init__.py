"""The commands of `python -m gemma_distress.finetune`."""
