"""What the packages lay out of the documentation, as far as it takes no package to see it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGE = (ROOT / "packaging" / "stage").read_text(encoding="utf-8")


@pytest.mark.spawns("stage-docs")
def test_every_link_in_the_packages_pages_leads_to_what_they_have(tmp_path: Path) -> None:
    subprocess.run([ROOT / "packaging" / "stage-docs", tmp_path], check=True)
    folder = tmp_path / "usr" / "share" / "doc" / "vmstore"
    pages = sorted(folder.rglob("*.md"))
    assert {folder / "README.md", folder / "json.md", folder / "howto" / "automatic-growth.md"} <= set(pages)
    lost = []
    for page in pages:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            # What is not documentation the other script puts where it belongs.
            there = target.rpartition("/")[0] in STAGE if target[0] == "/" else (page.parent / target).exists()
            if not (there or target.startswith("https://")):
                lost.append(f"{page.relative_to(folder)}: {target}")
    assert lost == []


def test_json_is_described_where_the_packages_have_its_schemas() -> None:
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert "`/usr/share/doc/vmstore/schemas`" in text
