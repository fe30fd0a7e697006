import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A pack's manifest as catalogs have them. */
export function packText(name: string, more = ''): string {
  return `name: ${name}
version: v1
author: tosin2013
description: Uppercase a string, no more.
license: MIT
category: developer-tools
tags: [example, string]
input_schema:
  required: [text]
  properties:
    text: { type: string, description: What to change. }
output_schema:
  required: [text]
  properties: { text: { type: string } }
handler:
  type: command
  command: ["./upper"]
  timeout_s: 5
examples:
  - { name: hello, input: { text: hello }, expected_output_subset: { text: HELLO } }
${more}`;
}

export interface PackCatalogFolder {
  dir: string;
  url: string;
  write(path: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/** A catalog in a folder: `index.yaml` and packs. */
export async function createPackCatalog(files: Record<string, string>): Promise<PackCatalogFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-packs-'));
  const write = async (path: string, text: string): Promise<void> => {
    const file = join(dir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, text.startsWith('#!') ? 0o755 : 0o644);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return { dir, url: pathToFileURL(dir).href, write, remove: () => rm(dir, { recursive: true, force: true }) };
}

export const INDEX = `catalog_version: v1
packs:
  - name: cmd.upper
    version: v1
    path: packs/cmd.upper
    description: Uppercase a string.
    author: tosin2013
    category: developer-tools
    tags: [example, string]
    installs: 12
    unknown: { ignored: true }
  - name: cmd.dated
    version: 2026.05
    path: packs/cmd.dated/
    description: With a date for a version.
    author: tosin2013
`;

export const FILES: Readonly<Record<string, string>> = {
  'index.yaml': INDEX,
  'packs/cmd.upper/helmdeck-pack.yaml': packText('cmd.upper'),
  'packs/cmd.upper/upper': "#!/bin/sh\njq '{text: .text | ascii_upcase}'\n",
  'packs/cmd.upper/lib/words.txt': 'words\n',
  'packs/cmd.dated/helmdeck-pack.yaml': packText('cmd.dated').replace('version: v1', 'version: 2026.05'),
  'packs/cmd.dated/upper': '#!/bin/sh\ncat\n',
};

export interface TextServer {
  url: string;
  /** By path; a function answers itself. */
  texts: Record<string, string | ((request: IncomingMessage, response: ServerResponse) => void)>;
  /** `METHOD path` of what was asked, oldest first. */
  asked: string[];
  headers: IncomingMessage['headers'][];
  close(): Promise<void>;
}

/** Serves texts as raw file hosts do: as text/plain. */
export async function serveTexts(texts: TextServer['texts']): Promise<TextServer> {
  const server = createServer((request, response) => {
    served.asked.push(`${request.method} ${request.url}`);
    served.headers.push(request.headers);
    const found = served.texts[request.url ?? ''];
    if (typeof found === 'function') return found(request, response);
    if (found === undefined) return void response.writeHead(404).end('404: Not Found');
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const served: TextServer = { url, texts, asked: [], headers: [], close };
  return served;
}
