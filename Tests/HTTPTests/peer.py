"""Real HTTP peers for the tests: plain (two ports), TLS, TLS with client certificates, and a forward proxy.

Prints one line of name=value pairs when all listen on 127.0.0.1, and ends when its standard input does.
"""
import base64, gzip, http.server, os, shutil, socket, ssl, struct, subprocess, sys, tempfile, threading, urllib.parse

CERTIFICATES = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca
for name in server client; do
  openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
  printf 'subjectAltName=IP:127.0.0.1' > $name.ext
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem -days 2 -extfile $name.ext
done
openssl rsa -aes256 -passout pass:keypass -in client.key -out client.locked.key
"""

lock = threading.Lock()
counts = {}      # any key -> how often it was asked for
valid = {}       # OAuth2 client -> the only token its resource accepts
logs = {}        # what the proxy saw


def count(key):
    with lock:
        counts[key] = counts.get(key, 0) + 1
        return counts[key]


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *arguments):
        pass

    def answer(self, status=200, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def hang(self):
        """Blocks until the client goes away."""
        self.wfile.flush()
        self.connection.settimeout(60)
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        self.close_connection = True

    def any(self):
        url = urllib.parse.urlsplit(self.path)
        query = {k: v[-1] for k, v in urllib.parse.parse_qs(url.query, keep_blank_values=True).items()}
        parts = url.path.strip("/").split("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        getattr(self, "do_" + parts[0], self.missing)(parts[1:], query, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = any

    def missing(self, parts, query, body):
        self.answer(404, b"no such page")

    def do_echo(self, parts, query, body):
        lines = [self.command + " " + self.path] + [f"{n.lower()}: {v}" for n, v in self.headers.items()]
        self.answer(200, ("\n".join(lines) + "\n\n").encode() + body)

    def do_status(self, parts, query, body):
        text = query.pop("body", "told you so").encode()
        self.answer(int(parts[0]), b"" if parts[0] in ("204", "304") else text, list(query.items()))

    def do_bytes(self, parts, query, body):
        self.answer(200, bytes(i * 7 % 251 for i in range(int(parts[0]))))

    def do_gzip(self, parts, query, body):
        packed = gzip.compress(b"0123456789" * int(parts[0]))
        sent = packed[: len(packed) - int(query.get("cut", 0))]
        if "damage" in query:
            sent = sent[:20] + bytes([sent[20] ^ 255]) + sent[21:]
        self.close_connection = len(sent) < len(packed)
        self.answer(200, sent, [("Content-Encoding", "gzip")], length=len(packed))

    def do_slow(self, parts, query, body):
        self.answer(200, b"x", length=1000)
        self.hang()

    def do_cut(self, parts, query, body):
        if parts[0] == "length":
            self.answer(200, b"0123456789", length=1000)
        elif parts[0] == "chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"a\r\n0123456789\r\n")
        elif parts[0] == "unmarked":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"0123456789")
        elif parts[0] == "reset":
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.flush()
        self.close_connection = True

    def do_redirect(self, parts, query, body):
        self.answer(int(query.get("status", 302)), b"moved", [("Location", query["to"])])

    def do_loop(self, parts, query, body):
        self.answer(302, b"", [("Location", f"/loop/{int(parts[0]) + 1}")])

    def do_page(self, parts, query, body):
        n = int(parts[0])
        link = f'</page/{n - 1}>; rel="prev", <{n + 1}?q=a%20b>; title="x, <y>"; rel="last next"'
        self.answer(200, b"%d" % n, [("Link", link if n < 3 else '</page/1>; rel=first')])

    def do_count(self, parts, query, body):
        key = "/".join(parts)
        self.answer(200, str(counts.get(key, 0) if "peek" in query else count(key)).encode())

    def do_port(self, parts, query, body):
        self.answer(200, str(self.client_address[1]).encode())

    def do_basic(self, parts, query, body):
        wanted = "Basic " + base64.b64encode("user:pä:ss".encode()).decode()
        self.answer(200 if self.headers.get("Authorization") == wanted else 401, b"")

    def do_token(self, parts, query, body):
        form = {k: v[0] for k, v in urllib.parse.parse_qs(body.decode()).items()}
        client, secret = form.get("client_id"), form.get("client_secret")
        given = self.headers.get("Authorization", "")
        if given.startswith("Basic "):
            client, secret = map(urllib.parse.unquote, base64.b64decode(given[6:]).decode().split(":", 1))
        n = count("token/" + str(client))
        if parts and parts[0] == "down" or query.get("until", "0") != "0" and n > int(query["until"]):
            return self.answer(503, b"{}")
        if "answer" in query:
            return self.answer(200, query["answer"].encode())
        if secret != "s:cret&ö" or form.get("grant_type") != "client_credentials":
            return self.answer(401, b'{"error": "invalid_client", "error_description": "%s"}' % str(secret).encode())
        token = f"token-{client}-{n}"
        valid[client] = token
        extra = f'"scope": "{form.get("scope", "")}", "nested": {{"a": ["}}", 1]}}, "aud": "{form.get("audience", "")}"'
        self.answer(200, f'{{{extra}, "access_token": "{token}", "token_type": "Bearer", '
                         f'"expires_in": {query.get("lifetime", 3600)}}}'.encode())

    def do_resource(self, parts, query, body):
        ok = self.headers.get("Authorization") == "Bearer " + valid.get(parts[0], "")
        count("resource/" + parts[0])
        self.answer(200 if ok and "never" not in query else 401, self.headers.get("Authorization", "").encode())

    def do_revoke(self, parts, query, body):
        valid[parts[0]] = "none"
        self.answer()

    def do_subject(self, parts, query, body):
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        self.answer(200, repr(certificate and certificate.get("subject")).encode())


class Proxy(http.server.BaseHTTPRequestHandler):
    """Forwards plain requests and tunnels CONNECT, for the user pu with the password pp only."""

    def log_message(self, *arguments):
        pass

    def allowed(self):
        wanted = "Basic " + base64.b64encode(b"pu:pp").decode()
        if self.headers.get("Proxy-Authorization") == wanted:
            return True
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def pump(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def forward(self, address, first):
        with socket.create_connection(address) as upstream:
            upstream.sendall(first)
            thread = threading.Thread(target=self.pump, args=(self.connection, upstream), daemon=True)
            thread.start()
            self.pump(upstream, self.connection)
        self.close_connection = True

    def do_CONNECT(self):
        if self.allowed():
            host, port = self.path.split(":")
            self.send_response(200)
            self.end_headers()
            self.forward((host, int(port)), b"")

    def do_GET(self):
        if self.allowed():
            url = urllib.parse.urlsplit(self.path)
            lines = [f"GET {url.path or '/'} HTTP/1.1", "Via: test-proxy", "Connection: close"]
            lines += [f"{n}: {v}" for n, v in self.headers.items() if not n.lower().startswith("proxy-")]
            self.forward((url.hostname, url.port), ("\r\n".join(lines) + "\r\n\r\n").encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *arguments):
        pass

    def finish_request(self, request, address):
        try:
            if isinstance(request, ssl.SSLSocket):
                request.do_handshake()
        except (ssl.SSLError, OSError):
            # Closing with unread bytes would reset the connection, and the client might never see the alert.
            with socket.socket(fileno=request.detach()) as plain:
                plain.shutdown(socket.SHUT_WR)
                plain.settimeout(10)
                while plain.recv(4096):
                    pass
            return
        super().finish_request(request, address)

    def server_bind(self):
        # The stock method looks the host's name up.
        socketserver_bind = super(http.server.HTTPServer, self).server_bind
        socketserver_bind()
        self.server_name, self.server_port = self.server_address[:2]


def serve(handler, context=None):
    server = Server(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def tls(directory, wants_client):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory + "/server.pem", directory + "/server.key")
    if wants_client:
        context.load_verify_locations(directory + "/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


directory = tempfile.mkdtemp()
try:
    subprocess.run(["sh", "-e", "-c", CERTIFICATES], cwd=directory, check=True, stderr=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    ports = dict(main=serve(Peer), other=serve(Peer), tls=serve(Peer, tls(directory, False)),
                 mutual=serve(Peer, tls(directory, True)), proxy=serve(Proxy))
    print(" ".join(f"{k}={v}" for k, v in ports.items()), "dir=" + directory, flush=True)
    sys.stdin.buffer.read()
finally:
    shutil.rmtree(directory)
