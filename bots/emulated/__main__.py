"""python -m bots.emulated --port 8081 --telegram-token T --twilio-sid S --twilio-token K"""

from __future__ import annotations

import argparse
from functools import partial

from bots.emulated.bot_api import BotApi
from bots.emulated.server import serve
from bots.emulated.twilio_api import TwilioApi


def main() -> None:
    options = _options()
    twilio = TwilioApi(
        options.twilio_sid, options.twilio_token, options.twilio_number, options.twilio_webhook, options.callbacks
    )
    # Flushed: whoever started this process waits for the line.
    serve(BotApi(options.telegram_token), twilio, port=options.port, ready=partial(print, flush=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bots.emulated", description="Telegram and Twilio on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--telegram-token", required=True)
    parser.add_argument("--twilio-sid", required=True)
    parser.add_argument("--twilio-token", required=True)
    parser.add_argument("--twilio-number", default="+15005550006")
    parser.add_argument("--twilio-webhook", default="", help="the public URL for inbound messages")
    parser.add_argument("--callbacks", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
