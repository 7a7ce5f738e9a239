from __future__ import annotations

import socketserver
import threading
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lms import db
from lms.base.problem import Unavailable
from lms.host.config import ConfigurationError
from lms.jobs.runner import Worker
from lms.jobs.services import jobs
from lms.mail import services as mail
from lms.mail import transports
from lms.mail.models import Message


@pytest.fixture(autouse=True)
def templates(site: Any) -> None:
    folder = Path(site.config.instance, "templates", "mail")
    folder.mkdir(parents=True)
    (folder / "trial.txt").write_text("Hello {{ name }}: {{ link }}")
    (folder / "trial.html").write_text('<p>Hello {{ name }}: <a href="{{ link }}">open</a></p>')
    site.rebuild()


@pytest.fixture
def app(site: Any, templates: None) -> Any:
    with site.app.app_context():
        yield site.app
        db.rollback()
        db.session.remove()
    db.dispose(site.app)


def send(key: str = "trial.1", **changes: Any) -> None:
    letter = {"to": "ann@example.org", "subject": "Welcome", "template": "mail/trial", "key": key}
    mail.send(**{**letter, "context": {"name": "<Ann>", "link": "http://localhost/t/secret-token"}, **changes})
    db.commit()


def outbox(app: Any) -> list[Any]:
    folder = app.config["LMS"].instance / "outbox"
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(folder.glob("*.eml"))]


def stored(app: Any) -> Message:
    return db.session.scalars(select(Message).execution_options(populate_existing=True)).one()


def test_a_letter_leaves_with_text_and_html(app, both_databases):
    send()
    Worker(app).run_due()
    letter = outbox(app)[0]
    assert letter["To"] == "ann@example.org"
    assert "Hello <Ann>: http://localhost/t/secret-token" in letter.get_body(("plain",)).get_content()
    assert "Hello &lt;Ann&gt;" in letter.get_body(("html",)).get_content()


def test_a_fragment_of_html_is_put_into_the_layout(app):
    send()
    Worker(app).run_due()
    assert outbox(app)[0].get_body(("html",)).get_content().startswith("<!doctype html>")


def test_a_second_letter_with_the_same_key_changes_nothing(app, both_databases):
    send()
    send(subject="Another")
    Worker(app).run_due()
    assert [letter["Subject"] for letter in outbox(app)] == ["Welcome"]


def test_a_letter_of_a_rolled_back_transaction_is_never_sent(app):
    mail.send(to="ann@example.org", subject="No", template="mail/trial", context={}, key="trial.2")
    db.rollback()
    Worker(app).run_due()
    assert outbox(app) == []


def test_the_words_of_a_letter_are_sealed_while_it_waits_and_gone_once_it_is_sent(app):
    send()
    waiting = stored(app).sealed_body
    Worker(app).run_due()
    assert waiting
    assert "secret-token" not in waiting
    assert (stored(app).sealed_body, stored(app).state) == ("", "sent")


def test_a_letter_that_is_sent_twice_is_one_letter_in_the_outbox(app):
    send()
    letter_id = stored(app).id
    Worker(app).run_due()
    mail.deliver(letter_id)
    assert len(outbox(app)) == 1


def test_a_line_break_in_a_subject_begins_no_header(app):
    send(subject="Hello\r\nBcc: eve@example.org")
    Worker(app).run_due()
    assert (outbox(app)[0]["Subject"], outbox(app)[0]["Bcc"]) == ("Hello Bcc: eve@example.org", None)


@pytest.mark.parametrize("address", ["", "ann", "ann@example.org\nBcc: eve@example.org", "a@b, c@d"])
def test_an_address_that_is_none_is_refused(app, address):
    with pytest.raises((ValueError, IndexError)):
        send(to=address)


class MailServer(socketserver.StreamRequestHandler):
    """Speaks enough SMTP to take or refuse a letter."""

    refusal = b""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            if verb == b"RCPT" and self.refusal:
                self.wfile.write(self.refusal)
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                received = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    received += part
                self.server.letters.append(received)  # type: ignore[attr-defined]
                self.wfile.write(b"250 taken\r\n")
            else:
                self.wfile.write(b"250 fine\r\n")


@pytest.fixture
def mail_server() -> Any:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer)
    server.letters = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def through(app: Any, server: Any) -> None:
    app.config["LMS"] = replace(app.config["LMS"], mail=f"smtp://127.0.0.1:{server.server_address[1]}")


def test_a_mail_server_gets_the_letter(app, mail_server):
    through(app, mail_server)
    send()
    Worker(app).run_due()
    assert b"Subject: Welcome" in mail_server.letters[0]


def test_a_letter_that_the_server_refuses_for_good_is_not_tried_again(app, mail_server, monkeypatch):
    monkeypatch.setattr(MailServer, "refusal", b"550 no such person\r\n")
    through(app, mail_server)
    send()
    Worker(app).run_due()
    assert (stored(app).state, mail.refused(), jobs("queued")) == ("refused", 1, ())


def test_a_letter_that_the_server_cannot_take_now_is_tried_again(app, mail_server, monkeypatch):
    monkeypatch.setattr(MailServer, "refusal", b"451 later\r\n")
    through(app, mail_server)
    send()
    Worker(app).run_due()
    assert (stored(app).state, len(jobs("queued"))) == ("waiting", 1)


def test_a_mail_server_that_is_down_is_a_refusal_for_now(app, mail_server):
    transport = transports.Smtp("127.0.0.1", 1)
    with pytest.raises(Unavailable):
        transport.send(
            mail.compose(mail.Letter("a", "b", "c"), to="ann@example.org", key="k"), key="k", written_at=None
        )


@pytest.mark.parametrize("address", ["smtp://", "http://mail.example", "nonsense"])
def test_a_configuration_that_cannot_work_says_so(app, address):
    with pytest.raises(ConfigurationError):
        transports.of(replace(app.config["LMS"], mail=address))
