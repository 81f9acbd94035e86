"""A road that ends in a list: for tests, and for rehearsals without any provider."""

from __future__ import annotations

from bots.gateway import Channel, InboundMessage, OutboundMessage, Refused, SendError, Sent, WebhookRequest


class MemoryGateway:
    """Keeps what it is asked to send in `sent`, oldest first. `fail_next` makes the coming sends fail."""

    def __init__(self, name: str = "memory", channel: Channel = "sms") -> None:
        self.name = name
        self.channel: Channel = channel
        self.sent: list[OutboundMessage] = []
        self._failures: list[SendError] = []

    def fail_next(self, *errors: SendError) -> None:
        """The next sends raise these, one each. One that is `unknown` was sent all the same: its answer is lost."""
        self._failures.extend(errors)

    def decode(self, request: WebhookRequest) -> list[InboundMessage]:  # noqa: ARG002
        raise Refused(403, f"{self.name} takes no webhooks")

    async def send(self, message: OutboundMessage) -> Sent:
        error = self._failures.pop(0) if self._failures else None
        if error is None or error.unknown:
            self.sent.append(message)
        if error is not None:
            raise error
        return Sent(f"{self.name}-{len(self.sent)}")

    async def close(self) -> None:
        """Nothing is open."""
