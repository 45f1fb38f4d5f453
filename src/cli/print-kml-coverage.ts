/** Which call sites are patched: as tables for people, as plain values for programs. */

import type { FileCoverage, JudgedSite } from '../kernel/kml-coverage.js';
import { FORMS, type FormName } from '../kernel/kml/forms.js';
import { REFUSALS, RULES } from '../kernel/kml/rules.js';
import { printable } from '../support/errors.js';
import { formatTable } from '../support/table.js';

type Names = ReadonlyMap<number, string>;

/** Tables: files, forms, rules that the kernel lacks; before them each site where wanted. */
export function coverageText(
  files: readonly FileCoverage[],
  names: Names,
  eachSite: boolean,
): string {
  const busy = files.filter(({ sites }) => sites.length > 0);
  const quiet = files.filter(({ sites }) => sites.length === 0).map(({ path }) => path);
  const tables = [
    ...(eachSite ? busy.map((file) => siteTable(file, names)) : []),
    ...(busy.length === 0 ? [] : [fileTable(busy), formTable(busy), ruleTable(busy)]),
    ...(quiet.length === 0 ? [] : [`Without system calls: ${quiet.map(printable).join(' ')}\n`]),
  ];
  return tables.join('\n');
}

function fileTable(files: readonly FileCoverage[]): string {
  const sum = { path: 'all', sites: files.flatMap(({ sites }) => sites) };
  return formatTable(
    ['file', 'sites', 'patched', '%'],
    (files.length > 1 ? [...files, sum] : files).map(({ path, sites }) => {
      const patched = sites.filter((one) => one.patched).length;
      return [
        printable(path),
        String(sites.length),
        String(patched),
        String(Math.round((100 * patched) / sites.length)),
      ];
    }),
  );
}

function formTable(files: readonly FileCoverage[]): string {
  const sites = files.flatMap((file) => file.sites);
  const rows = (Object.keys(FORMS) as FormName[]).flatMap((name) => {
    const those = sites.filter(({ form }) => form.name === name);
    if (those.length === 0) return [];
    const patched = those.filter((one) => one.patched);
    return [[FORMS[name], String(those.length), String(patched.length), refusals(those)]];
  });
  return formatTable(['form', 'sites', 'patched', 'why not'], rows);
}

function refusals(sites: readonly JudgedSite[]): string {
  const reasons = sites.flatMap(({ refused }) => (refused === undefined ? [] : [refused]));
  return [...new Set(reasons)]
    .filter((reason) => reason !== 'form')
    .map((one) => `${REFUSALS[one]} (${reasons.filter((reason) => reason === one).length})`)
    .join(', ');
}

function ruleTable(files: readonly FileCoverage[]): string {
  const sites = files.flatMap((file) => file.sites);
  const rows = RULES.map(({ name, title, taken }) => {
    const count = sites.filter(({ rule }) => rule === name).length;
    return [title, taken ? 'yes' : 'no', String(count)];
  });
  const none = sites.filter(({ rule }) => rule === undefined).length;
  return formatTable(
    ['replaces', 'in the kernel', 'adds'],
    [...rows, ['none of these', '', String(none)]],
  );
}

function siteTable({ path, sites }: FileCoverage, names: Names): string {
  const table = formatTable(
    ['address', 'in', 'call', 'form', 'patched'],
    sites.map((one) => {
      const { site, form } = one;
      const { symbol } = site;
      return [
        site.address.toString(16),
        symbol === undefined ? '' : printable(`${symbol.name}+0x${symbol.offset.toString(16)}`),
        callOf(one, names) ?? '',
        form.between.length > 0
          ? `${FORMS[form.name]} (${form.between.length} between)`
          : FORMS[form.name],
        verdict(one),
      ];
    }),
  );
  return `${printable(path)}\n${table}`;
}

function callOf({ form }: JudgedSite, names: Names): string | undefined {
  if (form.number === undefined) return undefined;
  return names.get(form.number) ?? String(form.number);
}

function verdict({ patched, refused, rule }: JudgedSite): string {
  if (patched) return 'yes';
  const could = rule === undefined ? '' : `; the rule '${rule}' would`;
  return `no: ${refused === undefined ? '' : REFUSALS[refused]}${could}`;
}

/** For `--json`. Addresses are numbers, as the file has them. */
export function coverageJson(files: readonly FileCoverage[], names: Names) {
  return {
    rules: RULES.map(({ name, title, taken }) => ({ name, title, taken })),
    files: files.map(({ path, sites }) => ({
      path,
      sites: sites.length,
      patched: sites.filter((one) => one.patched).length,
      each: sites.map((one) => ({
        address: one.site.address,
        ...one.site.symbol,
        call: callOf(one, names),
        number: one.form.number,
        form: one.form.name,
        between: one.form.between.map(({ text }) => text),
        before: one.site.before.map(({ text }) => text),
        bytes: one.site.before.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
        patched: one.patched,
        refused: one.refused,
        rule: one.rule,
      })),
    })),
  };
}
