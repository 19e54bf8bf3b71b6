"""The film reviews: from a folder, split without overlap, and refused where a file is missing or another one."""

from pathlib import Path

import pytest

from selfattention.data import reviews as module
from selfattention.data.fetch import NotFetched, digest
from selfattention.data.reviews import SPLITS, reviews

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def written(folder, monkeypatch, count=23):
    for name, label in module.FILES:
        lines = (f"sentence {label} {number} \n" for number in range(count))
        (folder / name).write_text("".join(lines), encoding="utf-8")
        monkeypatch.setitem(module.SHA256, name, digest(folder / name))


def test_every_sentence_is_in_one_split_with_its_label(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch)
    parts = {split: reviews(split, tmp_path) for split in SPLITS}
    assert sorted(one for some in parts.values() for one in some) == sorted(
        (f"sentence {label} {number}", label) for label in (0, 1) for number in range(23))
    assert [text.split()[-1] for text, label in parts["test"] if label] == ["0", "10", "20"]
    assert [text.split()[-1] for text, label in parts["val"] if not label] == ["1", "11", "21"]


def test_a_missing_file_another_one_and_another_split(tmp_path, monkeypatch):
    with pytest.raises(NotFetched, match=r"rt-polarity\.neg does not exist"):
        reviews("train", tmp_path)
    written(tmp_path, monkeypatch)
    (tmp_path / "rt-polarity.pos").write_text("damaged", encoding="utf-8")
    with pytest.raises(NotFetched, match=r"rt-polarity\.pos is not the expected file"):
        reviews("train", tmp_path)
    with pytest.raises(ValueError, match="no split 'all': choose one of train, val, test"):
        reviews("all", tmp_path)


def test_without_a_folder_they_are_fetched_and_kept(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch)
    kept = []

    def fetched(url, path, sha256, *, progress):
        kept.append((url, path, sha256))
        return tmp_path / path.name

    monkeypatch.setattr(module, "fetched", fetched)
    monkeypatch.setenv("SELFATTENTION_DATA", str(tmp_path / "cache"))
    assert len(reviews("val")) == 6
    assert [(url.rsplit("/", 1)[1], path.parent.name) for url, path, _ in kept] == [
        ("rt-polarity.neg", "cache"), ("rt-polarity.pos", "cache")]


@pytest.mark.skipif(not (DATA / "rt-polarity.pos").is_file(), reason="the film reviews do not lie beside the checkout")
def test_the_real_files():
    parts = {split: reviews(split, DATA) for split in SPLITS}
    assert {split: (len(some), sum(label for _, label in some)) for split, some in parts.items()} == {
        "train": (8528, 4264), "val": (1066, 533), "test": (1068, 534)}
    every = [text for some in parts.values() for text, _ in some]
    assert len(set(every)) == 10_662 and "effective but too-tepid biopic" in every
