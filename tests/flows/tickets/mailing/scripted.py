"""An IMAP server of one mailbox that lies about its messages, breaks off, or answers nonsense."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Script:
    """`messages` by UID. `sizes`: what the server says of their sizes; `instead`: what it sends in
    place of a message, None to break off in the middle of it."""

    messages: dict[int, bytes]
    sizes: dict[int, int] = field(default_factory=dict)
    instead: dict[int, bytes | None] = field(default_factory=dict)
    moved: list[int] = field(default_factory=list)
    port: int = 0


class _Handler(socketserver.StreamRequestHandler):
    script: Script

    def handle(self) -> None:
        self.wfile.write(b"* OK IMAP4rev1 ready\r\n")
        for line in self.rfile:
            tag, _, command = line.strip().partition(b" ")
            if not self._answer(tag, command.upper()):
                return

    def _answer(self, tag: bytes, command: bytes) -> bool:
        script, say = self.script, self.wfile.write
        if command.startswith(b"CAPABILITY"):
            say(b"* CAPABILITY IMAP4rev1 MOVE UIDPLUS\r\n")
        elif command.startswith(b"SELECT"):
            say(b"* %d EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n" % len(script.messages))
        elif command.startswith(b"LIST"):
            say(b'* LIST () "/" Handled\r\n* LIST () "/" Quarantine\r\n')
        elif command.startswith(b"UID SEARCH"):
            say(b"* SEARCH %s\r\n" % b" ".join(b"%d" % uid for uid in sorted(script.messages)))
        elif found := re.match(rb"UID MOVE ([\d,]+)", command):
            script.moved += map(int, found[1].split(b","))
            for uid in script.moved:
                script.messages.pop(uid, None)
        elif b"RFC822.SIZE" in command:
            for number, (uid, content) in enumerate(sorted(script.messages.items()), 1):
                size = script.sizes.get(uid, len(content))
                say(
                    b'* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE "24-Nov-2026 21:00:00 +0000")'
                    b"\r\n" % (number, uid, size)
                )
        elif found := re.match(rb"UID FETCH (\d+) \(BODY.PEEK\[\]<0\.(\d+)>", command):
            uid, most = int(found[1]), int(found[2])
            sent = script.instead.get(uid, b"")
            content = script.messages[uid][:most]
            if sent is None:
                say(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n" % (uid, len(content)))
                say(content[: len(content) // 2])
                return False
            if sent:
                say(b"* 1 FETCH (UID %d BODY[]<0> %s)\r\n" % (uid, sent))
            else:
                say(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n" % (uid, len(content)))
                say(content + b")\r\n")
        say(tag + b" OK done\r\n")
        return not command.startswith(b"LOGOUT")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextmanager
def scripted(script: Script) -> Iterator[Script]:
    """The server at `script.port` of this machine, without TLS, with any login."""
    handler = type("Handler", (_Handler,), {"script": script})
    with _Server(("127.0.0.1", 0), handler) as server:
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
