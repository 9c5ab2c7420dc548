"""The way in from this machine: passes each connection on to one of the service's replicas."""

import asyncio
import sys


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Writes what is read, up to and with its end; a connection that breaks breaks the other one."""
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def main(door: int, host: str, port: int) -> None:
    """Listens on the port `door` until the process is ended."""

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # the name is looked up each time, and Docker's DNS names the replicas in a new order each time
            replica_reader, replica_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(pass_on(reader, replica_writer), pass_on(replica_reader, writer))
        writer.close()
        replica_writer.close()

    server = await asyncio.start_server(welcome, "0.0.0.0", door)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
