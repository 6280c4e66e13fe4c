"""The process that drives Chromium: `python printing.py FOLDER`, with a JSON object on standard input.

report.html of the folder is printed to report.pdf, the charts that are named to <name>.png. It ends with the browser.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from choreographer import Browser

#: The width of what stands between the margins of a page, and of a mail, in pixels of a style sheet.
_PAGE, _MAIL = 688, 600
_FOOT = (
    '<div style="width:100%;padding:0 14mm;font:8px sans-serif;color:#566071;display:flex;'
    'justify-content:space-between"><span class="title"></span>'
    '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)


async def _print(folder: Path, browser: str, pdf: bool, pictures: Sequence[str]) -> None:
    driven = await Browser(browser, headless=True)
    page = _Page(await driven.create_tab("about:blank"), (folder / "report.html").as_uri())
    await page.do("Emulation.setEmulatedMedia", media="print")
    if pictures:
        await page.load(_MAIL)
        for name in pictures:
            (folder / f"{name}.png").write_bytes(await page.picture(name))
    if pdf:
        await page.load(_PAGE)
        (folder / "report.pdf").write_bytes(await page.pdf())


class _Page:
    """A page of the browser, by Chrome's DevTools protocol."""

    def __init__(self, tab: Any, address: str) -> None:
        self._tab, self._address = tab, address

    async def do(self, command: str, **parameters: Any) -> Any:
        """The result of a command."""
        answer = await self._tab.send_command(command, params=parameters)
        if "error" in answer:
            raise RuntimeError(f"{command}: {answer['error'].get('message', '')}")
        return answer["result"]

    async def ask(self, expression: str) -> Any:
        """What a script answers, once it has."""
        found = await self.do("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return found["result"].get("value")

    async def load(self, width: int) -> None:
        """Open the page this wide, and wait until its charts are drawn."""
        screen = {"width": width, "height": 900, "deviceScaleFactor": 2, "mobile": False}
        await self.do("Emulation.setDeviceMetricsOverride", **screen)
        await self.ask("window.drawn = undefined")
        await self.do("Page.navigate", url=self._address)
        while not await self.ask("Boolean(window.drawn)"):
            await asyncio.sleep(0.02)
        await self.ask("window.drawn")

    async def picture(self, name: str) -> bytes:
        """The chart of this name with its legend."""
        clip = await self.ask(
            f"""(() => {{
                const box = document.querySelector('[data-chart="{name}"]').closest("figure").getBoundingClientRect();
                return {{ x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height, scale: 1 }};
            }})()"""
        )
        shot = await self.do("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def pdf(self) -> bytes:
        """All of it on A4, with page numbers."""
        found = await self.do(
            "Page.printToPDF",
            printBackground=True,
            preferCSSPageSize=True,
            displayHeaderFooter=True,
            headerTemplate="<span></span>",
            footerTemplate=_FOOT,
            generateTaggedPDF=True,
        )
        return base64.b64decode(found["data"])


def main() -> None:
    """Print, and end without asking the browser to leave: it holds nothing that is worth keeping."""
    code = 1
    try:
        asyncio.run(_print(Path(sys.argv[1]), **json.load(sys.stdin)))
        code = 0
    except BaseException as error:  # noqa: BLE001 - told to whoever started this
        sys.stderr.write(f"{type(error).__name__}: {error}".replace("\n", " ") + "\n")
        sys.stderr.flush()
    for each in psutil.Process().children(recursive=True):
        # The first that is killed takes others along.
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    os._exit(code)


if __name__ == "__main__":
    main()
