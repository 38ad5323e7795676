"""onnxruntime sessions, all made the same way."""

import os

# Before the import, which would start a thread that notes what this machine does, to be sent to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from securevision.errors import Unavailable

Tensor = NDArray[np.float32]

_ERRORS_ONLY = 3


class ModelSession:
    """One model, ready to run. `run` may be called from several threads at once."""

    def __init__(self, name: str, model: bytes) -> None:
        """Load a model of that file name. Raises Unavailable when it is none that this machine can run."""
        options = ort.SessionOptions()
        # Frames side by side, each on one thread, get more done than one frame on several.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # SFace lists its weights as inputs; onnxruntime would warn of each one at every start.
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's own classes all derive from Exception alone
            raise Unavailable(
                f"The model {name} cannot be loaded ({type(error).__name__}); "
                "run `securevision models verify`."
            ) from None
        self._input = self._session.get_inputs()[0].name
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, tensor: Tensor) -> list[Tensor]:
        """Return the outputs, in the model's order, for one input tensor."""
        outputs: list[Tensor] = self._session.run(None, {self._input: tensor})
        return outputs

    def metadata(self, key: str) -> str:
        """Return an entry of the model's own metadata, or an empty string."""
        value: str = self._session.get_modelmeta().custom_metadata_map.get(key, "")
        return value
