"""What each shell offers and fills in where, typed with nothing but a stub of vmstore in its PATH."""

import os

import pytest

from tests.shells.terminal import Terminal

JOB = "n1-20260102T120000Z-a1b2c3"


@pytest.mark.parametrize(
    ("line", "offers", "but"),
    [
        ("", {"list", "evacuate", "pv", "job", "completion"}, {"--most", "--debug"}),
        ("--", {"--debug", "--help"}, {"list", "--output"}),
        ("pv ", {"add", "cordon", "uncordon"}, {"evacuate"}),
        ("show ", {"db01", "web01", "web02"}, {"n1", "fc"}),
        ("show web", {"web01", "web02"}, {"db01"}),
        ("relocate web01 ", {"n1", "n2"}, {"web02", "db01"}),
        ("evacuate ", {"/dev/sdb", "wwid-sdb", "wwid-sdc"}, {"web01", "n1"}),
        ("evacuate wwid-sdb --to ", {"fc", "iscsi", "wwid-sdc"}, {"web01", "n1"}),
        ("evacuate wwid-sdb --to fc --exclude ", {"db01", "web01"}, {"n1", "fc"}),
        ("evacuate --engine ", {"mirror", "raid1", "used"}, {"web01"}),
        ("list --offline ", {"n1", "n2"}, {"web01"}),
        ("list --offline n1 --o", {"--offline", "--output"}, {"--config"}),
        ("list --output ", {"table", "json", "plain"}, {"csv"}),
        ("report -o ", {"table", "csv", "prometheus"}, set()),
        ("report ", {"vmstore", "fc", "wwid-sdb", "web01"}, {"n1"}),
        ("report fc ", {"vmstore", "iscsi", "web01"}, {"n1"}),
        ("list --output json -", {"--config", "--offline"}, {"--output", "-o"}),
        ("create web03 1G --service --", {"--class", "--dry-run"}, {"--service", "--no-service"}),
        ("explain VMS-C", {"VMS-C01", "VMS-C02"}, {"VMS-P01"}),
        ("list ", {"--output", "--config"}, {"web01"}),
        ("rebalance --", {"--most", "--window", "--exclude", "--offline"}, {"web01"}),
    ],
)
def test_what_may_stand_there_is_offered(shell: Terminal, line: str, offers: set[str], but: set[str]) -> None:
    # The longest comes with the last of its list, whatever else a shell redraws on the way.
    typed = shell.type(line, until=max(offers, key=len))
    assert offers <= typed.offered
    assert not but & typed.offered


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rep", ["report"]),
        ("show d", ["show", "db01"]),
        ("pv unc", ["pv", "uncordon"]),
        ("evacuate /d", ["evacuate", "/dev/sd"]),
        ("evacuate wwid-sdb --to i", ["evacuate", "wwid-sdb", "--to", "iscsi"]),
        ("evacuate wwid-sdb --to=i", ["evacuate", "wwid-sdb", "--to=iscsi"]),
        ("list --output=j", ["list", "--output=json"]),
        ("list --config settings/vmstore.toml -o j", ["list", "--config", "settings/vmstore.toml", "-o", "json"]),
        ("job rate n", ["job", "rate", JOB]),
        ("create web03 1G --acti", ["create", "web03", "1G", "--activate"]),
        ("--debug show d", ["--debug", "show", "db01"]),
        ("show -o json d", ["show", "-o", "json", "db01"]),
        ("show -- d", ["show", "--", "db01"]),
        ("completion f", ["completion", "fish"]),
    ],
)
def test_what_is_the_only_one_is_filled_in(shell: Terminal, line: str, words: list[str]) -> None:
    assert shell.type(line).words == words


@pytest.mark.parametrize("start", ["/dev/disk/by-path/ip-10.0.0.1:32", "/dev/disk/by-path/ip-", "/"])
def test_a_name_is_filled_in_whole_where_a_shell_would_cut_it(shell: Terminal, start: str) -> None:
    name = "/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2001-04.com.example:a=b,c@d+e-lun-1"
    shell.know(f"pv {name} x fc\n")
    for line in (f"evacuate {start}", f"create web03 1G --pv={start}"):
        assert shell.type(line).words == [
            *line.removesuffix(start).split(" ")[:-1],
            line.split(" ")[-1].removesuffix(start) + name,
        ]


@pytest.mark.parametrize(
    "line",
    [
        "create ",
        "create d",
        "create web03 ",
        "grow web01 ",
        "remove web01 --confirm ",
        "evacuate wwid-sdb --rate ",
        f"job rate {JOB} ",
        "nosuch ",
        "pv nosuch ",
        "show -- -",
        "list -- ",
        "show --output=json --output=t --nosuch=",
        "list --output json --out",
    ],
)
def test_where_nothing_is_known_nothing_is_offered_or_filled_in(shell: Terminal, line: str) -> None:
    typed = shell.type(line, look=True)
    assert typed.words == line.split()
    assert not typed.offered


@pytest.mark.parametrize("way", ["--config ", "--config=", "--config ./", "--config ~/"])
def test_files_are_offered_where_one_is_named(shell: Terminal, way: str) -> None:
    (shell.home / "other.toml").touch()
    assert shell.type(f"list {way}oth").words[-1].endswith("other.toml")


def test_with_another_configuration_there_are_its_names(shell: Terminal) -> None:
    shell.know("vm east01\n", f"{shell.home}/other.toml")
    for way in (
        f"--config {shell.home}/other.toml",
        "--config=other.toml",
        "--config ./other.toml",
        "--config ~/other.toml",
    ):
        assert shell.type(f"show {way} e").words[-1] == "east01"
    assert shell.type("show e").words == ["show", "e"]


def test_the_environment_may_name_the_configuration_and_the_folder(shell: Terminal) -> None:
    other = f"{shell.home}/other.toml"
    shell.know("vm east01\n", other)
    shell.set("VMSTORE_CONFIG", other)
    try:
        assert shell.type("show e").words == ["show", "east01"]
        (shell.home / ".cache/vmstore").mkdir(parents=True)
        (shell.home / "cache/names").rename(shell.home / ".cache/vmstore/names")
        assert shell.type("show e").words == ["show", "e"]
        shell.set("VMSTORE_CACHE", "")
        assert shell.type("show e").words == ["show", "east01"]
        (shell.home / ".cache").rename(shell.home / "xdg")
        assert shell.type("show e").words == ["show", "e"]
        shell.set("XDG_CACHE_HOME", f"{shell.home}/xdg")
        assert shell.type("show e").words == ["show", "east01"]
    finally:
        shell.set("VMSTORE_CONFIG", "")
        shell.set("VMSTORE_CACHE", f"{shell.home}/cache")


@pytest.mark.parametrize(
    ("line", "last", "about"),
    [
        ("pv ", "uncordon", "Take a LUN into the VG"),
        ("list --", "--output", "NODE is switched off"),
        ("rebalance --", "--window", "No PV may be fuller than this, such as 80%"),
        ("explain ", "VMS-V03", "PV missing"),
    ],
)
def test_zsh_and_fish_say_what_each_is(shell: Terminal, line: str, last: str, about: str) -> None:
    assert (about in shell.type(line, until=last).shown) == (shell.kind in ("zsh", "fish"))


@pytest.mark.parametrize(
    "names",
    [
        b"vm web01\nvm x$(>owned)\n",
        b"vm web01\nvm x`>owned`\n",
        b"vm web01\nvm x;>owned\n",
        b"vm web01\nvm x\x1b]0;owned\x07\n",
        b"vm web01\rvm x\n",
        b"vm web01\nvm x'\n",
        b"vm web01\nvm x\xc3\xa9\n",
        b"vm web01\nvm x\xff\n",
        b"vm web01\nvm ~root\n",
        b"vm web01\nvm x {a,b} \\\n",
        b"vm web01\ttab\n",
    ],
)
def test_a_file_that_holds_more_than_names_is_not_used(shell: Terminal, names: bytes) -> None:
    shell.know(names)
    for line in ("show ", "show x", "show w"):
        assert shell.type(line).words == line.split()
    assert not (shell.home / "owned").exists()


def test_what_would_be_an_option_is_no_name(shell: Terminal) -> None:
    shell.know("vm --wipe\nvm =ls\nvm\nvm \nnonsense\nvm web01 two\nvm web02\n")
    assert shell.type("remove w", until="web02").offered >= {"web01", "web02"}
    assert shell.type("remove --wi").words == ["remove", "--wipe"]
    assert not {"--wipe", "=ls", "nonsense"} & shell.type("remove ", until="web02").offered


def test_without_a_file_there_are_no_names(shell: Terminal) -> None:
    shell.know("").unlink()
    assert shell.type("show w").words == ["show", "w"]
    assert shell.type("pv unc").words == ["pv", "uncordon"]


@pytest.mark.parametrize("what", ["folder", "pipe", "dangling", "empty"])
def test_what_is_no_file_of_names_is_left_alone(shell: Terminal, what: str) -> None:
    file = shell.know("")
    if what != "empty":
        file.unlink()
    if what == "folder":
        file.mkdir()
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "dangling":
        file.symlink_to("nowhere")
    assert shell.type("show w").words == ["show", "w"]


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_another_or_cannot_be_read_is_left_alone(shell: Terminal, what: str) -> None:
    file = shell.know("vm web01\n")
    assert shell.type("show w").words == ["show", "web01"]
    kept = file if what == "file" else file.parent
    if os.geteuid() == 0:
        os.chown(kept, 12345, 12345)
    else:
        kept.chmod(0)
    try:
        assert shell.type("show w").words == ["show", "w"]
    finally:
        kept.chmod(0o700)
