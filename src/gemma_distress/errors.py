"""The one error a user of this package is meant to read.

Whatever a user can mend (a misspelt argument, a malformed file, a missing source) is raised as
`UsageError`: a sentence that says what happened, where, and what to do next. Commands print it
without a traceback. It derives from `ValueError` so that a caller who knows nothing of this package
still catches the usual thing. Everything else is a defect and keeps its traceback.
"""


class UsageError(ValueError):
    """A mistake the user can mend, told in whole sentences."""
