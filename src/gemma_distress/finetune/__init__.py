"""The mitigation: calm data, preference pairs, an adapter, a server, and a second, paired evaluation.

`python -m gemma_distress.finetune COMMAND`. Everything starts from logs or from files that an earlier step
wrote; each step writes a folder with a manifest, and does nothing where that says it is done.
"""
