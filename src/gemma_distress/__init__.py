"""Measure, explain and reduce a language model's expressed distress under repeated rejection.

`inspect eval gemma_distress/numeric --model …` runs one task, `gemma-distress run --model …` the suite.
"""

__version__ = "0.1.0"
