/**
 * The application manifest as a YAML file: read strictly, so that a misspelt key is an error with its
 * place and never a silent default.
 */

import * as v from 'valibot';
import { parseDocument, type Document } from 'yaml';
import { LupineError } from '../support/errors.js';
import { parseSize } from '../support/size.js';
import type { ApplicationManifest } from './types.js';

const MAX_BYTES = 256 * 1024;

const name = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected a-z, 0-9 and -'));
const option = v.pipe(
  v.string(),
  v.regex(/^[A-Z0-9][A-Za-z0-9_]*$/, 'expected a Kconfig symbol without CONFIG_'),
);
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const text = v.pipe(v.string(), v.nonEmpty());

const pattern = v.pipe(
  text,
  v.check((source) => {
    try {
      new RegExp(source);
      return true;
    } catch {
      return false;
    }
  }, 'expected a regular expression'),
);

const path = v.pipe(v.string(), v.regex(/^\/[^\0]+$/, 'expected an absolute path'));
const requests = v.pipe(v.number(), v.integer(), v.minValue(1));

const load = v.strictObject({
  program: path,
  args: v.optional(v.array(v.string()), []),
  files: v.optional(v.record(path, v.string()), {}),
  clients: v.array(v.strictObject({ program: path, package: text })),
  requests: v.strictObject({ quick: requests, full: requests }),
  steps: v.pipe(
    v.array(
      v.strictObject({
        name,
        label: text,
        command: v.pipe(v.array(v.string()), v.minLength(1)),
        result: pattern,
      }),
    ),
    v.minLength(1),
  ),
});

const fields = v.strictObject({
  name,
  description: text,
  match: v.strictObject({
    images: v.optional(v.array(text), []),
    programs: v.optional(v.array(text), []),
  }),
  options: v.optional(v.array(v.strictObject({ name: option, because: text })), []),
  ready: v.variant('kind', [
    v.strictObject({ kind: v.literal('tcp'), port }),
    v.strictObject({ kind: v.literal('log'), pattern }),
    v.strictObject({
      kind: v.literal('exit'),
      status: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
    }),
  ]),
  memory: v.pipe(
    v.string(),
    v.check((size) => parseSize(size) !== undefined, 'expected a size such as 64M'),
    v.transform((size) => parseSize(size) ?? 0),
  ),
  ports: v.optional(v.array(port), []),
  variants: v.optional(v.array(text), []),
  load: v.optional(load),
});

const manifest = v.pipe(
  fields,
  v.check(
    (whole) => whole.load === undefined || whole.ready.kind === 'tcp',
    'an application under load is ready on a tcp port',
  ),
);

/**
 * Parses a manifest.
 * @param file its name, for errors.
 * @throws LupineError with `file:line` of the first thing that is wrong.
 */
export function parseManifest(source: string, file: string): ApplicationManifest {
  if (Buffer.byteLength(source) > MAX_BYTES) {
    throw new LupineError('the manifest is too large', { where: file });
  }
  const document = parseDocument(source, { strict: true, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new LupineError('the manifest is not valid YAML', {
      where: `${file}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0] ?? ''}`,
    });
  }
  const result = v.safeParse(manifest, toPlain(document, file));
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = (issue.path ?? []).map((part) => part.key as string | number);
  throw new LupineError(`the manifest is wrong at ${path.join('.') || 'its top'}`, {
    where: `${file}:${lineOf(document, source, path)}: ${issue.message}`,
  });
}

function toPlain(document: Document, file: string): unknown {
  try {
    // Bounds the expansion of aliases ("billion laughs").
    return document.toJS({ maxAliasCount: 20 });
  } catch (cause) {
    throw new LupineError('the manifest is not valid YAML', { where: file, cause });
  }
}

/** The line of the deepest part of a path that the file has. */
function lineOf(document: Document, source: string, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    const range = hasRange(node) ? node.range : undefined;
    if (range != null) return source.slice(0, range[0]).split('\n').length;
  }
  return 1;
}

function hasRange(node: unknown): node is { range: readonly [number, number, number] | null } {
  return typeof node === 'object' && node !== null && 'range' in node;
}
