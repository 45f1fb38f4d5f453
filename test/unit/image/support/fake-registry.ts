/** A registry inside the test's process that can be told to misbehave. Listens on loopback only. */

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Blob, TestImage } from './images.js';

/** Sees every request first; returns true when it has answered. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly requests: readonly {
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  misbehave: Misbehaviour;
  /** Puts a document under a tag. */
  tag(repository: string, tag: string, document: Blob): void;
  /** Adds an image, its manifest under a tag. */
  add(name: string, image: TestImage): void;
  addBlob(blob: Blob): void;
  count(pattern: RegExp): number;
  close(): Promise<void>;
}

export async function fakeRegistry(): Promise<FakeRegistry> {
  const documents = new Map<string, Blob>();
  const blobs = new Map<string, Blob>();
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = [];
  const server: Server = createServer((request, response) => {
    const url = request.url ?? '';
    requests.push({ url, headers: request.headers });
    if (registry.misbehave(request, response)) return;
    if (url === '/v2/') return void response.end('{}');
    const [, repository = '', kind, name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
    const found = kind === 'blobs' ? blobs.get(name) : documents.get(`${repository}/${name}`);
    if (found === undefined) return void response.writeHead(404).end('{"errors":[]}');
    sendBlob(found, request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const registry: FakeRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: () => false,
    tag(repository, tag, document) {
      documents.set(`${repository}/${tag}`, document);
      documents.set(`${repository}/${document.digest}`, document);
    },
    add(name, image) {
      const [repository = '', tag = 'latest'] = name.split(':');
      registry.tag(repository, tag, image.manifest);
      for (const b of [image.config, ...image.layers]) registry.addBlob(b);
    },
    addBlob: (b) => void blobs.set(b.digest, b),
    count: (pattern) => requests.filter(({ url }) => pattern.test(url)).length,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return registry;
}

/** Sends a blob whole or from an offset, as a good registry does. */
export function sendBlob(b: Blob, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-type': b.mediaType, 'content-length': b.bytes.length - from };
  if (from === 0) response.writeHead(200, headers);
  else {
    const range = `bytes ${from}-${b.bytes.length - 1}/${b.bytes.length}`;
    response.writeHead(206, { ...headers, 'content-range': range });
  }
  response.end(b.bytes.subarray(from));
}

/** Sends some bytes of a blob as if all were to come, then cuts the connection. */
export function cutAfter(
  b: Blob,
  bytes: number,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = `bytes ${from}-${b.bytes.length - 1}/${b.bytes.length}`;
  response.writeHead(from === 0 ? 200 : 206, {
    'content-length': b.bytes.length - from,
    ...(from === 0 ? {} : { 'content-range': range }),
  });
  response.write(b.bytes.subarray(from, from + bytes), () => {
    setTimeout(() => request.socket.destroy(), 20);
  });
}
