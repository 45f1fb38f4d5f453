/** How many options kernels have, of which parts of Linux, and how few the applications ask for. */

import { defaultSource } from '../../kernel/index.js';
import { openSpace } from '../../kernel/space.js';
import { loadCatalogue, type Catalogue } from '../../manifest/index.js';
import type { Metric, Table, Value } from '../results.js';
import { categories, categoryOf, subsystemOf, subsystems } from '../subsystems.js';
import type { Configured, Experiment, Lab, Plan } from '../types.js';
import { subjectNamed } from './sweep.js';

/** The catalogue's applications in the paper's order: by downloads when it was written (table 3). */
const popularity = [
  ...['nginx', 'postgres', 'httpd', 'node', 'redis', 'mongo', 'mysql', 'traefik', 'memcached'],
  ...['hello-world', 'mariadb', 'golang', 'python', 'openjdk', 'rabbitmq', 'php', 'wordpress'],
  ...['haproxy', 'influxdb', 'elasticsearch'],
];

const CATALOGUE = 'catalogue';

export const options: Experiment = {
  name: 'options',
  title: 'Configuration options',
  description:
    'options that are on in each kernel, by part of Linux, and what applications add to the base',
  paper: 'figures 3, 4 and 5, tables 1 and 3',
  scope: 'application',
  plan,
};

type Places = ReadonlyMap<string, string>;

async function plan(lab: Lab): Promise<Plan> {
  const [configured, catalogue, places] = await Promise.all([
    lab.configurations(),
    loadCatalogue(),
    optionPlaces(lab),
  ]);
  const kernels = configured.filter(({ config }) => config !== undefined);
  const union: Configured = {
    name: CATALOGUE,
    description: 'the union of the options that the catalogue’s applications add to lupine-base',
  };
  const better = 'lower';
  const metrics: Metric[] = [
    { name: 'all', label: 'options that are on', unit: 'options', better },
    ...subsystems.map((name): Metric => ({ name, label: name, unit: 'options', better })),
    {
      name: 'union',
      label: 'options added to lupine-base',
      unit: 'options',
      better: 'neither',
      axis: { label: 'applications, by popularity', scale: 'linear' },
    },
  ];
  return {
    clock: 'none',
    subjects: [...kernels, union],
    rounds: 1,
    metrics,
    figures: [
      { title: 'Options by part of Linux', kind: 'stack', metrics: [...subsystems] },
      { title: 'Options as a part of the baseline', kind: 'relative', metrics: ['all'] },
      { title: 'Growth of the union over the catalogue', kind: 'lines', metrics: ['union'] },
    ],
    warmUp: 'none: nothing runs',
    notes: [
      'options that are y in the final .config, with those that others select',
      'the part of Linux is that of the Kconfig file which defines the option; some names say more',
    ],
    measure: (wanted) =>
      Promise.resolve({
        values:
          wanted === CATALOGUE
            ? growth(catalogue)
            : counts(optionsOf(subjectNamed(kernels, wanted)), places),
      }),
    tables: () => [...removedTables(kernels, places), applicationTable(catalogue)],
  };
}

/** Where each option of the default Linux is defined. */
async function optionPlaces({ context }: Lab): Promise<Places> {
  const { space } = await openSpace({ source: defaultSource, patches: ['lupine'] }, context);
  return new Map(
    [...space.byName].map(([name, { nodes }]) => [name, nodes[0]?.position.file ?? '']),
  );
}

/** The names of all options that are y. */
function optionsOf({ config = '' }: Configured): Set<string> {
  return new Set([...config.matchAll(/^CONFIG_(\w+)=y$/gm)].map(([, name = '']) => name));
}

function counts(names: ReadonlySet<string>, places: Places): Value[] {
  const found = [...names].map((name) => subsystemOf(name, places.get(name)));
  return [
    { metric: 'all', value: names.size },
    ...subsystems.map((metric) => ({
      metric,
      value: found.filter((subsystem) => subsystem === metric).length,
    })),
  ];
}

function growth(catalogue: Catalogue): Value[] {
  const union = new Set<string>();
  return inOrder(catalogue).map((application, index) => {
    for (const { name } of application.options) union.add(name);
    return { metric: 'union', x: index + 1, value: union.size };
  });
}

function inOrder(catalogue: Catalogue) {
  const rank = (name: string) => {
    const at = popularity.indexOf(name);
    return at === -1 ? popularity.length : at;
  };
  return [...catalogue.values()].sort((a, b) => rank(a.name) - rank(b.name));
}

/** What each other kernel does without of the first: the paper's figure 4. */
function removedTables(kernels: readonly Configured[], places: Places): Table[] {
  const [baseline, ...others] = kernels;
  if (baseline === undefined || others.length === 0) return [];
  const rows = others.map((kernel) => {
    const kept = optionsOf(kernel);
    const removed = [...optionsOf(baseline)].filter((name) => !kept.has(name));
    const found = removed.map((name) => categoryOf(subsystemOf(name, places.get(name))));
    return [
      kernel.name,
      String(removed.length),
      ...categories.map((name) => String(found.filter((category) => category === name).length)),
    ];
  });
  return [
    {
      title: `Options of ${baseline.name} that are not in the others`,
      columns: ['kernel', 'all', ...categories],
      rows,
    },
  ];
}

function applicationTable(catalogue: Catalogue): Table {
  return {
    title: 'What applications add to lupine-base',
    columns: ['application', 'options', ''],
    rows: inOrder(catalogue).map(({ name, options: added }) => [
      name,
      String(added.length),
      added.map((option) => option.name).join(' '),
    ]),
  };
}
