import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeAuthority } from './tls/authority.ts';

/** `marketplace.json` over https on loopback. */
export interface MarketplaceServer {
  /** https://127.0.0.1:port/marketplace.json */
  url: string;
  /** PEM of its authority. */
  ca: string;
  /** What is listed now. */
  items: MarketplaceItem[];
  /** How often it was asked for. */
  asked: number;
  close(): Promise<void>;
}

export interface MarketplaceItem {
  name: string;
  version: string;
  ark: { chartPath: string; dependencies?: string[] };
}

export async function startMarketplace(): Promise<MarketplaceServer> {
  const authority = await makeAuthority('Authority of the marketplace');
  const server = createServer(await authority.issue(), (_request, response) => {
    marketplace.asked += 1;
    response.setHeader('content-type', 'text/plain').end(JSON.stringify({ version: '1.0.0', items: marketplace.items }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const marketplace: MarketplaceServer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/marketplace.json`,
    ca: authority.ca,
    items: [],
    asked: 0,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return marketplace;
}
