"""The whole book as one PDF: the pages that mkdocs made, one after the other, printed by a headless Chromium.

Links between the pages become links within the book. Links into the sources, which are not in it, become words.
"""

import html
import os
import re
import shutil
import subprocess
import tempfile

from book.sources import read

NAME = "tine.pdf"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--no-pdf-header-footer", "--generate-pdf-document-outline"]


def browser():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def section_id(page):
    return page.removesuffix(".html").replace("/", "-")


def section(site, page, pages):
    """What a page has to say, with addresses that hold in the one document."""
    folder = os.path.dirname(page)

    def target(match):
        path, _, heading = match[1].partition("#")
        there = os.path.normpath(os.path.join(folder, path)) if path else page
        return f' href="#{section_id(there)}{"--" + heading if heading else ""}"' if there in pages else ""

    text = re.search("<main>(.*)<footer>", read(f"{site}/{page}"), re.S)[1]
    text = re.sub(r'<nav class="within".*?</nav>', "", text, flags=re.S)
    text = re.sub(r' href="([^"]*)"', target, text)
    text = re.sub(r' src="([^"]*)"', lambda m: f' src="{os.path.normpath(os.path.join(folder, m[1]))}"', text)
    text = re.sub(r' id="([^"]*)"', rf' id="{section_id(page)}--\1"', text)
    return f'<section id="{section_id(page)}">{text}</section>'


def document(site, numbers):
    """The book, with the numbers of the sheets {section: number} in its contents."""
    menu = re.search("<nav>(.*?)</nav>", read(f"{site}/index.html"), re.S)[1]
    entries = re.findall(r'<h2>(.*?)</h2>|href="([^"]*\.html)">(.*?)</a>', menu)
    pages = [page for _, page, _ in entries if page]
    contents = "".join(f"<h2>{head}</h2>" if head else f'<p><a href="#{section_id(page)}">{title}</a>'
                       f'<span>{numbers.get(section_id(page), "")}</span></p>'
                       for head, page, title in entries if head != "On paper")
    return "\n".join([
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>The book of Tine</title>',
        '<link rel="stylesheet" href="code.css"><link rel="stylesheet" href="book.css"></head>',
        '<body class="book"><main>',
        f'<h1>The book of Tine</h1><div class="contents">{contents}</div>',
        *[section(site, page, pages) for page in pages], "</main></body></html>"])


def links(path):
    """(the places within a PDF that its links lead to, {those that it has: the number of their sheet})"""
    with open(path, "rb") as file:
        data = file.read()
    sheets = sorted(int(number) for number in re.findall(rb"^(\d+) 0 obj\n<</Type /Page\n", data, re.M))
    places = {place: sheets.index(int(sheet)) + 1 for place, sheet in re.findall(rb"/(\S+) \[(\d+) 0 R /XYZ", data)}
    return set(re.findall(rb"/Dest /(\S+?)[\s/>]", data)), places


def print_book(site, numbers):
    """Returns what Chromium says of an error."""
    page = f"{site}/book.html"
    with open(page, "w", encoding="utf-8") as file:
        file.write(document(site, numbers))
    with tempfile.TemporaryDirectory(prefix="tine-chromium-") as profile:
        result = subprocess.run([browser(), *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={site}/{NAME}",
                                 f"file://{os.path.abspath(page)}"], capture_output=True, text=True, check=False,
                                timeout=300)
    os.remove(page)
    if result.returncode or not os.path.exists(f"{site}/{NAME}"):
        return result.stderr.strip()[-200:] or "nothing"
    return ""


def make(site):
    """Prints the book until its contents name the right sheets, which takes two times. Returns the line that tells of
    it."""
    if not browser():
        return f"There is no Chromium here, so no {site}/{NAME}: apt-get install chromium"
    numbers, before = {}, None
    for _ in range(3):
        if error := print_book(site, numbers):
            return f"Chromium printed no {site}/{NAME}: {html.unescape(error)}"
        before, numbers = numbers, {place.decode(): at for place, at in links(f"{site}/{NAME}")[1].items()}
        if numbers == before:
            break
    with open(f"{site}/{NAME}", "rb") as file:
        sheets = len(re.findall(rb"/Type /Page\b", file.read()))
    return f"the book on paper, {sheets} sheets: {site}/{NAME}"
