"""Google's own graphs in LiteRT as a peer of against_peers.py, with ai-edge-litert beside movenet.

The whole picture, padded to a square and shown once, as in Google's examples; the decode is inside the graph.
"""

import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from movenet import Crop
from movenet.annotations import to_coco_px
from turns import Poses, take_turns


def main(annotations: str, images: str, results: str, graph: str) -> None:
    """Run the pictures that are asked for, with one thread."""
    cv2.setNumThreads(1)
    interpreter = Interpreter(graph, num_threads=1)
    interpreter.allocate_tensors()
    put, got = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def estimate(picture: np.ndarray) -> Poses:
        crop = Crop.whole(picture.shape[1], picture.shape[0], int(put["shape"][1]))
        interpreter.set_tensor(put["index"], crop.cut(picture)[None].astype(put["dtype"]))
        interpreter.invoke()
        decoded = interpreter.get_tensor(got["index"])[0, 0].astype(np.float32)
        keypoints, scores = crop.decoded_to_image(decoded)
        return [(np.column_stack([to_coco_px(keypoints), scores]).ravel().tolist(), float(scores.mean()))]

    take_turns(estimate, annotations, images, results, bgr=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
