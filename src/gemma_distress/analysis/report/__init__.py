"""The report: logs in, one page out that says what was found and shows why.

    from gemma_distress.analysis.report import report
    report(["logs/base", "logs/tuned"], "report.html")

The page stands alone: it needs no network, no other file and no script (with scripts its figures answer to
the pointer). Each figure is one Altair specification; it is drawn at two widths, for a desk and for a phone,
in colours that follow the reader's light or dark setting. The same logs and versions give the same page.
Text from logs is hostile throughout: see `shown` and `page` for what keeps it text.
"""

from gemma_distress.analysis.report.assembly import Report, report

__all__ = ["Report", "report"]
