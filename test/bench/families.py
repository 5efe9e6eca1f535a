"""Inputs that are hard for diff algorithms, at any number of lines.

Each family is a function from a number of lines and a Source to two lists of
lines.  They are the inputs on which published engines are quadratic, run out
of memory, or give far more edits than needed.
"""

import generate


def numbered(prefix, n):
    return ["%s %d" % (prefix, i) for i in range(n)]


def separated_chunks(n, source):
    """Two changed lines between every two unique common ones: a label that
    changed on every resource.  Histogram diffs rescan the rest every time."""
    old, new = [], []
    for i in range(n // 4):
        common = ["kind %d" % i, "name %d" % i]
        old += common + ["version 1 of %d" % i, "chart 1 of %d" % i]
        new += common + ["version 2 of %d" % i, "chart 2 of %d" % i]
    return old, new


def interleaved_pairs(n, source):
    """Every other line common and frequent, the rest on one side only: an
    unbounded look back over prunable lines is quadratic here."""
    old, new = [], []
    for i in range(n // 2):
        common = "common %d" % (i % 4)
        old += [common, "old %d" % i]
        new += [common, "new %d" % i]
    return old, new


def reversed_lines(n, source):
    old = numbered("line", n)
    return old, old[::-1]


def shuffled(n, source):
    old = numbered("line", n)
    new = list(old)
    source.shuffle(new)
    return old, new


def shuffled_with_repeats(n, source):
    old = ["line %d" % source.below(n * 3 // 4) for _ in range(n)]
    new = list(old)
    source.shuffle(new)
    return old, new


def random_over(tokens):
    def family(n, source):
        old = ["token %d" % source.below(tokens) for _ in range(n)]
        new = ["token %d" % source.below(tokens) for _ in range(n)]
        return old, new
    return family


def cycle_shift(n, source):
    """The same few lines over and over, in another order and phase."""
    order = list(range(97))
    source.shuffle(order)
    old = ["step %d" % (i % 97) for i in range(n)]
    new = ["step %d" % order[(i + 31) % 97] for i in range(n)]
    return old, new


def disjoint(n, source):
    return numbered("old", n), numbered("new", n)


def cycles(n, source):
    """Two cycles of different lengths over the same lines."""
    return (["step %d" % (i % 89) for i in range(n)],
            ["step %d" % (i % 97) for i in range(n)])


def near_disjoint(n, source):
    """Nothing in common but sixteen lines."""
    old, new = numbered("old", n), numbered("new", n)
    for i in range(16):
        line = "common %d" % i
        old[source.below(n)] = line
        new[source.below(n)] = line
    return old, new


def rotated_blocks(n, source):
    """Every block of 64 lines rotated by its own amount."""
    old = ["block %d line %d" % (i // 64, i % 64) for i in range(n)]
    new = []
    for start in range(0, n, 64):
        block = old[start:start + 64]
        by = source.below(len(block))
        new += block[by:] + block[:by]
    return old, new


def unbalanced(n, source):
    """One side fifty times as long, lines of few kinds."""
    kinds = max(20, n // 200)
    old = ["token %d" % source.below(kinds) for _ in range(n // 50)]
    new = ["token %d" % source.below(kinds) for _ in range(n)]
    return old, new


def runs_with_separators(n, source):
    """Long runs of one line between separators; their lengths change."""
    old, new = [], []
    i = 0
    while len(old) < n:
        length = source.between(50, 300)
        separator = "separator %d" % (i % 7)
        old += ["    },"] * length + [separator]
        new += ["    },"] * (length + source.between(-20, 20)) + [separator]
        i += 1
    return old[:n], new[:n]


def periodic_edits(n, source):
    """A repeating pattern with every tenth line replaced."""
    old = ["step %d" % (i % 13) for i in range(n)]
    new = list(old)
    for i in range(0, n, 10):
        new[i] = "changed %d" % (i % 11)
    return old, new


def two_lines_in_turn(n, source):
    """A B A B ... against A A B A A B ..."""
    return (["first" if i % 2 == 0 else "second" for i in range(n)],
            ["second" if i % 3 == 2 else "first" for i in range(n)])


def block_move(n, source):
    """Half of the lines are braces; a fifth of the document moved from near
    the start to near the end."""
    old = ["    }," if source.below(2) else "line %d" % i for i in range(n)]
    block = old[n // 10:n // 10 + n // 5]
    rest = old[:n // 10] + old[n // 10 + n // 5:]
    at = len(rest) * 9 // 10
    return old, rest[:at] + block + rest[at:]


def mostly_braces(n, source):
    """Nine lines in ten are the same; one per cent of all lines edited."""
    old = ["    }," if source.below(10) else "line %d" % source.below(n)
           for _ in range(n)]
    return old, scattered(old, len(old) // 100, source)


def scattered(old, edits, source):
    new = list(old)
    for _ in range(edits):
        at = source.below(len(new))
        what = source.below(3)
        if what == 0:
            new[at] = "edited %d" % source.below(1000000)
        elif what == 1:
            new[at] = None
        else:
            new[at] = "inserted %d\n%s" % (source.below(1000000),
                                           new[at] or "again")
    return [line for line in new if line is not None]


def random_edits(n, source):
    """Lines of which many repeat, one per cent edited at random places."""
    old = ["line %d" % source.below(n) if source.below(3) else
           "brace %d" % source.below(20) for _ in range(n)]
    return old, scattered(old, n // 100, source)


FAMILIES = {
    "separated chunks (F1)": separated_chunks,
    "interleaved pairs (F7)": interleaved_pairs,
    "reversed": reversed_lines,
    "shuffled": shuffled,
    "shuffled with repeats": shuffled_with_repeats,
    "random over 2 lines": random_over(2),
    "random over 50 lines": random_over(50),
    "random over 500 lines": random_over(500),
    "cycle shift": cycle_shift,
    "no line in common": disjoint,
    "cycles": cycles,
    "near-disjoint": near_disjoint,
    "rotated blocks": rotated_blocks,
    "unbalanced": unbalanced,
    "runs with separators": runs_with_separators,
    "periodic edits": periodic_edits,
    "two lines in turn": two_lines_in_turn,
    "block move": block_move,
    "mostly braces": mostly_braces,
}


def make(name, n):
    """The two texts of a family at n lines a side."""
    seed = sum(ord(c) * 31 ** (i % 7) for i, c in enumerate(name)) + n
    old, new = FAMILIES[name](n, generate.Source(seed))
    return "\n".join(old) + "\n", "\n".join(new) + "\n"


def long_line(size):
    """One line of `size` bytes without a newline, a byte of which changed."""
    source = generate.Source(size)
    parts = []
    length = 0
    while length < size:
        part = '"%s%d": %d, ' % (source.pick(generate.FIELDS), length,
                                 source.below(1000000))
        parts.append(part)
        length += len(part)
    old = "{" + "".join(parts)[:size - 2] + "}"
    middle = len(old) // 2
    return old, old[:middle] + "#" + old[middle + 1:]


def million_lines():
    old, new = random_edits(1000000, generate.Source(1000000))
    return "\n".join(old) + "\n", "\n".join(new) + "\n"
