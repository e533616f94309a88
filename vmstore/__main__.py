"""Run vmstore as ``python -m vmstore``."""

from vmstore.cli import main

if __name__ == "__main__":
    main()
