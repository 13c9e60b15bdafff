"""Every relative link in the documentation leads somewhere, and every page is in the site's menu."""

from __future__ import annotations

import re
import tomllib
from collections import Counter

import pytest
from pages import PAGES, ROOT, prose, text_of

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page):
    """Each link names a file that exists and a heading that stands in it."""
    broken = [link for link in links(page) if not resolves(page, link)]

    assert [] == broken


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_pages_of_the_site_link_within_it(page):
    """A link out of docs/ works in a checkout only; the site would not have its target."""
    outside = [link for link in links(page) if not inside_site(page, link)]

    assert [] == outside


def test_every_page_is_in_the_menu():
    """The menu lists each page of docs/ once."""
    listed = Counter(pages_of(SITE["nav"]))

    assert Counter(page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")) == listed


def test_every_page_is_told_of_on_the_first():
    """Whoever starts at docs/index.md finds each page but the single decisions, which have a list of their own."""
    told = {f"docs/{link.partition('#')[0]}" for link in links("docs/index.md")} | {"docs/index.md"}

    assert set() == {page for page in PAGES if page.startswith("docs/") and "decisions/0" not in page} - told


def test_every_example_is_told_of_on_the_first():
    """Each folder of examples has a row."""
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}

    assert set(re.findall(r"^\| `([a-z-]+)` \|", text_of("docs/index.md"), re.MULTILINE)) == folders


def links(page: str) -> list[str]:
    """Return the relative links of a page."""
    found = LINK.findall(prose(text_of(page)))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def resolves(page: str, link: str) -> bool:
    """Return whether a link's file and heading exist."""
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    if not target.exists() or not anchor:
        return target.exists()
    return target.suffix == ".md" and anchor in anchors(target.read_text(encoding="utf-8"))


def inside_site(page: str, link: str) -> bool:
    """Return whether a link stays within docs/."""
    path = link.partition("#")[0]
    return ((ROOT / page).parent / path).resolve().is_relative_to(ROOT / "docs")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as both the site and a forge make them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(
        r"^#+ +(.*?) *#*$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    ):
        words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
        slug = re.sub(r"\s+", "-", words)
        found |= {f"{slug}-{seen[slug]}", f"{slug}_{seen[slug]}"} if seen[slug] else {slug}
        seen[slug] += 1
    return found


def pages_of(menu: object) -> list[str]:
    """Return the pages a menu names, however deep."""
    if isinstance(menu, str):
        return [menu]
    entries = menu.values() if isinstance(menu, dict) else menu
    return [page for entry in entries for page in pages_of(entry)]
