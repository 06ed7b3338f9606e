"""The real server as a child process, and requests to it that are no part of the tests.

It listens on a free port of the loopback, has its data in a folder that goes away, and is ended by
its pid.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections import deque

USER = "erin"
PASSWORD = "demo"
API_KEY = "a-key-for-the-tests-of-the-documents"
START_LIMIT_S = 20
END_LIMIT_S = 15

# Wrong logins are among what is tried, and must not become a 429 for the right ones.
CONFIG = f"""
[login]
user_failures = 1000000
address_failures = 1000000
[api]
enabled = true
[api.keys.tests]
sha256 = "{hashlib.sha256(API_KEY.encode()).hexdigest()}"
"""


def ask(url, method="GET", body=None, user=USER):
    """The status and the JSON of an answer, whatever the status is."""
    login = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
    headers = {"authorization": f"Basic {login}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Server:
    def __init__(self, folder):
        (folder / "encke.toml").write_text(CONFIG)
        binary = os.environ["ENCKE_BIN"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ENCKE_")}
        self._log = deque(maxlen=200)
        self._listens = threading.Event()
        self._child = subprocess.Popen(
            [binary, "demo", "--listen", "127.0.0.1:0", "--data", "data", "--config", "encke.toml"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._child.stderr:
            self._log.append(line.rstrip())
            found = re.search(r"listening on (http://\S+)", line)
            if found and not self._listens.is_set():
                self.url = found[1]
                self._listens.set()

    def __enter__(self):
        if not self._listens.wait(START_LIMIT_S):
            self.__exit__()
            raise RuntimeError(f"the server does not listen; the log:\n{self.log()}")
        return self

    def __exit__(self, *_):
        self._child.terminate()
        try:
            self._child.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def lives(self):
        return self._child.poll() is None

    def log(self):
        return "\n".join(self._log)

    def listen_in(self, user):
        """A Bayeux session at each endpoint, so that lists of sessions and channels are not empty."""
        for endpoint in ("/cometd", "/api/v2/notifications"):
            hello = {"channel": "/meta/handshake", "version": "1.0"}
            hello["supportedConnectionTypes"] = ["long-polling"]
            _, answer = ask(self.url + endpoint, "POST", [hello], user)
            client = {"clientId": answer[0]["clientId"]}
            channel = "/news/today" if endpoint == "/cometd" else "/v2/me/*"
            wish = {"channel": "/meta/subscribe", "subscription": channel, **client}
            # A connect that is not held starts the time for which the session waits for the next.
            connect = {"channel": "/meta/connect", "connectionType": "long-polling", **client}
            ask(self.url + endpoint, "POST", [wish, {**connect, "advice": {"timeout": 0}}], user)
