"""Hooks of mkdocs (mkdocs.yml): the site holds, beside docs/, what docs/ points at.

README.md becomes the first page. A link that leaves docs/ leads to a copy of the file in source/, or of a folder
to a list of its files, so that no link of the site leads out of it unless it names a host.
"""
import html
import os
import re
import shutil
import urllib.parse
from pathlib import Path, PurePosixPath

from mkdocs.structure.files import File
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def github_slug(text, separator):
    """GitHub's name of a heading, so that a link works there and here."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", separator)


def on_config(config):
    config["mdx_configs"].setdefault("toc", {})["slugify"] = github_slug
    config["gathered"] = ROOT / "build" / "docs_gathered"  # pages and files from outside docs/
    shutil.rmtree(config["gathered"], ignore_errors=True)
    config["gathered"].mkdir(parents=True)
    return config


def _copy(config, files, source, target):
    """ROOT/source as the site's file `target`."""
    if files.get_file_from_path(target) is not None:
        return
    place = config["gathered"] / target
    place.parent.mkdir(parents=True, exist_ok=True)
    if (ROOT / source).is_dir():
        names = sorted(p.name for p in (ROOT / source).iterdir() if p.is_file())
        rows = "".join(f'<li><a href="{html.escape(n)}">{html.escape(n)}</a></li>' for n in names)
        place.write_text(f"<!doctype html><meta charset=utf-8><title>{source}</title><h1>{source}</h1><ul>{rows}</ul>")
        for name in names:
            _copy(config, files, f"{source}/{name}", f"source/{source}/{name}")
    else:
        shutil.copyfile(ROOT / source, place)
    files.append(File(target, str(config["gathered"]), config["site_dir"], use_directory_urls=False))


def on_files(files, config):
    for source, target in PAGES.items():
        _copy(config, files, source, target)
    style = config["gathered"] / "highlight.css"
    style.write_text(HtmlFormatter(style="friendly").get_style_defs(".codehilite"))
    files.append(File("highlight.css", str(config["gathered"]), config["site_dir"], use_directory_urls=False))
    config["files"] = files
    # Links are known before a page is read only here: files appended later are not written.
    for file in list(files.documentation_pages()):
        text = Path(file.abs_src_path).read_text(encoding="utf-8")
        for match in LINK.finditer(text):
            _target(match[2], file.src_uri, config, files)
    return files


def _target(link, page, config, files):
    """The link as it must be on the site; what it leads to is put there."""
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return link
    here = next((s for s, t in PAGES.items() if t == page), f"docs/{page}")
    there = os.path.normpath(PurePosixPath(here).parent / parts.path)
    if there.startswith("docs/"):
        target = there[len("docs/"):]
    elif there in PAGES:
        target = PAGES[there]
    elif not there.startswith("..") and (ROOT / there).exists():
        target = f"source/{there}/index.html" if (ROOT / there).is_dir() else f"source/{there}"
        _copy(config, files, there, target)
    else:
        return link  # mkdocs says that there is no such file
    target = os.path.relpath(target, PurePosixPath(page).parent)
    return target + (f"#{parts.fragment}" if parts.fragment else "")


def on_page_markdown(markdown, page, config, files):
    page_path = page.file.src_uri
    return LINK.sub(lambda m: m[1] + _target(m[2], page_path, config, files) + m[3], markdown)


def on_post_build(config):
    """Fails where a page loads something from elsewhere, or a link's fragment is nowhere."""
    site = Path(config["site_dir"])
    ids = {p: set(re.findall(r'\bid="([^"]+)"', p.read_text(encoding="utf-8"))) for p in site.rglob("*.html")}
    bad = []
    for page in ids:
        text = page.read_text(encoding="utf-8")
        for url in re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="((?:https?:)?//[^"]+)"', text):
            bad.append(f"{page.relative_to(site)} loads {url}")
        for href in re.findall(r'<a[^>]+href="([^"]+)"', text):
            parts = urllib.parse.urlsplit(html.unescape(href))
            if parts.scheme or parts.netloc or page.name in ("404.html", "search.html"):
                continue
            there = (page.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else page
            if not there.exists():
                bad.append(f"{page.relative_to(site)}: {href} is not there")
            elif parts.fragment and there in ids and parts.fragment not in ids[there]:
                bad.append(f"{page.relative_to(site)}: {href} has no such place")
    for css in site.rglob("*.css"):
        if re.search(r"url\(['\"]?(?:https?:)?//", css.read_text(encoding="utf-8", errors="replace")):
            bad.append(f"{css.relative_to(site)} loads from elsewhere")
    if bad:
        raise SystemExit("docs: " + "\ndocs: ".join(sorted(set(bad))))
