"""A small sign-in service that speaks OpenID Connect: it lets everybody in, as whoever the test says."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, jsonify, redirect, request
from werkzeug.serving import make_server

CLIENT, SECRET = "voicehive", "f3b1c09d7e5a42688b1c9f0e2d4a7c61"


class Provider:
    """Serves until it is stopped; `claims` are what it says of the person."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        #: What is changed in the token, to make it a bad one.
        self.spoiled: dict[str, Any] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._signs = self._key
        self._codes: dict[str, dict[str, str]] = {}
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sign_with_another_key(self) -> None:
        self._signs = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def _app(self) -> Flask:
        app = Flask("provider")

        @app.get("/.well-known/openid-configuration")
        def metadata() -> Response:
            return jsonify(
                issuer=self.url,
                authorization_endpoint=f"{self.url}/authorize",
                token_endpoint=f"{self.url}/token",
                jwks_uri=f"{self.url}/keys",
                id_token_signing_alg_values_supported=["RS256"],
            )

        @app.get("/keys")
        def keys() -> Response:
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
            return jsonify(keys=[public | {"kid": "1", "use": "sig", "alg": "RS256"}])

        @app.get("/authorize")
        def authorize() -> Response:
            asked = request.args.to_dict()
            assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
            assert asked["code_challenge_method"] == "S256"
            code = secrets.token_hex(8)
            self._codes[code] = asked
            return redirect(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")  # type: ignore[return-value]

        @app.post("/token")
        def token() -> Response:
            assert request.authorization
            assert (request.authorization.username, request.authorization.password) == (CLIENT, SECRET)
            asked = self._codes.pop(request.form["code"])
            challenge = hashlib.sha256(request.form["code_verifier"].encode()).digest()
            assert base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == asked["code_challenge"]
            assert request.form["redirect_uri"] == asked["redirect_uri"]
            now = int(time.time())
            claims = {"iss": self.url, "aud": CLIENT, "nonce": asked["nonce"], "iat": now, "exp": now + 300}
            signed = jwt.encode(claims | self.claims | self.spoiled, self._signs, "RS256", headers={"kid": "1"})
            return jsonify(access_token="opaque", token_type="Bearer", expires_in=300, id_token=signed)

        return app
