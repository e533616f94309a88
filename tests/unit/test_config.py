"""The configuration: every documented key is there with its default, and what is unknown, odd or unsafe is refused."""

import os
import tomllib
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from vmstore import config, session
from vmstore.config import Config, Growth, GrowthRule
from vmstore.errors import ConfigError
from vmstore.policies import growth
from vmstore.policies.thresholds import Amount, Kind

EXAMPLE = Path(config.__file__).parent / "vmstore.toml.example"
SHIPPED = Path(growth.__file__).with_name("growth.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file that is safe to use."""
    found = tmp_path / "vmstore.toml"
    found.write_text('vg = "san"\n', encoding="utf-8")
    found.chmod(0o600)
    tmp_path.chmod(0o700)
    return found


def test_the_example_is_valid_and_holds_the_defaults() -> None:
    example = config.parse(EXAMPLE.read_text(encoding="utf-8"), "example")
    assert msgspec.structs.replace(example, growth=Growth()) == Config()
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    assert example.growth == Growth(**shipped)
    # Those that are not set are not written down, lest they be in the way of the tables.
    assert (example.growth.classes, example.growth.vms) == ({}, {})


def test_the_example_names_every_key() -> None:
    def keys(struct: type[msgspec.Struct], prefix: str = "") -> set[str]:
        found = set()
        for field in msgspec.structs.fields(struct):
            inner = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
            name = prefix + field.encode_name
            found |= keys(field.type, f"{name}.") if inner else {name}
        return found - {"growth.classes", "growth.vms"}

    def named(table: dict[str, object], prefix: str = "") -> set[str]:
        found = set()
        for key, value in table.items():
            name = prefix + key
            found |= named(value, f"{name}.") if isinstance(value, dict) and value else {name}
        return found

    assert named(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == keys(Config)


def test_every_key_may_be_set() -> None:
    text = """
vg = "san"
nodes = ["n1", "n2.example.org"]
[ssh]
config = "/etc/vmstore/ssh_config"
user = "storage"
connect_timeout = 3
answer_timeout = 60
[filesystem]
type = "ext3"
reserved_percent = 5
[placement]
classes = ["fc", "iscsi"]
[move]
region_mib = 64
poll_seconds = 5
[log]
file = "/srv/log/vmstore.log"
syslog = false
[report]
history = "/srv/vmstore/san-1.db"
hourly_days = 30
daily_days = 1000
sizes = ["8G"]
[thresholds.class]
warn = "70%"
[thresholds.classes.fc]
crit_days = 0
[thresholds.vms]
db01 = { reserve = "16G" }
[growth]
over = "85%"
free = "5G"
[growth.classes.fc]
grow = true
[growth.vms."db-01.prod"]
step = "20G"
daily = "40G"
most = "1T"
"""
    read = config.parse(text, "file")
    assert read == Config(
        vg="san",
        nodes=("n1", "n2.example.org"),
        ssh=config.Ssh("/etc/vmstore/ssh_config", "storage", 3, 60),
        filesystem=config.FileSystem("ext3", 5),
        placement=config.Placement(("fc", "iscsi")),
        move=config.Move(64, 5),
        log=config.LogSettings("/srv/log/vmstore.log", False),
        report=config.Report("/srv/vmstore/san-1.db", 30, 1000, ("8G",)),
        thresholds=config.Thresholds(
            each=config.Grows(warn="70%"),
            classes={"fc": config.Own(crit_days=0)},
            vms={"db01": config.Own(reserve="16G")},
        ),
        growth=Growth(
            over="85%",
            free="5G",
            classes={"fc": GrowthRule(grow=True)},
            vms={"db-01.prod": GrowthRule(step="20G", daily="40G", most="1T")},
        ),
    )


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        ('vq = "x"', "file:1: vq", "unknown field"),
        ("\n\n[ssh]\nusr = 1", "file:4: ssh.usr", "unknown field"),
        ("[nosuch]\nx = 1", "file:1: nosuch", "unknown field"),
        ('vg = ""', "file:1: vg", "regex"),
        ('vg = "-x"', "file:1: vg", "regex"),
        ('vg = "a b"', "file:1: vg", "regex"),
        ('vg = "a\\n"', "file:1: vg", "regex"),
        (f'vg = "{"v" * 61}"', "file:1: vg", "length <= 60"),
        ("vg = 1", "file:1: vg", "Expected `str`, got `int`"),
        ('nodes = "n1"', "file:1: nodes", "Expected `array`"),
        ("nodes = [1]", "file:1: nodes", "Expected `str`"),
        ('nodes = ["-oProxyCommand=x"]', "cannot name a node", "no host name"),
        ('nodes = ["n1", "n1"]', "stands twice", "n1, n1"),
        ('[placement]\nclasses = ["fc", "fc"]', "stands twice", "fc, fc"),
        ('[placement]\nclasses = ["FC"]', "cannot name a class", "small letters"),
        ("[ssh]\nconnect_timeout = 0", "file:2: ssh.connect_timeout", ">= 1"),
        ("[ssh]\nanswer_timeout = 3601", "file:2: ssh.answer_timeout", "<= 3600"),
        ("[ssh]\nanswer_timeout = 1.5", "file:2: ssh.answer_timeout", "Expected `int`"),
        ('[ssh]\nuser = "Root"', "file:2: ssh.user", "regex"),
        ('[ssh]\nuser = "root\\n"', "file:2: ssh.user", "regex"),
        ('[filesystem]\ntype = "xfs"', "file:2: filesystem.type", "xfs"),
        ("[filesystem]\nreserved_percent = 51", "file:2: filesystem.reserved_percent", "<= 50"),
        ('[growth]\ngrow = "yes"', "file:2: growth.grow", "Expected `bool | null`"),
        ("[growth]\n\nstop = 1", "file:3: growth.stop", "unknown field"),
        ("[growth]\n[growth.classes.fc]\nstep = 10", "file:3: growth.classes[...].step", "Expected `str | null`"),
        ('[growth.vms."a.b"]\nclass = {}', "file:2: growth.vms[...].class", "unknown field"),
        ("[growth.classes.FC]", "cannot name a class", "small letters"),
        ('[growth.vms."a b"]', "cannot name a VM", "' '"),
        ("[move]\nregion_mib = 3", "file:2: move.region_mib", "3"),
        ('[report]\nhistory = "/etc/passwd"', "file:2: report.history", "regex"),
        ('[report]\nhistory = "history.db"', "file:2: report.history", "regex"),
        ('[log]\nfile = "vmstore.log"', "file:2: log.file", "regex"),
        ('[log]\nsyslog = "no"', "file:2: log.syslog", "Expected `bool`"),
        ("[report]\nhourly_days = 1", "file:2: report.hourly_days", ">= 2"),
        ("[report]\ndaily_days = 29", "file:2: report.daily_days", ">= 30"),
        ('[report]\nsizes = ["8"]', "file: report.sizes: '8' is not a size", "no unit"),
        ("[thresholds.class]\nwarm = 1", "file:2: thresholds.class.warm", "unknown field"),
        ("[thresholds.nosuch]\nwarn = 1", "file:1: thresholds.nosuch", "unknown field"),
        ('[thresholds.lock]\nreserve = "1G"', "file:2: thresholds.lock.reserve", "unknown field"),
        ("[thresholds.vm]\nwarn_days = 3651", "file:2: thresholds.vm.warn_days", "<= 3650"),
        ("[thresholds.classes]\nFC = { warn_days = 3 }", "cannot name a class", "small letters"),
        ("[thresholds.vms]\n'a b' = { warn_days = 3 }", "cannot name a VM", ""),
        ("[move]\npoll_seconds = 0", "file:2: move.poll_seconds", ">= 1"),
        ('[ssh]\nuser = "root"\n[move]\nuser = "root"', "file:4: move.user", "unknown field"),
        ("vg = \nnodes = []", "file is not TOML", "line 1"),
        ('vg = "a"\nvg = "b"\nx = 1', "file is not TOML", "line 2"),
    ],
)
def test_what_is_unknown_or_odd_is_refused_by_file_line_and_key(text: str, what: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "file")
    assert what in caught.value.what
    assert why in caught.value.why
    assert caught.value.hint


def test_without_any_file_the_defaults_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(config, "DEFAULT_PATH", tmp_path / "none.toml")
    assert config.load() == Config()


def test_a_named_file_comes_before_the_environments_and_that_before_the_default(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("environment", "default"):
        (tmp_path / name).write_text(f'vg = "{name}"\n', encoding="utf-8")
    monkeypatch.setattr(config, "DEFAULT_PATH", tmp_path / "default")
    assert config.load().vg == "default"
    monkeypatch.setenv("VMSTORE_CONFIG", str(tmp_path / "environment"))
    assert config.load().vg == "environment"
    assert config.load(file).vg == "san"


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_named_file_that_is_missing_is_refused(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "none.toml"
    monkeypatch.setenv("VMSTORE_CONFIG", str(missing))
    with pytest.raises(ConfigError, match="no configuration at"):
        config.load(missing if how == "option" else None)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_may_write_to_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigError, match="not safe to use") as caught:
        config.load(file)
    assert f"chmod go-w {file}" in caught.value.hint


@pytest.mark.parametrize("mode", [0o770, 0o703])
def test_a_file_in_a_directory_that_others_may_write_to_is_refused(file: Path, mode: int) -> None:
    file.parent.chmod(mode)
    with pytest.raises(ConfigError, match="not safe to use") as caught:
        config.load(file)
    assert str(file.parent) in caught.value.why


def test_a_directory_like_tmp_where_others_cannot_replace_the_file_is_good_enough(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert config.load(file).vg == "san"


def test_a_link_is_as_safe_as_where_it_leads(file: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o700)
    (tmp_path / "open").chmod(0o777)
    target = tmp_path / "open" / "target.toml"
    target.write_text('vg = "san"\n', encoding="utf-8")
    link = tmp_path / "link.toml"
    link.symlink_to(target)
    with pytest.raises(ConfigError, match="not safe to use"):
        config.load(link)


def test_a_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = file.stat()
    theirs = os.stat_result((*found[:4], 4242, *found[5:10]))
    monkeypatch.setattr(Path, "stat", lambda self: theirs if self == file else found)
    with pytest.raises(ConfigError, match="not safe to use"):
        config.load(file)


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(binary)
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[thresholds.class]\nwarn = "80"', "thresholds, class: warn: '80' is not a size"),
        ('[thresholds.pv]\nreserve = "101%"', "thresholds, pv: reserve: '101%' is not a share"),
        ('[thresholds.classes.fc]\nblock = "70%"', "thresholds, class fc: warn comes after block"),
        ("[thresholds.vms.db01]\ncrit_days = 31", "thresholds, vm db01: crit_days is over warn_days"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused_by_its_key_before_anything_is_done(
    file: Path, text: str, what: str
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        session.start(file)
    assert caught.value.what == what


def test_what_placement_keeps_free_of_a_class_is_its_reserve_unless_it_has_another() -> None:
    text = '[placement]\nreserve = { fc = "1G", iscsi = "2G" }\n[thresholds.classes.fc]\nreserve = "3G"'
    read = session.rules(config.parse(text, "file"))
    kept = {name: read.levels(Kind.CLASS, name).reserve for name in ("fc", "iscsi", "sas")}
    assert kept == {"fc": Amount(size=3 * 2**30), "iscsi": Amount(size=2 * 2**30), "sas": None}
    assert read.levels(Kind.CLASS, "fc").warn == Amount(Fraction(80, 100))
