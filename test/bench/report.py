"""Tables in Markdown, and what was asked for against what was measured."""

import statistics


def median(values):
    return statistics.median(values)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def time_text(ns):
    """Nanoseconds with three digits and a unit."""
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= scale:
            return three(ns / scale) + " " + unit
    return "%.0f ns" % ns


def three(value):
    if value >= 100:
        return "%.0f" % value
    if value >= 10:
        return "%.1f" % value
    return "%.2f" % value


def size_text(size):
    if abs(size) >= 1e6:
        return three(size / 1e6) + " MB"
    return "%.0f kB" % (size / 1e3)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |",
             "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |"
              for row in rows]
    return "\n".join(lines)


WORDS = {True: "met", False: "**missed**", None: "not measured"}


def summary(bars):
    return table(["what", "measured", "bar", ""],
                 [(what, measured, wanted, WORDS[met])
                  for what, measured, wanted, met in bars])


class Report:
    """What one part of the benchmark found."""

    def __init__(self, log):
        self.sections = []
        self.bars = []
        self.log = log

    def section(self, title, *blocks):
        text = "### %s\n\n%s\n" % (title, "\n\n".join(blocks))
        self.sections.append(text)
        self.log("\n" + text)

    def bar(self, what, measured, wanted, met):
        """A line of the summary; met is None where nothing was measured."""
        self.bars.append((what, measured, wanted, met))

    def at_most(self, what, value, limit, text=None):
        self.bar(what, text or "%.3g" % value, "at most %.3g" % limit,
                 value <= limit)
