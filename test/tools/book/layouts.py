"""Four ways to draw what a machine said, narrow enough for a phone: steps in lanes, a grid of cells, bars, links
between columns. What is drawn comes as words and numbers; the places of boxes are found here."""

from book.svg import CHILD, GREY, INK, KERNEL, PALE, PARENT, SHARED, Drawing

WIDTH, SCALE = 400, 1.4
COLOURS = (PARENT, CHILD, SHARED, KERNEL)
DARK = ("#2b6cb0", "#c05621", "#2f855a", "#4a5568")  # the same, for lines and dots
LETTER = 6.03  # the width of a letter of the small fixed font


def wrapped(words, width):
    """Lines of at most `width` letters."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 2 + len(word) > width:
            lines.append("")
        lines[-1] += ("\u00a0 " if lines[-1] else "") + word
    return lines


def lanes(title, names, steps):
    """steps: (name of the lane, what happens, [notes]), from top to bottom. A line leads from each to the next."""
    drawing = Drawing(WIDTH, title, SCALE)
    place = {name: 16 + 22 * i for i, name in enumerate(names)}
    colour = dict(zip(names, DARK))
    left, y, x = 16 + 22 * len(names) + 6, 14, 8
    for name in names:
        drawing.circle(x + 5, y - 4, 5, colour[name])
        drawing.text(x + 14, y, name, size=12, bold=True)
        x += 26 + 7.4 * len(name)
    y, before = 40, None
    for lane, what, notes in steps:
        at = (place[lane], y - 4)
        if before:
            turn = (before[0], at[1] - 12)
            drawing.line([before, turn, (at[0], turn[1]), at], stroke=colour[lane], width=2)
        lines = wrapped(notes, int((WIDTH - left) / LETTER))
        drawing.text(left, y, what, mono=True, size=11, bold=True)
        for number, line in enumerate(line for line in lines if line):
            drawing.text(left, y + 14 * (number + 1), line, mono=True, size=10, fill=GREY)
        before = at
        drawing.later_circle(*at, 5, colour[lane])
        y += 24 + 14 * len([line for line in lines if line])
    return drawing.finish()


def grid(title, heads, widths, rows):
    """rows: (cells, fill or None). The first cell stands free, the others in boxes. Mono throughout."""
    drawing = Drawing(WIDTH, title, SCALE)
    starts = [sum(widths[:i]) + 2 for i in range(len(widths))]
    for i, (x, width, head) in enumerate(zip(starts, widths, heads)):
        drawing.text(x + (width / 2 if i else 0), 14, head, size=11, bold=True, anchor="middle" if i else "start")
    for number, (cells, fill) in enumerate(rows):
        y = 22 + 20 * number
        for i, (x, width, cell) in enumerate(zip(starts, widths, cells)):
            if i:
                drawing.box(x, y, width - 3, 18, fill or PALE)
            size = min(10, 10 * (width - 10) / len(cell) / LETTER)
            drawing.text(x + (width / 2 - 1 if i else 0), y + 13, cell, mono=True, size=round(size, 1),
                         anchor="middle" if i else "start")
    return drawing.finish()


def bars(title, rows, heads=()):
    """rows: (name, value, group); heads: the groups, each with a colour of its own."""
    drawing = Drawing(WIDTH, title, SCALE)
    y, x = 14, 8
    for head, colour in zip(heads, COLOURS):
        drawing.box(x, y - 10, 12, 12, colour)
        drawing.text(x + 18, y, head, size=11)
        x += 40 + 6.2 * len(head)
    y = 26 if heads else 6
    most, left = max(value for _, value, _ in rows), 10 + max(len(name) for name, _, _ in rows) * LETTER
    for name, value, group in rows:
        length = round(max(1, (WIDTH - left - 40) * value / most), 1)
        drawing.text(round(left - 5, 1), y + 12, name, mono=True, size=10, anchor="end")
        drawing.box(round(left, 1), y, length, 16, COLOURS[heads.index(group) if heads else 0])
        drawing.text(round(left + length + 5, 1), y + 12, f"{value:,}", mono=True, size=10)
        y += 21
    return drawing.finish()


def links(title, heads, columns, edges):
    """columns: lists of (key, words, colour); edges: pairs of keys of two neighbours."""
    drawing = Drawing(WIDTH, title, SCALE)
    tall = max(map(len, columns))
    room = WIDTH / len(columns)
    ends = {}
    for number, (head, cells) in enumerate(zip(heads, columns)):
        width = min(room - 26, 150)
        x = 2 + number * (WIDTH - 4 - width) / (len(columns) - 1)
        drawing.text(x + width / 2, 14, head, size=11, bold=True, anchor="middle")
        for row, (key, words, colour) in enumerate(cells):
            y = 24 + (row + 0.5) * tall / len(cells) * 26 - 13
            drawing.box(x, y, width, 22, colour)
            size = round(min(10, 10 * (width - 6) / len(words) / LETTER), 1)
            drawing.text(x + width / 2, y + 15, words, mono=True, size=size, anchor="middle")
            ends[key] = (x, x + width, y + 11)
    for a, b in edges:
        drawing.line([(ends[a][1], ends[a][2]), (ends[b][0], ends[b][2])], stroke=INK)
    return drawing.finish()
