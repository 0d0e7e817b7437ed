"""A web app that draws poses on photos: python gradio_app.py, then open http://127.0.0.1:7860."""

import gradio

import movenet

ESTIMATORS = {name: movenet.Estimator(name, people="many") for name in ("lightning", "thunder")}


def draw_poses(photo, model):
    """Return the photo with skeletons, and the poses as JSON."""
    poses = ESTIMATORS[model](photo)
    return movenet.draw(photo, poses), [pose.to_dict() for pose in poses]


photo_and_model = [gradio.Image(), gradio.Radio(list(ESTIMATORS), value="lightning", label="Model")]
app = gradio.Interface(draw_poses, photo_and_model, [gradio.Image(), gradio.JSON()], title="movenet")

if __name__ == "__main__":
    app.launch()
