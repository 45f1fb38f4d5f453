import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseMount } from '../../../src/unikernel/mounts.js';

it.each([
  ['data:/var/lib', { source: { volume: 'data' }, path: '/var/lib', readOnly: false }],
  ['data:/var//lib/:ro', { source: { volume: 'data' }, path: '/var/lib', readOnly: true }],
  ['/srv/x:/srv:ro', { source: { directory: '/srv/x' }, path: '/srv', readOnly: true }],
])('%s', (text, request) => {
  expect(parseMount(text)).toEqual(request);
});

it('refuses to write to a directory of this machine', () => {
  expect(() => parseMount('/srv:/srv')).toThrow('can only be read');
  expect(() => parseMount('./here:/srv:rw')).toThrow('can only be read');
});

it.each([
  '',
  'data',
  'data:',
  'data:/',
  'data:relative',
  'data:/a/../b',
  ':/a',
  'data:/a:rx',
  'a:/b\n',
])("refuses '%s'", (text) => {
  expect(() => parseMount(text)).toThrow('not a volume');
});

it('never leaves the guest its own way up', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (source, path) => {
      let request;
      try {
        request = parseMount(`${source}:${path}`);
      } catch {
        return;
      }
      expect(request.path).toMatch(/^(\/[^/:\n\0]+)+$/);
      expect(request.path.split('/')).not.toContain('..');
    }),
  );
});
