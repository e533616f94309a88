"""What looks like a password does not get into the log, in whatever way a tool writes it."""

import time

import pytest

from vmstore.log.secrets import blanked


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("--password geheim --rate 5M", "--password *** --rate 5M"),
        ("--password='ge heim' x", "--password=*** x"),
        ("TOOL_PASSWORD=geheim tool", "TOOL_PASSWORD=*** tool"),
        ('<fencedevice passwd="ge heim" port="1"/>', '<fencedevice passwd=*** port="1"/>'),
        (r"sh -c \"passwd=\"geheim\" tool\"", r"sh -c \"passwd=*** tool\""),
        ("passwd=&quot;ge heim&quot; port=1", "passwd=*** port=1"),
        ('<nvpair id="f-passwd" name="passwd" value="geheim"/>', '<nvpair id="f-passwd" name="passwd" value=***/>'),
        ("<nvpair name='password' value='ge heim'/>", "<nvpair name='password' value=***/>"),
        ('{"password": "ge heim", "port": 1}', '{"password": ***, "port": 1}'),
        ("Password: geheim", "Password: ***"),
        ('near <fencedevice passwd="ge heim', "near <fencedevice passwd=***"),
        ("node.session.auth.password = geheim", "node.session.auth.password = ***"),
    ],
)
def test_a_secret_is_blanked_and_the_rest_stays(said: str, kept: str) -> None:
    assert blanked(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "root@n2: Permission denied (publickey,password).",
        '<nvpair name="login" value="admin"/>',
        "lvcreate --yes --name web01 vmstore /dev/sda",
        "cat /etc/passwd",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert blanked(said) == said


@pytest.mark.parametrize("said", ["a" * 200_000, "--passw" * 1_000, "password=" + '"' * 50_001])
def test_a_long_command_holds_nobody_up(said: str) -> None:
    began = time.process_time()
    blanked(said)
    assert time.process_time() - began < 5
