"""The networks in PyTorch, and the ONNX file that holds one."""
