"""The numbers of prefixes, each once, and the names of their kinds and cuts."""

from typing import Literal, get_args

EARLY = 20
"""An early cut is so many tokens into the reply (paper, base against instruct)."""

BACK = 200
"""A cut for recovery is so many tokens before the reply's end (paper, recovery from spirals)."""

SPIRAL = 7
"""Replies to recover from are rated at least this (paper, recovery from spirals)."""

DRAWN = 10
"""Replies of each kind that are drawn (paper: 10 numeric and 10 text)."""

CONTINUATIONS = 50
"""Continuations of a prefix (paper)."""

MAX_REST_TOKENS = 1000
"""Longest continuation, in the subject's own tokens (value of the authors' runs)."""

Kind = Literal["numeric", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Whether the conversation is about a puzzle."""

Cut = Literal["early", "onset", "late"]
"""`early` some tokens into the reply, `onset` where its emotion begins, `late` some tokens before its end."""

PREFIXED = ("prefill", "recovery")
"""Categories whose conversations begin with a prefix. A turns table holds neither that nor what stands before
it, so their replies cannot be read as answers to the user's message beside them."""
