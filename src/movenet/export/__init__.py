"""Ship a network: the ONNX file that every engine reads, and the formats of other runtimes, each with its proof."""
