"""The report of a run, opened in Galaxy as people open it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.galaxy, pytest.mark.browser]

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "workflows" / "train_digits" / "train_digits.ipynb"


@pytest.fixture(scope="module")
def demo_run(instance):
    """Run the demo notebook as a job; return its history and its outputs by name."""
    history = instance.histories.create_history("Demo")["id"]
    uploaded = instance.tools.paste_content(
        DEMO.read_text(), history, file_type="ipynb", file_name=DEMO.name
    )
    notebook = uploaded["outputs"][0]["id"]
    instance.datasets.wait_for_dataset(notebook, interval=0.5)
    inputs = {"notebook": {"src": "hda", "id": notebook}}
    answer = instance.tools.run_tool(history, "run_notebook", inputs)
    instance.jobs.wait_for_job(answer["jobs"][0]["id"], interval=0.5, maxwait=120)
    outputs = {output["output_name"]: output["id"] for output in answer["outputs"]}
    yield history, outputs
    instance.histories.delete_history(history, purge=True)


@pytest.fixture
def picture(page, screenshot):
    """Return a function that takes a screenshot when Galaxy has loaded its list of tools."""

    def take(name: str) -> None:
        loading = page.get_by_text("Loading Toolbox").filter(visible=True)
        expect(loading).to_have_count(0, timeout=60_000)
        screenshot(name)

    return take


def test_the_report_shows_its_plots_in_galaxy(page, galaxy, demo_run, picture):
    _, outputs = demo_run
    page.goto(f"{galaxy.url}/datasets/{outputs['html_report']}/display/")
    pictures = page.locator("img")
    pictures.first.wait_for(timeout=30_000)
    page.wait_for_load_state("networkidle")
    widths = pictures.evaluate_all("images => images.map(image => image.naturalWidth)")
    assert len(widths) >= 2
    assert all(width > 100 for width in widths)
    pictures.first.scroll_into_view_if_needed()
    picture("report-in-galaxy")


def test_the_sanitised_report_prints_neither_styles_nor_scripts(page, galaxy, demo_run):
    _, outputs = demo_run
    page.goto(f"{galaxy.url}/datasets/{outputs['html_report']}/display/")
    text = page.locator("body").inner_text()
    assert "accuracy" in text
    assert "font-family" not in text
    assert "<script" not in page.content()


def test_the_report_opens_inside_galaxy(page, galaxy, demo_run, picture):
    _, outputs = demo_run
    page.goto(f"{galaxy.url}/datasets/{outputs['html_report']}/preview")
    frame = page.frame_locator("iframe[src*=display]")
    frame.get_by_role("heading", name="Metrics").wait_for(timeout=30_000)
    width = frame.locator("img").first.evaluate("image => image.naturalWidth")
    assert width > 100
    frame.locator("img").nth(1).scroll_into_view_if_needed()
    picture("report")


def test_the_history_shows_every_output(page, galaxy, demo_run, picture):
    history, _ = demo_run
    page.goto(f"{galaxy.url}/histories/view?id={history}")
    for name in ("report", "run record", "metrics", "files", "models"):
        page.locator(".content-item", has_text=f": {name}").first.wait_for(timeout=30_000)
    picture("history")


def test_the_form_of_the_tool_asks_for_notebook_inputs_and_parameters(page, galaxy, picture):
    page.goto(f"{galaxy.url}/?tool_id=run_notebook")
    page.get_by_text("Run a notebook").first.wait_for(timeout=60_000)
    for label in ("Notebook", "Insert Input", "Insert Parameter", "File with parameters"):
        page.get_by_text(label).first.wait_for(timeout=30_000)
    picture("form")
