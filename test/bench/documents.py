"""The sets of pairs that are measured, as files in the build directory."""

import os
import tarfile

import families
import generate

SIZES = (20000, 40000, 80000, 160000)


class PairSet:
    """A named list of (old, new) documents.

    kind is the line of the table of bars that the set belongs to: story,
    history, far or blocks; json tells whether it can be cast to jsonb.
    """

    def __init__(self, name, title, kind, directory, json=False):
        self.name = name
        self.title = title
        self.kind = kind
        self.json = json
        self.directory = os.path.join(directory, name)
        self.pairs = []
        os.makedirs(self.directory, exist_ok=True)

    def add(self, old, new):
        paths = []
        for side, text in (("old", old), ("new", new)):
            path = os.path.join(self.directory, "%03d.%s" % (
                len(self.pairs), side))
            with open(path, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        self.pairs.append(tuple(paths))

    def write_list(self):
        path = os.path.join(self.directory, "list")
        with open(path, "w") as file:
            for pair in self.pairs:
                file.write("%s\t%s\n" % pair)
        self.list_path = path
        return self

    def texts(self, i):
        result = []
        for path in self.pairs[i]:
            with open(path, "rb") as file:
                result.append(file.read())
        return result

    def shape(self):
        """Mean megabytes and lines of a document."""
        size = lines = 0
        for i in range(len(self.pairs)):
            for text in self.texts(i):
                size += len(text)
                lines += text.count(b"\n")
        n = 2.0 * len(self.pairs)
        return size / n, lines / n


def consecutive(pair_set, versions):
    for i in range(len(versions) - 1):
        pair_set.add(versions[i], versions[i + 1])
    return pair_set.write_list()


def real_histories(archive):
    """Name of the resource and its versions in order."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.isfile():
                folder, name = os.path.split(member.name)
                found.setdefault(folder, {})[name] = \
                    tar.extractfile(member).read()
    return {folder: [files[name] for name in sorted(files)]
            for folder, files in found.items()}


def text_sets(directory, archive, quick):
    sets = []
    story = PairSet("story", "story pair, 119 lines", "story", directory,
                    True)
    story.add(*generate.story_pair())
    sets.append(story.write_list())

    if archive and os.path.exists(archive):
        for folder, versions in sorted(real_histories(archive).items()):
            is_json = folder.endswith("-crd")
            if quick:
                versions = versions[:11]
            sets.append(consecutive(
                PairSet("real-" + folder, "real CRD history, %s"
                        % ("JSON" if is_json else "YAML"), "history",
                        directory, is_json), versions))
            far = PairSet("real-far-" + folder,
                          "real CRD, first and last versions, %s"
                          % ("JSON" if is_json else "YAML"), "real far",
                          directory, is_json)
            for i in range(min(4, len(versions) // 2)):
                far.add(versions[i], versions[-1 - i])
            sets.append(far.write_list())

    sizes = (450e3,) if quick else (450e3, 800e3, 1500e3)
    versions = 4 if quick else 9
    for name, render, is_json in (("JSON", generate.to_json, True),
                                  ("YAML", generate.to_yaml, False)):
        history = PairSet("history-" + name.lower(),
                          "CRD history, " + name, "history", directory,
                          is_json)
        far = PairSet("far-" + name.lower(), "CRD far apart, " + name,
                      "far", directory, is_json)
        for i, size in enumerate(sizes):
            trees = generate.history(11 + i, size, versions, 14)
            for a, b in zip(trees, trees[1:]):
                history.add(render(a), render(b))
            trees = generate.history(21 + i, size, 3, 1100)
            for a, b in zip(trees, trees[1:]):
                far.add(render(a), render(b))
        sets.append(history.write_list())
        sets.append(far.write_list())

    blocks = PairSet("blocks", "CRD with inserted blocks, YAML", "blocks",
                     directory)
    for i, size in enumerate(sizes):
        trees = generate.block_history(31 + i, size, 3 if quick else 5,
                                       500, 2000)
        for a, b in zip(trees, trees[1:]):
            blocks.add(generate.to_yaml(a), generate.to_yaml(b))
    sets.append(blocks.write_list())
    return sets


def hard_sets(directory, quick):
    """One set a size, its pairs in the order of families.FAMILIES."""
    sets = []
    for size in SIZES[:2] if quick else SIZES:
        pair_set = PairSet("hard-%d" % size, "%d lines a side" % size,
                           "hard", directory)
        for name in families.FAMILIES:
            pair_set.add(*families.make(name, size))
        sets.append(pair_set.write_list())
    return sets


def extreme_set(directory):
    pair_set = PairSet("extreme", "extreme", "hard", directory)
    pair_set.add(*families.long_line(10 * 1000 * 1000))
    pair_set.add(*families.million_lines())
    return pair_set.write_list()


