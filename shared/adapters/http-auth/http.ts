/** A call of the front door, whatever server took it. Header names are lower case. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string | undefined };
  readonly body: string;
}

/** What the caller gets: never a reason that would help someone who may not call. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** The body in bytes, as it would be sent. */
export const sizeOf = (request: HttpRequest): number => Buffer.byteLength(request.body);

export const answers = {
  /** Taken, or kept in the quarantine: nobody has to send it again. */
  taken: { status: 200 },
  /** Who calls is proven not to be allowed to. */
  refused: { status: 401, headers: { 'www-authenticate': 'Bearer' } },
  /** Our own fault, or keys that cannot be fetched: come again. */
  comeAgain: { status: 503, headers: { 'retry-after': '30' } },
  notFound: { status: 404 },
} as const satisfies { readonly [name: string]: HttpAnswer };
