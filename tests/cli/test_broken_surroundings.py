"""What the command says where something around it is missing or broken: each by name, none with a traceback."""

import pytest

NO_FOLDER = "sqlite:////proc/nowhere/connector.db"
NO_SERVER = "postgresql+psycopg://nobody:secret-word@127.0.0.1:9/none"


@pytest.mark.parametrize("url", [NO_FOLDER, NO_SERVER])
def test_check_goes_on_where_the_database_cannot_be_reached(project, url):
    done = project.call("check", CONNECTOR__DATABASE__URL=url)

    lines = {line[12:].partition(":")[0]: line.split()[0] for line in done.stdout.splitlines()}
    assert (done.returncode, lines["database"]) == (3, "unreachable")
    assert {"settings", "ERP source", "ERP target", "free disk"} <= lines.keys()
    assert "secret-word" not in done.stdout + done.stderr


def test_a_folder_that_cannot_hold_the_database_is_exit_3(project):
    done = project.call("status", CONNECTOR__DATABASE__URL=NO_FOLDER)

    assert done.returncode == 3
    assert "/proc/nowhere cannot be made" in done.stderr
    assert "unexpected" not in done.stderr


def test_an_address_of_the_database_that_cannot_be_read_is_not_repeated(project):
    url = "postgresql+psycopg://shop:S3cr3tPw@db.example:S3port/shop"

    shown, moved = project.call("status", CONNECTOR__DATABASE__URL=url), project.call("migrate", "--to", url)

    assert (shown.returncode, moved.returncode) == (2, 2)
    assert "database.url: found 'an address that cannot be read'" in shown.stderr
    for done in (shown, moved):
        assert [word for word in ("S3", "unexpected", "Traceback") if word in done.stdout + done.stderr] == []


@pytest.mark.parametrize(("template", "words"), [(None, "no template order.j2"), ("{% if %}", "line 1"), (b"\xff", "UTF-8")])
def test_check_names_an_order_template_that_cannot_be_used(project, template, words):
    folder = project.root / "config" / "templates"
    folder.mkdir()
    if template is not None:
        (folder / "order.j2").write_bytes(template if isinstance(template, bytes) else template.encode())

    done = project.call("check", CONNECTOR__ORDERS__FORMAT="order.j2")

    found = next(line for line in done.stdout.splitlines() if "order format" in line)
    assert found.startswith("fail")
    assert words in found


def test_a_pass_stopped_by_a_missing_secret_has_ended_in_the_status(project):
    done = project.call("run", "notify-marketplaces", VTEX_APP_KEY="")

    _, found = project.document("status")
    run = found["jobs"]["notify-marketplaces"]
    assert done.returncode == run["exit_status"] == 2
    assert run["ended_at"]


def test_a_word_of_a_call_that_is_no_text_is_named_in_a_sentence(project):
    done = project.call("why", "\udcff")  # as Python hands over a byte that is none of UTF-8

    assert done.returncode == 2
    assert r"'\udcff' is no text in UTF-8" in done.stderr
