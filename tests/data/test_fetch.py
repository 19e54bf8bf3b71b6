"""Fetching, against a server of our own: whole, resumed, broken off, wrong, and not there."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from selfattention.data import multi30k as module
from selfattention.data.fetch import NotFetched, digest, fetched
from selfattention.data.multi30k import multi30k

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("Range"))
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1]) if self.path != "/no-ranges" else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            end = 100_000 if self.path == "/breaks-off" and not start else len(CONTENT)
            self.wfile.write(CONTENT[start:end])

        def log_message(self, *_):
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{found.server_port}", asked
    found.shutdown()


def test_it_is_fetched_once(server, tmp_path):
    address, asked = server
    path = fetched(f"{address}/file", tmp_path / "new" / "file", SHA256, progress=False)
    assert path.read_bytes() == CONTENT
    fetched(f"{address}/file", path, SHA256, progress=False)
    assert len(asked) == 1 and [found.name for found in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("kind", ["breaks-off", "no-ranges"])
def test_an_interrupted_download_is_finished(server, tmp_path, kind):
    address, asked = server
    path = tmp_path / "file"
    if kind == "breaks-off":
        with pytest.raises(NotFetched, match="100000 of 256000 bytes"):
            fetched(f"{address}/{kind}", path, SHA256, progress=False)
        assert not path.exists()
    else:
        (tmp_path / "file.part").write_bytes(CONTENT[:100_000])
    assert fetched(f"{address}/{kind}", path, SHA256, progress=False).read_bytes() == CONTENT
    assert asked[-1] == "bytes=100000-" and not (tmp_path / "file.part").exists()


def test_another_file_or_no_network_leaves_nothing(server, tmp_path):
    address, _ = server
    with pytest.raises(NotFetched, match="another file than expected"):
        fetched(f"{address}/file", tmp_path / "file", "0" * 64, progress=False)
    with pytest.raises(NotFetched, match=r"could not be fetched.*put the file file into a folder"):
        fetched("http://127.0.0.1:9/file", tmp_path / "file", SHA256, progress=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"other")
    with pytest.raises(NotFetched, match="delete it"):
        fetched(f"{address}/file", tmp_path / "file", SHA256, progress=False)


def test_multi30k_from_a_folder(tmp_path, monkeypatch):
    texts = {"val.en.gz": "A dog.\nTwo cats.\n", "val.fr.gz": "Un chien.\nDeux chats.\n"}
    for name, text in texts.items():
        (tmp_path / f"multi30k.{name}").write_bytes(gzip.compress(text.encode()))
        monkeypatch.setitem(module.SHA256, name, digest(tmp_path / f"multi30k.{name}"))
    assert multi30k("val", tmp_path) == [("A dog.", "Un chien."), ("Two cats.", "Deux chats.")]
    with pytest.raises(NotFetched, match=r"train\.en\.gz does not exist"):
        multi30k("train", tmp_path)
    with pytest.raises(ValueError, match="no split 'test': choose one of train, val"):
        multi30k("test", tmp_path)
