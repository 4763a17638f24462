"""Make pictures of every console page: light and dark, desktop and phone.

Run it from a checkout: python docs/screenshots.py [FOLDER [PAGE]...].

Without a folder the few that README shows are written to docs/screenshots/; with one, all of them, or those named, there.
"""

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import console_world
from playwright.sync_api import Browser, sync_playwright
from servers import chromium_program, free_port

from connector.web import server

PAGES = {
    "overview": "",
    "orders": "orders",
    "order": "order?id=CT-7002",
    "skus": "skus",
    "skus-withheld": "skus?account=lojademo&state=withheld",
    "sku": "sku?sku=000105",
    "files": "files",
    "file": "file?id=1",
    "held": "held",
    "hold": "hold?id=2",
    "refused": "refused",
    "letters": "letters",
    "jobs": "jobs",
    "marketplaces": "marketplaces",
    "acts": "acts?act=1",
    "find": "find?q=CT-70",
    "missing": "nothing",
    "login": "login",
}
SCREENS = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
SHOWN = (("overview", "desktop", "light"), ("order", "desktop", "dark"), ("sku", "desktop", "light"), ("overview", "phone", "dark"))


def main(folder: Path | None, named: list[str]) -> None:
    with tempfile.TemporaryDirectory() as work:
        port = free_port()
        app = console_world.busy(Path(work, "shop"), f'[api]\nbind = "127.0.0.1:{port}"\nworkers = 1\n')
        process = subprocess.Popen(server.command(app.settings.config_path), stderr=subprocess.DEVNULL)  # noqa: S603  # our own command
        try:
            _wait(port)
            _shoot(port, folder, named or list(PAGES))
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


def _shoot(port: int, folder: Path | None, named: list[str]) -> None:
    wanted = [(page, screen, theme) for page in named for screen in SCREENS for theme in ("light", "dark")] if folder else SHOWN
    place = folder or ROOT / "docs" / "screenshots"
    place.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=["--no-sandbox"])
        for page, screen, theme in wanted:
            _one(
                browser,
                f"http://127.0.0.1:{port}/console/{PAGES[page]}",
                place / f"{page}-{screen}-{theme}",
                screen,
                theme,
                whole=bool(folder),
            )
        browser.close()


def _one(browser: Browser, address: str, path: Path, screen: str, theme: str, *, whole: bool) -> None:
    language = "pt-BR" if whole else "en"
    context = browser.new_context(viewport=SCREENS[screen], color_scheme=theme, locale=language, device_scale_factor=1)
    page = context.new_page()
    page.goto(address)
    page.screenshot(path=f"{path}.png", full_page=whole)
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    if wide:
        sys.stderr.write(f"{path.name} is wider than its screen\n")
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, sys.argv[2:])
