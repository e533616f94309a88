"""Write docs/man/vmstore.8 and vmstore.toml.5 anew: `make manual`."""

import sys

from script.manual import pages

if __name__ == "__main__":
    try:
        for name in pages.NAMES:
            (pages.FOLDER / name).write_text(pages.build(name), encoding="utf-8")
    except pages.Wrong as problem:
        sys.exit(f"manual: {problem}")
