"""Boxes, lines and words as SVG: as much as the figures of the book need."""

from html import escape

INK, GREY, PALE = "#1a202c", "#5a6577", "#f7fafc"
PARENT, CHILD, SHARED, KERNEL = "#bee3f8", "#feebc8", "#c6f6d5", "#e2e8f0"
SANS = "Helvetica, Arial, sans-serif"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Drawing:
    def __init__(self, width, title, scale=1):
        self.scale = scale  # how large it is shown where there is room
        self.width, self.height, self.title, self.parts, self.last = width, 0, title, [], []

    def grow(self, bottom):
        self.height = max(self.height, bottom)

    def box(self, x, y, width, height, fill="white", dashed=False):
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{fill}" '
                          f'stroke="{GREY if dashed else INK}"{dash}/>')
        self.grow(y + height)

    def text(self, x, y, words, mono=False, size=13, anchor="start", bold=False, fill=INK):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x}" y="{y}" font-family="{MONO if mono else SANS}" font-size="{size}" '
                          f'text-anchor="{anchor}" fill="{fill}"{weight}>{escape(words)}</text>')
        self.grow(y + 4)

    def line(self, points, arrow=False, dashed=False, stroke=INK, width=1):
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        head = ' marker-end="url(#head)"' if arrow else ""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}"'
                          f'{"" if width == 1 else f" stroke-width={chr(34)}{width}{chr(34)}"}{dash}{head}/>')
        self.grow(max(y for _, y in points))

    def circle(self, x, y, radius, fill):
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>')

    def later_circle(self, *circle):
        """Drawn over all else."""
        self.last.append(circle)

    def finish(self):
        for circle in self.last:
            self.circle(*circle)
        height = self.height + 12
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height}" '
            f'width="{round(self.width * self.scale)}" height="{round(height * self.scale)}" role="img">',
            f"<title>{escape(self.title)}</title>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            f'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>',
            f'<rect width="{self.width}" height="{height}" fill="white"/>',
            *self.parts, "</svg>", ""])
