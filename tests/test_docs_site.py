"""The documentation as a site, in a real browser: its search answers the questions, and nobody is shut out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from browsers import chromium
from live_browser import LIMIT_S
from test_site_page import static_server

ROOT = Path(__file__).parents[1]
QUESTIONS = re.findall(
    r"^## (.+?)\n\n(.+?)(?=\n\n##|\Z)",
    (ROOT / "docs" / "questions.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
KEYWORDS = {
    "folder of photos": "first-steps",
    "jitter": "video",
    "accuracy": "accuracy",
    "visibility": "first-steps",
    "left right swapped": "angles",
    "rtsp lag": "scale",
    "privacy": "drawing",
    "small people": "many-people",
    "track ids": "tracking",
    "phone camera": "live",
    "webcam colab": "notebook",
    "custom keypoints": "training",
    "tflite": "export",
    "resume after a crash": "scale",
    "gpu": "engines",
    "home assistant": "integrations",
    "docker": "install",
    "yolo labels": "dataset",
}
"""What a user types → the page that should be among the first three."""
PAGES = ["", "ko/", "cookbook/", "questions/", "many-people/", "drawing/", "live/", "api/", "ko/first-steps/"]
SEVERE = ("serious", "critical")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with static_server(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["light", "dark"])
def page(browser, request):
    with browser.new_context(color_scheme=request.param, viewport={"width": 390, "height": 844}) as context:
        context.set_default_timeout(1000 * LIMIT_S)
        yield context.new_page()


def severe_violations(page):
    """Return the violations that axe-core calls serious or critical, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in SEVERE]


def test_there_are_twenty_questions_or_more_and_each_links_to_a_page_with_the_details():
    assert len(QUESTIONS) >= 20
    assert [question for question, answer in QUESTIONS if not linked_pages(answer)] == []


def test_the_search_finds_the_page_that_treats_a_matter_in_depth(site, browser):
    wanted = {question: linked_pages(answer) for question, answer in QUESTIONS}
    wanted |= {query: {page} for query, page in KEYWORDS.items()}
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.set_default_timeout(1000 * LIMIT_S)
        page = context.new_page()
        page.goto(site)
        box = page.locator("input.md-search__input")
        box.click()
        first = {query: search(page, box, query)[:3] for query in wanted}
    assert {query: found for query, found in first.items() if not wanted[query] & set(found)} == {}


def linked_pages(answer):
    """Return the names of the pages that an answer links to."""
    return set(re.findall(r"\]\(([\w-]+)\.md", answer))


def search(page, box, text):
    """Return the names of the pages found, the best first."""
    for query, state in (("", "Type to start searching"), (text, "matching document")):
        box.fill(query)
        box.press("End")  # the page searches when a key comes up
        page.locator(".md-search-result__meta", has_text=state).wait_for(state="attached")
    links = page.locator(".md-search-result__link").evaluate_all(
        "all => all.map((link) => new URL(link).pathname)"
    )
    return list(dict.fromkeys(link.strip("/") for link in links))


def test_no_page_of_the_documentation_has_a_severe_barrier_or_is_wider_than_a_phone(site, page):
    for path in PAGES:
        page.goto(site + path)
        assert severe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_demo_of_the_site_is_the_live_page(site, page):
    page.goto(f"{site}demo/")
    page.get_by_role("link", name="Open the demo").click()
    page.locator("canvas").first.wait_for(state="attached")
    assert severe_violations(page) == []


def test_the_korean_pages_are_korean_and_find_the_demo(site, page):
    page.goto(f"{site}ko/demo/")
    assert page.locator("html").get_attribute("lang") == "ko"
    page.get_by_role("link", name="데모 열기").click()
    page.locator("canvas").first.wait_for(state="attached")
