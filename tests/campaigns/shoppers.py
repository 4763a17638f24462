"""Marketplaces that place orders and send each again until it is taken, and now and then after it was."""

import random
import threading
import time
from http import HTTPStatus

import requests

PATIENCE_SECONDS = 10


class Shopper(threading.Thread):
    """One client. `answers` are what it was told, by the marketplace's number; `changed` what was told otherwise the second time.

    `turned_away` counts answers that said to come again.
    """

    def __init__(self, name, addresses, document, seed, pause=0.0):
        super().__init__(daemon=True)
        self.name, self.addresses, self.document, self.pause = name, addresses, document, pause
        self.chance, self.stop = random.Random(seed), threading.Event()
        self.answers, self.changed, self.refused, self.turned_away = {}, [], [], 0
        self.session = requests.Session()
        self.session.trust_env = False

    def run(self):
        number = 0
        while not self.stop.is_set():
            number += 1
            self._place(f"{self.name}-{number}")
            if self.chance.random() < 0.2:
                self._again(self.chance.choice(list(self.answers)))
            self.stop.wait(self.pause)

    def _place(self, number):
        """Send until it is taken: an order begun is seen through, also when it is time to stop."""
        while (answer := self._sent(number)) is None:
            time.sleep(0.02)
        self.answers[number] = answer

    def _again(self, number):
        answer = self._sent(number)
        if answer is not None and answer != self.answers[number]:
            self.changed.append(number)

    def _sent(self, number):
        """Return the answer of a placement that was taken, or None where it must be sent again."""
        address = self.chance.choice(self.addresses)
        try:
            answer = self.session.post(f"{address}/pvt/orders?an=acme-market", json=[self.document(number)], timeout=PATIENCE_SECONDS)
        except requests.RequestException:
            return None
        if 400 <= answer.status_code < 500:
            self.refused.append((number, answer.status_code, answer.text[:200]))
        self.turned_away += answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        return answer.content if answer.status_code == 200 else None
