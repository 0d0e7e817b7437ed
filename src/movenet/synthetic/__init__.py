"""Clips with exactly known poses: a moving camera over a photo, people who walk through a scene."""
