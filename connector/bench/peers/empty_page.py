"""An empty page in Falcon: what the server and the framework cost before anything is answered."""

from __future__ import annotations

import falcon


class Empty:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = b""


def get_app() -> falcon.App[falcon.Request, falcon.Response]:
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    app.add_route("/", Empty())
    return app
