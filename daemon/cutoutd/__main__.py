"""``python -m cutoutd``."""

from cutoutd.cli import main

if __name__ == "__main__":
    main()
