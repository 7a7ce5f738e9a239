"""``python -m lms_stripe_simulator``: the simulator without any site."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lms_stripe_simulator.server import NotHere, run


def main() -> int:
    """Run the simulator; return 1 where it refuses to."""
    parser = argparse.ArgumentParser(prog="python -m lms_stripe_simulator", description=__import__("lms_stripe_simulator").__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--data", type=Path, default=Path("instance/stripe_simulator"), help="directory for its data")
    parser.add_argument("--url", help="where browsers reach it, if not at the address it listens on")
    parser.add_argument("--epoch", type=int, help="time of a new data directory's clock, seconds since 1970 UTC")
    given = parser.parse_args()
    try:
        run(given.data, host=given.host, port=given.port, url=given.url, epoch=given.epoch)
    except (NotHere, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
