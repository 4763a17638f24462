"""The shipped deploy/nginx.conf as it stands, on other ports, in front of the real server on its unix socket."""

import os
import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from web_world import free_port, read_all

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx.conf"
MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/connector.conf;
}}
"""


@dataclass
class Nginx:
    port: int
    plain_port: int
    process: subprocess.Popen
    folder: Path

    def connect(self, source="127.0.0.1", timeout=20.0):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout, source_address=(source, 0))
        return context.wrap_socket(raw)

    def say(self, sent, source="127.0.0.1"):
        """Send bytes as they are; return all that is answered until the server closes."""
        with self.connect(source) as connection:
            connection.sendall(sent)
            return read_all(connection)


def program():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def start(folder, api_socket):
    """Run nginx with the shipped file; only ports, certificate, log and socket are this test's."""
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=shop.example", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    port, plain_port = free_port(), free_port()
    text = SHIPPED.read_text()
    for here, there in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("/etc/ssl/certs/shop.example.pem", str(folder / "cert.pem")),
        ("/etc/ssl/private/shop.example.key", str(folder / "key.pem")),
        ("/var/log/nginx/connector.log", str(folder / "access.log")),
        ("/run/connector/api.sock", str(api_socket)),
    ):
        assert here in text, here
        text = text.replace(here, there)
    (folder / "connector.conf").write_text(text)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(user=user, folder=folder))
    command = [program(), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    with (folder / "output.log").open("wb") as output:
        return Nginx(port, plain_port, subprocess.Popen(command, stdout=output, stderr=output), folder)
