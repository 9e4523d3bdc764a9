"""A visitor of a Streamlit app without a browser: its WebSocket, in its own protocol buffers.

What a browser would draw is a list of deltas, each an element with its text; the text is read as a
browser shows it. Message types: streamlit/proto in Streamlit's repository.
"""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Received:
    """One message: what it is, and all its text; of an element of ours in HTML, the HTML too.

    `began` says that a run of the script begins, so that everything is drawn anew.
    """

    text: str
    markup: str = ""
    began: bool = False
    failed: bool = False


class Visit:
    """One open page."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._page = ""
        self._input = ""

    async def run(self, state: ClientState | None = None) -> None:
        """Have the script run, as a browser does when it arrives."""
        asked = BackMsg(rerun_script=state or ClientState())
        asked.rerun_script.page_script_hash = self._page
        await self._socket.send(asked.SerializeToString())

    async def type(self, words: str) -> None:
        """Send words from the page's chat input."""
        state = ClientState()
        typed = state.widget_states.widgets.add(id=self._input)
        typed.chat_input_value.data = words
        await self.run(state)

    async def received(self) -> AsyncIterator[Received]:
        """Yield each message as it comes; ends when the server closes the connection."""
        async for data in self._socket:
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            self._note(message)
            yield _read(message)

    @property
    def can_type(self) -> bool:
        """Whether the page has drawn where to type."""
        return bool(self._input)

    def _note(self, message: ForwardMsg) -> None:
        if message.HasField("new_session"):
            self._page = message.new_session.page_script_hash
        element = message.delta.new_element
        if element.HasField("chat_input"):
            self._input = element.chat_input.id


@asynccontextmanager
async def visiting(address: str) -> AsyncIterator[Visit]:
    """Open a page of the app at an address (http://host:port) and have it drawn."""
    stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    async with connect(stream, subprotocols=["streamlit"], max_size=MOST_BYTES) as socket:
        visit = Visit(socket)
        await visit.run()
        yield visit


def _read(message: ForwardMsg) -> Received:
    element = message.delta.new_element
    return Received(
        text=html.unescape("\n".join(_strings(message))),
        markup=element.html.body if element.HasField("html") else "",
        began=message.HasField("new_session"),
        failed=element.HasField("exception"),
    )


def _strings(message: object) -> Iterator[str]:
    """Yield every text in a message, however deep."""
    for field, value in message.ListFields():  # type: ignore[attr-defined]
        values = value if field.is_repeated else [value]
        if field.type == field.TYPE_STRING and field.message_type is None:
            yield from (str(one) for one in values)
        elif field.type == field.TYPE_MESSAGE:
            if field.message_type.GetOptions().map_entry:
                yield str(value)
            else:
                for one in values:
                    yield from _strings(one)
