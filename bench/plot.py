#!/usr/bin/env python3
"""Draws docs/performance.svg from bench/results/*.json: seconds of a step, generation and update, per system."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent
WIDTH, LABEL, BAR, GAP, TOP = 760, 250, 22, 10, 34
COLOURS = {"generation": "#4c78a8", "update": "#f58518"}


def text(x, y, words, size=13, anchor="start", weight="normal", colour="#222"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-family="sans-serif" font-size="{size}" font-weight="{weight}" '
            f'text-anchor="{anchor}" fill="{colour}">{words}</text>')


def panel(title, bars, top):
    """Bars of (name, generation seconds, update seconds); returns SVG lines and the height used."""
    longest = max(generation + update for _, generation, update in bars)
    scale = (WIDTH - LABEL - 90) / longest
    lines = [text(8, top + 18, title, 15, weight="bold")]
    y = top + TOP
    for name, generation, update in bars:
        lines.append(text(LABEL - 8, y + BAR * 0.7, name, anchor="end"))
        x = LABEL
        for part, seconds in (("generation", generation), ("update", update)):
            lines.append(f'<rect x="{x:.1f}" y="{y}" width="{seconds * scale:.1f}" height="{BAR}" '
                         f'fill="{COLOURS[part]}"/>')
            x += seconds * scale
        lines.append(text(x + 6, y + BAR * 0.7, f"{generation + update:.3g} s"))
        y += BAR + GAP
    return lines, y - top


def main():
    results = json.loads((ROOT / "results" / sys.argv[1]).read_text())
    lines, y = [], 8
    for title, bars in results["panels"].items():
        drawn, height = panel(title, [(b["name"], b["generation"], b["update"]) for b in bars], y)
        lines += drawn
        y += height + 14
    x = LABEL
    for part, colour in COLOURS.items():
        lines.append(f'<rect x="{x}" y="{y}" width="14" height="14" fill="{colour}"/>')
        lines.append(text(x + 20, y + 12, part))
        x += 120
    y += 26
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">',
           f'<rect width="{WIDTH}" height="{y}" fill="white"/>', *lines, "</svg>"]
    (ROOT.parent / "docs" / "performance.svg").write_text("\n".join(svg) + "\n")


if __name__ == "__main__":
    main()
