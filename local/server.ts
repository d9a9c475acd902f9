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
}

export interface LocalServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  stop(): Promise<void>;
}

/** A small HTTP server on loopback that answers in JSON. It does not keep the process alive. */
export async function serve(answer: (exchange: Exchange) => Answer | Promise<Answer>): Promise<LocalServer> {
  const server = createServer((request, response) => {
    void handle(request, response, answer);
  });
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0 }, resolve);
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
  const { status, body } = await answered(request, answer);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
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
