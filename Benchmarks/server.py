"""The source of the fault records: nginx over generated pages, else the mock upstream that Bobbin ships."""
import os
import shutil
import socket
import subprocess
import time
import urllib.request

NGINX = """daemon off; master_process off; pid nginx.pid; error_log error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/json;
  open_file_cache max=5000 inactive=600s;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server {{
    listen 127.0.0.1:{port}; root {root};
    location = /faults {{ try_files /faults/$arg_domain/$arg_date/$arg_lastRank.json =404; }}
    location = /tiny {{ return 200 '{{"data":[{{"id":$arg_page}}],"pages":$arg_of}}'; }}
  }}
}}
"""


class Server:
    """Runs from creation to `stop`. `pid` is the process whose CPU counts, `base` its address."""

    def __init__(self, folder, pages, nginx, mock, domains, rows):
        """pages: the directory above `faults/`. nginx, mock: programs or None. domains, rows: what a mock generates."""
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.is_mock = not nginx
        if nginx:
            with open(folder + "/nginx.conf", "w", encoding="utf-8") as file:
                file.write(NGINX.format(port=port, root=pages))
            command = [nginx, "-p", folder, "-e", "error.log", "-c", "nginx.conf"]
        elif mock:
            command = [mock, "--port", str(port), "--quiet", "--exit-with-parent", "--domains", ",".join(domains),
                       "--rows", str(rows), "--rows-for", f"domain=domain-small:{min(rows, 10_000)}"]
        else:
            raise SystemExit("bench: there is neither nginx nor bobbin-upstream to serve the records")
        with open(folder + "/log", "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self.process.pid
        for _ in range(100):
            time.sleep(0.05)
            try:
                urllib.request.urlopen(self.page(domains[0])).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
        self.stop()
        raise SystemExit(f"bench: {command[0]} does not serve; see {folder}")

    def page(self, domain):
        return f"{self.base}/faults?domain={domain}&date=2026-11-20&lastRank=0&limit=5000"

    def stop(self):
        self.process.terminate()
        self.process.wait()
