"""Names this machine's GPUs to Apache Spark, as spark.{worker,executor}.resource.gpu.discoveryScript.

Installed as the command vecmill-find-gpus. Prints {"name": "gpu", "addresses": ["0", "1"]}: the GPUs that NVIDIA's driver
knows, of those that CUDA_VISIBLE_DEVICES allows if it is set.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys


def find_gpus() -> list[str]:
    """The indexes of the usable GPUs; none without a driver.

    Raises:
        RuntimeError: There is a driver, and it fails; the message is the driver's.
    """
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    asked = subprocess.run(query, capture_output=True, text=True)
    if asked.returncode != 0:
        raise RuntimeError(f"nvidia-smi failed: {(asked.stderr or asked.stdout).strip()}")
    found = [tuple(field.strip() for field in line.split(",")) for line in asked.stdout.splitlines()]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = None if visible is None else {name.strip() for name in visible.split(",")}
    return [index for index, uuid in found if allowed is None or index in allowed or uuid in allowed]


def main() -> None:
    try:
        print(json.dumps({"name": "gpu", "addresses": find_gpus()}))
    except RuntimeError as error:
        sys.exit(f"vecmill-find-gpus: {error}")


if __name__ == "__main__":
    main()
