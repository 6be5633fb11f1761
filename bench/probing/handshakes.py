"""`openssl s_time -new` against the farm: what a bare handshake costs a client written in C.

It makes one connection after another, gets the page over each, and checks the certificate's chain.
It looks at no name, no address, no end of a certificate and no text.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from bench.probing.prober import Job, Measured

PROGRAM = "openssl"
_CONNECTIONS = re.compile(r"^(\d+) connections in [\d.]+ real seconds", re.MULTILINE)


def installed() -> bool:
    return shutil.which(PROGRAM) is not None


def run(job: Job, seconds: int = 3) -> Measured:
    """CPU of the whole process over its connections. Raises OSError where it made none."""
    host, path = job.urls[0].removeprefix("https://").split("/", 1)
    command = [PROGRAM, "s_time", "-new", "-connect", host, "-www", f"/{path}"]
    command += ["-CAfile", job.authority, "-verify", "3", "-time", str(seconds)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        assert child.stdout is not None
        shown = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    found = _CONNECTIONS.search(shown)
    if found is None or found[1] == "0":
        raise OSError(f"{PROGRAM} s_time made no connection: {shown[-200:]}")
    made = int(found[1])
    cpu = used.ru_utime + used.ru_stime
    return Measured(cpu, float(seconds), used.ru_maxrss / 1024, made, made, 0)
