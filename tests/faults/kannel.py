"""A real Kannel on loopback: bearerbox, smsbox and fakesmsc, which plays the carrier."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus, unquote_to_bytes

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
PRESENT = all(shutil.which(name) for name in ("bearerbox", "smsbox", FAKESMSC))
TOKEN = "kannels-token"

# As bots/README.md shows it, with a carrier that is fake.
CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = a
smsbox-port = {box}
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = "{folder}/store"
dlr-storage = internal
log-level = 2
log-file = "{folder}/bearerbox.log"
access-log = "{folder}/access.log"

group = smsc
smsc = fake
smsc-id = carrier
port = {carrier}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
http-request-retry = 10000
http-queue-delay = 1
max-pending-requests = 1
log-level = 2
log-file = "{folder}/smsbox.log"

group = sendsms-user
username = hub
password = secret
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{hub}/sms/kannel?token={token}&id=%I&from=%p&to=%P&text=%b&ts=%T&smsc=%i&coding=%c&charset=%C&udh=%u"
"""


@dataclass
class Kannel:
    folder: Path
    carrier: int
    box: int
    send_url: str
    boxes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        for name in names:
            command = [name, str(self.folder / "kannel.conf")]
            quiet = subprocess.DEVNULL
            self.boxes[name] = subprocess.Popen(command, stdout=quiet, stderr=quiet)
            while name == "bearerbox" and not _listening(self.carrier, self.box):
                assert self.boxes[name].poll() is None, "bearerbox did not start"
                time.sleep(0.05)

    def kill(self, name: str) -> None:
        self.boxes[name].kill()
        self.boxes[name].wait()

    @contextmanager
    def phones(self, *messages: str, times: int = 1, every: float = 0.001) -> Iterator[Path]:
        """The carrier hands over messages, or none and only listens; what it is to deliver is in the file."""
        heard = self.folder / "carrier.log"
        command = [FAKESMSC, "-H", "127.0.0.1", "-r", str(self.carrier)]
        command += ["-i", str(every), "-m", str(times), *messages] if messages else []
        pipe = subprocess.PIPE
        with heard.open("wb") as log, subprocess.Popen(command, stdin=pipe, stdout=log, stderr=log) as carrier:
            try:
                yield heard
            finally:
                carrier.kill()


@contextmanager
def running(folder: Path, hub: str) -> Iterator[Kannel]:
    admin, box, carrier, send = (_free_port() for _ in range(4))
    (folder / "store").mkdir()
    written = CONFIGURATION.format(
        admin=admin, box=box, carrier=carrier, send=send, folder=folder, hub=hub, token=TOKEN
    )
    (folder / "kannel.conf").write_text(written)
    send_url = f"http://127.0.0.1:{send}/cgi-bin/sendsms?username=hub&password=secret&from=4400"
    kannel = Kannel(folder, carrier, box, send_url)
    kannel.start("bearerbox", "smsbox")
    try:
        yield kannel
    finally:
        for process in kannel.boxes.values():
            process.kill()
            process.wait()


def ucs2(sender: str, text: str) -> str:
    return f"{sender} 4400 ucs2 {quote_plus(text.encode('utf-16-be'))}"


def part(sender: str, reference: int, number: int, total: int, text: str) -> str:
    header = bytes((5, 0, 3, reference, total, number))
    return f"{sender} 4400 udh {''.join(f'%{byte:02x}' for byte in header)} {quote_plus(text)}"


def told(heard: Path) -> list[str]:
    """What the carrier was given to deliver in UCS-2, in order."""
    quoted = re.findall(r"Got message \d+: <\S+ \S+ ucs-2 (.*)>", heard.read_text("latin-1"))
    return [unquote_to_bytes(text.replace("+", " ")).decode("utf-16-be") for text in quoted]


def _listening(*ports: int) -> bool:
    """Seen without a connection, which the carrier's port would take for the carrier."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    opened = {int(address.partition(":")[2], 16) for _, address, _, state, *_ in sockets if state == "0A"}
    return opened.issuperset(ports)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
