"""Where frames go: films, GIFs and sequences of pictures."""
