/// The web server of ``FileServer/https()``.
enum WebServerScript {
    /// Usage: server.py DIRECTORY PORT. Below `/files/` files are served with ETag, time and parts; other first words change that:
    /// `bare` tells nothing of a file and knows no parts, `cut` breaks off after each 100,000 bytes, `get` refuses HEAD, `private`
    /// wants user and password, `moved` leads to `/files/`, `grow` adds to the file when it was read, `hang` stops after 10 bytes, `busy` answers 503 twice for each path before it serves.
    static let text = #"""
        import base64, email.utils, http.server, json, os, socket, ssl, struct, sys, threading, urllib.parse

        directory, port = sys.argv[1], int(sys.argv[2])
        asked = {}
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            def log_message(self, *arguments):
                print(self.command, self.path, self.headers.get("Range", "-"), flush=True)
            def refuse(self, status, headers=()):
                self.send_response(status)
                for name, value in headers: self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
            def do_GET(self):
                kind, _, name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/").partition("/")
                if kind == "shop": return self.shop(name)
                if kind == "moved": return self.refuse(302, [("Location", "/files/" + urllib.parse.quote(name))])
                if kind == "get" and self.command == "HEAD": return self.refuse(405)
                if kind == "private":
                    wanted = "Basic " + base64.b64encode("tester:pass wörd's".encode()).decode()
                    if self.headers.get("Authorization") != wanted:
                        return self.refuse(401, [("WWW-Authenticate", "Basic")])
                if kind == "busy":
                    with lock: asked[name] = asked.get(name, 0) + 1
                    if asked[name] < 3: return self.refuse(503)
                try: file = open(os.path.join(directory, "files", name), "rb")
                except OSError: return self.refuse(404)
                with file:
                    status = os.fstat(file.fileno())
                    tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
                    if kind != "bare" and self.headers.get("If-Match", tag) != tag: return self.refuse(412)
                    start, code = 0, 200
                    if kind != "bare" and "Range" in self.headers:
                        start, code = int(self.headers["Range"][6:].split("-")[0]), 206
                        file.seek(start)
                    self.send_response(code)
                    if code == 206: self.send_header("Content-Range", f"bytes {start}-{status.st_size - 1}/{status.st_size}")
                    if kind != "bare":
                        self.send_header("ETag", tag)
                        self.send_header("Last-Modified", email.utils.formatdate(status.st_mtime, usegmt=True))
                    self.send_header("Content-Length", str(status.st_size - start))
                    self.end_headers()
                    if self.command == "HEAD": return
                    if kind == "hang":
                        self.wfile.write(file.read(10))
                        self.wfile.flush()
                        self.connection.recv(1)
                        return
                    left = 100_000 if kind == "cut" else None
                    while True:
                        piece = file.read(65536 if left is None else min(65536, left))
                        if not piece: break
                        self.wfile.write(piece)
                        if left is not None:
                            left -= len(piece)
                            if left == 0 and file.tell() < status.st_size:
                                self.wfile.flush()
                                self.connection.shutdown(socket.SHUT_RDWR)
                                self.close_connection = True
                                return
                    if kind == "grow":
                        with open(file.name, "ab") as more: more.write(b'{"id":-1}\n')
            do_HEAD = do_GET

            # `shop/orders` and `shop/orders/ID/items`, as orders.json has them: id, updated, items (how many; null is a 404). The
            # first question about each third order's items is answered 503.
            def shop(self, name):
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                with open(os.path.join(directory, "files", "orders.json")) as file: orders = json.load(file)
                limit = int(query.get("limit", 1000))
                if name == "orders":
                    found = [o for o in orders if o["id"] > int(query.get("after", 0)) and o["updated"] >= query.get("since", "")]
                    rows = [{k: v for k, v in o.items() if k != "items"} for o in found][:limit]
                else:
                    key = int(name.split("/")[1])
                    with lock: asked[name] = asked.get(name, 0) + 1
                    if key % 3 == 0 and asked[name] == 1: return self.refuse(503)
                    count = next((o["items"] for o in orders if o["id"] == key), None)
                    if count is None: return self.refuse(404)
                    start = (int(query.get("page", 1)) - 1) * limit
                    rows = [{"line": line, "updated": "own"} for line in range(count)][start:start + limit]
                body = json.dumps({"data": rows}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            def handle_error(self, request, address): pass

        server = Server(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{directory}/cert.pem", f"{directory}/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.serve_forever()
        """#
}
