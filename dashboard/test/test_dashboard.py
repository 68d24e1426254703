"""The dashboard in a real Chromium, served by a gateway that asks for a key:
what is running, the way in with the key, the collections, and that the page
talks to nobody else."""
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gateway/test/api"))
from harness import Gateway, Postgres  # noqa: E402

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
KEY = "correct-horse"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    directory = tmp_path_factory.mktemp("dashboard")
    postgres = Postgres(directory)
    static = pathlib.Path(__file__).resolve().parents[1]
    server = Gateway(directory, postgres.conninfo, QDRANT_API_KEY=KEY)
    server.command += ["--static", str(static)]
    server.start()
    server.url = f"http://127.0.0.1:{server.http_port}"
    yield server
    server.stop()
    postgres.stop()


@pytest.fixture
def page():
    assert CHROMIUM, "chromium is not installed"
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.requests = []
        page.errors = []
        page.on("request", lambda r: page.requests.append(r.url))
        page.on("pageerror", lambda e: page.errors.append(str(e)))
        yield page
        browser.close()
        assert page.errors == []


def open_with(page, gateway, key):
    page.goto(gateway.url + "/dashboard/")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button").click()


def test_it_says_what_is_running_and_asks_for_the_key(gateway, page):
    page.goto(gateway.url + "/dashboard")
    page.get_by_text("qdrant_pg is running").wait_for()
    page.get_by_label("API key").wait_for()
    assert all(url.startswith(gateway.url) for url in page.requests), page.requests


def test_a_wrong_key_is_refused_with_the_servers_words(gateway, page):
    open_with(page, gateway, "wrong")
    page.get_by_text("Invalid API key or JWT").wait_for()


def test_collections_stand_with_their_vectors_and_points(gateway, page):
    name, path = "papers & notes", "/collections/papers%20%26%20notes"
    gateway.result("PUT", path, {"vectors": {"title": {"size": 3, "distance": "Dot"}}})
    gateway.result("PUT", path + "/points?wait=true", {"points": [{"id": 1, "vector": {"title": [1, 2, 3]}}]})
    open_with(page, gateway, KEY)
    row = page.get_by_role("row", name=name)
    row.wait_for()
    assert not page.get_by_label("API key").is_visible()
    assert row.get_by_role("cell").all_inner_texts() == [name, "green", "1", "title: 3 Dot"]
