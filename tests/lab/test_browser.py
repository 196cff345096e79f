"""JupyterLab as people see it: every extension works, and no notebook is lost."""

from __future__ import annotations

import os
import subprocess

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

#: The first page of a lab takes its time on a busy machine.
LIMIT_MS = 60_000
#: Cards of the launcher, each with the category that it is under.
CARDS = [
    ("Notebook", "Python 3"),
    ("Console", "Python 3"),
    ("Other", "Terminal"),
    ("Elyra", "Generic Pipeline Editor"),
]


@pytest.fixture(scope="module")
def lab(make_lab, write_notebook, tmp_path_factory):
    """A lab on a notebook in a Git repository, with a PATH of its own."""
    folder = tmp_path_factory.mktemp("lab") / "work"
    folder.mkdir()
    write_notebook(folder / "answer.ipynb", "print(6 * 7)")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)
    with make_lab(folder, PATH=f"/first/on/the/path:{os.environ['PATH']}") as running:
        yield running


@pytest.fixture
def launcher(lab, page):
    """The page of the lab with its launcher."""
    page.goto(lab.url(f"lab?reset&token={lab.token}"))
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=LIMIT_MS)
    return page


def test_each_card_of_the_launcher_is_there_once(launcher):
    """The launcher is JupyterLab's: Elyra's own lists all cards twice."""
    for category, name in CARDS:
        card = launcher.locator(f".jp-LauncherCard[data-category='{category}']", has_text=name)
        expect(card).to_have_count(1, timeout=LIMIT_MS)
    shown = launcher.locator(".jp-LauncherCard").evaluate_all(
        "cards => cards.map(card => `${card.dataset.category}: ${card.title}`)"
    )
    assert sorted(shown) == sorted(set(shown))


def test_a_new_pipeline_opens_in_elyras_editor(lab, launcher, expect_saved):
    launcher.locator(".jp-LauncherCard", has_text="Pipeline Editor").click(timeout=LIMIT_MS)
    expect(launcher.get_by_text("Runtime: Generic")).to_be_visible(timeout=LIMIT_MS)
    expect(launcher.get_by_text("Start your new pipeline")).to_be_visible(timeout=LIMIT_MS)
    expect_saved(lab.folder / "untitled.pipeline", '"doc_type"')


def test_the_git_panel_shows_the_repository(launcher):
    launcher.locator(".lm-TabBar-tab[title='Git']").click()
    expect(launcher.get_by_text("Untracked")).to_be_visible(timeout=LIMIT_MS)
    expect(launcher.locator(".jp-git-repository, [id*='git']").first).to_be_visible()


def test_the_gpu_dashboard_opens_a_chart(launcher):
    launcher.locator(".lm-TabBar-tab[title='GPU Dashboards']").click()
    launcher.get_by_role("button", name="Machine Resources").click()
    expect(launcher.locator(".recharts-surface").first).to_be_visible(timeout=LIMIT_MS)


def test_the_status_bar_shows_the_memory(launcher):
    expect(launcher.get_by_text("Mem: ")).to_be_visible(timeout=LIMIT_MS)


def test_voila_runs_a_notebook_and_shows_what_it_printed(lab, page):
    page.goto(lab.url(f"voila/render/answer.ipynb?token={lab.token}"))
    expect(page.get_by_text("42", exact=True)).to_be_visible(timeout=LIMIT_MS)


def test_a_terminal_has_the_path_of_the_lab(lab, launcher, expect_saved):
    launcher.locator(".jp-LauncherCard", has_text="Terminal").click(timeout=LIMIT_MS)
    terminal = launcher.locator(".jp-Terminal")
    expect(terminal).to_be_visible(timeout=LIMIT_MS)
    terminal.click()
    launcher.keyboard.type(f'echo "$PATH" > {lab.folder}/path.txt\n')
    expect_saved(lab.folder / "path.txt", ":")
    assert (lab.folder / "path.txt").read_text().startswith("/first/on/the/path:")


def test_a_notebook_is_saved_without_being_asked_for(lab, page, write_notebook, expect_saved):
    """Galaxy ends a session without a warning: what was typed is on disk soon."""
    file = lab.folder / "typed.ipynb"
    write_notebook(file, "")
    page.goto(lab.url(f"lab/tree/{file.name}?token={lab.token}"))
    page.locator(".jp-Notebook .cm-content").first.click(timeout=LIMIT_MS)
    page.keyboard.type("typed = 1")
    expect_saved(file, "typed = 1")


def test_the_clock_of_a_notebook_compares_it_with_its_checkpoint(lab, page):
    """It is nbdime's, not the scheduler's, which nobody is offered."""
    page.goto(lab.url(f"lab/tree/answer.ipynb?reset&token={lab.token}"))
    toolbar = page.locator(".jp-NotebookPanel-toolbar")
    toolbar.get_by_role("button", name="Notebook checkpoint diff").click(timeout=LIMIT_MS)
    expect(page.get_by_role("tab", name="Diff checkpoint: answer")).to_be_visible(timeout=LIMIT_MS)
    expect(page.locator("[data-jp-item-name='create-job']")).to_have_count(0)


def test_no_plugin_fails_and_nothing_is_asked_of_other_hosts(lab, browser):
    page = browser.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda text: complaints.append(text.text))
    page.goto(lab.url(f"lab?reset&token={lab.token}"))
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_text("Mem: ")).to_be_visible(timeout=LIMIT_MS)
    page.close()
    assert not [text for text in complaints if "failed to activate" in text]
    assert not [url for url in asked if not url.startswith((lab.url(""), "data:", "blob:", "ws"))]
