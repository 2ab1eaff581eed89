"""Who is told of alarms: takes what a webhook sends, checks its signature, and refuses now and then."""
import hashlib
import hmac
import http.server
import json
import random
import threading


class Hook:
    """Listens on a port of this machine. `heard`: (delivery, event, body) of each that was taken; `wrong`: what should not have come."""

    def __init__(self, secret, seed, refusing=0.05):
        self.secret, self.dice, self.refusing = secret, random.Random(seed), refusing
        self.heard, self.wrong, self.refused, self.lock = [], [], 0, threading.Lock()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(hook.take(dict(self.headers), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def settings(self):
        return {"ALERT_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/alarms", "ALERT_WEBHOOK_SECRET": self.secret}

    def take(self, head, body):
        fields = {name.lower(): value for name, value in head.items()}
        text = fields.get("gapless-timestamp", "").encode() + b"." + body
        wanted = "v1=" + hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()
        with self.lock:
            if not hmac.compare_digest(wanted, fields.get("gapless-signature", "")):
                self.wrong.append(("signature", dict(fields)))
                return 400
            if self.dice.random() < self.refusing:
                self.refused += 1
                return 503
            try:
                self.heard.append((fields["gapless-delivery"], fields["gapless-event"], json.loads(body)))
            except (KeyError, ValueError) as reason:
                self.wrong.append((repr(reason), dict(fields), body[:200]))
            return 204

    def close(self):
        self.server.shutdown()
        self.server.server_close()
