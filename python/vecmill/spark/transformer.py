"""Embedder, a stage of a pyspark.ml Pipeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyspark import keyword_only
from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCol, HasOutputCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame

from vecmill.spark.embed import generate_embeddings


def _param(name: str, doc: str, converter: Any = TypeConverters.toString) -> Param:
    return Param(Params._dummy(), name, doc, typeConverter=converter)


def _to_layers(value: Any) -> str:
    """Params are saved as JSON values of one kind: several layer expressions are an object in a string."""
    return json.dumps(dict(value)) if isinstance(value, Mapping) else TypeConverters.toString(value)


class Embedder(Transformer, HasInputCol, HasOutputCol, DefaultParamsReadable, DefaultParamsWritable):
    """Adds embeddings of a column of text, as generate_embeddings does, of whose arguments these are the params.

        Pipeline(stages=[Embedder(model="./all-MiniLM-L6-v2", inputCol="text", outputCol="features",
                                  outputType="vector"), LogisticRegression()])

    A saved stage holds the path of the model's folder, not the model. No param is checked before transform.
    """

    model = _param("model", "folder of the model, on the driver")
    layers = _param("layers", "layer expression, or several by name", _to_layers)
    outputType = _param("outputType", "array or vector; vector is what estimators of pyspark.ml want")
    accounts = _param("accounts", "add NAME_tokens, NAME_truncated and NAME_error", TypeConverters.toBoolean)
    normalize = _param("normalize", "scale to unit length; not set: as the model says", TypeConverters.toBoolean)
    truncateDim = _param("truncateDim", "first values that are kept; not set: as the model says", TypeConverters.toInt)
    prompt = _param("prompt", "text before each row's")
    promptName = _param("promptName", "the model's prompt of this name")
    long = _param("long", "truncate or error: rows of more tokens than the model takes")
    distribute = _param("distribute", "auto, broadcast, artifact or path")
    device = _param("device", "auto or cpu")
    server = _param("server", "one process of each node embeds for all its workers", TypeConverters.toBoolean)

    @keyword_only
    def __init__(
        self,
        *,
        model: str | None = None,
        inputCol: str | None = None,
        outputCol: str | None = None,
        layers: str | Mapping[str, str] | None = None,
        outputType: str | None = None,
        accounts: bool | None = None,
        normalize: bool | None = None,
        truncateDim: int | None = None,
        prompt: str | None = None,
        promptName: str | None = None,
        long: str | None = None,
        distribute: str | None = None,
        device: str | None = None,
        server: bool | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(outputCol="embeddings", layers="last", outputType="array", accounts=False)
        self._setDefault(long="truncate", distribute="auto", device="auto", server=False)
        self._set(**{name: value for name, value in self._input_kwargs.items() if value is not None})

    @keyword_only
    def setParams(self, **params: Any) -> Embedder:
        """Set params by name."""
        return self._set(**self._input_kwargs)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        for name in ("model", "inputCol"):
            if not self.isDefined(name):
                raise ValueError(f"Embedder: param {name} is not set")
        layers = self.getOrDefault("layers")
        return generate_embeddings(
            self.getOrDefault("model"),
            dataset,
            input_col=self.getInputCol(),
            output_col=self.getOutputCol(),
            layers=json.loads(layers) if layers.startswith("{") else layers,
            output_type=self.getOrDefault("outputType"),
            accounts=self.getOrDefault("accounts"),
            normalize=self._given("normalize"),
            truncate_dim=self._given("truncateDim"),
            prompt=self._given("prompt"),
            prompt_name=self._given("promptName"),
            long=self.getOrDefault("long"),
            distribute=self.getOrDefault("distribute"),
            device=self.getOrDefault("device"),
            server=self.getOrDefault("server"),
        )

    def _given(self, name: str) -> Any:
        return self.getOrDefault(name) if self.isDefined(name) else None
