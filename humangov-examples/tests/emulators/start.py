#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the emulator of the tests in a terminal, for trying out: `start.py moto [--port 5000]`, until Ctrl-C.

The first run makes a virtual environment under target/ and installs requirements.txt into it. The account in the
emulator is empty at every start and gone at its end.
"""

import argparse
import hashlib
import logging
import os
import subprocess
import sys
import threading
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
REQUIREMENTS = HERE / "requirements.txt"


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


def environment():
    """The interpreter of the virtual environment that holds requirements.txt, made if it is not there yet."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    home = target() / "emulators-demo" / f"venv-{digest}"
    python, complete = home / "bin" / "python", home / "complete"
    if not complete.exists():
        print(f"Installing {REQUIREMENTS.relative_to(ROOT)} into {home}; once only, about a minute.", flush=True)
        venv.create(home, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]
        subprocess.run([python, *install, REQUIREMENTS], check=True)
        complete.touch()
    return python


def told(port):
    return f"""
moto serves an empty AWS account on http://127.0.0.1:{port} until Ctrl-C. In another terminal, from the root of the repository:

  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test cargo run -- apply --config humangov-examples/humangov.toml --endpoint-url http://127.0.0.1:{port} california
"""


def serve(port):
    """Runs inside the virtual environment."""
    sys.path.insert(0, str(HERE))
    import moto_server
    import run

    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def prepare(port):
        run.make_default_vpc_public(port)
        print(told(port), flush=True)

    moto_server.serve(run.HOST, port, lambda port: threading.Thread(target=prepare, args=(port,), daemon=True).start())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", choices=["moto"])
    parser.add_argument("--port", type=int, default=5000)
    arguments = parser.parse_args()
    if sys.prefix == sys.base_prefix:
        python = environment()
        os.execv(python, [python, "-B", __file__, *sys.argv[1:]])
    try:
        serve(arguments.port)
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.exit(f"port {arguments.port} cannot be used: {error.strerror}; give another one with --port")


if __name__ == "__main__":
    main()
