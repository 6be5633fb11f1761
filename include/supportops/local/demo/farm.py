"""The demo sites: small web servers on this machine that can be broken and mended.

The same process has what else is broken and mended: jobs that report, and the registry of domains.
"""

from __future__ import annotations

import asyncio
import html
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from supportops.config.loader import load
from supportops.local.demo import breakage, jobs, registry
from supportops.local.demo.breakage import FailureMode
from supportops.local.supervisor.port import reserve
from supportops.sites.site import Site

INTERVAL = 0.5  # seconds
SLOW_SECONDS = 6.0
LONGEST_REQUEST = 16 * 1024
STYLE = (
    "body{font:18px/1.6 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em;"
    "color:#222}h1{color:#175873}a{color:#175873}"
)


class DemoSite:
    """One site on its own port, failing as `how` says (None: not at all)."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.port = urlsplit(site.url).port or 80
        self.how: FailureMode | None = None
        self._server: asyncio.Server | None = None
        self._refusing = reserve(self.port)

    async def set_failure(self, how: FailureMode | None) -> None:
        """Fails as `how` from now on; a site that refuses connections keeps its port reserved."""
        self.how = how
        if how is FailureMode.REFUSED and self._server is not None:
            self._server.close()
            self._server = None
            self._refusing = reserve(self.port)
        elif how is not FailureMode.REFUSED and self._server is None:
            self._server = await asyncio.start_server(
                self._serve, sock=self._refusing, limit=LONGEST_REQUEST
            )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=10)
            if self.how is FailureMode.HANG:
                await reader.read()
                return
            if self.how is FailureMode.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            writer.write(self._answer(requested_path(head)))
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    def _answer(self, path: str) -> bytes:
        pages = {page.path: page.expect.contains for page in self.site.pages}
        if self.how is FailureMode.ERROR:
            return response(503, "Service Unavailable", page("Service unavailable", []))
        if self.how is FailureMode.TEXT:
            return response(200, "OK", page("Error establishing a database connection", []))
        if path in pages:
            if self.how is FailureMode.PAGE:
                return response(500, "Internal Server Error", page("Internal error", []))
            return response(200, "OK", page(self.site.name, pages[path]))
        if path != "/":
            return response(404, "Not Found", page("Not found", []))
        return response(200, "OK", page(self.site.name, self.site.expect.contains, list(pages)))


def requested_path(head: bytes) -> str:
    """The path of a request; "/" for one that is malformed."""
    words = head.split(b"\r\n", 1)[0].split()
    target = words[1].decode("latin-1") if len(words) > 1 else "/"
    return urlsplit(target).path or "/"


def page(title: str, texts: Sequence[str], links: Sequence[str] = ()) -> str:
    """A plain page; everything that is shown is escaped."""
    shown = html.escape(title)
    body = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
    body += "".join(f'<p><a href="{html.escape(x)}">{html.escape(x)}</a></p>' for x in links)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{shown}</title>'
        f"<style>{STYLE}</style><h1>{shown}</h1>{body}</html>"
    )


def response(status: int, word: str, body: str) -> bytes:
    """A whole HTTP response; the connection is closed after it."""
    content = body.encode()
    head = (
        f"HTTP/1.1 {status} {word}\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + content


async def serve(sites: Sequence[Site], broken: Path) -> None:
    """Serves every site until cancelled, and follows the file `broken`."""
    farm = [DemoSite(site) for site in sites]
    while True:
        failures = breakage.read(broken)
        for each in farm:
            await each.set_failure(failures.get(each.site.name))
        await asyncio.sleep(INTERVAL)


def local_sites(config: Path) -> list[Site]:
    """The sites of a configuration folder that live on this machine."""
    return [s for s in load(config).fleet.sites if urlsplit(s.url).hostname == "127.0.0.1"]


async def serve_all(config: Path, broken: Path) -> None:
    """The sites, the jobs that report, and the registry of their domains."""
    loaded = load(config)
    parts = [serve(local_sites(config), broken)]
    public = loaded.alerts.public_url
    if loaded.monitors.all and public is not None:
        parts.append(jobs.run(public, loaded.monitors.all, lambda: breakage.read(broken)))
    policy = loaded.domains
    if policy is not None and policy.registries is not None and policy.resolvers:
        https = urlsplit(policy.registries.address).port or 443
        names = policy.resolvers[0][1]
        parts.append(registry.serve(config, names, https, lambda: breakage.read(broken)))
    await asyncio.gather(*parts)


def main() -> None:
    asyncio.run(serve_all(Path(sys.argv[1]), Path(sys.argv[2])))


if __name__ == "__main__":
    main()
