"""Writers of frames: video files, GIFs and image sequences."""
