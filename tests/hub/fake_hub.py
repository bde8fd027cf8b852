"""A model hub on the loopback interface: the parts of its API that vecmill uses, and its faults.

Two servers: the hub, which lists files and serves small ones, and a store at another port, to which
the hub redirects for Git LFS files, as the real one does to another host.
"""

import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse

CHUNK_BYTES = 16 << 10


def git_hash(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Repository:
    """One commit. LFS holds what ends in .safetensors or .bin."""

    def __init__(self, files, commit="0123456789abcdef0123456789abcdef01234567"):
        self.files = dict(files)
        self.refs = {"main": commit, commit: commit}
        self.token = None  # without it the repository is hidden
        self.gated = False  # files are refused
        self.listed = {}  # path -> what the listing says instead of the truth
        self.moved_to = None  # every request is redirected to this name

    @staticmethod
    def is_lfs(path):
        return path.endswith((".safetensors", ".bin"))

    def hash(self, path):
        content = self.files[path]
        return hashlib.sha256(content).hexdigest() if self.is_lfs(path) else git_hash(content)

    def siblings(self):
        for path, content in self.files.items():
            entry = {"rfilename": path, "size": len(content), "blobId": git_hash(content)}
            if self.is_lfs(path):
                entry["lfs"] = {"sha256": self.hash(path), "size": len(content), "pointerSize": 130}
            yield {**entry, **self.listed.get(path, {})}


class Fault:
    """What happens to one request for a file; the next request meets the next fault.

    status: answer with it; after: bytes that are sent before the rest happens; then: "cut" the
    connection, "stall" until released, or send "other" bytes; no_range: send all of the file.
    """

    def __init__(self, status=None, after=0, then=None, no_range=False, headers=None):
        self.status, self.after, self.then, self.no_range = status, after, then, no_range
        self.headers = headers or {}
        self.reached = threading.Event()
        self.release = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def handle(self):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a client that went away
            super().handle()

    def do_GET(self):
        hub = self.server.hub
        with hub.lock:
            hub.requests.append((self.server.name, self.path, dict(self.headers)))
        getattr(self, "get_from_" + self.server.name)(hub, urllib.parse.urlsplit(self.path).path)

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def get_from_hub(self, hub, path):
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)", path)
        name = (api or file)[1]
        repository = hub.repositories.get(name)
        authorized = self.headers.get("Authorization")
        if repository is None or (
            repository.token and authorized != f"Bearer {repository.token}"
        ):
            # The real hub hides what is private; a careless one repeats the header.
            self.answer(
                401, headers={"X-Error-Code": "RepoNotFound", "X-Error-Message": f"no: {authorized}"}
            )
        elif repository.moved_to:
            self.answer(307, headers={"Location": self.path.replace(name, repository.moved_to)})
        elif api:
            self.get_listing(hub, repository, urllib.parse.unquote(api[2]))
        elif repository.gated:
            self.answer(403, headers={"X-Error-Code": "GatedRepo"})
        else:
            self.get_file(hub, repository, urllib.parse.unquote(file[3]))

    def get_listing(self, hub, repository, revision):
        fault = hub.next_fault("listing")
        if fault:
            self.answer(fault.status, headers=fault.headers)
        elif revision not in repository.refs:
            self.answer(404, headers={"X-Error-Code": "RevisionNotFound"})
        else:
            listing = {
                "id": "x/y",
                "sha": repository.refs[revision],
                "siblings": list(repository.siblings()),
            }
            self.answer(200, json.dumps(listing).encode())

    def get_file(self, hub, repository, path):
        if path not in repository.files:
            self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
        elif repository.is_lfs(path):
            store = f"http://127.0.0.1:{hub.store.server_port}"
            location = f"{store}/{urllib.parse.quote(path)}?{repository.hash(path)}&signature=S3CRET"
            self.answer(302, headers={"Location": location})
        else:
            self.send_file(repository.files[path], hub.next_fault(path))

    def get_from_store(self, hub, path):
        digest = urllib.parse.urlsplit(self.path).query.split("&")[0]
        name = urllib.parse.unquote(path[1:])
        for repository in hub.repositories.values():
            if name in repository.files and repository.hash(name) == digest:
                self.send_file(repository.files[name], hub.next_fault(name))
                return
        self.answer(404)

    def send_file(self, content, fault):
        if fault and fault.status:
            self.answer(fault.status, headers=fault.headers)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted and not (fault and fault.no_range) else 0
        if wanted and begin:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        end = begin + fault.after if fault and fault.then else len(content)
        for at in range(begin, end, CHUNK_BYTES):
            self.wfile.write(content[at : min(at + CHUNK_BYTES, end)])
        if fault and fault.then:
            self.wfile.flush()
            fault.reached.set()
            if fault.then == "stall":
                fault.release.wait(10)
            if fault.then == "other":
                self.wfile.write(bytes(len(content) - end))
            else:
                self.close_connection = True


class FakeHub:
    def __init__(self):
        self.repositories = {}
        self.faults = {}  # path, or "listing" -> faults of the requests to come
        self.requests = []  # (server, path, headers)
        self.lock = threading.Lock()
        self.hub = self.start("hub")
        self.store = self.start("store")
        self.endpoint = f"http://127.0.0.1:{self.hub.server_port}"

    def start(self, name):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.name, server.hub = name, self
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        return server

    def stop(self):
        for server in (self.hub, self.store):
            server.shutdown()
            server.server_close()

    def next_fault(self, path):
        with self.lock:
            waiting = self.faults.get(path)
            return waiting.pop(0) if waiting else None

    def paths(self, server):
        """Paths of the requests to a server, in their order."""
        with self.lock:
            return [urllib.parse.urlsplit(p).path for s, p, _ in self.requests if s == server]

    def ranges(self, name):
        """Range headers of the requests to the store for a file, None where there was none."""
        with self.lock:
            return [
                h.get("Range")
                for s, p, h in self.requests
                if s == "store" and urllib.parse.urlsplit(p).path == "/" + name
            ]
