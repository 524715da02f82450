"""Logs for TensorBoard written without TensorBoard: TensorFlow's own `scalar`, `histogram` and `image` live in there.

Each is one tensor with a note of the plugin that draws it, in the formats of tensorboard/plugins/*/summary_v2.py.
"""

from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import summary_pb2

_BUCKETS: Final = 30


class Board(keras.callbacks.TensorBoard):
    """Keras' callback, writing through `Summaries`."""

    @property
    def summary(self) -> "Summaries":
        return Summaries()


class Summaries:
    """`tf.summary`, with what it asks the package TensorBoard for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(tf.summary, name)

    def scalar(self, name: str, data: Any, step: Any = None) -> None:
        _write(name, tf.cast(data, tf.float32), step, "scalars", summary_pb2.DATA_CLASS_SCALAR)

    def histogram(self, name: str, data: Any, step: Any = None) -> None:
        """Write how often values fall between the edges of equal buckets: rows of left edge, right edge, count."""
        counts, edges = np.histogram(np.ravel(np.asarray(data, np.float64)), bins=_BUCKETS)
        rows = np.stack([edges[:-1], edges[1:], counts], axis=1)
        _write(name, tf.constant(rows), step, "histograms", summary_pb2.DATA_CLASS_TENSOR)

    def image(self, name: str, data: Any, step: Any = None) -> None:
        """Write pictures `(n, height, width, channels)`: width, height, then each as PNG."""
        pictures = tf.image.convert_image_dtype(data, tf.uint8, saturate=True)
        height, width = pictures.shape[1:3]
        encoded = [tf.io.encode_png(picture) for picture in pictures[:3]]
        content = tf.stack([tf.constant(str(width)), tf.constant(str(height)), *encoded])
        _write(name, content, step, "images", summary_pb2.DATA_CLASS_BLOB_SEQUENCE)


def _write(tag: str, tensor: Any, step: Any, plugin: str, sort: int) -> None:
    note = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin), data_class=sort
    )
    tf.summary.write(tag, tensor, step=step, metadata=note)
