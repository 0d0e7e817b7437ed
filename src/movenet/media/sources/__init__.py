"""Where frames come from: recordings, animations, folders, photos, cameras and streams."""
