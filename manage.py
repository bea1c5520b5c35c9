#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL or REDIS_URL it brings its own servers along."""

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

# These never ask the database, so they must not wait for one.
WITHOUT_SERVERS = {
    *("", "help", "version", "--help", "-h", "--version"),
    *("benchmark", "check", "collectstatic", "compilemessages", "diffsettings", "makemessages"),
}


def needs_servers(arguments: list[str]) -> bool:
    asks_for_help = not {"-h", "--help"}.isdisjoint(arguments)
    asks_database = any(word.startswith("--database") for word in arguments)
    command = next(iter(arguments), "")
    return not asks_for_help and (command not in WITHOUT_SERVERS or asks_database)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dedup_site.settings")
    try:
        from django.core.management import execute_from_command_line

        from dedup_site import embedded
    except ImportError as error:
        sys.exit(f"{error}. Run `make setup` and use .venv/bin/python.")

    with ExitStack() as stack:
        if needs_servers(sys.argv[1:]):
            # SIGTERM ends a command as Ctrl-C does: the servers are stopped, not left behind.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            data_dir = os.environ.get("DATA_DIR") or Path(__file__).parent / "var"
            try:
                stack.enter_context(embedded.environment(Path(data_dir)))
            except embedded.EmbeddedError as error:
                sys.exit(str(error))
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
