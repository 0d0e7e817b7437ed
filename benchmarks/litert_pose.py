"""Google's own graphs in LiteRT on a COCO list: writes COCO results that `movenet eval` scores.

    pip install ai-edge-litert
    python benchmarks/litert_pose.py GRAPH.tflite single.json images results.json

The whole picture, padded to a square and shown once, as in Google's examples; the decode is inside the graph. Prints
the median milliseconds a picture, from the picture in memory to keypoints, one thread.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from movenet import Crop, Pose, read_photo
from movenet.annotations import to_results
from movenet.evaluation import read_truth


def main(graph: str, annotations: str, images: str, results: str) -> None:
    """Run on every picture of the list."""
    from ai_edge_litert.interpreter import Interpreter

    cv2.setNumThreads(1)
    interpreter = Interpreter(graph, num_threads=1)
    interpreter.allocate_tensors()
    put, got = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found, times = [], []
    for image in read_truth(Path(annotations)).images(Path(images)):
        picture = read_photo(image.path)
        start = time.perf_counter()
        crop = Crop.whole(picture.shape[1], picture.shape[0], int(put["shape"][1]))
        interpreter.set_tensor(put["index"], crop.cut(picture)[None].astype(put["dtype"]))
        interpreter.invoke()
        keypoints, scores = crop.decoded_to_image(
            interpreter.get_tensor(got["index"])[0, 0].astype(np.float32)
        )
        times.append(1000 * (time.perf_counter() - start))
        found += to_results(image.id, [Pose(keypoints, scores, float(scores.mean()))])
    Path(results).write_text(json.dumps(found))
    print(json.dumps({"graph": Path(graph).name, "pictures": len(times), "median_ms": median(times)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
