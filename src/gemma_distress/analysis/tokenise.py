"""Words of a text, as `words` counts them.

A word is a run of letters, lower-cased, with apostrophes inside (`don't`; a curly one is read as straight),
or one emoji. What holds digits or underscores is no word, nor are LaTeX commands and runs of more than
`LONGEST_WORD` letters. Scripts that put no spaces between words are not taken apart.
"""

import re

LONGEST_WORD = 40

_EMOJI = "\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
# Possessive, so that 100,000 letters before one digit cost no more than any others.
_WORD = re.compile(rf"\\[a-z]++|(?<!\w)[^\W\d_]++(?:'[^\W\d_]++)*+(?!\w)|[{_EMOJI}]")


def words_of(text: str) -> list[str]:
    """The words, in order."""
    plain = text.lower().replace("\u2019", "'")
    return [w for w in _WORD.findall(plain) if w[0] != "\\" and len(w) <= LONGEST_WORD]
