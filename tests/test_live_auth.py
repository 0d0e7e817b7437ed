"""Who is let in, and what pictures from strangers can do."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from fuzz_messages import progressive_bomb
from live_stage import jpeg, models, packet
from movenet.errors import DataError, MediaError
from movenet.live import Limits, ServerSettings
from movenet.live.app import create_app
from movenet.live.auth import new_token
from movenet.live.connection import CameraConnection, RateLimit
from movenet.live.pictures import decode_picture
from movenet.live.session import CameraSession
from movenet.media import write_photo

TOKEN = "a-token-of-the-test"
HERE = "http://127.0.0.1:8765"
LAN = "http://192.168.1.5:8765"
LOCAL = ServerSettings()
OPEN = ServerSettings("0.0.0.0", token=TOKEN)


def client(settings=LOCAL, address=HERE):
    return TestClient(create_app(models(), settings), base_url=address)


def greeting(visitor, **headers):
    address = str(visitor.base_url.join("/ws")).replace("http", "ws")
    with visitor.websocket_connect(address, headers=headers) as socket:
        return json.loads(socket.receive_text())["type"]


def test_this_computer_needs_no_token():
    assert client().get("/").status_code == 200


def test_others_are_never_let_in_without_a_token():
    with pytest.raises(DataError, match=r"expected a token for a server at 0\.0\.0\.0"):
        create_app(models(), ServerSettings("0.0.0.0"))


@pytest.mark.parametrize("path", ["/", "/page/live.js", "/openapi.json", "/sample.mp4"])
def test_without_the_token_nothing_is_shown(path):
    answer = client(OPEN, LAN).get(path)
    assert answer.status_code == 401
    assert "open the address that the server printed" in answer.json()["error"]


def test_without_the_token_no_photo_is_looked_at():
    assert client(OPEN, LAN).post("/api/pose", content=jpeg()).status_code == 401


def test_without_the_token_the_socket_closes_with_its_own_code():
    with (
        client(OPEN, LAN).websocket_connect("ws://192.168.1.5/ws") as socket,
        pytest.raises(WebSocketDisconnect) as end,
    ):
        socket.receive_text()
    assert end.value.code == 4401


def test_health_needs_no_token():
    assert client(OPEN, LAN).get("/health").status_code == 200


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "토큰"])
def test_a_wrong_token_is_none(wrong):
    assert client(OPEN, LAN).get("/", params={"token": wrong}).status_code == 401


def test_programs_show_the_token_as_a_bearer():
    answer = client(OPEN, LAN).post("/api/pose", content=jpeg(), headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


def test_the_token_in_the_address_becomes_a_cookie_that_opens_the_rest():
    visitor = client(OPEN, LAN)
    cookie = visitor.get("/", params={"token": TOKEN}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert visitor.get("/page/live.js").status_code == 200
    assert greeting(visitor) == "hello"


def test_a_wrong_token_in_the_address_becomes_no_cookie():
    assert "set-cookie" not in client(OPEN, LAN).get("/", params={"token": "wrong"}).headers


def test_a_stranger_cannot_put_words_into_the_cookie():
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert "set-cookie" not in client(OPEN, LAN).get("/", params={"token": "x; y"}, headers=bearer).headers


def test_a_malformed_cookie_is_no_token():
    assert client(OPEN, LAN).get("/", headers={"cookie": 'a[]=";;\x01'}).status_code == 401


def test_tokens_differ_and_are_long():
    assert new_token() != new_token()
    assert len(new_token()) >= 32


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::1"])
def test_a_name_that_points_here_from_elsewhere_is_not_answered(host):
    assert client().get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:1", "[::1]:8765", "LOCALHOST"])
def test_names_of_this_computer_are_answered(host):
    assert client().get("/", headers={"host": host}).status_code == 200


REMOTE = ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8765", "", "http://["]


@pytest.mark.parametrize("origin", REMOTE)
def test_a_page_from_elsewhere_opens_no_socket(origin):
    with pytest.raises(WebSocketDisconnect):
        greeting(client(), origin=origin)


@pytest.mark.parametrize("origin", REMOTE)
def test_a_page_from_elsewhere_posts_no_photo(origin):
    assert client().post("/api/pose", content=jpeg(), headers={"origin": origin}).status_code == 403


def test_our_own_page_opens_a_socket():
    assert greeting(client(), origin=HERE) == "hello"


def test_a_page_that_the_settings_name_opens_a_socket():
    settings = ServerSettings(origins=("https://friend.example",))
    assert greeting(client(settings), origin="https://friend.example") == "hello"


def test_the_page_may_load_nothing_from_elsewhere_nor_be_framed():
    policy = client().get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_picture_bomb_is_refused_by_its_header_alone():
    png = jpeg_header_only(60_000, 60_000)
    with pytest.raises(MediaError, match="at most 2073600 pixels, got 60000 x 60000"):
        decode_picture(png, Limits().frame_pixels)


def jpeg_header_only(width, height):
    """Return the beginning of a JPEG that promises so many pixels."""
    return (
        b"\xff\xd8\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x03" * 32
    )


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded():
    with pytest.raises(MediaError, match="at most 32 scans"):
        decode_picture(progressive_bomb(1000), Limits().frame_pixels)


def test_an_ordinary_progressive_jpeg_is_read():
    assert decode_picture(progressive_bomb(0), Limits().frame_pixels).shape == (256, 256, 3)


def test_decoders_that_browsers_do_not_need_are_not_shown_to_strangers(tmp_path):
    write_photo(tmp_path / "a.tif", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(MediaError, match="expected the picture as JPEG, WebP, PNG, got TIFF"):
        decode_picture((tmp_path / "a.tif").read_bytes(), Limits().frame_pixels)


def test_a_photo_over_the_limit_of_bytes_is_refused():
    settings = ServerSettings(limits=Limits(photo_bytes=100))
    assert "at most 100 bytes" in client(settings).post("/api/pose", content=jpeg()).json()["error"]


def test_a_frame_over_the_limit_of_pixels_costs_an_error():
    settings = ServerSettings(limits=Limits(frame_pixels=100))
    with client(settings) as visitor, visitor.websocket_connect("ws://localhost/ws") as socket:
        socket.receive_text()
        socket.send_bytes(packet(3, 0.0))
        message = json.loads(socket.receive_text())
    assert message["frame"] == 3
    assert "at most 100 pixels, got 640 x 480" in message["message"]


def test_a_second_of_messages_passes_at_once_and_the_rest_at_the_rate():
    pace = RateLimit(rate_hz=10)
    waits = [pace.wait_s(100.0) for _ in range(13)]
    assert np.allclose(waits, [0] * 10 + [0.1, 0.2, 0.3])


def test_a_client_that_takes_no_answers_in_is_sent_away():
    """Speaks ASGI itself: a network would take kilobytes in before it stalls."""

    async def talk():
        asked = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "bytes": packet(0, 0.0)}])
        sent = []

        async def receive():
            for message in asked:
                return message
            return await asyncio.Event().wait()

        async def send(message):
            sent.append(message)
            if "poses" in message.get("text", ""):
                await asyncio.Event().wait()

        scope = {
            "type": "websocket",
            "path": "/ws",
            "headers": [(b"host", b"localhost")],
            "query_string": b"",
        }
        app = create_app(models(), ServerSettings(limits=Limits(stall_s=0.1)))
        await asyncio.wait_for(app(scope, receive, send), 120)
        return sent, app.state.live.clients

    sent, clients = asyncio.run(talk())
    assert sent[-1] == {
        "type": "websocket.close",
        "code": 4408,
        "reason": "answers were not received in time",
    }
    assert clients == 0


@pytest.mark.parametrize("steps", range(6))
def test_who_ends_a_talk_from_outside_sees_that_very_end(steps):
    """Cancels at each step of the winding up after a page has left: frameworks tell by the message who cancelled."""

    async def talk():
        loop = asyncio.get_running_loop()

        def cancel_after(turns):
            if turns:
                loop.call_soon(cancel_after, turns - 1)
            else:
                task.cancel("ours")

        async def receive():
            if socket.client_state is WebSocketState.CONNECTING:
                return {"type": "websocket.connect"}
            cancel_after(steps)
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message):
            pass

        socket = WebSocket({"type": "websocket", "headers": []}, receive, send)
        await socket.accept()
        with ThreadPoolExecutor(1) as pool:
            client = CameraSession(models(), Limits())
            task = asyncio.ensure_future(CameraConnection(socket, client, Limits(), pool).run())
            try:
                return await task
            except asyncio.CancelledError as end:
                return end.args

    assert asyncio.run(talk()) in (None, ("ours",))


def test_an_answer_to_a_page_that_is_gone_by_then_is_no_error():
    """The page leaves between the question whether it is there and the answer."""

    class Leaving(WebSocket):
        async def send_text(self, data):
            self.application_state = WebSocketState.DISCONNECTED
            await super().send_text(data)

    async def talk():
        asked = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "bytes": packet(0, 0.0)}])

        async def receive():
            for message in asked:
                return message
            return await asyncio.Event().wait()

        async def send(message):
            pass

        socket = Leaving({"type": "websocket", "headers": []}, receive, send)
        await socket.accept()
        with ThreadPoolExecutor(1) as pool:
            talking = CameraConnection(socket, CameraSession(models(), Limits()), Limits(), pool).run()
            await asyncio.wait_for(talking, 120)

    asyncio.run(talk())


def test_a_photo_that_never_arrives_is_given_up():
    async def post():
        sent = []

        async def receive():
            return await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/pose",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        app = create_app(models(), ServerSettings(limits=Limits(stall_s=0.05)))
        await asyncio.wait_for(app(scope, receive, send), 120)
        return sent[0]["status"], app.state.live.photos

    assert asyncio.run(post()) == (408, 0)
