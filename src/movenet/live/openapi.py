"""Description of the HTTP API as OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from movenet.live.pictures import FORMATS
from movenet.live.settings import Limits

_NUMBER: Final = {"type": ["number", "null"]}
_SCHEMAS: Final[dict[str, Any]] = {
    "Record": {
        "type": "object",
        "description": "The people in one picture. Pixels from its top-left corner, x to the right, y down; "
        "left and right are the person's own; null is a number that is not known.",
        "required": ["source", "frame", "time_s", "width", "height", "poses"],
        "properties": {
            "source": {"type": "string"},
            "frame": {"type": "integer"},
            "time_s": {"type": "number"},
            "width": {"type": "integer"},
            "height": {"type": "integer"},
            "poses": {"type": "array", "items": {"$ref": "#/components/schemas/Pose"}},
        },
    },
    "Pose": {
        "type": "object",
        "required": ["id", "score", "box", "keypoints"],
        "properties": {
            "id": {"type": ["integer", "null"]},
            "score": {**_NUMBER, "description": "0…1"},
            "box": {"type": ["array", "null"], "items": _NUMBER, "description": "x, y, width, height"},
            "keypoints": {
                "type": "array",
                "description": "COCO's 17: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles",
                "items": {"type": "array", "items": _NUMBER, "description": "x, y, score 0…1"},
            },
        },
    },
    "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
    "Health": {
        "type": "object",
        "required": ["status", "version"],
        "properties": {"status": {"const": "ok"}, "version": {"type": "string"}},
    },
}


def describe(version: str, models: Sequence[str], limits: Limits) -> dict[str, Any]:
    """Return the description of `/health`, `/metrics` and `/api/pose`, ready for JSON."""
    health = {
        "summary": "Check that the server runs.",
        "security": [],
        "responses": {"200": _body("Health", "The server runs.")},
    }
    metrics = {
        "summary": "Read counters and times, in Prometheus' text format.",
        "responses": {
            "200": {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            "401": _body("Error", "A token is needed."),
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "movenet live", "version": version},
        "paths": {
            "/health": {"get": health},
            "/metrics": {"get": metrics},
            "/api/pose": {"post": _pose(models, limits)},
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # With and without token: whether one is needed depends on the address the server listens on.
        "security": [{}, {"token": []}],
    }


def _pose(models: Sequence[str], limits: Limits) -> dict[str, Any]:
    content = {"schema": {"type": "string", "format": "binary", "maxLength": limits.photo_bytes}}
    return {
        "summary": "Estimate the poses in a picture.",
        "parameters": [
            {"name": "model", "in": "query", "schema": {"enum": list(models), "default": models[0]}}
        ],
        "requestBody": {
            "required": True,
            "content": {f"image/{picture.lower()}": content for picture in FORMATS},
        },
        "responses": {
            "200": _body("Record", "The people found; the list may be empty."),
            "400": _body("Error", "Unknown model, or no picture that can be read within the limits."),
            "401": _body("Error", "A token is needed."),
            "403": _body("Error", "The Host or Origin is not allowed."),
            "408": _body("Error", "The picture took too long to arrive."),
            "503": _body("Error", "Too many pictures at a time."),
        },
    }


def _body(schema: str, description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}
