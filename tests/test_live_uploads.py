"""Posted photos on their way in: the slow ones keep nobody out."""

import asyncio
import contextlib
import json
import socket
import urllib.request

import pytest
from starlette.requests import Request

from live_stage import jpeg, serving
from movenet.errors import MediaError
from movenet.live import Limits
from movenet.live.uploads import TooManyUploadsError, Uploads

POST = b"POST /api/pose HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n"


def post(receive, client="203.0.113.1"):
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "client": (client, 5)}
    return Request(scope, receive)


def chunk(body, *, more):
    return {"type": "http.request", "body": body, "more_body": more}


def in_turn(*bodies):
    """Return an ASGI `receive` that gives these parts of a body, the last of which ends it."""
    parts = iter([*(chunk(body, more=True) for body in bodies[:-1]), chunk(bodies[-1], more=False)])

    async def receive():
        return next(parts)

    return receive


async def never():
    return await asyncio.Event().wait()


async def one_byte_a_moment():
    await asyncio.sleep(0.01)
    return chunk(b"a", more=True)


def test_a_body_is_put_together():
    assert asyncio.run(Uploads(Limits()).receive(post(in_turn(b"ab", b"", b"c")))) == b"abc"


def test_a_body_over_the_limit_is_not_read_to_its_end():
    with pytest.raises(MediaError, match="at most 3 bytes"):
        asyncio.run(Uploads(Limits(photo_bytes=3)).receive(post(one_byte_a_moment)))


def test_a_body_slower_than_the_slowest_rate_is_refused():
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(Uploads(Limits(stall_s=600)).receive(post(one_byte_a_moment)))


def test_a_body_at_the_rate_asked_for_still_has_a_limit_of_time():
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(Uploads(Limits(stall_s=0.3, upload_bytes_per_s=1e-6)).receive(post(one_byte_a_moment)))


def uploading(clients, limits):
    """Begin an endless upload from each client, try one from 203.0.113.9, and say how that ended."""

    async def attempt():
        uploads = Uploads(limits)
        tasks = [asyncio.ensure_future(uploads.receive(post(never, client))) for client in clients]
        await asyncio.sleep(0)
        try:
            return await uploads.receive(post(in_turn(b"photo"), "203.0.113.9"))
        except TooManyUploadsError:
            return "refused"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    return asyncio.run(attempt())


def test_one_address_takes_no_more_than_half_of_the_uploads():
    limits = Limits(uploads=4)
    assert uploading(["203.0.113.9"] * 2, limits) == "refused"
    assert uploading(["203.0.113.9", *["203.0.113.1"] * 2], limits) == b"photo"


def test_all_addresses_together_take_no_more_than_all_of_the_uploads():
    limits = Limits(uploads=4)
    assert uploading(["203.0.113.1", "203.0.113.2", "203.0.113.3"], limits) == b"photo"
    assert uploading(["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"], limits) == "refused"


def test_a_place_is_free_again_after_an_upload_that_was_given_up():
    async def twice():
        uploads = Uploads(Limits(uploads=1, stall_s=0.05))
        with contextlib.suppress(asyncio.TimeoutError):
            await uploads.receive(post(never))
        return await uploads.receive(post(in_turn(b"photo")))

    assert asyncio.run(twice()) == b"photo"


def test_a_photo_is_answered_beside_as_many_posts_that_dribble_as_are_worked_on_at_once():
    with serving(limits=Limits(stall_s=600)) as server, contextlib.ExitStack() as stack:
        here = ("127.0.0.1", server.socket.getsockname()[1])
        slow = [stack.enter_context(socket.create_connection(here, 120)) for _ in range(Limits().photos)]
        for raw in slow:
            raw.sendall(POST)
        for _ in range(5):
            for raw in slow:
                raw.sendall(b"a")
            with urllib.request.urlopen(server.url + "api/pose", jpeg(), 120) as answer:
                assert len(json.load(answer)["poses"]) == 1
        assert all(raw.recv(1 << 16).startswith(b"HTTP/1.1 408") for raw in slow)
