/** A server on loopback that speaks a provider's protocol: it gives the answers it was told to, and keeps what it was asked. */
import { createServer } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: string;
}
export interface Answered {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  /** Sent as JSON; a string and bytes as they are; undefined: nothing. */
  readonly body?: unknown;
}
export interface Provider {
  readonly url: string;
  readonly asked: readonly Asked[];
  stop(): Promise<void>;
}

/** Starts it. An `answer` of undefined cuts the connection without a word; `silence` keeps it open and says nothing. */
export async function startProvider(
  answer: (asked: Asked, n: number) => Answered | 'silence' | undefined,
): Promise<Provider> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(`http://127.0.0.1${request.url ?? '/'}`);
      const one: Asked = {
        method: request.method ?? '',
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      asked.push(one);
      const said = answer(one, asked.length);
      if (said === 'silence') return;
      if (said === undefined) {
        request.socket.destroy();
        return;
      }
      response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers });
      const asItIs = typeof said.body === 'string' || said.body instanceof Uint8Array;
      response.end(asItIs ? said.body : JSON.stringify(said.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
