"""Sources of frames: recordings, animations, folders, photos, cameras and streams."""
