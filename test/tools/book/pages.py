"""The pages of the book: which there are, in which order, and how they name their blocks and headings."""

import glob
import os
import re

from book.sources import LIMIT, Problem, read

FENCE = re.compile(r"^(```+)(.*)$")
EXCERPT = re.compile(rf"^<!-- excerpt: (\S+) (\[\w+ \d+\]|\S+)((?: {LIMIT})*) -->$")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def book_paths():
    # Pages for teaching assistants are not in students' trees, so no page links to them.
    pages = [path for path in sorted(glob.glob("docs/**/*.md", recursive=True)) if not path.endswith("-assistants.md")]
    return ["README.md", "CONTRIBUTING.md", *pages, *wing_paths()]


def wing_paths():
    return sorted(glob.glob("kernel/wings/*/README.md"))


def anchor(heading):
    """The name that links use for a heading, as GitHub makes it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


def reading_order():
    """[(section, pages)] as docs/README.md lists them, a page of the list behind its list's own. What only another
    page's list names (a decision) comes with that page. Raises a Problem for a page that no list names."""
    sections = [("Start", ["README.md", "CONTRIBUTING.md"])]
    named = {"README.md", "CONTRIBUTING.md", "docs/README.md", *wing_paths()}
    for section, path in listed("docs/README.md"):
        if path in named:
            continue
        if section not in [name for name, _ in sections]:
            sections.append((section, []))
        named.add(path)
        sections[-1][1].append(path)
        if os.path.basename(path) == "README.md":  # its own list, as a section of its own
            below = [page for _, page in listed(path) if page not in named]
            named.update(below)
            sections[-1][1].extend(below)
    if wing_paths():
        sections.append(("Wings", wing_paths()))
    for path in book_paths():
        if path not in named:
            raise Problem(f"{path} is in no list of docs/README.md (or of a README.md that is in it): add it there")
    return sections


def listed(path):
    """(section, page) for each page that a list or table of this page links to."""
    section = None
    for line in read(path).split("\n"):
        if heading := re.match(r"## (.*)", line):
            section = heading[1]
        if re.match(r"(\d+\.|-|\*|\|) ", line) and (link := LINK.search(line)):
            page = os.path.normpath(os.path.join(os.path.dirname(path), link[1]))
            if page.endswith(".md") and os.path.exists(page):
                yield section, page
