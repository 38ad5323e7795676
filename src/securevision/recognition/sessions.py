"""onnxruntime sessions, all made the same way."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from securevision.errors import Unavailable

Tensor = NDArray[np.float32]

_ERRORS_ONLY = 3


class ModelSession:
    """One model, ready to run. `run` may be called from several threads at once."""

    def __init__(self, path: Path, *, threads: int) -> None:
        """Load a model. Raises Unavailable when the file is not a model that this machine can run."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # SFace lists its weights as inputs; onnxruntime would warn of each one at every start.
        options.log_severity_level = _ERRORS_ONLY
        # A spinning pool takes the cores that decode the cameras.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's own classes all derive from Exception alone
            raise Unavailable(
                f"The model {path.name} cannot be loaded ({type(error).__name__}); "
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
