/** Foreign JSON: strict UTF-8, bounded, checked against a schema, with an error that names the bad field. */

import * as v from 'valibot';
import { LupineError } from '../support/errors.js';

/**
 * @param what the document in words, e.g. `image manifest`.
 * @throws LupineError when it is no JSON or does not fit the schema.
 */
export function parseJson<S extends v.GenericSchema>(
  bytes: Uint8Array,
  schema: S,
  what: string,
  where: string,
): v.InferOutput<S> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LupineError(`the ${what} is not JSON`, { where, cause });
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const field = path === null ? '' : ` at ${path.slice(0, 200)}`;
  throw new LupineError(`bad ${what}${field}: ${issue.message.slice(0, 200)}`, { where });
}
