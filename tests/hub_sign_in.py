"""A sign-in like the Hub's on loopback: OpenID Connect with signed identities, for whoever a test says that signs in."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jwt

CLIENT_ID, CLIENT_SECRET = "the-space", "the secret of the space"


class SignIn(ThreadingHTTPServer):
    """The server. `nonces` maps a code to the nonce of its request, `claims` says who signs in."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "k"})
        self.nonces: dict[str, str] = {}
        self.claims: dict[str, Any] = {}

    def code_for(self, address: str) -> tuple[str, str]:
        """What the Hub would send a browser back with from its page at this address: code and state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code{len(self.nonces)}"
        self.nonces[code] = asked["nonce"]
        return code, asked["state"]

    def identity(self, code: str) -> str:
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": int(time.time()), "exp": int(time.time()) + 600}
        claims |= {"nonce": self.nonces[code], "sub": "1", "name": "A", "profile": "", "picture": ""} | self.claims
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    server: SignIn

    def do_GET(self) -> None:
        url = self.server.url
        if self.path == "/.well-known/openid-configuration":
            self._tell(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/oauth/authorize",
                    "token_endpoint": f"{url}/oauth/token",
                    "jwks_uri": f"{url}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        else:
            self._tell({"keys": [self.server.key.as_dict(private=False)]})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        given = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert self.headers["authorization"] == f"Basic {given}"
        token = {"access_token": "t", "token_type": "bearer", "expires_in": 600}
        self._tell(token | {"id_token": self.server.identity(form["code"][0])})

    def _tell(self, what: object) -> None:
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving_sign_in() -> Iterator[SignIn]:
    """Serve it until left."""
    server = SignIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
