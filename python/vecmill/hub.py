"""Models by the name they have on a model hub."""

from __future__ import annotations

import os
import re

from vecmill import _core

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")
# What the engine may read of a model's folder or repository, and the folders with other formats of the same weights.
MODEL_PATTERNS = ("*.json", "*.txt", "*.model", "*.safetensors")
OTHER_FORMATS = ("onnx", "openvino", "coreml", "tf", "flax")


def is_hub_id(model: str | os.PathLike[str]) -> bool:
    """It is ORG/NAME or ORG/NAME@REVISION, and no folder of that name is here."""
    return not os.path.isdir(model) and _ID.fullmatch(os.fspath(model)) is not None


def folder_of(model: str | os.PathLike[str]) -> str:
    """The folder of a model: as it is given, or where huggingface_hub keeps what it has fetched of a hub's ORG/NAME.

    HF_HUB_CACHE, HF_HUB_OFFLINE, HF_TOKEN and the like are huggingface_hub's.

    Raises:
        vecmill.Error: No such folder, and no such model in the cache or on the hub, or no huggingface_hub to ask.
    """
    path = os.fspath(model)
    if not is_hub_id(path):
        return path
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise _core.Error(
            f"{path}: no such folder; to load a model of the hub by its name: pip install huggingface_hub"
        ) from None
    name, _, revision = path.partition("@")
    others = [f"{folder}/*" for folder in OTHER_FORMATS]
    try:
        return snapshot_download(
            name, revision=revision or None, allow_patterns=list(MODEL_PATTERNS), ignore_patterns=others
        )
    except Exception as error:
        raise _core.Error(f"{path}: no such folder, and no such model of the hub: {error}") from error
