import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/image/config.js';
import { LupineError } from '../../../src/support/errors.js';

const base = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };
const parse = (value: unknown) => parseConfig(Buffer.from(JSON.stringify(value)), 'here');

describe('parseConfig', () => {
  it('reads everything that starts an application', () => {
    const config = {
      Entrypoint: ['/entry.sh'],
      Cmd: ['serve'],
      Env: ['A=1', 'B=', 'C=x=y'],
      User: 'app:app',
      WorkingDir: '/srv',
      ExposedPorts: { '80/tcp': {}, '53/UDP': {}, '90': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGQUIT',
      Labels: { a: 'b' },
    };
    expect(parse({ ...base, config }).config).toEqual({
      entrypoint: ['/entry.sh'],
      cmd: ['serve'],
      env: ['A=1', 'B=', 'C=x=y'],
      user: 'app:app',
      workingDir: '/srv',
      exposedPorts: ['90/tcp', '80/tcp', '53/udp'],
      volumes: ['/data'],
      stopSignal: 'SIGQUIT',
      labels: { a: 'b' },
    });
  });

  it('has defaults for what is absent or null, as Go writes it', () => {
    const nulls = { Entrypoint: null, Cmd: null, Env: null, Volumes: null, Labels: null };
    for (const value of [base, { ...base, config: nulls }, { ...base, config: null }]) {
      expect(parse(value).config).toMatchObject({
        entrypoint: [],
        cmd: [],
        env: [],
        user: '',
        workingDir: '/',
        stopSignal: 'SIGTERM',
      });
    }
  });

  it('says what an image is for and what is needed', () => {
    expect(() => parse({ ...base, architecture: 'arm64', variant: 'v8' })).toThrow(
      'the image is for linux/arm64/v8, linux/amd64 is needed',
    );
    expect(() => parse({ ...base, os: 'windows' })).toThrow('windows/amd64');
    expect(parse({ rootfs: base.rootfs }).architecture).toBe('amd64');
  });

  it.each([
    [{ config: { Env: ['NOVALUE'] } }, 'config.Env'],
    [{ config: { Env: ['=x'] } }, 'config.Env'],
    [{ config: { Cmd: ['a\0b'] } }, 'NUL'],
    [{ config: { WorkingDir: 'relative' } }, 'absolute'],
    [{ config: { ExposedPorts: { http: {} } } }, 'port'],
    [{ config: { Entrypoint: 'sh' } }, 'config.Entrypoint'],
    [{ config: { StopSignal: 'kill -9' } }, 'signal'],
    [{ rootfs: { type: 'layers', diff_ids: ['sha256:../../x'] } }, 'diff_ids'],
    [{ rootfs: { type: 'other', diff_ids: [] } }, 'rootfs.type'],
    [{ rootfs: undefined }, 'rootfs'],
  ])('refuses %j and names the field', (change, message) =>
    expect(() => parse({ ...base, ...change })).toThrow(message),
  );

  it('takes any JSON or says what is wrong', () => {
    const near = fc.record(
      {
        architecture: fc.oneof(fc.constant('amd64'), fc.jsonValue()),
        os: fc.oneof(fc.constant('linux'), fc.jsonValue()),
        config: fc.dictionary(
          fc.constantFrom('Env', 'Cmd', 'User', 'Labels', 'Volumes', '__proto__', 'ExposedPorts'),
          fc.jsonValue(),
        ),
        rootfs: fc.oneof(fc.constant(base.rootfs), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
        try {
          const { config } = parse(value);
          for (const list of [config.entrypoint, config.cmd, config.env, config.volumes]) {
            expect(list.every((text) => typeof text === 'string' && !text.includes('\0'))).toBe(
              true,
            );
          }
        } catch (error) {
          expect(error).toBeInstanceOf(LupineError);
        }
      }),
    );
  });

  it('refuses what is no UTF-8 or no JSON', () => {
    expect(() => parseConfig(Buffer.from([0x22, 0xff, 0x22]), 'here')).toThrow('not JSON');
    expect(() => parseConfig(Buffer.from('{'), 'here')).toThrow('not JSON');
  });
});
