"""Embedding servers: what they refuse, how they start, stop and are replaced. Run as test_embedder.py."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import numpy as np
import pyarrow as pa
from serving import DIM, MODEL, WATCHDOG_SECONDS, ServingTest, wait_until

import vecmill
from vecmill import client, protocol, server_place
from vecmill.client import connect


class RefusalTest(ServingTest):
    """What a server does not let happen to it."""

    def refusal(self, sock):
        """The error that the server sends before it closes."""
        stream = protocol.SocketStream(sock, sys.maxsize)
        while True:
            reader, said = protocol.open_stream(stream)
            if "error" in said:
                self.assertEqual(list(reader), [])
                with contextlib.suppress(ConnectionResetError):  # where it has not read everything
                    self.assertEqual(stream.read(1), b"")
                return said["error"]
            self.assertEqual(list(reader), [])

    def send(self, sock, texts, **request):
        stream = protocol.SocketStream(sock, sys.maxsize)
        request = {"version": vecmill.__version__, "layers": [["v", "last"]], **request}
        schema = protocol.send_schema(stream, [pa.field("t", texts.type)], request)
        with contextlib.suppress(ConnectionError):  # one that was refused early
            protocol.send_batch(stream, pa.record_batch([texts], schema=schema))

    def test_what_is_no_request(self):
        self.start()
        for sent in (b"GET / HTTP/1.1\r\n\r\n" * 10, b"\xff" * 100, b"\xff\xff\xff\xff\x10\0\0\0" + b"\x41" * 16,
                     pa.schema([]).serialize().to_pybytes(),
                     pa.schema([], {"vecmill": "[]"}).serialize().to_pybytes(),
                     pa.schema([], {"vecmill": "{"}).serialize().to_pybytes()):  # fmt: skip
            with self.subTest(sent):
                sock = self.dial()
                sock.sendall(sent)
                self.assertRegex(self.refusal(sock)["message"], "expected (an Arrow IPC|a JSON|JSON)|a message of")
        for texts, request, why in ((pa.array([1]), {}, "found .'int64'"),
                                    (pa.array(["a"]), {"layers": None}, "layers:"),
                                    (pa.array(["a"]), {"layers": "last"}, "layers:"),
                                    (pa.array(["a"]), {"layers": [["v"]]}, "unpack"),
                                    (pa.array(["a"]), {"layers": [[1, {}]]}, "unhashable"),
                                    (pa.array(["a"]), {"truncate_dim": 1 << 70}, "incompatible"),
                                    (pa.array(["a"]), {"version": None}, "the client of None")):  # fmt: skip
            with self.subTest(request):
                sock = self.dial()
                self.send(sock, texts, **request)
                self.assertRegex(self.refusal(sock)["message"], why)
        self.assertEqual(self.connect(start=False).embed(["a"]).shape, (1, DIM))

    def test_offsets_that_lead_out_of_the_texts(self):
        self.start()
        for text_type in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
            item = np.int32 if text_type in (pa.string(), pa.binary()) else np.int64
            for offsets in ([0, 1 << 30, 4], [0, 3, 2], [-8, 2, 4]):
                with self.subTest(text_type, offsets=offsets):
                    buffers = [None, pa.py_buffer(np.array(offsets, item)), pa.py_buffer(b"text")]
                    sock = self.dial()
                    good = pa.array(["te", "xt"], text_type)
                    stream = protocol.SocketStream(sock, sys.maxsize)
                    request = {"version": vecmill.__version__, "layers": [["v", "last"]]}
                    schema = protocol.send_schema(stream, [pa.field("t", text_type)], request)
                    message = pa.record_batch([good], schema=schema).serialize().to_pybytes()
                    stream.write(message.replace(np.array([0, 2, 4], item).tobytes(), bytes(buffers[1])))
                    self.assertEqual(self.refusal(sock)["type"], "ValueError")

    def test_batches_over_the_limit(self):
        self.start("--max-batch-mib", "1")
        sock = self.dial()
        self.send(sock, pa.array(["a" * (2 << 20)]))
        self.assertRegex(self.refusal(sock)["message"], "a message of 209\\d+ bytes, where 1048576 are the most")
        sock = self.dial()
        self.send(sock, pa.array(["a"] * 9000))
        self.assertRegex(self.refusal(sock)["message"], "9000 rows may be 1728000 bytes")
        remote = self.connect(start=False)
        with self.assertRaisesRegex(ValueError, "a message of 209"):
            remote.embed(["a" * (2 << 20)])
        self.assertEqual(remote.embed(["a"] * 9000).shape, (9000, DIM))

    def test_connections_over_the_limit(self):
        self.start("--max-connections", "2")
        clients = [self.connect(start=False) for _ in range(2)]
        with self.assertRaisesRegex(vecmill.Error, "has 2 connections"):
            self.connect(start=False)
        clients[0].close()

        def is_accepted():
            with contextlib.suppress(vecmill.Error):
                return self.connect(start=False).embed(["a"]).shape == (1, DIM)

        wait_until(is_accepted)

    def test_no_client_costs_a_thread_or_a_file(self):
        server = self.start("--stall-seconds", "0.3")
        self.assertEqual(self.connect(start=False, layers={"v": "last"}).embed(["a"]).shape, (1, DIM))
        request = pa.schema([pa.field("t", pa.string())], {"vecmill": "{}"}).serialize().to_pybytes()

        def used():
            process = pathlib.Path(f"/proc/{server.pid}")
            return [len(os.listdir(process / part)) for part in ("fd", "task")]

        def leave_at_once(sock): ...

        def send_garbage(sock):
            sock.sendall(os.urandom(1000))

        def send_half_a_message(sock):
            sock.sendall(request[: len(request) // 2])

        def send_half_a_message_and_stay(sock):
            send_half_a_message(sock)
            return sock

        def say_nothing_and_stay(sock):
            return sock

        def leave_without_the_answer(sock):
            self.send(sock, pa.array([f"hello world {i}" for i in range(500)]))
            sock.recv(1)

        def announce_much(sock):
            self.send(sock, pa.array(["a"]))
            sock.sendall(b"\xff\xff\xff\xff\xff\xff\xff\x7f")

        before = used()
        for hurt in (leave_at_once, send_garbage, send_half_a_message, send_half_a_message_and_stay,
                     say_nothing_and_stay, leave_without_the_answer, announce_much):  # fmt: skip
            with self.subTest(hurt.__name__):
                stay = []
                for _ in range(100):
                    sock = server_place.dial(self.path)
                    if hurt(sock) is None:
                        sock.close()
                    else:
                        stay.append(sock)
                wait_until(lambda: used() == before)
                for sock in stay:
                    sock.close()
        self.assertEqual(self.connect(start=False, layers={"v": "last"}).embed(["a"]).shape, (1, DIM))

    def test_a_request_ends_when_its_client_has_left(self):
        self.start()
        sock = self.dial()
        self.send(sock, pa.array([f"{'hello ' * 60}{i}" for i in range(50000)]))
        sock.close()
        wait_until(lambda: "rows: its client has left" in self.log())

    def test_a_client_that_is_killed(self):
        self.start()
        code = f"""
import sys; from vecmill.client import connect
remote = connect({str(MODEL)!r}, socket={str(self.path)!r}, start=False)
print("ready", flush=True)
while True: remote.embed([f"hello {{i}}" for i in range(5000)])
"""
        for _ in range(3):
            killed = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
            killed.stdout.readline()
            time.sleep(0.05)
            killed.kill()
            killed.communicate()
        self.assertEqual(self.connect(start=False).embed(["a"]).shape, (1, DIM))
        self.assertEqual(len(self.pids()), 1)

    def test_folders_that_others_may_enter(self):
        self.folder.chmod(0o755)
        with self.assertRaisesRegex(vecmill.Error, "its mode 755 lets others in"):
            self.connect()
        self.folder.chmod(0o700)
        file = self.folder / "file"
        file.touch()
        link = self.folder / "link"
        link.symlink_to(self.folder)
        for folder in (file, link):
            with self.assertRaisesRegex(vecmill.Error, "not a folder"):
                server_place.make_private_folder(folder)
        with mock.patch("os.geteuid", lambda: 12345), self.assertRaisesRegex(vecmill.Error, "not to 12345"):
            server_place.make_private_folder(self.folder)

    def test_other_users(self):
        self.assertEqual(server_place.refusal_of_peer("client", os.geteuid()), "")
        self.assertIn("the client is user 12345's", server_place.refusal_of_peer("client", 12345))
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        self.start()
        code = f"""
import os, socket
os.setgroups([]), os.setgid(65534), os.setuid(65534)
sock = socket.socket(socket.AF_UNIX)
try:
    sock.connect({str(self.path)!r})
    print(sock.recv(10000).decode(errors='replace'))
except OSError as error:
    print(type(error).__name__)
"""
        for mode, seen in ((0o700, "PermissionError"), (0o711, "the client is user 65534's, not user 0's")):
            self.folder.chmod(mode)
            self.path.chmod(0o777)
            made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            self.assertIn(seen, made.stdout)
        self.assertIn("refused a client: the client is user 65534's", self.log())


class LifeTest(ServingTest):
    """How servers start, stop and are replaced."""

    def test_of_many_clients_one_starts_the_server(self):
        code = f"""
from vecmill.client import connect
print("ready", flush=True); input()
print(connect({str(MODEL)!r}, socket={str(self.path)!r}, threads=1).embed(["a"]).shape)
"""
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        clients = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(8)]
        for each in clients:
            self.assertEqual(each.stdout.readline(), "ready\n")
        for each in clients:
            each.stdin.write("\n")
            each.stdin.flush()
        self.assertEqual([each.communicate()[0] for each in clients], [f"(1, {DIM})\n"] * 8)
        self.assertEqual(len(self.log().splitlines()), 1, self.log())

    def test_a_second_server_leaves_the_first_alone(self):
        self.start()
        second = subprocess.run([sys.executable, "-m", "vecmill.serve", "--socket", self.path, MODEL],
                                capture_output=True, text=True, check=True)  # fmt: skip
        self.assertIn("another server answers", second.stderr)
        self.assertEqual(self.connect(start=False).embed(["a"]).shape, (1, DIM))

    def test_stops_when_idle_and_comes_back(self):
        remote = self.connect(idle_seconds=0.3)
        for num_servers in (1, 2):
            self.assertEqual(remote.embed(["a"]).shape, (1, DIM))
            self.assertEqual(len(self.pids()), num_servers)
            wait_until(lambda: not self.path.exists())  # also with the connection of `remote`, which asks nothing
            wait_until(lambda: self.log().count("stopped: no client for 0.3 s") == num_servers)

    def test_sigterm_lets_a_request_end(self):
        server = self.start()
        texts = [f"{'hello ' * 30} {i}" for i in range(8000)]
        found = []
        with mock.patch.object(client, "BATCH_BYTES", 1 << 27):
            remote = self.connect(start=False)
            threads = pathlib.Path(f"/proc/{server.pid}/task")
            num_threads = len(os.listdir(threads))
            running = threading.Thread(target=lambda: found.append(remote.embed(texts)))
            running.start()
            wait_until(lambda: len(os.listdir(threads)) > num_threads)  # the engine's
            server.terminate()
            self.assertEqual(server.wait(WATCHDOG_SECONDS), 0)
            running.join()
        self.assertEqual(found[0].tobytes(), vecmill.load(MODEL).embed(texts).tobytes())
        self.assertIn("stopped: was told to\n", self.log())
        self.assertFalse(self.path.exists())

    def test_a_killed_server_is_replaced_and_no_row_is_lost_or_doubled(self):
        texts = [f"{'hello ' * (i % 40)}{i}" for i in range(12000)]
        with mock.patch.object(client, "BATCH_BYTES", 1 << 18):
            remote = self.connect(threads=1)
            done = threading.Event()

            def kill():
                for _ in range(client.MAX_TRIES - 1):
                    if not done.wait(0.5):
                        with contextlib.suppress(ProcessLookupError):  # the last one, whose successor is not yet there
                            os.kill(self.pids()[-1], signal.SIGKILL)

            killing = threading.Thread(target=kill)
            killing.start()
            try:
                found = remote.embed(texts)
            finally:
                done.set()
                killing.join()
        self.assertEqual(found.tobytes(), vecmill.load(MODEL).embed(texts).tobytes())
        self.assertGreater(len(self.pids()), 1)

    def test_a_socket_that_was_left_behind(self):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.path))
        with self.assertRaisesRegex(vecmill.Error, "no embedding server answers"):
            self.connect(start=False)
        self.assertEqual(self.connect().embed(["a"]).shape, (1, DIM))

    def test_rows_that_kill_the_server_are_an_error(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        asked = []

        def answer_and_die():
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with sock:
                    stream = protocol.SocketStream(sock, sys.maxsize)
                    reader, _ = protocol.open_stream(stream)
                    description = vecmill.load(MODEL).description
                    protocol.send_schema(stream, [], {"description": description, "max_batch_bytes": 1000})
                    with contextlib.suppress(StopIteration):
                        asked.append(reader.read_next_batch().num_rows)

        serving = threading.Thread(target=answer_and_die)
        serving.start()
        with self.assertRaisesRegex(vecmill.Error, "lost 4 times over the same 2 rows"):
            self.connect(start=False).embed(["a", "b"])
        listener.shutdown(socket.SHUT_RDWR)
        serving.join()
        listener.close()
        self.assertEqual(asked, [2] * client.MAX_TRIES)

    def test_a_server_that_hangs(self):
        server = self.start()
        server.send_signal(signal.SIGSTOP)
        with self.assertRaisesRegex(vecmill.Error, "the server has not answered for 0.2 s"):
            self.connect(start=False, timeout=0.2)

    def test_a_server_that_does_not_start(self):
        with self.assertRaisesRegex(vecmill.Error, r"did not start \(status 1\)[^$]*error: /no/such/folder: "):
            connect("/no/such/folder", socket=self.path)
        slow = self.folder / "python"
        slow.write_text("#!/bin/sh\necho $$ loads slowly >&2\nexec sleep 1000\n")
        slow.chmod(0o700)
        why = "within 0.5 s[^$]*loads slowly"
        with mock.patch("sys.executable", str(slow)), self.assertRaisesRegex(vecmill.Error, why):
            self.connect(timeout=0.5)
        pid = int(re.search(r"(\d+) loads", self.log())[1])
        wait_until(lambda: client._started[-1].poll() is not None)
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)

    def test_sockets_that_are_not_named(self):
        with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(self.folder)):
            path = server_place.default_socket(str(MODEL), "cpu")
            self.assertEqual(path.parent, self.folder / "vecmill")
            self.assertEqual(path, server_place.default_socket(os.path.relpath(MODEL), "cpu"))
            self.assertEqual(len({path, server_place.default_socket(str(MODEL), "cuda:0"),
                                  server_place.default_socket(str(MODEL.parent), "cpu")}), 3)  # fmt: skip
            self.path = path
            with connect(MODEL, threads=1, env={"VECMILL_TEST": "given"}) as remote:
                self.assertEqual(remote.embed(["a"]).shape, (1, DIM))
            environment = pathlib.Path(f"/proc/{self.pids()[0]}/environ").read_bytes()
            self.assertIn(b"VECMILL_TEST=given", environment.split(b"\0"))
            self.assertEqual(path.parent.stat().st_mode & 0o777, 0o700)
        with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=""):
            self.assertEqual(str(server_place.default_socket("a", "cpu").parent), f"/tmp/vecmill-{os.geteuid()}")
        with self.assertRaisesRegex(ValueError, "a socket's path of 15\\d bytes, where 107 are the most"):
            connect(MODEL, socket="/tmp/" + "a" * 145 + ".sock")


if __name__ == "__main__":
    unittest.main()
