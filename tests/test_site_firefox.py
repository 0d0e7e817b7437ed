"""The page of `movenet export --format web` in Firefox."""

import pytest

from firefox import firefox
from movenet.live.models_table import web_models
from movenet.live.site import write_site
from movenet.models import DATA, MODELS
from test_site_page import static_server

LISTEN = """
  (window.poses = [], document.addEventListener("poses", ({ detail }) => window.poses.push(detail.record.poses)), true)
"""


@pytest.fixture
def page(tmp_path):
    with firefox(tmp_path) as page:
        yield page


@pytest.fixture
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    write_site(web_models(MODELS["lightning"], "one"), folder)
    return folder


def test_photo_and_camera_are_estimated_and_the_second_visit_may_use_threads(page, site):
    """The sample clip is not played: Debian's Firefox decodes H.264 only with further packages."""
    with static_server(site) as address:
        page.open(address)
        page.wait_until("document.getElementById('status').dataset.state === 'open'")
        page.evaluate(LISTEN)
        page.choose_file("#file", DATA / "astronaut.jpg")
        page.wait_until("window.poses.some(([pose]) => pose?.score > 0.3)")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_until("navigator.serviceWorker.controller !== null")
        page.open(address)
        page.wait_until("document.getElementById('status').dataset.state === 'open'")
        assert page.evaluate("crossOriginIsolated")
        page.evaluate(LISTEN)
        page.evaluate("document.getElementById('start-camera').click()")
        page.wait_until("window.poses.length > 2")  # of a test picture, in which nobody is
