"""JupyterLab as `selfattention lab` starts it ends when it is told to, with its kernels, and frees its port."""

import json
import os
import signal
import socket
import time
import urllib.parse
import urllib.request

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")]
ENDING_SECONDS = 60.0  # an idle machine needs two


def start_kernel(address):
    """Have a kernel started as the browser does; its process is then below the server's."""
    parts = urllib.parse.urlsplit(address)
    token = urllib.parse.parse_qs(parts.query)["token"][0]
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{parts.netloc}/api/kernels", json.dumps({"name": "python3"}).encode(),
                                     headers)
    urllib.request.urlopen(request, timeout=60).read()
    return parts.port


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_lab_its_kernels_and_frees_the_port(number, start_lab):
    server, address, _ = start_lab(18889)
    port = start_kernel(address)
    below = psutil.Process(server.pid).children(recursive=True)
    assert "jupyterlab" in psutil.Process(server.pid).cmdline(), "it has not become JupyterLab but started it"
    assert any("ipykernel_launcher" in " ".join(process.cmdline()) for process in below)
    server.send_signal(number)
    server.wait(ENDING_SECONDS)
    _, alive = psutil.wait_procs(below, ENDING_SECONDS)
    assert alive == []
    end = time.monotonic() + ENDING_SECONDS
    while True:
        try:
            socket.create_server(("127.0.0.1", port)).close()
            break
        except OSError:
            assert time.monotonic() < end, "the port is still taken"
            time.sleep(0.2)
