import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const host = '127.0.0.1';
/** More than any provider sends here. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export interface Exchange {
  readonly method: string;
  /** The path, as sent, without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export interface Answer {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  readonly headers?: { readonly [name: string]: string };
  /** Sent as it is, in place of the body. */
  readonly raw?: string;
  /** The connection is cut in the middle of the body. */
  readonly cut?: true;
}
export interface ServeOptions {
  /** @default a free one */
  readonly port?: number;
  /** The server keeps the process alive. @default false */
  readonly stays?: boolean;
}

export interface LocalServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  stop(): Promise<void>;
}

/** A small HTTP server on loopback that answers in JSON. */
export async function serve(
  answer: (exchange: Exchange) => Answer | Promise<Answer>,
  { port = 0, stays = false }: ServeOptions = {},
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    void handle(request, response, answer);
  });
  if (!stays) server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://${host}:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (exchange: Exchange) => Answer | Promise<Answer>,
): Promise<void> {
  const { status, body, headers, raw, cut } = await answered(request, answer);
  const text = raw ?? JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  if (cut === true) response.write(text.slice(0, text.length / 2), () => response.destroy());
  else response.end(text);
}

async function answered(
  request: IncomingMessage,
  answer: (exchange: Exchange) => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY_BYTES) return { status: 413, body: {} };
      chunks.push(chunk as Buffer);
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    return await answer({
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    });
  } catch (error) {
    return { status: 500, body: { error: (error as Error).message } };
  }
}
