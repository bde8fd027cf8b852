"""How a model comes from the driver to the nodes: by broadcast, as an artifact, or by a path that all can read.

Each source is small when pickled, and gives a node the model's folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from vecmill.hub import is_hub_id
from vecmill.spark.model_files import ModelListing, list_model
from vecmill.spark.node_cache import cache_folder, model_folder

# Small beside Spark's limit of 2 GB for one value and beside a worker's memory, which holds one at a time.
_CHUNK_BYTES = 64 << 20
_WAYS = ("auto", "broadcast", "artifact", "path")


class ModelSource(Protocol):
    """Where a node gets a model from."""

    def folder(self) -> str:
        """The model's folder on this node."""


@dataclasses.dataclass(frozen=True)
class SharedPath:
    """A folder that every node reads under the same path, or a hub's name that every node finds in its cache."""

    path: str

    def folder(self) -> str:
        return self.path


@dataclasses.dataclass(frozen=True)
class BroadcastModel:
    """The bytes of a model's files in Spark's broadcast variables, which nodes pass on to one another."""

    listing: ModelListing
    chunks: tuple[Any, ...] = dataclasses.field(compare=False)  # of pyspark.Broadcast[bytes]

    def folder(self) -> str:
        return str(model_folder(self.listing, self._read_chunks, cache_folder()))

    def _read_chunks(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            yield chunk.value
            # Its Broadcast would hold the bytes as long as the worker lives.
            vars(chunk).pop("_value", None)


@dataclasses.dataclass(frozen=True)
class ArtifactModel:
    """A model's files in an archive that the session hands to its workers."""

    listing: ModelListing
    name: str = dataclasses.field(compare=False)  # of the archive

    def folder(self) -> str:
        return str(model_folder(self.listing, self._read_chunks, cache_folder()))

    def _read_chunks(self) -> Iterator[bytes]:
        from pyspark import SparkFiles

        root = pathlib.Path(SparkFiles.getRootDirectory())
        with zipfile.ZipFile(root / self.name) as archive:
            for file in self.listing.files:
                with archive.open(file.path) as member:
                    while chunk := member.read(1 << 20):
                        yield chunk


# Of (what carries it, how, the model's SHA-256): a model is handed over once.
_handed_over: dict[tuple[str, str, str], ModelSource] = {}


def hand_over(model: str | os.PathLike[str], session: Any, distribute: str) -> ModelSource:
    """Make a model's folder on the driver available to every node.

    Args:
        model: The folder.
        session: The SparkSession.
        distribute: "broadcast", "artifact" (for Spark Connect), "path" (every node reads the same path), or
            "auto": "artifact" under Spark Connect, "path" in a local session, else "broadcast".

    Raises:
        ValueError: No such way, or not one of this kind of session.
        FileNotFoundError: The folder is not there.
    """
    if distribute not in _WAYS:
        raise ValueError(f"distribute {distribute!r}, expected one of {', '.join(_WAYS)}")
    is_connect = "connect" in type(session).__module__
    if distribute == "auto":
        distribute = "artifact" if is_connect else _way_of_classic(session)
    if distribute == "path":
        return SharedPath(os.path.abspath(model) if not is_hub_id(model) else os.fspath(model))
    if distribute == "broadcast" and is_connect:
        raise ValueError("distribute 'broadcast': Spark Connect has no broadcast variables; use 'artifact' or 'path'")
    listing = list_model(model)
    carrier = session.session_id if is_connect else session.sparkContext.applicationId
    key = (carrier, distribute, listing.sha256)
    if key not in _handed_over:
        give = _broadcast if distribute == "broadcast" else _add_artifact
        _handed_over[key] = give(pathlib.Path(model), listing, session)
    return _handed_over[key]


def _way_of_classic(session: Any) -> str:
    master = session.sparkContext.master
    return "path" if master == "local" or master.startswith("local[") else "broadcast"


def _broadcast(root: pathlib.Path, listing: ModelListing, session: Any) -> BroadcastModel:
    chunks = (session.sparkContext.broadcast(chunk) for chunk in _read_in_chunks(root, listing))
    return BroadcastModel(listing, tuple(chunks))


def _read_in_chunks(root: pathlib.Path, listing: ModelListing) -> Iterable[bytes]:
    """The bytes of all files one after the other, in chunks of one size."""
    chunk = bytearray()
    for file in listing.files:
        with (root / file.path).open("rb") as stream:
            while piece := stream.read(_CHUNK_BYTES - len(chunk)):
                chunk += piece
                if len(chunk) == _CHUNK_BYTES:
                    yield bytes(chunk)
                    chunk.clear()
    if chunk:
        yield bytes(chunk)


def _add_artifact(root: pathlib.Path, listing: ModelListing, session: Any) -> ArtifactModel:
    name = f"vecmill-{listing.sha256[:32]}.zip"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for file in listing.files:
                archive.write(root / file.path, file.path)
        with contextlib.suppress(FileExistsError):
            session.addArtifacts(path, file=True)
    return ArtifactModel(listing, name)
