import { describe, expect, it } from '@jest/globals';
import { type AddressClass, classifyAddress, createAddressPolicy } from '../../../src/adapters/http/address-policy.ts';

describe('classifyAddress', () => {
  const cases: Array<[string, AddressClass]> = [
    ['93.184.216.34', 'public'],
    ['2606:4700::1111', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12:3456::1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:0:127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a00:1::1', 'private'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['169.254.169.254', 'metadata'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['169.254.170.2', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['0.0.0.0', 'reserved'],
    ['0.1.2.3', 'reserved'],
    ['::', 'reserved'],
    ['::7f00:1', 'reserved'],
    ['fec0::1', 'reserved'],
    ['224.0.0.1', 'reserved'],
    ['ff02::1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['240.0.0.1', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['203.0.113.5', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'reserved'],
    ['64:ff9b:1::7f00:1', 'reserved'],
    ['not an address', 'reserved'],
  ];
  it.each(cases)('takes %s as %s', (address, expected) => {
    expect(classifyAddress(address)).toBe(expected);
  });
});

describe('createAddressPolicy', () => {
  const refusal = (
    options: { development?: boolean; allow?: string[]; httpHosts?: string[] },
    target: Partial<Record<'protocol' | 'host' | 'address', string>> & { fromPublic?: boolean },
  ) =>
    createAddressPolicy({ development: false, allow: [], ...options }).refusal({
      protocol: 'https:',
      host: 'registry.example.org',
      address: '93.184.216.34',
      fromPublic: false,
      ...target,
    });

  it('lets public and private addresses through over https', () => {
    expect(refusal({}, {})).toBeUndefined();
    expect(refusal({}, { address: '10.0.0.1' })).toBeUndefined();
  });

  it('refuses plain http, loopback, link-local, metadata and reserved addresses', () => {
    expect(refusal({}, { protocol: 'http:' })).toContain('plain http');
    for (const address of ['127.0.0.1', '169.254.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1'])
      expect(refusal({}, { address })).toContain('address');
  });

  it('lets the hosts that are named for it be called over http, wherever else they may not lie', () => {
    const httpHosts = ['Plain.Example'];
    const call = { protocol: 'http:', host: 'plain.example', address: '93.184.216.34' };
    expect(refusal({ httpHosts }, call)).toBeUndefined();
    expect(refusal({ httpHosts }, { ...call, host: 'other.example' })).toContain('plain http');
    expect(refusal({ httpHosts }, { ...call, address: '127.0.0.1' })).toContain('loopback');
    expect(refusal({ httpHosts }, { ...call, address: '10.0.0.1', fromPublic: true })).toContain('redirected');
  });

  it('lets loopback through in development only, also over http', () => {
    expect(refusal({ development: true }, { protocol: 'http:', address: '127.0.0.1' })).toBeUndefined();
    expect(refusal({ development: true }, { protocol: 'http:' })).toContain('plain http');
    expect(refusal({ development: true }, { address: '169.254.169.254' })).toContain('metadata');
  });

  it('lets allowed names and ranges through, also over http', () => {
    expect(refusal({ allow: ['registry.example.org'] }, { protocol: 'http:', host: 'REGISTRY.example.org.' })).toBeUndefined();
    expect(refusal({ allow: ['*.example.org'] }, { protocol: 'http:' })).toBeUndefined();
    expect(refusal({ allow: ['*.example.org'] }, { protocol: 'http:', host: 'example.org' })).toContain('plain http');
    expect(refusal({ allow: ['127.0.0.0/8'] }, { address: '127.0.0.1' })).toBeUndefined();
    expect(refusal({ allow: ['127.0.0.1'] }, { address: '::ffff:127.0.0.1' })).toBeUndefined();
    expect(refusal({ allow: ['127.0.0.1'] }, { address: '127.0.0.2' })).toContain('loopback');
  });

  it('lets an allowed name resolve to loopback but never to the metadata service', () => {
    const allow = ['registry.example.org'];
    expect(refusal({ allow }, { address: '127.0.0.1' })).toBeUndefined();
    expect(refusal({ allow }, { address: '169.254.169.254' })).toContain('metadata');
    expect(refusal({ allow: [...allow, '169.254.169.254'] }, { address: '169.254.169.254' })).toBeUndefined();
  });

  it('refuses every address that is not public after a public redirect, allowed or not', () => {
    expect(refusal({ allow: ['10.0.0.0/8'] }, { address: '10.0.0.1', fromPublic: true })).toContain('redirected');
    expect(refusal({ development: true }, { address: '127.0.0.1', fromPublic: true })).toContain('redirected');
    expect(refusal({}, { fromPublic: true })).toBeUndefined();
  });

  it.each(['10.0.0.0/33', '300.1.1.1', 'http://x', 'a b', '*'])('fails with config_invalid for the entry %s', async (entry) => {
    await expect(() => refusal({ allow: [entry] }, {})).toFailWith('config_invalid');
  });
});
