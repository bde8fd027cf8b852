"""The files of a model, named by what is in them: what a driver hands over and a node keeps."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib

from vecmill.hub import MODEL_PATTERNS, OTHER_FORMATS


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A file of a model."""

    path: str  # from the folder, with "/"
    size: int  # bytes
    sha256: str


@dataclasses.dataclass(frozen=True)
class ModelListing:
    """The files of a model, by path."""

    files: tuple[ModelFile, ...]

    @property
    def sha256(self) -> str:
        """Names the model by every byte of it."""
        rows = [[file.path, file.size, file.sha256] for file in self.files]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def list_model(folder: str | os.PathLike[str]) -> ModelListing:
    """The files of a model folder that the engine may read. Reads all of them."""
    root = pathlib.Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected the folder of a model on the driver")
    found = {path for pattern in MODEL_PATTERNS for path in root.rglob(pattern) if path.is_file()}
    paths = sorted(path.relative_to(root) for path in found)
    kept = [path for path in paths if path.parts[0] not in OTHER_FORMATS and not path.parts[0].startswith(".")]
    return ModelListing(tuple(ModelFile(path.as_posix(), *size_and_sha256(root / path)) for path in kept))


def size_and_sha256(path: pathlib.Path) -> tuple[int, str]:
    """Bytes of a file, and their SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return os.fstat(file.fileno()).st_size, digest
