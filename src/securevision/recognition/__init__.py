"""Faces and plates in pixels: the only user of onnxruntime."""
