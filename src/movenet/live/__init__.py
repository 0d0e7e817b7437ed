"""The live server and its page: the camera is in the browser, the model is in Python."""
