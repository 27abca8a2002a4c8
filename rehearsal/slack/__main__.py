"""``python -m rehearsal.slack --port 8900``: serve the workspace until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from rehearsal.slack.server import WorkspaceServer
from rehearsal.slack.settings import Manifest, Settings


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal.slack", description="A stand-in for a Slack workspace."
    )
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state-file", type=Path, help="keep messages here over a restart")
    parser.add_argument(
        "--manifest", type=Path, help="the app's manifest: commands, shortcuts, scopes and events"
    )
    parser.add_argument(
        "--events-url", help="deliver signed HTTP requests here instead of through Socket Mode"
    )
    arguments = parser.parse_args()
    manifest = Manifest.read(arguments.manifest) if arguments.manifest else Manifest()
    settings = Settings(manifest=manifest, events_url=arguments.events_url, state_file=arguments.state_file)
    asyncio.run(_serve(settings, arguments.host, arguments.port))


async def _serve(settings: Settings, host: str, port: int) -> None:
    server = WorkspaceServer(settings)
    address = await server.start(host, port)
    sys.stdout.write(
        f"{address}/\nSLACK_API_URL={address}/api/ SLACK_BOT_TOKEN={settings.bot_token} "
        f"SLACK_APP_TOKEN={settings.app_token} SLACK_SIGNING_SECRET={settings.signing_secret}\n"
    )
    sys.stdout.flush()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await server.stop()


if __name__ == "__main__":
    main()
